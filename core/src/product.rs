//! What a firmware declares about itself: its licences and its rules, as data.
//!
//! Nothing else in the agent knows what any product counts. A definition is checked once, at
//! compile time where it is a constant ([`ProductDefinition::check`]).

use crate::crypto::PublicKey;
use crate::policy::{Policy, PolicyBounds};

/// The most entitlements one license type may have. Chosen so that the longest report fits one
/// frame ([`wire::FRAME_MAX`](crate::wire::FRAME_MAX)).
pub const ENTITLEMENTS_MAX: usize = 16;
/// The longest entitlement tag, in bytes.
pub const TAG_MAX: usize = 64;

/// A product: what it is, what it can consume, and by which rules.
#[derive(Clone, Copy, Debug)]
pub struct ProductDefinition<'a> {
    /// The product's name in commands and scenarios, such as `contact-center`.
    pub name: &'a str,
    /// The product id that devices of this product carry in their UDI.
    pub product_id: &'a str,
    /// The vendor's root key: who may say who is a license manager.
    pub root: PublicKey,
    /// The key that signs authorization codes that carry no certificate, where there is one: such
    /// codes are a third shorter. Who has it can set aside anything for anybody.
    pub reservation_key: Option<PublicKey>,
    /// The ways this product can be licensed; the first is what a new device starts with.
    pub license_types: &'a [LicenseType<'a>],
    /// The rules' numbers.
    pub policy: Policy,
    /// How far a manager may change them.
    pub policy_bounds: PolicyBounds,
    /// What being out of licence does.
    pub enforcement: EnforcementMode,
    /// The sizes that the product comes in; empty where size limits nothing.
    pub size_profiles: &'a [SizeProfile<'a>],
    /// The licence for everything the product can use, where it can be reserved (SPEC S1).
    pub universal: Option<UniversalLicense<'a>>,
}

/// The licence that a universal reservation sets aside: one for a device, whatever it uses. No device
/// counts it.
#[derive(Clone, Copy, Debug)]
pub struct UniversalLicense<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// Its tag, which is no entitlement's.
    pub tag: &'a str,
}

/// What a device of one size can carry, whatever is owned (SPEC C4).
#[derive(Clone, Copy, Debug)]
pub struct SizeProfile<'a> {
    /// Its name in settings, such as `400-agents`.
    pub name: &'a str,
    /// What it limits.
    pub limits: &'a [PlatformLimit<'a>],
}

/// The most that a device carries of a feature, higher tiers of its chain included.
#[derive(Clone, Copy, Debug)]
pub struct PlatformLimit<'a> {
    /// The feature's name.
    pub feature: &'a str,
    /// The most at a time.
    pub most: u32,
}

/// Whether the product's host is asked to refuse anything (SPEC E3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EnforcementMode {
    /// Provisioning is refused while enforced.
    Provisioning,
    /// So is new use; what runs keeps running.
    NewUse,
    /// Everything is reported and nothing refused.
    Advisory,
}

/// One way to license the product: which entitlements it counts and what its features map to.
#[derive(Clone, Copy, Debug)]
pub struct LicenseType<'a> {
    /// Name in commands, such as `flex`.
    pub name: &'a str,
    /// What the license is for; license control does not apply in a lab (SPEC C4).
    pub purpose: LicensePurpose,
    /// What it counts. The tiers of a chain stand together, lowest first.
    pub entitlements: &'a [Entitlement<'a>],
    /// What the firmware can acquire.
    pub features: &'a [Feature<'a>],
}

/// What a license type is for (SPEC C7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LicensePurpose {
    /// The appliance serves its owner.
    Production,
    /// It is tried or shown.
    Lab,
}

/// One kind of licence.
#[derive(Clone, Copy, Debug)]
pub struct Entitlement<'a> {
    /// Its name for people: letters, digits, spaces; never parentheses.
    pub name: &'a str,
    /// Its tag, unique in the license type.
    pub tag: &'a str,
    /// A sentence about it.
    pub description: &'a str,
    /// The version people see.
    pub version: &'a str,
    /// The chain whose tiers substitute downwards (SPEC C2), if it is in one.
    pub chain: Option<u8>,
    /// What becomes of its count.
    pub reporting: Reporting,
    /// Whether it is a field of license control: an administrator may limit it (SPEC C4).
    pub controlled: bool,
}

/// What becomes of a count (SPEC C1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reporting {
    /// The peak of the interval is reported.
    Peak,
    /// Reported as zero, but the account must own at least one (SPEC C7, X10).
    Presence,
    /// Kept on the device for its own reports.
    StoredOnly,
}

/// Something the firmware acquires and releases.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    /// Its name in commands, such as `standard-seat`.
    pub name: &'a str,
    /// Index of the entitlement it consumes.
    pub entitlement: u8,
}

/// A feature of the license type in force: looked up once by
/// [`Counters::feature`](crate::counters::Counters::feature), so that acquiring needs no search.
///
/// It is good until the license type changes; what was looked up before is then refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FeatureId {
    /// Which of the license types that were in force, counted.
    pub(crate) generation: u8,
    pub(crate) index: u8,
}

/// What is wrong with a product definition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DefinitionError {
    /// It has no license type.
    NoLicenseType,
    /// A license type has no entitlement, or more than [`ENTITLEMENTS_MAX`].
    EntitlementCount,
    /// A tag is empty or longer than [`TAG_MAX`].
    TagLength,
    /// A feature points past the entitlements.
    FeatureWithoutEntitlement,
    /// A chain's tiers do not stand together.
    ChainScattered,
    /// Tiers of one chain differ in how they are reported.
    ChainReporting,
    /// Two license types, two size profiles, or two tags or features of a license type are called
    /// the same, or the universal licence has the tag of another.
    NameTwice,
    /// A size profile limits a feature that no license type has.
    ProfileFeature,
}

/// Checks that no two of `all` have the same name.
fn unique<'a, T>(all: &'a [T], name: impl Fn(&'a T) -> &'a str) -> Result<(), DefinitionError> {
    for (index, one) in all.iter().enumerate() {
        if all.iter().take(index).any(|earlier| name(earlier) == name(one)) {
            return Err(DefinitionError::NameTwice);
        }
    }
    Ok(())
}

impl<'a> ProductDefinition<'a> {
    /// The license type of that name.
    pub fn license_type(&self, name: &str) -> Option<&'a LicenseType<'a>> {
        self.license_types.iter().find(|license_type| license_type.name == name)
    }

    /// The size profile of that name.
    pub fn size_profile(&self, name: &str) -> Option<&'a SizeProfile<'a>> {
        self.size_profiles.iter().find(|profile| profile.name == name)
    }

    /// Checks what the agent relies on.
    ///
    /// # Errors
    /// The first [`DefinitionError`] found.
    pub fn check(&self) -> Result<(), DefinitionError> {
        if self.license_types.is_empty() {
            return Err(DefinitionError::NoLicenseType);
        }
        unique(self.license_types, |license_type| license_type.name)?;
        unique(self.size_profiles, |profile| profile.name)?;
        for limit in self.size_profiles.iter().flat_map(|profile| profile.limits) {
            if self.license_types.iter().all(|known| known.feature(limit.feature).is_none()) {
                return Err(DefinitionError::ProfileFeature);
            }
        }
        if let Some(universal) = self.universal {
            if universal.tag.is_empty() || universal.tag.len() > TAG_MAX {
                return Err(DefinitionError::TagLength);
            }
            let all = self.license_types.iter().flat_map(|known| known.entitlements);
            if all.into_iter().any(|entitlement| entitlement.tag == universal.tag) {
                return Err(DefinitionError::NameTwice);
            }
        }
        self.license_types.iter().try_for_each(LicenseType::check)
    }
}

impl LicenseType<'_> {
    /// The feature of that name.
    pub fn feature(&self, name: &str) -> Option<&Feature<'_>> {
        self.features.iter().find(|feature| feature.name == name)
    }

    /// The entitlement at `index`.
    pub fn entitlement(&self, index: usize) -> Option<&Entitlement<'_>> {
        self.entitlements.get(index)
    }

    fn check(&self) -> Result<(), DefinitionError> {
        let count = self.entitlements.len();
        if count == 0 || count > ENTITLEMENTS_MAX {
            return Err(DefinitionError::EntitlementCount);
        }
        for (index, entitlement) in self.entitlements.iter().enumerate() {
            if entitlement.tag.is_empty() || entitlement.tag.len() > TAG_MAX {
                return Err(DefinitionError::TagLength);
            }
            let Some(chain) = entitlement.chain else {
                continue;
            };
            let earlier = self.entitlements.iter().take(index);
            let last_of_chain = earlier.enumerate().rfind(|(_, e)| e.chain == Some(chain));
            let Some((last, tier)) = last_of_chain else {
                continue;
            };
            if last.saturating_add(1) != index {
                return Err(DefinitionError::ChainScattered);
            }
            if tier.reporting != entitlement.reporting {
                return Err(DefinitionError::ChainReporting);
            }
        }
        if self.features.iter().any(|feature| usize::from(feature.entitlement) >= count) {
            return Err(DefinitionError::FeatureWithoutEntitlement);
        }
        unique(self.entitlements, |entitlement| entitlement.tag)?;
        unique(self.features, |feature| feature.name)
    }
}

//! License control: whether over-use is allowed, and limits that an administrator sets (SPEC C4,
//! X8).

use super::{Agent, CommandError, EventKind};
use crate::counters::{Limit, LimitSource};
use crate::crypto::Crypto;
use crate::product::{Entitlement, LicensePurpose, LicenseType};
use crate::wire::EntitlementAnswer;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What an administrator set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct LicenseControl<const N: usize> {
    pub(super) overage_allowed: bool,
    /// One more than the limit of each entitlement; zero where none is set.
    limits: Vec<u32, N>,
}

impl<const N: usize> LicenseControl<N> {
    pub(super) const fn new() -> Self {
        Self { overage_allowed: true, limits: Vec::new() }
    }

    pub(super) fn limit(&self, index: usize) -> Option<u32> {
        self.limits.get(index).and_then(|set| set.checked_sub(1))
    }

    fn set_limit(&mut self, index: usize, limit: Option<u32>) {
        // Capacity is that of the entitlements.
        let _ = self.limits.resize_default(N);
        if let Some(place) = self.limits.get_mut(index) {
            *place = limit.map_or(0, |limit| limit.saturating_add(1));
        }
    }

    /// The limits of the fields: each what was set, or else what the account owns by the last answer.
    fn limits(&self, license_type: &LicenseType<'_>, owned: &[EntitlementAnswer]) -> [Limit; N] {
        let own = |index| match (self.limit(index), owned.get(index)) {
            (Some(most), _) => Some(Limit { most, set_by: LimitSource::Administrator }),
            (None, Some(answer)) => {
                Some(Limit { most: answer.owned, set_by: LimitSource::Account })
            }
            (None, None) => None,
        };
        tier_limits(license_type, |entitlement| entitlement.controlled, own)
    }
}

/// What each entitlement that is `limited` and its higher tiers may have in use together: the sum
/// of their `own` limits (SPEC C2).
pub(super) fn tier_limits<const N: usize>(
    license_type: &LicenseType<'_>,
    limited: impl Fn(&Entitlement<'_>) -> bool,
    own: impl Fn(usize) -> Option<Limit>,
) -> [Limit; N] {
    let mut limits = [Limit::NONE; N];
    let mut above: (Option<u8>, Option<Limit>) = (None, None);
    for (index, entitlement) in license_type.entitlements.iter().enumerate().rev() {
        let own = own(index);
        let in_chain = entitlement.chain.is_some() && entitlement.chain == above.0;
        let sum = if in_chain { own.zip(above.1).map(together) } else { own };
        if let (true, Some(sum), Some(place)) = (limited(entitlement), sum, limits.get_mut(index)) {
            *place = sum;
        }
        above = (entitlement.chain, sum);
    }
    limits
}

/// The limit of a tier together with that of the tiers above it. An administrator's part makes it
/// an administrator's.
fn together((own, above): (Limit, Limit)) -> Limit {
    let administrator = LimitSource::Administrator;
    let set_by = if own.set_by == administrator { administrator } else { above.set_by };
    Limit { most: own.most.saturating_add(above.most), set_by }
}

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// Publishes the limits that follow from the state: to be called where it changes.
    pub(super) fn publish_limits(&self) {
        let license_type = self.counters.license_type();
        // SPEC C4, X8
        let applies = !self.identity.control.overage_allowed
            && license_type.purpose == LicensePurpose::Production
            && self.identity.enrolment().is_some();
        let mut limits = if let Some(held) = self.identity.reservation() {
            held.limits(license_type, self.clock.now())
        } else if applies {
            let owned: &[EntitlementAnswer] = match &self.ledger.authorization {
                Some(authorization) => &authorization.entitlements,
                None => &[],
            };
            self.identity.control.limits(license_type, owned)
        } else {
            [Limit::NONE; N]
        };
        let profile = self.device.size_profile;
        for platform in profile.into_iter().flat_map(|profile| profile.limits) {
            let feature = license_type.feature(platform.feature);
            let place = feature.and_then(|f| limits.get_mut(usize::from(f.entitlement)));
            if let Some(place) = place {
                let limit = Limit { most: platform.most, set_by: LimitSource::Platform };
                *place = limit.tighter(*place);
            }
        }
        self.counters.publish(&limits);
    }

    pub(super) fn allow_overage(&mut self, allowed: bool) {
        if self.identity.control.overage_allowed != allowed {
            self.identity.control.overage_allowed = allowed;
            self.control_changed();
        }
    }

    pub(super) fn set_limit(
        &mut self,
        feature: &str,
        limit: Option<u32>,
    ) -> Result<(), CommandError> {
        let license_type = self.counters.license_type();
        let feature = license_type.feature(feature).ok_or(CommandError::UnknownFeature)?;
        let index = usize::from(feature.entitlement);
        let controlled = license_type.entitlement(index).is_some_and(|e| e.controlled);
        if !controlled {
            return Err(CommandError::NotControlled);
        }
        if self.identity.control.limit(index) != limit {
            self.identity.control.set_limit(index, limit);
            self.control_changed();
        }
        Ok(())
    }

    fn control_changed(&mut self) {
        self.identity_store.save_by(self.clock.now());
        self.publish_limits();
        self.tell(EventKind::LicenseControlChanged);
    }
}

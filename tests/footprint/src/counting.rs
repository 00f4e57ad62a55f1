//! Products, policy, identity and the counters.

use crate::ENTITLEMENTS;
use crate::secure_element::SecureElement;
use leasehold_core::counters::{CountError, Counters, Counts, Limit};
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::{DeviceFingerprint, Udi, UdiError};
use leasehold_core::policy::{Policy, PolicyBounds};
use leasehold_core::product::{
    DefinitionError, Entitlement, Feature, FeatureId, LicenseType, ProductDefinition, SizeProfile,
};
use leasehold_core::products::contact_center::{self, SignInRefused, Skill, seat};
use leasehold_core::products::{self, industrial_gateway};

#[unsafe(no_mangle)]
pub fn proof_counters_new<'a>(license_type: &'a LicenseType<'a>) -> Counters<'a, ENTITLEMENTS> {
    Counters::new(license_type)
}

#[unsafe(no_mangle)]
pub fn proof_counters_license_type<'a>(
    counters: &Counters<'a, ENTITLEMENTS>,
) -> &'a LicenseType<'a> {
    counters.license_type()
}

#[unsafe(no_mangle)]
pub fn proof_counters_feature(
    counters: &Counters<'_, ENTITLEMENTS>,
    name: &str,
) -> Option<FeatureId> {
    counters.feature(name)
}

#[unsafe(no_mangle)]
pub fn proof_counters_limit(counters: &Counters<'_, ENTITLEMENTS>, index: usize) -> Option<Limit> {
    counters.limit(index)
}

#[unsafe(no_mangle)]
pub fn proof_counters_acquire(
    counters: &Counters<'_, ENTITLEMENTS>,
    feature: FeatureId,
    n: u32,
) -> Result<(), CountError> {
    counters.acquire(feature, n)
}

#[unsafe(no_mangle)]
pub fn proof_counters_acquire_all(
    counters: &Counters<'_, ENTITLEMENTS>,
    wanted: &[(FeatureId, u32)],
) -> Result<(), CountError> {
    counters.acquire_all(wanted)
}

#[unsafe(no_mangle)]
pub fn proof_counters_release(
    counters: &Counters<'_, ENTITLEMENTS>,
    feature: FeatureId,
    n: u32,
) -> Result<(), CountError> {
    counters.release(feature, n)
}

#[unsafe(no_mangle)]
pub fn proof_counters_counts(
    counters: &Counters<'_, ENTITLEMENTS>,
) -> (Counts<ENTITLEMENTS>, bool, [u32; ENTITLEMENTS]) {
    let counts = counters.counts();
    (counts, counts.any_in_use(), counts.to_report())
}

#[unsafe(no_mangle)]
pub fn proof_policy_clamp(bounds: &PolicyBounds, policy: Policy) -> Policy {
    bounds.clamp(policy)
}

#[unsafe(no_mangle)]
pub fn proof_policy_fixed(policy: Policy) -> PolicyBounds {
    PolicyBounds::fixed(policy)
}

#[unsafe(no_mangle)]
pub fn proof_product_check(product: &ProductDefinition<'_>) -> Result<(), DefinitionError> {
    product.check()
}

#[unsafe(no_mangle)]
pub fn proof_product_license_type<'a>(
    product: &ProductDefinition<'a>,
    name: &str,
) -> Option<&'a LicenseType<'a>> {
    product.license_type(name)
}

#[unsafe(no_mangle)]
pub fn proof_product_size_profile<'a>(
    product: &ProductDefinition<'a>,
    name: &str,
) -> Option<&'a SizeProfile<'a>> {
    product.size_profile(name)
}

#[unsafe(no_mangle)]
pub fn proof_product_feature<'a>(
    license_type: &'a LicenseType<'_>,
    name: &str,
) -> Option<&'a Feature<'a>> {
    license_type.feature(name)
}

#[unsafe(no_mangle)]
pub fn proof_product_entitlement<'a>(
    license_type: &'a LicenseType<'_>,
    index: usize,
) -> Option<&'a Entitlement<'a>> {
    license_type.entitlement(index)
}

#[unsafe(no_mangle)]
pub fn proof_contact_center_definition(root: PublicKey) -> ProductDefinition<'static> {
    contact_center::definition(root)
}

#[unsafe(no_mangle)]
pub fn proof_industrial_gateway_definition(root: PublicKey) -> ProductDefinition<'static> {
    industrial_gateway::definition(root)
}

#[unsafe(no_mangle)]
pub fn proof_products_all(root: PublicKey) -> [ProductDefinition<'static>; 2] {
    products::all(root)
}

#[unsafe(no_mangle)]
pub fn proof_products_find(name: &str, root: PublicKey) -> Option<ProductDefinition<'static>> {
    products::find(name, root)
}

#[unsafe(no_mangle)]
pub fn proof_contact_center_skill(skill: Skill) -> &'static str {
    skill.name()
}

#[unsafe(no_mangle)]
pub fn proof_contact_center_seat(
    license_type: &str,
    names: &[&str; 8],
    supervisor: bool,
) -> Result<Result<&'static str, SignInRefused>, usize> {
    let mut skills = [Skill::InboundVoice; 8];
    for (index, (skill, name)) in skills.iter_mut().zip(names).enumerate() {
        *skill = Skill::from_name(name).ok_or(index)?;
    }
    Ok(seat(license_type, &skills, supervisor))
}

#[unsafe(no_mangle)]
pub fn proof_udi_new<'a>(
    product_id: &'a str,
    serial_number: &'a str,
    uuid: Option<[u8; 16]>,
) -> Result<Udi<'a>, UdiError> {
    Udi::new(product_id, serial_number, uuid)
}

#[unsafe(no_mangle)]
pub fn proof_udi_check(udi: &Udi<'_>) -> Result<(), UdiError> {
    udi.check()
}

#[unsafe(no_mangle)]
pub fn proof_udi_fingerprint(udi: &Udi<'_>) -> DeviceFingerprint {
    udi.fingerprint(&SecureElement)
}

//! Products, policy, identity, time and the counters.

use crate::ENTITLEMENTS;
use crate::secure_element::SecureElement;
use embedded_time::Clock;
use embedded_time::clock::Error;
use embedded_time::fraction::Fraction;
use leasehold_core::counters::{CountError, Counters, Counts};
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::{DeviceFingerprint, Udi, UdiError};
use leasehold_core::policy::{Policy, PolicyBounds};
use leasehold_core::product::{
    DefinitionError, Entitlement, FeatureId, LicenseType, ProductDefinition,
};
use leasehold_core::products::contact_center::{self, Skill, flex_seat};
use leasehold_core::time::{ClockUnreadable, Duration, Instant, uptime};

#[unsafe(no_mangle)]
pub fn proof_counters_new<'a>(license_type: &'a LicenseType<'a>) -> Counters<'a, ENTITLEMENTS> {
    Counters::new(license_type)
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
pub fn proof_product_check(product: &ProductDefinition<'_>) -> Result<(), DefinitionError> {
    product.check()
}

#[unsafe(no_mangle)]
pub fn proof_product_feature(license_type: &LicenseType<'_>, name: &str) -> Option<FeatureId> {
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
pub fn proof_contact_center_skill(skill: Skill) -> &'static str {
    skill.name()
}

#[unsafe(no_mangle)]
pub fn proof_contact_center_seat(
    names: &[&str; 8],
    supervisor: bool,
) -> Result<&'static str, usize> {
    let mut skills = [Skill::InboundVoice; 8];
    for (index, (skill, name)) in skills.iter_mut().zip(names).enumerate() {
        *skill = Skill::from_name(name).ok_or(index)?;
    }
    Ok(flex_seat(&skills, supervisor))
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

#[unsafe(no_mangle)]
pub fn proof_durations(a: u32, b: u32) -> [Duration; 6] {
    let (first, second) = (Duration::from_days(a), Duration::from_hours(b));
    [
        first,
        second,
        Duration::from_minutes(a),
        first.saturating_add(second),
        first.saturating_sub(second),
        first.doubled(),
    ]
}

#[unsafe(no_mangle)]
pub fn proof_instants(a: u64, b: u32) -> (Instant, Instant, Duration) {
    let (instant, span) = (Instant::from_secs(a), Duration::from_secs(b));
    let (later, earlier) = (instant.saturating_add(span), instant.saturating_sub(span));
    (later, earlier, later.saturating_since(earlier))
}

unsafe extern "Rust" {
    safe fn platform_clock_milliseconds() -> Option<u64>;
}

/// A platform's clock in milliseconds.
#[derive(Debug)]
pub struct PlatformClock;

impl Clock for PlatformClock {
    type T = u64;
    const SCALING_FACTOR: Fraction = Fraction::new(1, 1_000);

    fn try_now(&self) -> Result<embedded_time::Instant<Self>, Error> {
        let milliseconds = platform_clock_milliseconds().ok_or(Error::Unspecified)?;
        Ok(embedded_time::Instant::new(milliseconds))
    }
}

#[unsafe(no_mangle)]
pub fn proof_clock_uptime() -> Result<Instant, ClockUnreadable> {
    uptime(&PlatformClock)
}

//! Counting and enforcement (SPEC C1–C7, E3, X8).

use super::{authorization, told};
use crate::bench::{Bench, DAY, Link, MINUTE};
use leasehold_core::agent::{
    Agent, AuthorizationState, Command, CommandError, Device, Enforcement, Input, Operation, Stored,
};
use leasehold_core::counters::{CountError, Counters, Limit, LimitSource};
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::Udi;
use leasehold_core::product::{LicensePurpose, LicenseType, ProductDefinition};
use leasehold_core::products::contact_center::{self, FLEX, NON_PRODUCTION};
use leasehold_core::products::industrial_gateway;
use leasehold_core::time::{Instant, Now};

fn try_acquire(bench: &Bench, feature: &str, n: u32) -> Result<(), CountError> {
    bench.counters.acquire(bench.counters.feature(feature).unwrap(), n)
}

/// What Flex is, for a laboratory.
const TRIAL: LicenseType<'static> =
    LicenseType { name: "trial", purpose: LicensePurpose::Lab, ..FLEX };

#[test]
fn c4_license_control_does_not_apply_in_a_lab() {
    for (license_type, refused) in [("flex", true), ("trial", false), ("non-production", false)] {
        let mut bench = Bench::with(|definition, _| {
            definition.license_types = &[FLEX, TRIAL, NON_PRODUCTION];
        });
        bench.command(Command::SelectLicenseType(license_type)).unwrap();
        bench.command(Command::AllowOverage(false)).unwrap();
        bench.register(false).unwrap();
        assert_eq!(authorization(&bench), AuthorizationState::NoLicensesInUse);
        assert_eq!(try_acquire(&bench, "standard-seat", 51).is_err(), refused, "{license_type}");
    }
}

/// A device of this product and size, switched on for the first time.
fn boxed(product: fn(PublicKey) -> ProductDefinition<'static>, size: &str) -> Boxed {
    let root = SoftwareCrypto.public_key(&KeyHandle([9; 32])).unwrap();
    let product = Box::leak(Box::new(product(root)));
    let counters = Box::leak(Box::new(Counters::new(&product.license_types[0])));
    let device = Box::leak(Box::new(Device {
        udi: Udi::new(product.product_id, "A1B2C3", None).unwrap(),
        host_name: "",
        software_version: "0.1",
        size_profile: product.size_profile(size),
    }));
    let mut agent = Agent::new(product, counters, device, SoftwareCrypto);
    agent.boot(uptime(0), Stored::default()).unwrap();
    (agent, counters)
}

type Boxed = (Agent<'static, SoftwareCrypto, 16>, &'static Counters<'static, 16>);

fn uptime(seconds: u64) -> Now {
    Now { uptime: Instant::from_secs(u32::try_from(seconds).unwrap()), real_time: None }
}

#[test]
fn c4_x8_what_the_device_can_carry_holds_in_evaluation_and_with_overage_allowed() {
    let (agent, counters) = boxed(contact_center::definition, "100-agents");
    assert!(agent.status().overage_allowed);
    let acquire = |name, n| counters.acquire(counters.feature(name).unwrap(), n);
    acquire("standard-seat", 100).unwrap();
    let limit = Limit { most: 100, set_by: LimitSource::Platform };
    let denied = Err(CountError::Denied { entitlement: 0, limit });
    assert_eq!(acquire("standard-seat", 1), denied);
    assert_eq!(acquire("premium-seat", 1), denied, "it counts as a seat as well");
    assert_eq!(agent.entitlement(0).unwrap().limit, Some(limit));
}

#[test]
fn x8_limits_of_both_tiers_hold_from_the_registration_to_its_end() {
    let mut bench = Bench::new();
    bench.command(Command::AllowOverage(false)).unwrap();
    for feature in ["standard-seat", "premium-seat"] {
        bench.command(Command::Limit { feature, limit: Some(1) }).unwrap();
    }
    bench.acquire("premium-seat", 5);
    bench.manager.refuse_reports = true;
    bench.register(false).unwrap();
    let limit = Limit { most: 1, set_by: LimitSource::Administrator };
    let denied = Err(CountError::Denied { entitlement: 1, limit });
    assert_eq!(try_acquire(&bench, "premium-seat", 1), denied, "without an answer as well");
    bench.command(Command::Deregister).unwrap();
    bench.acquire("premium-seat", 1);
}

#[test]
fn c7_the_license_type_is_chosen_before_registering_and_with_nothing_in_use() {
    let select = Command::SelectLicenseType;
    let mut bench = Bench::new();
    assert_eq!(bench.command(select("gold")), Err(CommandError::UnknownLicenseType));
    bench.acquire("standard-seat", 1);
    assert_eq!(bench.command(select("ip-ivr")), Err(CommandError::LicensesInUse));
    bench.release("standard-seat", 1);
    bench.command(select("ip-ivr")).unwrap();
    bench.command(select("ip-ivr")).unwrap();
    assert_eq!(told(&bench, "LicenseTypeChanged").len(), 1);
    bench.reboot(60);
    bench.acquire("ivr-port", 1);
    bench.release("ivr-port", 1);
    bench.command(select("flex")).unwrap();
    bench.link = Link::Down;
    bench.register(false).unwrap();
    assert_eq!(bench.command(select("ip-ivr")), Err(CommandError::LicenseTypeInForce));
    bench.link = Link::Up;
    bench.run(15 * MINUTE);
    assert_eq!(bench.command(select("ip-ivr")), Err(CommandError::LicenseTypeInForce));
    bench.command(select("flex")).unwrap();
    bench.command(Command::Deregister).unwrap();
    bench.command(select("ip-ivr")).unwrap();
}

#[test]
fn e3_while_enforced_what_runs_goes_on() {
    let mut bench = Bench::registered(51, 0);
    bench.run(91 * DAY);
    assert!(!bench.agent.permits(Operation::Provision));
    bench.acquire("standard-seat", 1);
    bench.release("standard-seat", 2);
    assert_eq!(bench.counters.counts().in_use[0], 50);
}

#[test]
fn e3_an_advisory_product_reports_everything_and_refuses_nothing() {
    let (mut agent, counters) = boxed(industrial_gateway::definition, "rack");
    counters.acquire(counters.feature("ports-8").unwrap(), 1).unwrap();
    agent.handle_input(uptime(0), Input::Wake).unwrap();
    agent.handle_input(uptime(91 * DAY), Input::Wake).unwrap();
    assert!(matches!(agent.status().enforcement, Enforcement::Enforced { .. }));
    assert!(agent.permits(Operation::Provision));
}

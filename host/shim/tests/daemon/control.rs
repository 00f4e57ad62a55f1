//! License types, license control, sizes, products, and the factory reset.

use crate::harness::{Appliance, PATIENCE, config, directory};
use crate::manager::{self, Behaviour, Manager};
use leasehold_core::agent::TransportError;
use leasehold_core::product::EnforcementMode;
use leasehold_core::products::industrial_gateway;
use leasehold_core::time::Duration;
use leasehold_shim::protocol::Outcome;
use leasehold_shim::report::{Enforcement, LicenseControl, Limit};
use leasehold_shim::settings::{ManagerUrl, TransportChange};
use serde_json::Value;
use std::fs;

fn skills(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).into()).collect()
}

/// How many of each feature are in use, where any is.
fn in_use(appliance: &mut Appliance) -> Vec<(String, u32)> {
    let entitlements = appliance.status().entitlements.into_iter();
    entitlements.filter(|one| one.in_use > 0).map(|one| (one.feature, one.in_use)).collect()
}

#[test]
fn whoever_is_signed_in_is_seated_anew_under_another_license_type() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.client.login("ann", &skills(&["inbound-voice"]), false).unwrap();
    appliance.client.login("bob", &skills(&["chat", "email"]), false).unwrap();
    appliance.client.login("eve", &[], true).unwrap();
    appliance.client.acquire("inbound-port", 7).unwrap();
    let change = appliance.client.set_license_type("perpetual-premium").unwrap();
    assert_eq!(change.license_type, "perpetual-premium");
    assert_eq!(change.seats.into_iter().collect::<Vec<_>>(), [("agent-seat".into(), 3)]);
    assert_eq!(change.not_stored, None);
    let expected = [("agent-seat".into(), 3), ("inbound-port".into(), 7)];
    assert_eq!(in_use(&mut appliance), expected);
    let named = |report: &leasehold_shim::report::Report| report.device.license_type.clone();
    assert_eq!(named(&appliance.status()), "perpetual-premium");

    let mut appliance = appliance.restart();
    assert_eq!(named(&appliance.status()), "perpetual-premium");
    assert_eq!(in_use(&mut appliance), expected);
    // And back: each takes what their skills need.
    appliance.client.set_license_type("flex").unwrap();
    let seats = [("standard-seat".into(), 1), ("premium-seat".into(), 2)];
    assert_eq!(in_use(&mut appliance)[..2], seats);
    assert!(appliance.event_names().contains(&"LicenseTypeChanged".into()));
    // The one it has already changes nothing.
    let before = appliance.status();
    appliance.client.set_license_type("flex").unwrap();
    assert_eq!(appliance.status(), before);
}

#[test]
fn a_license_type_that_somebody_could_not_sign_in_under_is_refused_naming_them() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.client.login("ann", &skills(&["inbound-voice"]), false).unwrap();
    appliance.client.login("bob", &skills(&["inbound-voice", "chat"]), false).unwrap();
    appliance.client.acquire("outbound-seat", 2).unwrap();
    let before = appliance.status();
    let refused = appliance.client.set_license_type("perpetual-enhanced").unwrap_err();
    assert_eq!(refused.code, "not-under-this-type");
    assert!(refused.cause.contains(": bob, outbound-seat; "), "{refused}");
    assert!(refused.cause.ends_with("allows inbound voice only, and chat is not that."));
    let refused = appliance.client.set_license_type("ip-ivr").unwrap_err();
    assert!(refused.cause.contains(": ann, bob, outbound-seat; "), "{refused}");
    let refused = appliance.client.set_license_type("flexi").unwrap_err();
    assert!(refused.remedy.contains("not-for-resale"), "{refused}");
    assert_eq!(appliance.status(), before);
    // Without them it can be.
    appliance.client.logout("bob").unwrap();
    appliance.client.release("outbound-seat", 2).unwrap();
    appliance.client.set_license_type("perpetual-enhanced").unwrap();
    assert_eq!(in_use(&mut appliance), [("agent-seat".into(), 1)]);
    let refused = appliance.client.login("cleo", &skills(&["email"]), false).unwrap_err();
    assert_eq!(refused.code, "inbound-voice-only");
    appliance.client.logout("ann").unwrap();
    appliance.client.set_license_type("ip-ivr").unwrap();
    assert_eq!(appliance.client.login("ann", &[], false).unwrap_err().code, "no-agents");
    assert_eq!(appliance.client.acquire("ivr-port", 30).unwrap().in_use, 30);
}

/// The platform limit of all seats is that of the one kind of seat, so only ports can be too many.
#[test]
fn what_the_size_does_not_carry_under_the_new_type_changes_nothing() {
    let dir = directory();
    let mut config = config(dir.path());
    config.size_profile = config.product.size_profile("100-agents");
    let mut appliance = Appliance::start_with(config, &Manager::new()).unwrap();
    // Under flex the seats of one tier are limited together.
    appliance.client.acquire("standard-seat", 60).unwrap();
    let denied = appliance.client.acquire("premium-seat", 41).unwrap_err();
    assert_eq!(denied.code, "denied");
    assert_eq!(
        denied.cause,
        "CC Flex Standard Seat and higher tiers together are limited to 100, which the size of \
         this appliance sets; 60 are in use."
    );
    appliance.client.acquire("premium-seat", 40).unwrap();
    let report = appliance.status();
    assert_eq!(report.device.size_profile.as_deref(), Some("100-agents"));
    let limit = report.entitlements[0].limit.clone();
    assert_eq!(limit, Some(Limit { most: 100, set_by: "platform".into() }));
    let refused = appliance.client.set_license_type("perpetual-premium").unwrap_err();
    assert!(refused.cause.contains(": premium-seat, standard-seat; "), "{refused}");
    assert_eq!(appliance.status(), report);
}

#[test]
fn sign_ins_of_an_older_version_stay_and_are_named_where_their_skills_are_needed() {
    let dir = directory();
    let old = r#"{"signed_in": {"ann": "premium-seat"}, "acquired": {"server": 1}}"#;
    fs::write(dir.path().join("usage.json"), old).unwrap();
    let mut appliance = Appliance::start(dir.path());
    assert_eq!(in_use(&mut appliance), [("premium-seat".into(), 1), ("server".into(), 1)]);
    let refused = appliance.client.set_license_type("perpetual-premium").unwrap_err();
    assert!(refused.cause.contains(": ann; "), "{refused}");
    appliance.client.logout("ann").unwrap();
    appliance.client.login("ann", &skills(&["chat"]), false).unwrap();
    appliance.client.set_license_type("perpetual-premium").unwrap();
    let stored = fs::read(dir.path().join("usage.json")).unwrap();
    let stored: Value = serde_json::from_slice(&stored).unwrap();
    assert_eq!(stored["signed_in"]["ann"]["skills"][0], "chat");
}

#[test]
fn the_license_type_holds_while_registered() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    let refused = appliance.client.set_license_type("ip-ivr").unwrap_err();
    assert_eq!(refused.code, "license-type-in-force");
    appliance.client.login("ann", &[], false).unwrap();
    let refused = appliance.client.set_license_type("ip-ivr").unwrap_err();
    assert_eq!(refused.code, "license-type-in-force");
    assert_eq!(
        appliance.client.deregister(PATIENCE).unwrap(),
        Outcome::Deregistered { manager_told: true }
    );
    appliance.client.set_license_type("perpetual-enhanced").unwrap();
    assert_eq!(in_use(&mut appliance), [("agent-seat".into(), 1)]);
}

#[test]
fn a_denied_acquire_names_the_limit_and_who_set_it() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    // 40 of each tier are owned.
    let control = appliance.client.allow_overage(false).unwrap();
    let in_force = LicenseControl { overage_allowed: false, applies: true };
    assert_eq!(control.control, in_force);
    let fields: Vec<&str> = control.fields.iter().map(|one| one.feature.as_str()).collect();
    assert_eq!(fields, ["standard-seat", "premium-seat"]);
    appliance.client.acquire("standard-seat", 80).unwrap();
    let denied = appliance.client.login("ann", &[], false).unwrap_err();
    assert!(denied.cause.contains("limited to 80, which is what the account owns"), "{denied}");
    appliance.client.release("standard-seat", 80).unwrap();

    let control = appliance.client.limit("premium-seat", Some(2)).unwrap();
    assert_eq!(control.fields[1].configured_limit, Some(2));
    let own = Limit { most: 2, set_by: "administrator".into() };
    assert_eq!(control.fields[1].limit, Some(own));
    assert_eq!(control.fields[0].limit.as_ref().unwrap().most, 42);
    appliance.client.acquire("premium-seat", 2).unwrap();
    let mut appliance = appliance.restart();
    let denied = appliance.client.login("ann", &skills(&["chat"]), false).unwrap_err();
    assert_eq!(
        denied.cause,
        "CC Flex Premium Seat is limited to 2, which an administrator set; 2 are in use."
    );
    assert!(appliance.status().device.signed_in.is_empty());

    appliance.client.limit("premium-seat", None).unwrap();
    appliance.client.login("ann", &skills(&["chat"]), false).unwrap();
    appliance.client.allow_overage(true).unwrap();
    appliance.client.acquire("premium-seat", 1_000).unwrap();
    let stored_only = appliance.client.limit("inbound-port", Some(1)).unwrap_err();
    assert_eq!(stored_only.code, "not-controlled");
    let unknown = appliance.client.limit("sofa", Some(1)).unwrap_err();
    assert!(unknown.code == "unknown-feature" && unknown.remedy.contains("premium-seat"));
}

/// A limit below what is in use throws nobody out while the appliance runs; a restart takes what
/// the limit allows.
#[test]
fn a_limit_below_the_use_is_kept_to_by_a_restart() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    for name in ["ann", "bob", "cleo"] {
        appliance.client.login(name, &skills(&["chat"]), false).unwrap();
    }
    appliance.client.limit("premium-seat", Some(2)).unwrap();
    appliance.client.allow_overage(false).unwrap();
    assert_eq!(in_use(&mut appliance), [("premium-seat".into(), 3)]);
    let mut appliance = appliance.restart();
    let names: Vec<String> =
        appliance.status().device.signed_in.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["ann", "bob"]);
}

#[test]
fn a_gateway_turns_features_on_and_nobody_signs_in() {
    let dir = directory();
    let mut config = config(dir.path());
    config.product = industrial_gateway::definition(manager::root());
    config.product_id = config.product.product_id.into();
    config.size_profile = config.product.size_profile("compact");
    let mut appliance = Appliance::start_with(config, &Manager::new()).unwrap();
    for feature in ["opc-ua", "vpn", "throughput-1g"] {
        appliance.client.acquire(feature, 1).unwrap();
    }
    let twice = appliance.client.acquire("vpn", 1).unwrap_err();
    assert_eq!(
        twice.cause,
        "IG VPN is limited to 1, which the size of this appliance sets; 1 are in use."
    );
    assert_eq!(appliance.client.acquire("throughput-10g", 1).unwrap_err().code, "denied");
    assert_eq!(appliance.client.login("ann", &[], false).unwrap_err().code, "no-agents");
    let report = appliance.status();
    assert_eq!(report.device.product, "industrial-gateway");
    assert_eq!(
        (report.device.license_type.as_str(), report.entitlements.len()),
        ("subscription", 9)
    );
    assert_eq!(appliance.register(), Outcome::Succeeded);
    appliance.settled();
    let reported = appliance.manager.reports().pop().unwrap();
    assert_eq!(reported, [1, 0, 1, 0, 0, 0, 1, 1, 0], "faster covers slower");
    // It is told everything and refused nothing.
    assert!(appliance.client.permits_provisioning().unwrap().permitted);
}

#[test]
fn a_product_that_asks_for_it_refuses_new_use_while_enforced_and_ends_none() {
    let dir = directory();
    let mut config = config(dir.path());
    config.product.enforcement = EnforcementMode::NewUse;
    let mut appliance = Appliance::start_with(config, &Manager::new()).unwrap();
    appliance.client.login("ann", &[], false).unwrap();
    appliance.advance(Duration::from_days(90));
    appliance.eventually("it is enforced", |report| {
        matches!(report.enforcement, Enforcement::Enforced { .. })
    });
    let refused = appliance.client.login("bob", &[], false).unwrap_err();
    assert_eq!(refused.code, "enforced");
    assert!(refused.cause.starts_with("The evaluation is used up. New use is refused"));
    assert_eq!(appliance.client.acquire("server", 1).unwrap_err().code, "enforced");
    // What runs keeps running, over a restart too.
    let mut appliance = appliance.restart();
    assert_eq!(in_use(&mut appliance), [("standard-seat".into(), 1)]);
    appliance.client.logout("ann").unwrap();
    assert_eq!(appliance.register(), Outcome::Succeeded);
    appliance.eventually("it is not", |report| report.enforcement == Enforcement::None);
    appliance.client.login("bob", &[], false).unwrap();
}

#[test]
fn a_factory_reset_leaves_the_account_and_erases_what_was_set() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.client.set_license_type("perpetual-premium").unwrap();
    assert_eq!(appliance.register(), Outcome::Succeeded);
    appliance.settled();
    appliance.client.allow_overage(false).unwrap();
    let url = ManagerUrl::parse("https://licenses.example.org:8443").unwrap();
    let change = TransportChange { url: Some(url), ..TransportChange::default() };
    appliance.client.set_transport(change).unwrap();
    assert!(dir.path().join("transport.toml").exists());

    let outcome = appliance.client.factory_reset(PATIENCE).unwrap();
    assert_eq!(outcome, Outcome::Reset { manager_told: Some(true) });
    assert_eq!(appliance.manager.deregistrations(), 1);
    let report = appliance.status();
    assert_eq!(report.registration.unregistered.unwrap().reason, "Never");
    assert_eq!(report.device.license_type, "flex");
    assert!(report.license_control.overage_allowed);
    assert_eq!(report.transport.url, None);
    assert!(!dir.path().join("transport.toml").exists());
    assert!(appliance.event_names().contains(&"FactoryReset".into()));
    let mut appliance = appliance.restart();
    assert_eq!(appliance.status().registration.state, "Unregistered");
}

#[test]
fn a_factory_reset_works_without_an_account_and_without_a_manager() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.client.login("ann", &[], false).unwrap();
    let outcome = appliance.client.factory_reset(PATIENCE).unwrap();
    assert_eq!(outcome, Outcome::Reset { manager_told: None });
    // What is in use stays counted (SPEC X13).
    assert_eq!(in_use(&mut appliance), [("standard-seat".into(), 1)]);

    assert_eq!(appliance.register(), Outcome::Succeeded);
    appliance.settled();
    appliance.manager.behave(Behaviour::Fail(TransportError::Unreachable));
    let outcome = appliance.client.factory_reset(PATIENCE).unwrap();
    assert_eq!(outcome, Outcome::Reset { manager_told: Some(false) });
    assert_eq!(appliance.status().registration.state, "Unregistered");
}

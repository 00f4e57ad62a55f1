//! License types, license control, limits, locked usage, duplicates and factory reset.

use crate::bench::{Bench, DAY, HOUR, Link, MINUTE, Seen};
use leasehold_core::agent::{
    Command, CommandError, EventKind, FailureReason, Operation, RegistrationState, TransportError,
    UnregisteredReason,
};
use leasehold_core::counters::{CountError, Limit, LimitSource};
use leasehold_core::policy::Policy;
use leasehold_core::product::EnforcementMode;
use leasehold_core::time::Duration;
use leasehold_core::wire::Refusal;

fn try_acquire(bench: &Bench, feature: &str, n: u32) -> Result<(), CountError> {
    bench.counters.acquire(bench.counters.feature(feature).unwrap(), n)
}

fn denied(entitlement: u8, most: u32, set_by: LimitSource) -> Result<(), CountError> {
    Err(CountError::Denied { entitlement, limit: Limit { most, set_by } })
}

#[test]
fn c4_without_overage_the_limit_is_what_the_account_owns_or_what_is_set() {
    let mut bench = Bench::registered(45, 5);
    bench.command(Command::AllowOverage(false)).unwrap();
    assert_eq!(try_acquire(&bench, "standard-seat", 1), denied(0, 50, LimitSource::Account));
    assert_eq!(try_acquire(&bench, "premium-seat", 6), denied(1, 10, LimitSource::Account));
    bench.command(Command::Limit { feature: "premium-seat", limit: Some(7) }).unwrap();
    assert_eq!(try_acquire(&bench, "premium-seat", 3), denied(1, 7, LimitSource::Administrator));
    assert_eq!(try_acquire(&bench, "standard-seat", 1), denied(0, 47, LimitSource::Administrator));
    bench.command(Command::Limit { feature: "premium-seat", limit: Some(0) }).unwrap();
    assert_eq!(try_acquire(&bench, "premium-seat", 1), denied(1, 0, LimitSource::Administrator));
    bench.command(Command::Limit { feature: "premium-seat", limit: None }).unwrap();
    assert_eq!(bench.agent.entitlement(1).unwrap().configured_limit, None);
    // What is owned later counts with the answer that says so.
    bench.manager.owned = [60, 10, 1];
    bench.command(Command::RenewAuthorization).unwrap();
    bench.acquire("standard-seat", 20);
    assert_eq!(try_acquire(&bench, "standard-seat", 1), denied(0, 70, LimitSource::Account));
    // What is no field of license control is not limited.
    bench.acquire("inbound-port", 1_000);
    // Allowed again: counted and reported.
    bench.command(Command::AllowOverage(true)).unwrap();
    bench.acquire("standard-seat", 1);
}

#[test]
fn c4_license_control_survives_a_reboot_and_is_told() {
    let mut bench = Bench::registered(1, 0);
    bench.forget();
    bench.command(Command::AllowOverage(false)).unwrap();
    bench.command(Command::Limit { feature: "standard-seat", limit: Some(3) }).unwrap();
    bench.command(Command::AllowOverage(false)).unwrap();
    let told = bench.events.iter().filter(|(_, kind)| *kind == EventKind::LicenseControlChanged);
    assert_eq!(told.count(), 2, "nothing is told when nothing changes");
    bench.reboot(60);
    assert!(!bench.agent.status().overage_allowed);
    assert_eq!(bench.agent.entitlement(0).unwrap().configured_limit, Some(3));
    assert_eq!(try_acquire(&bench, "standard-seat", 14), denied(0, 13, LimitSource::Administrator));
}

#[test]
fn x8_in_evaluation_license_control_does_not_apply() {
    let mut bench = Bench::new();
    bench.command(Command::AllowOverage(false)).unwrap();
    bench.command(Command::Limit { feature: "standard-seat", limit: Some(1) }).unwrap();
    bench.acquire("standard-seat", 5);
    bench.register(false).unwrap();
    assert_eq!(try_acquire(&bench, "standard-seat", 7), denied(0, 11, LimitSource::Administrator));
    bench.command(Command::Deregister).unwrap();
    bench.acquire("standard-seat", 100);
}

#[test]
fn c6_a_limit_on_what_is_no_field_is_refused() {
    let mut bench = Bench::new();
    let limit = |feature| Command::Limit { feature, limit: Some(1) };
    assert_eq!(bench.command(limit("nothing")), Err(CommandError::UnknownFeature));
    assert_eq!(bench.command(limit("inbound-port")), Err(CommandError::NotControlled));
}

#[test]
fn x7_locked_usage_reports_the_highest_use_since_pending_until_it_is_covered() {
    for (lock_usage, expected) in [(true, 55), (false, 2)] {
        let mut bench = Bench::new();
        bench.manager.policy = Some(Policy { lock_usage, ..Policy::DEFAULT });
        bench.acquire("standard-seat", 51);
        bench.register(false).unwrap();
        bench.acquire("standard-seat", 4);
        bench.run(15 * MINUTE);
        bench.release("standard-seat", 53);
        bench.run(15 * MINUTE);
        bench.reboot(60);
        bench.acquire("standard-seat", 2);
        bench.run(2 * HOUR);
        let last = bench.seen.last().unwrap().1.clone();
        assert_eq!(last, Seen::Report(vec![expected, 0, 0]), "lock_usage {lock_usage}");
        bench.manager.owned = [55, 0, 1];
        bench.command(Command::RenewAuthorization).unwrap();
        bench.command(Command::RenewAuthorization).unwrap();
        assert_eq!(bench.seen.last().unwrap().1, Seen::Report(vec![2, 0, 0]), "covered");
    }
}

#[test]
fn r7_a_registration_waits_for_one_that_is_on_its_way_and_for_nothing_else() {
    let mut bench = Bench::new();
    bench.link = Link::Held;
    bench.register(false).unwrap();
    assert_eq!(bench.register(true), Err(CommandError::RegistrationInProgress));
    assert_eq!(bench.seen.len(), 1);
    bench.link = Link::Up;
    bench.deliver();
    bench.link = Link::Held;
    bench.command(Command::RenewAuthorization).unwrap();
    bench.register(true).unwrap();
    bench.link = Link::Up;
    bench.forget();
    bench.deliver();
    assert!(bench.seen.contains(&(0, Seen::Register { force: true })), "{:?}", bench.seen);
}

#[test]
fn t5_a_duplicate_is_told_when_it_begins_and_when_it_is_settled() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.duplicate = true;
    bench.run(2 * DAY);
    assert!(bench.agent.status().duplicate);
    bench.reboot(60);
    bench.run(DAY);
    bench.manager.duplicate = false;
    bench.run(DAY);
    let names = bench.names();
    let about = |name: &str| names.iter().filter(|(_, told)| *told == name).count();
    assert_eq!((about("DuplicateInstance"), about("DuplicateSettled")), (1, 1));
}

#[test]
fn a8_other_rules_are_told_once() {
    let mut bench = Bench::registered(1, 0);
    bench.forget();
    let report_interval = Duration::from_hours(1);
    bench.manager.policy = Some(Policy { report_interval, ..Policy::DEFAULT });
    bench.run(DAY);
    let told = bench.events.iter().filter(|(_, kind)| *kind == EventKind::PolicyChanged);
    assert_eq!(told.count(), 1);
}

#[test]
fn x13_a_factory_reset_deregisters_and_erases_all_but_the_evaluation_used() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(10 * DAY);
    bench.register(false).unwrap();
    bench.command(Command::AllowOverage(false)).unwrap();
    bench.run(20 * DAY);
    bench.forget();
    bench.command(Command::FactoryReset).unwrap();
    assert_eq!(bench.seen.last().unwrap().1, Seen::Deregister);
    let names: Vec<&str> = bench.names().iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["Deregistered", "FactoryReset", "EvaluationStarted"]);
    let status = bench.agent.status();
    assert_eq!(status.registration, RegistrationState::Unregistered);
    assert!(status.overage_allowed && status.unregistered.is_some() && status.attempt.is_none());
    assert_eq!(status.evaluation_left, Duration::from_days(80));
    assert!(status.evaluation_counting, "what is in use stays counted");
    assert_eq!(bench.counters.counts().in_use[0], 1);
    // Neither slot of either record keeps a key or a name.
    for slot in bench.flash().iter().flatten().flatten() {
        assert!(!slot.windows(7).any(|bytes| bytes == b"Example"));
    }
    // It can register again, as a new device.
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
}

#[test]
fn x13_a_factory_reset_succeeds_without_a_manager_and_without_a_registration() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.forget();
    bench.command(Command::FactoryReset).unwrap();
    assert!(bench.events.contains(&(0, EventKind::Deregistered { manager_told: false })));
    assert!(bench.events.contains(&(0, EventKind::FactoryReset)));
    bench.reboot(60);
    assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().registration, RegistrationState::Retrying);
    bench.forget();
    bench.command(Command::FactoryReset).unwrap();
    assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
    assert_eq!(bench.names(), [(60, "FactoryReset")], "nobody is asked, and nothing waits");
    bench.forget();
    bench.run(DAY);
    assert_eq!(bench.seen, [], "the attempt is gone");
}

#[test]
fn x13_a_reset_is_done_once_the_first_write_of_each_record_is() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.writes_until_cut = Some(2);
    bench.command(Command::FactoryReset).unwrap();
    assert!(!bench.powered);
    bench.reboot(60);
    assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
}

#[test]
fn x13_a_factory_reset_leads_back_to_the_first_license_type_unless_something_is_in_use() {
    let license_type = |bench: &Bench| bench.counters.license_type().name;
    let mut bench = Bench::new();
    bench.command(Command::FactoryReset).unwrap();
    assert_eq!(bench.names(), [(0, "FactoryReset")], "the first stays the first");
    let type_of_another_day = "perpetual-enhanced";
    bench.command(Command::SelectLicenseType(type_of_another_day)).unwrap();
    bench.acquire("agent-seat", 1);
    bench.command(Command::FactoryReset).unwrap();
    assert_eq!(license_type(&bench), type_of_another_day);
    assert_eq!(bench.counters.counts().in_use[0], 1);
    bench.reboot(60);
    assert_eq!(license_type(&bench), type_of_another_day, "what was in use is so again");
    bench.forget();
    bench.command(Command::FactoryReset).unwrap();
    assert_eq!(license_type(&bench), "flex");
    let at = bench.time;
    assert_eq!(bench.names(), [(at, "FactoryReset"), (at, "LicenseTypeChanged")]);
    bench.reboot(60);
    assert_eq!(license_type(&bench), "flex");
}

#[test]
fn a8_a_managers_rules_end_with_the_registration() {
    let mut bench = Bench::new();
    let register_retry = Duration::from_hours(1);
    bench.manager.policy = Some(Policy { register_retry, ..Policy::DEFAULT });
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().policy.register_retry, register_retry);
    bench.command(Command::Deregister).unwrap();
    assert_eq!(bench.agent.status().policy, Policy::DEFAULT);
}

#[test]
fn r6_why_the_manager_could_not_be_told_stays_visible() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.command(Command::Deregister).unwrap();
    let failure = bench.agent.status().last_contact.unwrap().unwrap_err();
    assert_eq!(failure.reason, FailureReason::Transport(TransportError::Unreachable));
}

#[test]
fn e3_a_product_says_what_is_refused_while_it_is_enforced() {
    let modes = [
        (EnforcementMode::Advisory, true, true),
        (EnforcementMode::Provisioning, false, true),
        (EnforcementMode::NewUse, false, false),
    ];
    for (mode, provision, new_use) in modes {
        let mut bench = Bench::with(|definition, _| definition.enforcement = mode);
        bench.acquire("standard-seat", 1);
        bench.run(90 * DAY - 1);
        let permits = |bench: &Bench| {
            [Operation::Provision, Operation::Use].map(|operation| bench.agent.permits(operation))
        };
        assert_eq!(permits(&bench), [true, true], "{mode:?}");
        bench.run(1);
        assert_eq!(permits(&bench), [provision, new_use], "{mode:?}");
    }
}

#[test]
fn a5_any_answer_of_the_manager_ends_an_outage() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(DAY);
    bench.link = Link::Up;
    bench.manager.refuse = Some(Refusal::TokenExpired);
    bench.forget();
    bench.register(true).unwrap();
    let names: Vec<&str> = bench.names().iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["CommunicationRestored", "RegistrationFailed"]);
    // A report that is refused is a failure, and no outage.
    bench.manager.refuse = Some(Refusal::SignatureInvalid);
    bench.forget();
    bench.run(10 * HOUR);
    assert!(bench.names().iter().all(|(_, name)| !name.starts_with("Communication")));
}

#[test]
fn r7_a_renewal_that_cannot_be_asked_for_is_told_once_until_one_succeeds() {
    let mut bench = Bench::registered(1, 0);
    bench.run(175 * DAY);
    bench.link = Link::Down;
    bench.forget();
    bench.run(10 * DAY);
    let failed = |bench: &Bench| {
        bench.names().iter().filter(|(_, name)| *name == "CertificateRenewalFailed").count()
    };
    assert_eq!(failed(&bench), 1, "due at 180 d");
    assert!(bench.agent.status().enrolment.unwrap().last_renewal.unwrap().is_err());
    bench.link = Link::Up;
    bench.run(DAY);
    assert!(bench.agent.status().enrolment.unwrap().last_renewal.unwrap().is_ok());
    // By command, in an outage.
    bench.link = Link::Down;
    bench.run(DAY);
    bench.forget();
    bench.command(Command::RenewCertificate).unwrap();
    assert_eq!(failed(&bench), 1);
}

#[test]
fn x14_an_instance_that_is_gone_says_why_and_is_not_restored_first() {
    for why in [Refusal::InstanceUnknown, Refusal::CertificateExpired, Refusal::InstanceReplaced] {
        let mut bench = Bench::registered(1, 0);
        bench.link = Link::Down;
        bench.run(91 * DAY);
        bench.link = Link::Up;
        bench.manager.refuse = Some(why);
        bench.forget();
        bench.run(DAY);
        assert!(bench.events.iter().any(|(_, kind)| *kind == EventKind::InstanceRemoved { why }));
        assert!(bench.names().iter().all(|(_, name)| *name != "AuthorizationRestored"));
        let reason = bench.agent.status().unregistered.unwrap();
        assert!(matches!(reason, UnregisteredReason::Removed { why: kept, .. } if kept == why));
    }
}

#[test]
fn x10_a_required_licence_that_is_bought_is_told_too() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.owned = [40, 10, 0];
    bench.command(Command::RenewAuthorization).unwrap();
    bench.manager.owned = [40, 10, 1];
    bench.command(Command::RenewAuthorization).unwrap();
    bench.command(Command::RenewAuthorization).unwrap();
    let about: Vec<EventKind> = bench.events.iter().map(|(_, kind)| *kind).collect();
    let entitlement = 2;
    assert_eq!(
        about,
        [
            EventKind::RequiredLicenseMissing { entitlement },
            EventKind::EntitlementAccepted { entitlement }
        ]
    );
}

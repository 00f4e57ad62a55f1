//! The main walk: register, use, report, be told, restart, leave.

use crate::harness::{Appliance, PATIENCE, directory, token};
use crate::manager::{Behaviour, Manager, TODAY};
use leasehold_core::agent::TransportError;
use leasehold_core::time::Duration;
use leasehold_core::wire::Refusal;
use leasehold_shim::protocol::{Outcome, Renewal};
use leasehold_shim::report::{AuthorizationState, Enforcement};

#[test]
fn register_use_report_and_read_it_all() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    let before = appliance.status();
    assert_eq!(before.registration.state, "Unregistered");
    assert_eq!(before.registration.unregistered.unwrap().reason, "Never");
    assert_eq!(before.authorization.state, AuthorizationState::NoLicensesInUse);
    assert_eq!(
        (before.device.product_id.as_str(), before.device.host_name.as_str()),
        ("LH-CC", "cc01")
    );
    assert_eq!(before.device.license_type, "flex");
    assert_eq!(before.evaluation.left, 90 * 86_400);

    assert_eq!(appliance.register(), Outcome::Succeeded);
    appliance.client.login("ann", &["inbound-voice".into()], false).unwrap();
    appliance.client.login("bob", &["chat".into()], false).unwrap();
    appliance.settled();
    let renewed = appliance.client.renew(Renewal::Authorization, PATIENCE).unwrap();
    assert_eq!(renewed, Outcome::Succeeded);
    let report = appliance.status();
    assert_eq!(report.authorization.state, AuthorizationState::Authorized);
    let enrolment = report.registration.enrolment.unwrap();
    assert_eq!(report.registration.state, "Registered");
    assert_eq!(enrolment.smart_account, "Example Ltd");
    assert_eq!(enrolment.virtual_account, "Default");
    assert!(enrolment.export_controlled_allowed);
    assert_eq!(enrolment.instance, "07".repeat(16));
    assert_eq!(enrolment.registered, Some(TODAY.as_secs()));
    assert_eq!(enrolment.expires, Some(TODAY.as_secs() + 365 * 86_400));
    assert_eq!(report.authorization.deadline, Some(TODAY.as_secs() + 90 * 86_400 - 300));
    assert_eq!(report.enforcement, Enforcement::None);
    let names: Vec<_> = report.device.signed_in.iter().map(|who| who.name.as_str()).collect();
    assert_eq!(names, ["ann", "bob"]);
    let standard = &report.entitlements[0];
    assert_eq!(
        (standard.feature.as_str(), standard.in_use, standard.peak),
        ("standard-seat", 1, 2)
    );
    assert_eq!((standard.verdict.as_deref(), standard.owned), (Some("InCompliance"), Some(40)));
    let port = &report.entitlements[3];
    assert_eq!((port.reporting.as_str(), port.owned), ("stored-only", None));
    let reports = appliance.manager.reports();
    assert_eq!(reports.last().unwrap()[..2], [2, 1], "peaks at or above each tier: {reports:?}");
    let events = appliance.event_names();
    assert!(events.contains(&"RegistrationSucceeded".into()), "{events:?}");
    assert!(events.contains(&"Authorized".into()), "{events:?}");
    appliance.daemon.stop().unwrap();
}

#[test]
fn over_use_is_told_and_cleared() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    appliance.manager.behave(Behaviour::OutOfCompliance);
    appliance.client.acquire("standard-seat", 51).unwrap();
    let pending = |pending| {
        move |report: &leasehold_shim::report::Report| {
            matches!(report.authorization.state,
                AuthorizationState::OutOfCompliance { pending: now, .. } if now == pending)
        }
    };
    let report = appliance.eventually("it is pending", pending(true));
    assert_eq!(report.entitlements[0].verdict.as_deref(), Some("OutOfCompliance"));
    appliance.advance(Duration::from_minutes(46));
    let report = appliance.eventually("it is breached", pending(false));
    let Enforcement::Overage { reason, ends } = report.enforcement else { panic!() };
    assert_eq!(reason, "OutOfCompliance");
    assert_eq!(ends, Some(TODAY.as_secs() + 45 * 60 + 90 * 86_400));
    assert!(appliance.client.permits_provisioning().unwrap().permitted);
    appliance.manager.behave(Behaviour::Honest);
    let renewed = appliance.client.renew(Renewal::Authorization, PATIENCE).unwrap();
    assert_eq!(renewed, Outcome::Succeeded);
    assert_eq!(appliance.status().authorization.state, AuthorizationState::Authorized);
    assert_eq!(appliance.status().enforcement, Enforcement::None);
    assert!(appliance.event_names().contains(&"BackInCompliance".into()));
}

#[test]
fn enforcement_refuses_provisioning_and_says_why() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.client.acquire("server", 1).unwrap();
    appliance.advance(Duration::from_days(91));
    let permission = appliance.client.permits_provisioning().unwrap();
    assert!(!permission.permitted);
    assert_eq!(permission.reason.as_deref(), Some("EvaluationExpired"));
    assert!(appliance.client.login("ann", &[], false).is_ok(), "what runs keeps running");
}

#[test]
fn registration_and_sign_ins_survive_a_restart_and_a_kill() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    appliance.client.login("ann", &[], true).unwrap();
    appliance.client.acquire("inbound-port", 7).unwrap();
    let before = appliance.settled();
    // What a kill leaves is what is on the disk at that moment.
    let killed = directory();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), killed.path().join(entry.file_name())).unwrap();
        }
    }
    let mut config = appliance.config.clone();
    config.data = killed.path().into();
    let copy = Appliance::start_with(config, &appliance.manager).unwrap();
    for mut after in [appliance.restart(), copy] {
        let report = after.status();
        assert_eq!(report.registration.state, "Registered");
        assert_eq!(report.registration.enrolment, before.registration.enrolment);
        assert_eq!(report.device.signed_in, before.device.signed_in);
        let in_use: Vec<_> = report.entitlements.iter().map(|one| one.in_use).collect();
        assert_eq!(in_use, [0, 1, 0, 7, 0, 0, 0]);
        let events = after.client.events(0).unwrap();
        assert!(events.events.iter().any(|event| event.name == "RegistrationSucceeded"));
    }
}

#[test]
fn leaving_tells_whether_the_manager_knows() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    let left = appliance.client.deregister(PATIENCE).unwrap();
    assert_eq!(left, Outcome::Deregistered { manager_told: true });
    assert_eq!(appliance.manager.deregistrations(), 1);
    let again = appliance.client.deregister(PATIENCE).unwrap_err();
    assert_eq!(again.code, "not-registered");

    assert_eq!(appliance.register(), Outcome::Succeeded);
    appliance.settled();
    appliance.manager.behave(Behaviour::Fail(TransportError::Unreachable));
    let left = appliance.client.deregister(PATIENCE).unwrap();
    assert_eq!(left, Outcome::Deregistered { manager_told: false });
    let unregistered = appliance.status().registration.unregistered.unwrap();
    assert_eq!(unregistered.manager_told, Some(false));
}

#[test]
fn renewals_say_how_they_went() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    let renew = |appliance: &mut Appliance, what| appliance.client.renew(what, PATIENCE).unwrap();
    for what in [Renewal::Certificate, Renewal::Authorization] {
        appliance.manager.behave(Behaviour::Honest);
        assert_eq!(renew(&mut appliance, what), Outcome::Succeeded);
        appliance.manager.behave(Behaviour::Fail(TransportError::TimedOut));
        let Outcome::Retrying { failure, retry } = renew(&mut appliance, what) else { panic!() };
        assert_eq!(failure.reason, "TimedOut");
        let wait = retry.unwrap() - TODAY.as_secs();
        assert!((450..=900).contains(&wait), "15 min less the jitter: {wait}");
        appliance.manager.behave(Behaviour::RetryLater(77));
        let Outcome::Retrying { failure, retry } = renew(&mut appliance, what) else { panic!() };
        assert_eq!((failure.reason.as_str(), retry), ("RetryLater", Some(TODAY.as_secs() + 77)));
        appliance.manager.behave(Behaviour::Honest);
    }
    let enrolment = appliance.status().registration.enrolment.unwrap();
    assert_eq!(enrolment.smart_account, "Example Ltd");
    appliance.manager.behave(Behaviour::Refuse(Refusal::InstanceUnknown));
    assert_eq!(renew(&mut appliance, Renewal::Authorization), Outcome::Removed);
    let registration = appliance.status().registration;
    assert_eq!(registration.unregistered.unwrap().reason, "Removed");
    let refused = appliance.client.renew(Renewal::Authorization, PATIENCE).unwrap_err();
    assert_eq!(refused.code, "not-registered");
}

#[test]
fn a_registration_says_how_it_went() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    let malformed = appliance.client.register("hello", false, PATIENCE).unwrap_err();
    assert_eq!(malformed.code, "bad-token");
    for (refusal, reason) in [
        (Refusal::TokenUnknown, "TokenUnknown"),
        (Refusal::TokenExpired, "TokenExpired"),
        (Refusal::TokenUsedUp, "TokenUsedUp"),
        (Refusal::TokenRevoked, "TokenRevoked"),
        (Refusal::ProductUnknown, "ProductUnknown"),
        (Refusal::AlreadyRegistered, "AlreadyRegistered"),
    ] {
        appliance.manager.behave(Behaviour::Refuse(refusal));
        let Outcome::Refused { failure } = appliance.register() else { panic!() };
        assert_eq!(failure.reason, reason);
        let registration = appliance.status().registration;
        assert_eq!(registration.state, "Failed");
        assert!(registration.attempt.unwrap().refused);
    }
    appliance.manager.behave(Behaviour::Fail(TransportError::NameNotResolved));
    let Outcome::Retrying { failure, retry } = appliance.register() else { panic!() };
    assert_eq!(failure.reason, "NameNotResolved");
    assert_eq!(retry, Some(TODAY.as_secs() + 900));
    assert_eq!(appliance.status().registration.state, "Retrying");
    appliance.manager.behave(Behaviour::Honest);
    appliance.advance(Duration::from_minutes(15));
    appliance.eventually("the retry succeeds", |report| report.registration.state == "Registered");
    let twice = appliance.client.register(&token(), false, PATIENCE).unwrap_err();
    assert_eq!(twice.code, "already-registered");
    assert_eq!(appliance.client.register(&token(), true, PATIENCE).unwrap(), Outcome::Succeeded);
    assert_eq!(appliance.manager.registrations(), 2);
}

#[test]
fn whoever_does_not_wait_is_told_that_it_is_under_way() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.manager.behave(Behaviour::Fail(TransportError::Unreachable));
    let outcome = appliance.client.register(&token(), false, std::time::Duration::ZERO).unwrap();
    assert_eq!(outcome, Outcome::Underway);
    appliance.eventually("it was tried", |report| report.registration.state == "Retrying");
    assert_eq!(appliance.client.deregister(PATIENCE).unwrap(), Outcome::Dropped);
    assert_eq!(appliance.status().registration.state, "Unregistered");
}

#[test]
fn a_private_host_name_is_shown_and_not_sent() {
    let dir = directory();
    let manager = Manager::new();
    let mut config = crate::harness::config(dir.path());
    config.host_name_private = true;
    let mut appliance = Appliance::start_with(config, &manager).unwrap();
    let device = appliance.status().device;
    assert_eq!((device.host_name.as_str(), device.host_name_private), ("cc01", true));
}

#[test]
fn questions_in_a_row_do_not_keep_the_agent_from_its_timers() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    let reports = appliance.manager.reports().len();
    // The clock of this test wakes nobody: only the questions do.
    appliance.manager.advance(Duration::from_hours(9));
    appliance.clock.advance(Duration::from_hours(9));
    let deadline = std::time::Instant::now() + PATIENCE;
    while appliance.manager.reports().len() == reports {
        assert!(std::time::Instant::now() < deadline, "no report was made");
        appliance.client.events(0).unwrap();
    }
}

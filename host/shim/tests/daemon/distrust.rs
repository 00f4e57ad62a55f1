//! Answers that must not be believed: each ends in its reason, and nothing else has changed.

use crate::harness::{Appliance, PATIENCE, directory};
use crate::manager::Behaviour;
use leasehold_core::agent::TransportError;
use leasehold_core::wire::{FRAME_MAX, Refusal};
use leasehold_shim::protocol::{Outcome, Renewal};
use leasehold_shim::report::AuthorizationState;

/// What a manager can do wrong, and the reason that it must give.
fn misbehaviours() -> Vec<(Behaviour, &'static str)> {
    let html = b"<!doctype html><html><body>Please log in</body></html>".to_vec();
    let mut long = b"LH".to_vec();
    long.resize(FRAME_MAX + 1, 0);
    let bytes = Behaviour::Bytes;
    vec![
        (bytes(html), "NotAFrame"),
        (bytes(Vec::new()), "NotAFrame"),
        (bytes(b"L".to_vec()), "Malformed"),
        (bytes(b"LH\x01\x02\xff\xff".to_vec()), "Malformed"),
        (bytes(b"LH\x01\x02\x00\x00".to_vec()), "Malformed"),
        (bytes(b"LH\x09\x02\x00\x00".to_vec()), "NewerVersion"),
        (bytes(long), "TooLong"),
        (bytes(vec![0; 300]), "NotAFrame"),
        (Behaviour::Echo, "WrongKind"),
        (Behaviour::Replay, "OtherRequest"),
        (Behaviour::OtherRequest, "OtherRequest"),
        (Behaviour::OtherDevice, "OtherDevice"),
        (Behaviour::Stale, "Stale"),
        (Behaviour::Altered, "SignatureInvalid"),
        (Behaviour::Impostor, "ManagerUnknown"),
        (Behaviour::WrongBody, "UnexpectedAnswer"),
        (Behaviour::Refuse(Refusal::SignatureInvalid), "SignatureInvalid"),
        (Behaviour::Fail(TransportError::TimedOut), "TimedOut"),
        (Behaviour::Fail(TransportError::HttpStatus(503)), "HttpStatus"),
        (Behaviour::Fail(TransportError::AnswerTooLong), "AnswerTooLong"),
    ]
}

#[test]
fn a_working_registration_is_not_harmed() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    appliance.client.acquire("premium-seat", 3).unwrap();
    appliance.client.renew(Renewal::Authorization, PATIENCE).unwrap();
    let before = appliance.status();
    assert_eq!(before.authorization.state, AuthorizationState::Authorized);
    for (behaviour, reason) in misbehaviours() {
        appliance.manager.behave(behaviour.clone());
        let outcome = appliance.client.renew(Renewal::Authorization, PATIENCE).unwrap();
        let Outcome::Retrying { failure, .. } = outcome else {
            panic!("{behaviour:?}: {outcome:?}")
        };
        assert_eq!(failure.reason, reason, "{behaviour:?}");
        assert!(failure.cause.ends_with('.') && failure.remedy.ends_with('.'), "{failure:?}");
        let after = appliance.status();
        assert_eq!(after.registration, before.registration, "{behaviour:?}");
        assert_eq!(after.authorization.state, before.authorization.state, "{behaviour:?}");
        assert_eq!(after.authorization.deadline, before.authorization.deadline, "{behaviour:?}");
        assert_eq!(after.entitlements, before.entitlements, "{behaviour:?}");
        assert_eq!(after.authorization.contact_failure.unwrap().reason, reason);
    }
    let outages = appliance.event_names();
    let told = outages.iter().filter(|name| *name == "CommunicationFailed").count();
    // A wrong body and a refusal are the manager's own answers: they end the first outage.
    assert_eq!(told, 2, "one event for each outage: {outages:?}");
    appliance.manager.behave(Behaviour::Honest);
    let renewed = appliance.client.renew(Renewal::Authorization, PATIENCE).unwrap();
    assert_eq!(renewed, Outcome::Succeeded);
    assert!(appliance.event_names().contains(&"CommunicationRestored".into()));
    // The harm must not show after a restart either.
    let after = appliance.restart().settled();
    assert_eq!(after.registration, before.registration);
}

#[test]
fn a_registration_goes_on_until_somebody_answers_who_may() {
    for (behaviour, reason) in misbehaviours() {
        // Before the first honest answer there is nothing to replay, and a refusal is an answer.
        if matches!(behaviour, Behaviour::Replay | Behaviour::Refuse(_) | Behaviour::Stale) {
            continue;
        }
        let dir = directory();
        let mut appliance = Appliance::start(dir.path());
        appliance.manager.behave(behaviour.clone());
        let outcome = appliance.register();
        let Outcome::Retrying { failure, .. } = outcome else {
            panic!("{behaviour:?}: {outcome:?}")
        };
        assert_eq!(failure.reason, reason, "{behaviour:?}");
        let registration = appliance.status().registration;
        assert_eq!(registration.state, "Retrying");
        assert_eq!(registration.enrolment, None);
    }
}

#[test]
fn a_failed_re_registration_leaves_the_working_one() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    let before = appliance.status().registration;
    let force = |appliance: &mut Appliance| {
        appliance.client.register(&crate::harness::token(), true, PATIENCE).unwrap()
    };
    appliance.manager.behave(Behaviour::Refuse(Refusal::TokenExpired));
    assert!(matches!(force(&mut appliance), Outcome::Refused { .. }));
    appliance.manager.behave(Behaviour::Bytes(b"<html>".to_vec()));
    assert!(matches!(force(&mut appliance), Outcome::Retrying { .. }));
    let after = appliance.status().registration;
    assert_eq!((after.state.as_str(), &after.enrolment), ("Registered", &before.enrolment));
    assert_eq!(after.attempt.unwrap().failure.unwrap().reason, "NotAFrame");
}

#[test]
fn without_a_manager_configured_the_reason_says_so() {
    let dir = directory();
    let config = crate::harness::config(dir.path());
    let daemon = leasehold_shim::daemon::Daemon::start(config).unwrap();
    let mut client = leasehold_shim::client::Client::connect(dir.path()).unwrap();
    let outcome = client.register(&crate::harness::token(), false, PATIENCE).unwrap();
    let Outcome::Retrying { failure, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.reason, "NotConfigured");
    assert!(failure.remedy.contains("license smart transport"));
    daemon.stop().unwrap();
}

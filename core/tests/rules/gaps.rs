//! Parts of rules that the tests by subject leave out, in the order of the rules: registration and
//! authorization here, counting and enforcement, time and the exact points in the modules below.

mod counting;
mod exact_points;

use crate::bench::{Bench, DAY, EPOCH, HOUR, Link, MINUTE, Seen};
use leasehold_core::agent::{
    AuthorizationState, Command, Enforcement, EventKind, Failure, FailureReason, Reason,
    RegistrationState, TransportError,
};
use leasehold_core::identity::IdCertificate;
use leasehold_core::policy::Policy;
use leasehold_core::time::{DeviceTime, Duration, UnixTime};
use leasehold_core::wire::{
    AnswerBody, Authorization, EntitlementAnswer, Refusal, Registered, Verdict,
};

const UNREACHABLE: FailureReason = FailureReason::Transport(TransportError::Unreachable);
/// Of a certificate and of an authorization, after their answer (SPEC X2).
const CERTIFICATE: u64 = 365 * DAY - 5 * MINUTE;
const AUTHORIZATION: u64 = 90 * DAY - 5 * MINUTE;

/// Seconds from now to a moment that is ahead.
fn left(bench: &Bench, at: Option<DeviceTime>) -> u64 {
    u64::from(at.unwrap().saturating_since(bench.agent.status().now).as_secs())
}

/// When an event was told, since the bench was told to forget.
fn told(bench: &Bench, name: &str) -> Vec<u64> {
    bench.names().into_iter().filter(|(_, told)| *told == name).map(|(at, _)| at).collect()
}

fn registration(bench: &Bench) -> RegistrationState {
    bench.agent.status().registration
}

fn authorization(bench: &Bench) -> AuthorizationState {
    bench.agent.status().authorization
}

fn pending(bench: &Bench) -> Option<bool> {
    match authorization(bench) {
        AuthorizationState::OutOfCompliance { pending, .. } => Some(pending),
        _ => None,
    }
}

/// Why overage runs, and when it ends on the bench's clock.
fn overage(bench: &Bench) -> Option<(Reason, u64)> {
    match bench.agent.status().enforcement {
        Enforcement::Overage { reason, ends } => {
            Some((reason, bench.time + left(bench, Some(ends))))
        }
        _ => None,
    }
}

/// Why it is enforced, and since when on the bench's clock.
fn enforced(bench: &Bench) -> Option<(Reason, u64)> {
    let now = bench.agent.status().now;
    match bench.agent.status().enforcement {
        Enforcement::Enforced { reason, since } => {
            Some((reason, bench.time - u64::from(now.saturating_since(since).as_secs())))
        }
        _ => None,
    }
}

/// A device that was unregistered and in use until its evaluation was used up.
fn used_up() -> Bench {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(90 * DAY);
    assert_eq!(authorization(&bench), AuthorizationState::EvaluationExpired);
    bench
}

/// A device with these seats, registered under other rules than the product's.
fn under(policy: Policy, standard: u32) -> Bench {
    let mut bench = Bench::new();
    bench.manager.policy = Some(policy);
    bench.acquire("standard-seat", standard);
    bench.register(false).unwrap();
    bench
}

#[test]
fn r1_each_registration_state_is_shown_with_what_is_known_of_the_next_try() {
    let mut bench = Bench::new();
    assert_eq!(registration(&bench), RegistrationState::Unregistered);
    bench.link = Link::Silent;
    bench.register(false).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Registering);
    let attempt = bench.agent.status().attempt.unwrap();
    assert_eq!((attempt.failure, attempt.retry_at, attempt.refused), (None, None, false));
    bench.link = Link::Down;
    bench.run(17 * MINUTE);
    assert_eq!(registration(&bench), RegistrationState::Retrying);
    let attempt = bench.agent.status().attempt.unwrap();
    assert_eq!(left(&bench, attempt.retry_at), 15 * MINUTE);
    bench.link = Link::Up;
    bench.manager.refuse = Some(Refusal::TokenRevoked);
    bench.run(15 * MINUTE);
    assert_eq!(registration(&bench), RegistrationState::Failed);
    bench.manager.refuse = None;
    bench.register(false).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Registered);
}

#[test]
fn r2_a_command_renews_the_certificate_and_the_next_renewal_counts_from_there() {
    let mut bench = Bench::registered(1, 0);
    bench.run(100 * DAY);
    bench.forget();
    bench.command(Command::RenewCertificate).unwrap();
    assert_eq!(bench.seen, [(bench.time, Seen::Renew)]);
    let status = bench.agent.status();
    assert_eq!(left(&bench, status.enrolment.map(|e| e.certificate_ends)), CERTIFICATE);
    assert_eq!(left(&bench, status.next_renewal), 180 * DAY);
    assert_eq!(status.enrolment.unwrap().last_renewal, Some(Ok(status.now)));
}

#[test]
fn r4_a_certificate_that_ends_leads_back_to_an_evaluation_that_is_used_up() {
    let mut bench = used_up();
    bench.register(false).unwrap();
    assert_eq!(authorization(&bench), AuthorizationState::Authorized);
    bench.link = Link::Down;
    bench.run(CERTIFICATE);
    assert_eq!(registration(&bench), RegistrationState::Expired);
    assert_eq!(authorization(&bench), AuthorizationState::EvaluationExpired);
    assert_eq!(enforced(&bench).map(|(reason, _)| reason), Some(Reason::EvaluationExpired));
}

#[test]
fn r7_each_failure_is_shown_with_its_time_until_the_next_success() {
    let mut bench = Bench::registered(1, 0);
    bench.run(HOUR);
    let failed = bench.agent.status().now;
    let failure = |reason| Failure { reason, at: failed };
    let refused = |refusal| failure(FailureReason::Refused(refusal));
    bench.link = Link::Down;
    bench.command(Command::RenewAuthorization).unwrap();
    assert_eq!(bench.agent.status().last_contact, Some(Err(failure(UNREACHABLE))));
    bench.link = Link::Up;
    bench.manager.refuse_renewal = true;
    bench.command(Command::RenewCertificate).unwrap();
    bench.manager.refuse = Some(Refusal::TokenExpired);
    bench.register(true).unwrap();
    bench.manager.refuse = None;
    // Reports are answered in between, and the power goes.
    bench.run(MINUTE);
    bench.command(Command::RenewAuthorization).unwrap();
    bench.reboot(60);
    let status = bench.agent.status();
    assert!(matches!(status.last_contact, Some(Ok(_))));
    let renewal = Some(Err(refused(Refusal::RequestUnknown)));
    assert_eq!(status.enrolment.unwrap().last_renewal, renewal);
    assert_eq!(status.attempt.unwrap().failure, Some(refused(Refusal::TokenExpired)));
    bench.manager.refuse_renewal = false;
    bench.command(Command::RenewCertificate).unwrap();
    bench.register(true).unwrap();
    let status = bench.agent.status();
    assert!(status.enrolment.unwrap().last_renewal.is_none_or(|last| last.is_ok()));
    assert_eq!(status.attempt, None);
}

#[test]
fn r8_the_export_flag_is_what_the_token_allowed() {
    let mut bench = Bench::new();
    bench.link = Link::AnswersLost;
    bench.register(false).unwrap();
    let (public_key, instance) = bench.manager.registered.unwrap();
    let (valid_from, valid_until) = (EPOCH, EPOCH + 365 * DAY);
    let certificate = IdCertificate {
        instance,
        serial: 1,
        public_key,
        valid_from: UnixTime::from_secs(valid_from),
        valid_until: UnixTime::from_secs(valid_until),
    };
    bench.manager.say = Some(AnswerBody::Registered(Registered {
        certificate,
        smart_account: "Example",
        virtual_account: "Default",
        export_controlled_allowed: false,
        policy: None,
    }));
    bench.link = Link::Up;
    bench.run(15 * MINUTE);
    bench.reboot(60);
    assert!(!bench.agent.status().enrolment.unwrap().export_controlled_allowed);
}

#[test]
fn a1_each_entitlement_has_a_state_of_its_own() {
    let bench = Bench::registered(5, 11);
    let state = |index| bench.agent.entitlement(index).unwrap().authorization;
    assert_eq!(pending(&bench), Some(true));
    assert_eq!(state(0), AuthorizationState::Authorized, "16 of 50");
    assert_eq!(state(1), authorization(&bench), "11 of 10");
    assert_eq!(state(2), AuthorizationState::NoLicensesInUse);
    assert!(bench.agent.entitlement(7).is_none());
    let mut bench = Bench::new();
    bench.acquire("premium-seat", 1);
    let state = |index| bench.agent.entitlement(index).unwrap().authorization;
    assert_eq!(state(0), AuthorizationState::NoLicensesInUse);
    assert_eq!(state(1), AuthorizationState::Evaluation);
}

#[test]
fn a4_the_authorization_is_renewed_with_nothing_in_use_and_no_later_than_it_has_to_be() {
    let rules = Policy {
        report_interval: Duration::from_hours(24),
        authorization_renewal: Duration::from_hours(5),
        ..Policy::DEFAULT
    };
    let mut bench = under(rules, 0);
    bench.forget();
    bench.run(11 * HOUR);
    assert_eq!(bench.reports(), [5 * HOUR, 10 * HOUR]);
    assert_eq!(left(&bench, bench.agent.status().deadline), AUTHORIZATION - HOUR);
}

#[test]
fn a5_two_devices_do_not_try_again_in_the_same_second() {
    let [one, other] = ["A1B2C3", "A1B2C4"].map(|serial_number| {
        let mut bench = Bench::with(|_, device| device.udi.serial_number = serial_number);
        bench.register(false).unwrap();
        bench.link = Link::Down;
        bench.command(Command::RenewAuthorization).unwrap();
        left(&bench, bench.agent.status().next_report)
    });
    assert_ne!(one, other);
}

#[test]
fn a6_a_purchase_while_pending_clears_before_the_breach() {
    let mut bench = Bench::registered(51, 0);
    bench.run(10 * MINUTE);
    assert_eq!(pending(&bench), Some(true));
    bench.manager.owned[0] = 41;
    bench.run(8 * HOUR);
    assert_eq!(told(&bench, "BackInCompliance"), [15 * MINUTE]);
    assert_eq!(authorization(&bench), AuthorizationState::Authorized);
    assert!(told(&bench, "OutOfComplianceBreached").is_empty());
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
}

#[test]
fn a6_once_breached_reports_are_at_most_12_hours_apart() {
    let rules = Policy { report_interval: Duration::from_hours(24), ..Policy::DEFAULT };
    let mut bench = under(rules, 51);
    bench.run(45 * MINUTE);
    assert_eq!(pending(&bench), Some(false));
    bench.forget();
    bench.run(24 * HOUR);
    assert_eq!(bench.reports(), [12 * HOUR + 45 * MINUTE, 24 * HOUR + 45 * MINUTE]);
}

#[test]
fn a6_a_tag_that_the_manager_does_not_know_is_named_once() {
    let mut bench = Bench::registered(1, 0);
    let verdicts = [Verdict::InvalidTag, Verdict::InCompliance, Verdict::InCompliance];
    let entitlements = verdicts.map(|verdict| EntitlementAnswer { verdict, owned: 0 });
    bench.manager.say = Some(AnswerBody::Authorization(Authorization {
        entitlements: entitlements.into_iter().collect(),
        out_of_compliance_since: None,
        policy: None,
        duplicate: false,
    }));
    bench.run(DAY);
    let unknown = EventKind::InvalidTag { entitlement: 0 };
    assert_eq!(bench.events.iter().filter(|(_, kind)| *kind == unknown).count(), 1);
    let answer = |index| bench.agent.entitlement(index).unwrap().answer;
    assert_eq!(answer(0), Some((Verdict::InvalidTag, 0)));
    assert_eq!(answer(1), Some((Verdict::InCompliance, 0)));
}

#[test]
fn a8_a_managers_rules_hold_within_the_products_bounds_until_an_answer_takes_them_back() {
    let rules = Policy {
        overage_period: Duration::from_days(1),
        report_interval: Duration::from_hours(1),
        evaluation_period: Duration::from_days(1_000),
        ..Policy::DEFAULT
    };
    let mut bench = under(rules, 51);
    let breached = 45 * MINUTE;
    bench.run(breached);
    // The contact centre allows no less than 7 days of overage, and 90 of evaluation.
    assert_eq!(overage(&bench), Some((Reason::OutOfCompliance, breached + 7 * DAY)));
    assert_eq!(bench.agent.status().evaluation_left, Duration::from_days(90));
    bench.forget();
    bench.run(3 * HOUR);
    assert_eq!(bench.reports(), [1, 2, 3].map(|hours| breached + hours * HOUR));
    bench.stopping();
    bench.reboot(60);
    assert_eq!(overage(&bench), Some((Reason::OutOfCompliance, breached + 7 * DAY)));
    bench.manager.policy = None;
    bench.command(Command::RenewAuthorization).unwrap();
    assert_eq!(overage(&bench), Some((Reason::OutOfCompliance, breached + 90 * DAY)));
}

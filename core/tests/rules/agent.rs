//! The agent against the rules, through its public interface.

use crate::bench::{Bench, DAY, HOUR, Link, MINUTE, Seen};
use leasehold_core::agent::{
    AuthorizationState, Command, CommandError, Enforcement, EventKind, FailureReason, Operation,
    Reason, RegistrationState, TransportError, UnregisteredReason,
};
use leasehold_core::time::Duration;
use leasehold_core::wire::{AcceptError, AnswerBody, FrameError, Refusal};

fn state(bench: &Bench) -> (RegistrationState, AuthorizationState) {
    let status = bench.agent.status();
    (status.registration, status.authorization)
}

fn out_of_compliance(bench: &Bench) -> Option<bool> {
    match bench.agent.status().authorization {
        AuthorizationState::OutOfCompliance { pending, .. } => Some(pending),
        _ => None,
    }
}

#[test]
fn r2_registering_reports_at_once_and_is_authorized() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 3);
    assert_eq!(state(&bench), (RegistrationState::Unregistered, AuthorizationState::Evaluation));
    bench.run(10 * DAY);
    bench.register(false).unwrap();
    assert_eq!(state(&bench), (RegistrationState::Registered, AuthorizationState::Authorized));
    let at = 10 * DAY;
    let expected = [(at, Seen::Register { force: false }), (at, Seen::Report(vec![3, 0, 0]))];
    assert_eq!(bench.seen, expected);
    let status = bench.agent.status();
    assert_eq!(status.evaluation_left, Duration::from_days(80));
    assert!(!status.evaluation_counting);
    let enrolment = status.enrolment.unwrap();
    assert_eq!(enrolment.smart_account, "Example");
    assert!(enrolment.export_controlled_allowed);
    // X2: 365 d less 5 min, 90 d less 5 min; R2: renewed at 180 d; A4: reported every 8 h.
    let after =
        |at: leasehold_core::time::DeviceTime| u64::from(at.saturating_since(status.now).as_secs());
    assert_eq!(after(enrolment.certificate_ends), 365 * DAY - 5 * MINUTE);
    assert_eq!(after(status.next_renewal.unwrap()), 180 * DAY);
    assert_eq!(after(status.deadline.unwrap()), 90 * DAY - 5 * MINUTE);
    assert_eq!(after(status.next_report.unwrap()), 8 * HOUR);
}

#[test]
fn a2_evaluation_counts_only_unregistered_time_in_use() {
    let mut bench = Bench::new();
    bench.run(5 * DAY);
    bench.acquire("premium-seat", 1);
    bench.run(30 * DAY);
    bench.release("premium-seat", 1);
    bench.run(40 * DAY);
    assert_eq!(bench.agent.status().evaluation_left, Duration::from_days(60));
    bench.acquire("premium-seat", 1);
    bench.register(false).unwrap();
    bench.run(20 * DAY);
    bench.command(Command::Deregister).unwrap();
    assert_eq!(state(&bench), (RegistrationState::Unregistered, AuthorizationState::Evaluation));
    assert_eq!(bench.agent.status().evaluation_left, Duration::from_days(60));
    bench.forget();
    bench.run(60 * DAY - 1);
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
    assert!(bench.agent.permits(Operation::Provision));
    bench.run(1);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::EvaluationExpired);
    assert!(matches!(
        bench.agent.status().enforcement,
        Enforcement::Enforced { reason: Reason::EvaluationExpired, .. }
    ));
    assert!(!bench.agent.permits(Operation::Provision));
    // A3: a reminder every hour after it.
    bench.forget();
    bench.run(5 * HOUR);
    let reminders = bench.names().iter().filter(|(_, name)| *name == "EvaluationExpired").count();
    assert_eq!(reminders, 5);
    // E4: registering ends it.
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
}

#[test]
fn x1_evaluation_ends_only_with_the_first_authorization() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.manager.say = None;
    bench.link = Link::Down;
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().registration, RegistrationState::Retrying);
    bench.run(90 * DAY);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::EvaluationExpired);
}

#[test]
fn r3_transport_failure_is_retried_every_15_minutes_with_the_same_bytes() {
    let mut bench = Bench::new();
    bench.link = Link::AnswersLost;
    bench.register(false).unwrap();
    bench.run(HOUR);
    let tries: Vec<u64> = bench.seen.iter().map(|(at, _)| *at).collect();
    assert_eq!(tries, [0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE, 60 * MINUTE]);
    let status = bench.agent.status();
    assert_eq!(status.registration, RegistrationState::Retrying);
    let failure = status.attempt.unwrap().failure.unwrap();
    assert_eq!(failure.reason, FailureReason::Transport(TransportError::Unreachable));
    bench.link = Link::Up;
    bench.run(15 * MINUTE);
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
    let told = bench.names();
    let retrying = told.iter().filter(|(_, name)| *name == "RegistrationRetrying").count();
    assert_eq!(retrying, 1, "told once, not at every try");
}

#[test]
fn r3_a_refusal_is_permanent_until_a_new_command_and_survives_a_reboot() {
    let refusals = [
        Refusal::TokenUnknown,
        Refusal::TokenExpired,
        Refusal::TokenUsedUp,
        Refusal::TokenRevoked,
        Refusal::ProductUnknown,
        Refusal::AlreadyRegistered,
    ];
    for refusal in refusals {
        let mut bench = Bench::new();
        bench.manager.refuse = Some(refusal);
        bench.register(false).unwrap();
        bench.run(3 * DAY);
        assert_eq!(bench.seen.len(), 1, "asked once");
        bench.reboot(HOUR);
        bench.run(DAY);
        let status = bench.agent.status();
        assert_eq!(status.registration, RegistrationState::Failed);
        let attempt = status.attempt.unwrap();
        assert_eq!(attempt.failure.unwrap().reason, FailureReason::Refused(refusal));
        assert!(attempt.refused && attempt.retry_at.is_none());
        bench.manager.refuse = None;
        bench.register(false).unwrap();
        assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
    }
}

#[test]
fn r9_a_failed_re_registration_leaves_the_working_one() {
    let mut bench = Bench::registered(5, 1);
    assert_eq!(bench.register(false), Err(CommandError::AlreadyRegistered));
    let before = bench.agent.status().enrolment.unwrap().clone();
    bench.manager.refuse = Some(Refusal::TokenExpired);
    bench.register(true).unwrap();
    let status = bench.agent.status();
    assert_eq!(status.registration, RegistrationState::Registered);
    assert_eq!(status.enrolment, Some(&before));
    assert_eq!(status.authorization, AuthorizationState::Authorized);
    let reason = status.attempt.unwrap().failure.unwrap().reason;
    assert_eq!(reason, FailureReason::Refused(Refusal::TokenExpired));
    assert_eq!(bench.counters.counts().in_use[..2], [5, 1]);
    bench.manager.refuse = None;
    bench.register(true).unwrap();
    let status = bench.agent.status();
    assert_eq!((status.registration, status.attempt), (RegistrationState::Registered, None));
}

#[test]
fn r6_deregistering_always_succeeds_and_says_whether_the_manager_knows() {
    let mut bench = Bench::registered(2, 0);
    bench.command(Command::Deregister).unwrap();
    let told = |bench: &Bench| match bench.agent.status().unregistered {
        Some(UnregisteredReason::Deregistered { manager_told, .. }) => manager_told,
        other => panic!("{other:?}"),
    };
    assert!(told(&bench));
    assert!(bench.manager.registered.is_none());
    assert_eq!(bench.counters.counts().in_use[0], 2, "X13: what is in use stays counted");
    assert_eq!(bench.command(Command::Deregister), Err(CommandError::NotRegistered));

    let mut bench = Bench::registered(2, 0);
    bench.link = Link::Down;
    bench.command(Command::Deregister).unwrap();
    assert!(!told(&bench));
    bench.reboot(0);
    assert!(!told(&bench), "survives a boot");
}

#[test]
fn a4_reports_every_8_hours_and_renews_the_certificate_at_180_days() {
    let mut bench = Bench::registered(1, 0);
    bench.run(181 * DAY);
    let expected: Vec<u64> = (1..=181 * 3).map(|i| i * 8 * HOUR).collect();
    assert_eq!(bench.reports(), expected);
    let renewals: Vec<u64> =
        bench.seen.iter().filter(|(_, seen)| *seen == Seen::Renew).map(|(at, _)| *at).collect();
    assert_eq!(renewals, [180 * DAY]);
    let writes = u64::from(bench.writes) * 365 / 181;
    assert!(writes <= 3_000, "{writes} flash writes a year");
}

#[test]
fn x3_use_that_begins_waits_for_a_report_that_goes_at_once() {
    let mut bench = Bench::registered(0, 0);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::NoLicensesInUse);
    bench.run(HOUR);
    bench.link = Link::Down;
    bench.acquire("standard-seat", 1);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Waiting);
    bench.release("standard-seat", 1);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::NoLicensesInUse);
    bench.link = Link::Up;
    bench.run(HOUR);
    bench.forget();
    bench.acquire("standard-seat", 2);
    assert_eq!(bench.reports(), [bench.time]);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    bench.forget();
    bench.acquire("standard-seat", 5);
    assert!(bench.reports().is_empty(), "X4: other changes of use send none");
}

#[test]
fn c3_the_peak_of_the_interval_is_reported_and_kept_until_it_is_answered() {
    let mut bench = Bench::registered(1, 0);
    bench.acquire("standard-seat", 9);
    bench.acquire("premium-seat", 2);
    bench.release("standard-seat", 9);
    bench.link = Link::AnswersLost;
    bench.run(8 * HOUR);
    bench.release("premium-seat", 2);
    bench.link = Link::Up;
    bench.run(HOUR);
    let reports: Vec<&Seen> = bench.seen.iter().map(|(_, seen)| seen).collect();
    assert_eq!(reports.first(), Some(&&Seen::Report(vec![12, 2, 0])));
    assert_eq!(reports.last(), Some(&&Seen::Report(vec![12, 2, 0])), "not answered, not forgotten");
    bench.forget();
    bench.run(9 * HOUR);
    assert_eq!(bench.seen.last().unwrap().1, Seen::Report(vec![1, 0, 0]));
}

#[test]
fn x15_peaks_older_than_15_minutes_survive_a_power_cut() {
    let mut bench = Bench::registered(1, 0);
    bench.acquire("standard-seat", 19);
    bench.release("standard-seat", 19);
    bench.run(15 * MINUTE);
    bench.reboot(60);
    bench.forget();
    bench.command(Command::RenewAuthorization).unwrap();
    bench.run(2 * MINUTE);
    assert_eq!(bench.seen[0].1, Seen::Report(vec![20, 0, 0]));
}

#[test]
fn a5_back_off_doubles_and_an_outage_is_told_once() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(40 * DAY);
    assert_eq!(
        bench.names().iter().map(|(_, name)| *name).collect::<Vec<_>>(),
        ["AuthorizationRenewalFailed", "CommunicationFailed", "AuthorizationExpiring"]
    );
    let retry = bench.agent.status().next_report.unwrap();
    let wait = retry.saturating_since(bench.agent.status().now);
    assert!(wait <= Duration::from_hours(8));
    bench.link = Link::Up;
    bench.forget();
    bench.run(8 * HOUR);
    assert_eq!(bench.names()[0].1, "CommunicationRestored");
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
}

#[test]
fn a6_out_of_compliance_is_pending_then_shortly_then_breached_then_cleared() {
    let mut bench = Bench::registered(50, 0);
    bench.run(8 * HOUR);
    bench.acquire("standard-seat", 1);
    bench.forget();
    let start = bench.time + 8 * HOUR;
    bench.run(8 * HOUR);
    assert_eq!(out_of_compliance(&bench), Some(true));
    bench.run(HOUR);
    assert_eq!(out_of_compliance(&bench), Some(false));
    let told: Vec<(u64, &str)> =
        bench.names().into_iter().filter(|(_, name)| name.starts_with("OutOf")).collect();
    assert_eq!(
        told,
        [
            (start, "OutOfCompliancePending"),
            (start + 30 * MINUTE, "OutOfComplianceShortly"),
            (start + 45 * MINUTE, "OutOfComplianceBreached"),
        ]
    );
    // Every 15 min while pending; the one due at the breach goes first (X6).
    let quarter = 15 * MINUTE;
    let expected = [start, start + quarter, start + 2 * quarter, start + 3 * quarter];
    assert_eq!(bench.reports(), expected);
    match bench.agent.status().enforcement {
        Enforcement::Overage { reason: Reason::OutOfCompliance, ends } => {
            let left = u64::from(ends.saturating_since(bench.agent.status().now).as_secs());
            assert_eq!(left, 90 * DAY - quarter, "90 d from the breach");
        }
        other => panic!("{other:?}"),
    }
    bench.manager.owned[0] = 41;
    bench.forget();
    bench.run(8 * HOUR);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
    let told: Vec<&str> = bench.names().iter().map(|(_, name)| *name).collect();
    assert_eq!(told, ["BackInCompliance", "EnforcementEnded"]);
}

#[test]
fn x6_the_tolerance_runs_without_a_link_and_registering_again_restarts_nothing() {
    let mut bench = Bench::registered(51, 0);
    let start = bench.time;
    bench.link = Link::Down;
    bench.run(45 * MINUTE);
    assert_eq!(out_of_compliance(&bench), Some(false));
    bench.link = Link::Up;
    bench.run(10 * DAY);
    bench.register(true).unwrap();
    bench.run(1);
    match bench.agent.status().enforcement {
        Enforcement::Overage { reason: Reason::OutOfCompliance, ends } => {
            let status = bench.agent.status();
            let left = u64::from(ends.saturating_since(status.now).as_secs());
            assert_eq!(bench.time + left, start + 45 * MINUTE + 90 * DAY);
        }
        other => panic!("{other:?}"),
    }
    bench.run(80 * DAY);
    bench.run(HOUR);
    assert!(matches!(bench.agent.status().enforcement, Enforcement::Enforced { .. }));
}

#[test]
fn a7_authorization_expires_at_its_deadline_and_comes_straight_back() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(90 * DAY - 5 * MINUTE - 1);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    bench.run(1);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::AuthorizationExpired);
    assert!(matches!(
        bench.agent.status().enforcement,
        Enforcement::Overage { reason: Reason::AuthorizationExpired, .. }
    ));
    bench.run(90 * DAY);
    assert!(matches!(bench.agent.status().enforcement, Enforcement::Enforced { .. }));
    bench.link = Link::Up;
    bench.run(8 * HOUR);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
}

#[test]
fn r4_a_certificate_that_cannot_be_renewed_ends_the_registration() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(365 * DAY - 5 * MINUTE - 1);
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
    bench.forget();
    bench.run(1);
    assert_eq!(bench.agent.status().registration, RegistrationState::Expired);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Evaluation);
    assert!(bench.names().iter().any(|(_, name)| *name == "RegistrationExpired"));
    bench.link = Link::Up;
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered, "X12: no force");
}

#[test]
fn x14_a_removed_instance_becomes_unregistered_with_that_reason() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.registered = None;
    bench.manager.refuse = Some(Refusal::InstanceUnknown);
    bench.run(8 * HOUR);
    let status = bench.agent.status();
    assert_eq!(status.registration, RegistrationState::Unregistered);
    assert!(matches!(status.unregistered, Some(UnregisteredReason::Removed { .. })));
    assert_eq!(status.authorization, AuthorizationState::Evaluation);
}

#[test]
fn x10_a_missing_server_licence_is_an_alert_and_not_out_of_compliance() {
    let mut bench = Bench::new();
    bench.manager.owned[2] = 0;
    bench.acquire("standard-seat", 1);
    bench.register(false).unwrap();
    bench.run(DAY);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    let missing = EventKind::RequiredLicenseMissing { entitlement: 2 };
    assert_eq!(bench.events.iter().filter(|(_, kind)| *kind == missing).count(), 1);
}

#[test]
fn t4_an_answer_that_must_not_be_believed_changes_nothing() {
    let mut bench = Bench::registered(1, 0);
    let yesterday = bench.manager.last_frame.clone();
    let reason = |bench: &Bench| match bench.agent.status().last_contact {
        Some(Err(failure)) => Some(failure.reason),
        _ => None,
    };
    bench.receive(&yesterday);
    assert_eq!(reason(&bench), None, "nothing was waiting");
    let wrong = [
        (yesterday.clone(), FailureReason::NotAccepted(AcceptError::OtherRequest)),
        (b"<html>Sign in</html>".to_vec(), FailureReason::Frame(FrameError::NotAFrame)),
        (Vec::new(), FailureReason::Frame(FrameError::NotAFrame)),
        (vec![0x4c; 3_000], FailureReason::Frame(FrameError::TooLong)),
    ];
    for (bytes, expected) in wrong {
        bench.link = Link::Silent;
        bench.command(Command::RenewAuthorization).unwrap();
        let before = bench.agent.status().deadline;
        bench.receive(&bytes);
        assert_eq!(reason(&bench), Some(expected));
        assert_eq!(bench.agent.status().deadline, before);
        assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
        bench.link = Link::Up;
        bench.command(Command::RenewAuthorization).unwrap();
        assert_eq!(reason(&bench), None);
    }
}

#[test]
fn a_transport_that_never_answers_is_given_up() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Silent;
    bench.command(Command::RenewAuthorization).unwrap();
    assert!(bench.agent.status().in_contact);
    bench.run(2 * MINUTE);
    let failure = bench.agent.status().last_contact.unwrap().unwrap_err();
    assert_eq!(failure.reason, FailureReason::Transport(TransportError::TimedOut));
}

#[test]
fn t5_a_conflict_goes_on_under_a_new_epoch_at_once() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.say = Some(AnswerBody::Conflict);
    bench.forget();
    bench.run(8 * HOUR);
    assert_eq!(bench.reports().len(), 2, "once more at once, then it backs off");
    bench.manager.say = None;
    bench.run(HOUR);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    assert!(bench.agent.status().last_contact.unwrap().is_ok());
}

#[test]
fn l12_a_device_comes_back_when_it_was_told_to() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.say = Some(AnswerBody::RetryLater { seconds: 100 });
    bench.run(8 * HOUR);
    let asked = bench.time;
    bench.manager.say = None;
    bench.forget();
    bench.run(HOUR);
    assert_eq!(bench.reports(), [asked + 100]);
}

#[test]
fn nothing_is_sent_before_it_is_stored_and_a_cut_anywhere_makes_one_registration() {
    for cut in 0..12 {
        let mut bench = Bench::new();
        bench.acquire("standard-seat", 1);
        bench.writes_until_cut = Some(cut);
        bench.register(false).unwrap();
        let cut_happened = !bench.powered;
        if cut_happened && bench.seen.is_empty() && cut == 0 {
            bench.reboot(60);
            let state = bench.agent.status().registration;
            assert_eq!(state, RegistrationState::Unregistered, "nothing was stored");
            continue;
        }
        bench.reboot(60);
        bench.run(HOUR);
        let status = bench.agent.status();
        assert_eq!(status.registration, RegistrationState::Registered, "cut before write {cut}");
        let (key, _) = bench.manager.registered.unwrap();
        bench.acquire("standard-seat", 1);
        bench.command(Command::RenewAuthorization).unwrap();
        assert!(bench.agent.status().last_contact.unwrap().is_ok(), "cut before write {cut}");
        assert_eq!(bench.manager.registered.unwrap().0, key);
    }
}

#[test]
fn storage_that_fails_is_told_once_and_the_device_goes_on() {
    let mut bench = Bench::registered(1, 0);
    let flash = bench.flash().clone();
    bench.storage = false;
    bench.run(3 * DAY);
    assert_eq!(bench.flash(), &flash, "the last good state stays");
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    assert_eq!(bench.reports().len(), 9, "numbers were reserved before");
    assert!(bench.agent.status().storage_failed);
    let told = |bench: &Bench, name| bench.names().iter().filter(|(_, n)| *n == name).count();
    assert_eq!(told(&bench, "StorageFailed"), 1);
    bench.storage = true;
    bench.run(MINUTE);
    assert_eq!(told(&bench, "StorageRestored"), 1);
    // A registration that could not be stored is not sent.
    let mut bench = Bench::new();
    bench.storage = false;
    bench.register(false).unwrap();
    bench.run(HOUR);
    assert!(bench.seen.is_empty());
    bench.storage = true;
    bench.run(MINUTE);
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
}

#[test]
fn a_renewal_that_is_refused_does_not_hold_up_reports() {
    let mut bench = Bench::registered(1, 0);
    bench.run(180 * DAY - HOUR);
    bench.forget();
    bench.manager.refuse_renewal = true;
    bench.run(3 * DAY);
    assert_eq!(bench.reports().len(), 9);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    let failed = bench.names().iter().filter(|(_, n)| *n == "CertificateRenewalFailed").count();
    assert_eq!(failed, 1, "told once");
    bench.manager.refuse_renewal = false;
    bench.run(8 * HOUR);
    assert!(bench.names().iter().any(|(_, name)| *name == "CertificateRenewed"));
}

#[test]
fn a5_refused_renewals_back_off_whatever_is_answered_in_between() {
    let mut bench = Bench::registered(1, 0);
    bench.run(180 * DAY - HOUR);
    bench.forget();
    bench.manager.refuse_renewal = true;
    bench.run(20 * DAY + HOUR);
    let renewals = bench.seen.iter().filter(|(_, seen)| *seen == Seen::Renew).count();
    // After 15 min, doubling, never more than 8 h apart and never less than half of that.
    assert!((60..=5 + 120).contains(&renewals), "{renewals}");
}

#[test]
fn a_registration_that_was_dropped_while_on_its_way_is_not_taken_up() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Silent;
    bench.register(true).unwrap();
    bench.command(Command::Deregister).unwrap();
    bench.link = Link::Up;
    bench.run(3 * MINUTE);
    assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
    assert_eq!(bench.agent.status().attempt, None);
}

#[test]
fn r7_a_command_during_a_report_makes_another_one() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Held;
    bench.command(Command::RenewAuthorization).unwrap();
    bench.acquire("standard-seat", 8);
    bench.command(Command::RenewAuthorization).unwrap();
    bench.link = Link::Up;
    bench.deliver();
    assert_eq!(bench.seen.last().unwrap().1, Seen::Report(vec![9, 0, 0]));
}

#[test]
fn a_stop_in_order_loses_no_peak() {
    let mut bench = Bench::registered(1, 0);
    bench.acquire("standard-seat", 19);
    bench.release("standard-seat", 19);
    bench.stopping();
    bench.reboot(60);
    bench.command(Command::RenewAuthorization).unwrap();
    assert_eq!(bench.seen.last().unwrap().1, Seen::Report(vec![20, 0, 0]));
}

#[test]
fn a_link_that_changed_is_tried_at_once() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(2 * DAY);
    bench.link = Link::Up;
    bench.forget();
    bench.link_changed();
    assert_eq!(bench.reports(), [bench.time]);
    let mut bench = Bench::new();
    bench.link = Link::Down;
    bench.register(false).unwrap();
    bench.run(MINUTE);
    bench.link = Link::Up;
    bench.link_changed();
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
}

#[test]
fn x4_only_a_report_that_was_overdue_at_boot_waits_for_its_place() {
    let mut bench = Bench::registered(1, 0);
    bench.stopping();
    bench.reboot(8 * HOUR - 1);
    bench.forget();
    bench.run(1);
    assert_eq!(bench.reports(), [bench.time], "due a second after the boot");
    let mut bench = Bench::registered(1, 0);
    bench.reboot(9 * HOUR);
    let booted = bench.time;
    bench.forget();
    bench.run(HOUR);
    let [at] = bench.reports()[..] else { panic!("one report: {:?}", bench.reports()) };
    assert!(at - booted <= MINUTE, "at once, with jitter");
}

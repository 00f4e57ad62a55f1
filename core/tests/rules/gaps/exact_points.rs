//! Time, repeats, and the exact points of section 11 (SPEC T1–T4, X1–X15).

use super::{
    AUTHORIZATION, CERTIFICATE, UNREACHABLE, authorization, enforced, left, overage, pending,
    registration, told, under, used_up,
};
use crate::bench::{Bench, DAY, HOUR, Link, MINUTE};
use leasehold_core::agent::{
    AuthorizationState, BUFFER_MIN, ClockStanding, Command, CommandError, Enforcement, Input,
    Operation, Output, Reason, RecordKind, RegistrationState, UnregisteredReason,
};
use leasehold_core::policy::Policy;
use leasehold_core::time::Duration;
use leasehold_core::token::Token;
use leasehold_core::wire::{AnswerBody, Refusal};

#[test]
fn t1_calendar_time_does_not_go_back_over_reboots() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(20 * DAY);
    for ahead in [-30, 0, 20, -300] {
        bench.stopping();
        let calendar = |bench: &Bench| bench.agent.unix(bench.agent.status().now).unwrap();
        let before = calendar(&bench);
        bench.real_time_ahead = ahead * DAY as i64;
        bench.reboot(60);
        assert!(calendar(&bench) >= before, "a clock {ahead} days ahead");
    }
}

#[test]
fn t3_without_a_real_time_clock_time_stands_still_while_off_until_the_manager_says() {
    let mut bench = Bench::registered(51, 0);
    bench.real_time = false;
    bench.run(10 * DAY);
    bench.stopping();
    let ends = 45 * MINUTE + 90 * DAY;
    bench.reboot(30 * DAY);
    assert_eq!(overage(&bench), Some((Reason::OutOfCompliance, ends + 30 * DAY)));
    bench.run(8 * HOUR);
    let (reason, corrected) = overage(&bench).unwrap();
    assert_eq!(reason, Reason::OutOfCompliance);
    assert!(corrected.abs_diff(ends) <= MINUTE, "{corrected} for {ends}");
    let status = bench.agent.status();
    let certificate = left(&bench, status.enrolment.map(|enrolment| enrolment.certificate_ends));
    assert!(certificate.abs_diff(CERTIFICATE - bench.time) <= 5 * MINUTE);
    assert_eq!(status.clock, ClockStanding::Agreed);
}

#[test]
fn t4_a_registration_waits_until_each_record_it_needs_is_stored() {
    let mut bench = Bench::new();
    let token = Token([5; 20]).to_text();
    let register = Input::Command(Command::Register { token: &token, force: false });
    let now = bench.now();
    let mut buffer = [0; BUFFER_MIN];
    bench.agent.handle_input(now, register).unwrap();
    for needed in RecordKind::ALL {
        let output = bench.agent.poll_output(&mut buffer);
        assert!(matches!(output, Output::Persist { record, .. } if record == needed));
        let output = bench.agent.poll_output(&mut buffer);
        assert!(matches!(output, Output::Wait(_)), "{needed:?} is not stored yet: {output:?}");
        bench.agent.handle_input(now, Input::Persisted(needed)).unwrap();
    }
    assert!(matches!(bench.agent.poll_output(&mut buffer), Output::Transmit { .. }));
    // And where its key cannot be stored, it is not sent at all.
    let mut bench = Bench::new();
    bench.unstorable = Some(RecordKind::Identity);
    bench.register(false).unwrap();
    bench.run(HOUR);
    // Also when it is woken between two attempts to store it.
    bench.run(30);
    assert_eq!(bench.seen, []);
}

#[test]
fn t4_a_new_command_presents_the_key_whose_answer_may_have_been_lost() {
    let mut bench = Bench::new();
    bench.link = Link::AnswersLost;
    bench.register(false).unwrap();
    let first = bench.manager.registered;
    bench.register(false).unwrap();
    assert_eq!((bench.manager.registered, bench.seen.len()), (first, 2));
    bench.reboot(60);
    bench.register(true).unwrap();
    assert_eq!((bench.manager.registered, bench.seen.len()), (first, 3));
}

#[test]
fn t4_a_request_number_is_never_used_twice_however_often_the_power_goes() {
    let mut bench = Bench::registered(1, 0);
    for round in 0..60 {
        for _ in 0..round {
            bench.command(Command::RenewAuthorization).unwrap();
        }
        bench.writes_until_cut = Some(round % 4);
        for _ in 0..3 {
            bench.command(Command::RenewAuthorization).unwrap();
        }
        bench.reboot(60);
        bench.run(MINUTE);
    }
    let numbers = &bench.manager.numbers;
    assert!(numbers.len() > 1_800, "{} requests", numbers.len());
    for pair in numbers.windows(2) {
        assert_eq!(pair[0].epoch, pair[1].epoch);
        assert!(pair[0].sequence < pair[1].sequence, "{pair:?}");
    }
}

#[test]
fn x1_a_boot_charges_what_ran_since_the_checkpoint_and_no_time_off() {
    for real_time in [true, false] {
        let mut bench = Bench::new();
        bench.real_time = real_time;
        bench.acquire("standard-seat", 1);
        let ran = 10 * DAY + 30 * MINUTE;
        bench.run(ran);
        bench.reboot(5 * DAY);
        let evaluation = bench.agent.status().evaluation_left;
        let used = 90 * DAY - u64::from(evaluation.as_secs());
        assert!((ran..=ran + HOUR).contains(&used), "{used} of {ran}, real time: {real_time}");
        // With nothing in use a boot costs nothing.
        bench.run(DAY);
        bench.reboot(DAY);
        assert_eq!(bench.agent.status().evaluation_left, evaluation);
    }
}

#[test]
fn x3_out_of_compliance_stays_with_nothing_in_use_until_a_compliant_answer() {
    let mut bench = Bench::registered(51, 0);
    bench.release("standard-seat", 51);
    assert_eq!(pending(&bench), Some(true));
    // The report in 15 minutes still has the peak of the interval; the next one clears.
    bench.run(15 * MINUTE);
    assert_eq!(pending(&bench), Some(true));
    bench.run(15 * MINUTE);
    assert_eq!(authorization(&bench), AuthorizationState::NoLicensesInUse);
    assert_eq!(told(&bench, "BackInCompliance"), [30 * MINUTE]);
}

#[test]
fn x3_what_has_expired_is_shown_and_enforced_with_nothing_in_use() {
    let mut bench = Bench::registered(0, 0);
    bench.link = Link::Down;
    bench.run(AUTHORIZATION);
    assert_eq!(authorization(&bench), AuthorizationState::AuthorizationExpired);
    bench.run(90 * DAY);
    assert!(!bench.agent.permits(Operation::Provision));
    let mut bench = used_up();
    bench.release("standard-seat", 1);
    assert_eq!(authorization(&bench), AuthorizationState::EvaluationExpired);
    assert!(!bench.agent.permits(Operation::Provision));
}

#[test]
fn x4_the_next_report_is_due_one_interval_after_the_last_answered_one() {
    let mut bench = Bench::registered(1, 0);
    bench.run(HOUR);
    bench.command(Command::RenewAuthorization).unwrap();
    bench.forget();
    bench.run(8 * HOUR);
    assert_eq!(bench.reports(), [9 * HOUR]);
}

#[test]
fn x4_any_signed_answer_moves_the_deadline() {
    let answers = [
        AnswerBody::RetryLater { seconds: 60 },
        AnswerBody::Refused(Refusal::RequestUnknown),
        AnswerBody::Conflict,
    ];
    for answer in answers {
        let mut bench = Bench::registered(1, 0);
        bench.link = Link::Down;
        bench.run(AUTHORIZATION);
        assert_eq!(authorization(&bench), AuthorizationState::AuthorizationExpired);
        bench.link = Link::Up;
        bench.manager.say = Some(answer.clone());
        bench.command(Command::RenewAuthorization).unwrap();
        assert_eq!(left(&bench, bench.agent.status().deadline), AUTHORIZATION, "{answer:?}");
        assert_eq!(authorization(&bench), AuthorizationState::Authorized);
        assert_eq!(told(&bench, "AuthorizationRestored"), [bench.time]);
        assert_eq!(bench.agent.status().enforcement, Enforcement::None);
    }
}

#[test]
fn x6_a_purchase_that_does_not_suffice_leaves_since_as_it_was() {
    let mut bench = Bench::registered(55, 0);
    bench.manager.owned[0] = 42;
    bench.run(10 * DAY);
    assert_eq!(overage(&bench), Some((Reason::OutOfCompliance, 90 * DAY + 45 * MINUTE)));
}

#[test]
fn x7_over_use_counts_only_after_so_many_answered_reports_in_a_row() {
    let rules = Policy {
        consecutive_reports: 3,
        report_interval: Duration::from_hours(1),
        ..Policy::DEFAULT
    };
    let mut bench = under(rules, 51);
    // Over at 0 h and 1 h, covered at 2 h, over at 3 h and 4 h, not answered at 5 h.
    for owned in [40, 41, 40, 40] {
        bench.manager.owned[0] = owned;
        bench.run(HOUR);
        assert_eq!(authorization(&bench), AuthorizationState::Authorized);
    }
    bench.link = Link::AnswersLost;
    bench.run(HOUR);
    assert_eq!(authorization(&bench), AuthorizationState::Authorized);
    bench.reboot(60);
    bench.link = Link::Up;
    bench.run(MINUTE);
    let AuthorizationState::OutOfCompliance { since, pending: true } = authorization(&bench) else {
        panic!("{:?}", authorization(&bench));
    };
    let ago = bench.agent.status().now.saturating_since(since);
    assert!(ago <= Duration::from_minutes(1), "since the third report");
}

#[test]
fn x11_with_both_causes_the_period_that_ends_first_decides_and_the_other_runs_on() {
    let mut bench = Bench::registered(51, 0);
    let out = 45 * MINUTE + 90 * DAY;
    bench.link = Link::Down;
    bench.run(AUTHORIZATION);
    assert_eq!(authorization(&bench), AuthorizationState::AuthorizationExpired);
    assert_eq!(overage(&bench), Some((Reason::OutOfCompliance, out)));
    bench.run(DAY);
    assert_eq!(enforced(&bench), Some((Reason::OutOfCompliance, out)));
    // An answer that says nothing of the use ends the one, and not the other.
    bench.link = Link::Up;
    bench.manager.say = Some(AnswerBody::RetryLater { seconds: 60 });
    bench.command(Command::RenewAuthorization).unwrap();
    assert_eq!(pending(&bench), Some(false));
    assert_eq!(enforced(&bench), Some((Reason::OutOfCompliance, out)));
}

#[test]
fn x11_deregistering_leads_back_to_the_evaluation_whatever_was_enforced() {
    let mut bench = Bench::registered(51, 0);
    bench.run(91 * DAY);
    assert!(!bench.agent.permits(Operation::Provision));
    bench.command(Command::Deregister).unwrap();
    assert_eq!(authorization(&bench), AuthorizationState::Evaluation);
    assert_eq!(bench.agent.status().enforcement, Enforcement::None);
    assert_eq!(bench.agent.status().evaluation_left, Duration::from_days(90));
}

#[test]
fn x12_an_attempt_that_does_not_get_through_survives_a_reboot_and_goes_on() {
    let mut bench = Bench::new();
    bench.link = Link::Down;
    bench.register(false).unwrap();
    bench.run(10 * MINUTE);
    bench.reboot(60);
    assert_eq!(registration(&bench), RegistrationState::Retrying);
    assert_eq!(left(&bench, bench.agent.status().attempt.unwrap().retry_at), 4 * MINUTE);
    bench.link = Link::Up;
    bench.run(4 * MINUTE);
    assert_eq!(registration(&bench), RegistrationState::Registered);
}

#[test]
fn x12_a_re_registration_that_does_not_get_through_is_shown_beside_what_holds() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.register(true).unwrap();
    assert_eq!(registration(&bench), RegistrationState::Registered);
    assert_eq!(authorization(&bench), AuthorizationState::Authorized);
    let attempt = bench.agent.status().attempt.unwrap();
    assert_eq!(attempt.failure.unwrap().reason, UNREACHABLE);
    assert_eq!(left(&bench, attempt.retry_at), 15 * MINUTE);
    let before = format!("{:?}", bench.agent.status());
    assert_eq!(bench.register(false), Err(CommandError::AlreadyRegistered));
    assert_eq!(format!("{:?}", bench.agent.status()), before, "a refused command changes nothing");
}

#[test]
fn x14_whatever_is_asked_a_manager_that_has_no_such_instance_ends_it() {
    let asked = [Command::RenewAuthorization, Command::RenewCertificate];
    for (refusal, command) in [Refusal::InstanceUnknown, Refusal::CertificateExpired]
        .into_iter()
        .flat_map(|refusal| asked.map(|command| (refusal, command)))
    {
        let mut bench = Bench::registered(1, 0);
        bench.manager.refuse = Some(refusal);
        bench.command(command).unwrap();
        assert_eq!(registration(&bench), RegistrationState::Unregistered);
        let gone = bench.agent.status().unregistered;
        assert!(matches!(gone, Some(UnregisteredReason::Removed { .. })), "{refusal:?}");
        assert_eq!(told(&bench, "InstanceRemoved").len(), 1);
        // X12: no force is needed to come back.
        bench.manager.refuse = None;
        bench.register(false).unwrap();
        assert_eq!(registration(&bench), RegistrationState::Registered);
    }
}

#[test]
fn x15_a_clock_before_the_certificate_asks_at_once_and_a_success_settles_it() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY + HOUR);
    bench.forget();
    bench.set_clock(-3_000 * DAY as i64);
    assert_eq!(bench.reports(), [bench.time]);
    assert_eq!(told(&bench, "ClockDisagrees"), [bench.time]);
    assert_eq!(told(&bench, "ClockSettled"), [bench.time]);
    assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
}

//! Re-registrations, corrected clocks, lost records and full storage, at awkward moments.

use crate::bench::{Bench, DAY, HOUR, Link, MINUTE, Seen, stored};
use leasehold_core::agent::{
    Agent, AuthorizationState, BUFFER_MIN, Command, Enforcement, FailureReason, Input, Operation,
    Output, Reason, RecordKind, RegistrationState,
};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::{
    Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage, SoftwareCrypto,
};
use leasehold_core::policy::Policy;
use leasehold_core::products::contact_center::FLEX;
use leasehold_core::time::{DeviceTime, Duration, Now};
use leasehold_core::wire::{AcceptError, AnswerBody, Refusal};

fn left(bench: &Bench, at: Option<DeviceTime>) -> u64 {
    u64::from(at.unwrap().saturating_since(bench.agent.status().now).as_secs())
}

fn told(bench: &Bench, name: &str) -> usize {
    bench.names().iter().filter(|(_, told)| *told == name).count()
}

#[test]
fn t4_a_re_registration_overtaken_by_a_report_is_sent_under_a_new_number() {
    let mut bench = Bench::registered(5, 0);
    bench.run(7 * HOUR + 50 * MINUTE);
    let (old, _) = bench.manager.registered.unwrap();
    bench.link = Link::AnswersLost;
    bench.register(true).unwrap();
    let (new, instance) = bench.manager.registered.unwrap();
    assert_ne!(old, new);
    // Until the new key is used the old one works: a report is answered in between.
    bench.manager.registered = Some((old, instance));
    bench.link = Link::Up;
    bench.forget();
    bench.run(12 * MINUTE);
    assert_eq!(bench.reports().len(), 1);
    bench.run(HOUR);
    let status = bench.agent.status();
    assert_eq!(status.attempt, None, "it got through");
    assert_eq!(bench.manager.registered.unwrap().0, new, "with the key it had");
    assert_eq!(told(&bench, "NumberConflict"), 0);
}

#[test]
fn t4_a_re_registration_overtaken_by_a_report_whose_answer_is_lost_is_numbered_above_it() {
    let mut bench = Bench::registered(5, 0);
    bench.run(7 * HOUR + 50 * MINUTE);
    let (old, instance) = bench.manager.registered.unwrap();
    bench.link = Link::AnswersLost;
    bench.register(true).unwrap();
    bench.manager.registered = Some((old, instance));
    bench.forget();
    bench.run(12 * MINUTE);
    assert_eq!(bench.reports().len(), 1);
    let report = *bench.manager.numbers.last().unwrap();
    bench.run(3 * MINUTE);
    let again = *bench.manager.registrations.last().unwrap();
    assert_eq!(again.epoch, report.epoch);
    assert!(again.sequence > report.sequence, "{again:?} after {report:?} is a conflict");
}

#[test]
fn t4_a_re_registration_overtaken_before_a_reboot_is_sent_under_a_new_number() {
    let mut bench = Bench::registered(5, 0);
    bench.run(7 * HOUR + 50 * MINUTE);
    let (old, _) = bench.manager.registered.unwrap();
    bench.link = Link::AnswersLost;
    bench.register(true).unwrap();
    let kept = bench.manager.last_frame.clone();
    let (_, instance) = bench.manager.registered.unwrap();
    bench.manager.registered = Some((old, instance));
    bench.link = Link::Up;
    bench.run(12 * MINUTE);
    bench.link = Link::Silent;
    bench.reboot(10 * MINUTE);
    // What the manager would answer to the old bytes answers something else than what was sent.
    bench.receive(&kept);
    let attempt = bench.agent.status().attempt.unwrap();
    let reason = FailureReason::NotAccepted(AcceptError::OtherRequest);
    assert_eq!(attempt.failure.map(|failure| failure.reason), Some(reason));
}

#[test]
fn t4_no_registration_is_sent_before_its_number_is_reserved() {
    let mut bench = Bench::new();
    bench.unstorable = Some(RecordKind::Ledger);
    bench.register(false).unwrap();
    bench.run(HOUR);
    assert!(bench.seen.is_empty());
    bench.unstorable = None;
    bench.run(MINUTE);
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
}

#[test]
fn x1_an_evaluation_that_ends_before_the_first_answer_is_shown_and_enforced() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(89 * DAY);
    bench.link = Link::Held;
    bench.register(false).unwrap();
    bench.link = Link::Down;
    bench.deliver();
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Waiting);
    bench.run(DAY);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::EvaluationExpired);
    assert!(!bench.agent.permits(Operation::Provision));
    bench.link = Link::Up;
    bench.run(8 * HOUR);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    assert!(bench.agent.permits(Operation::Provision));
}

#[test]
fn x3_use_that_begins_during_a_report_is_not_covered_by_its_answer() {
    let mut bench = Bench::registered(0, 0);
    bench.link = Link::Held;
    bench.command(Command::RenewAuthorization).unwrap();
    bench.acquire("standard-seat", 1);
    bench.forget();
    bench.deliver();
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Waiting);
    assert_eq!(bench.reports(), [bench.time], "another one at once");
    bench.deliver();
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
}

#[test]
fn x5_a_command_tries_at_once_and_the_back_off_starts_again() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(2 * DAY);
    assert!(left(&bench, bench.agent.status().next_report) > 0);
    bench.command(Command::RenewAuthorization).unwrap();
    let failure = bench.agent.status().last_contact.unwrap().unwrap_err();
    assert_eq!(failure.at, bench.agent.status().now, "tried at once");
    assert!(left(&bench, bench.agent.status().next_report) <= 15 * MINUTE);
}

#[test]
fn x6_more_over_use_and_a_later_word_of_the_manager_leave_since_as_it_was() {
    let mut bench = Bench::registered(51, 0);
    let since = |bench: &Bench| match bench.agent.status().authorization {
        AuthorizationState::OutOfCompliance { since, .. } => since,
        other => panic!("{other:?}"),
    };
    let began = since(&bench);
    bench.run(10 * DAY);
    bench.acquire("standard-seat", 10);
    // As a manager would say that was restored from a backup of before.
    bench.manager.out_since = None;
    bench.run(10 * DAY);
    assert_eq!(since(&bench), began);
    for stage in ["OutOfComplianceShortly", "OutOfComplianceBreached"] {
        assert_eq!(told(&bench, stage), 1, "{stage} is told once");
    }
}

#[test]
fn x9_a_boot_with_nothing_in_use_has_nothing_to_ask_at_once() {
    let mut bench = Bench::registered(0, 0);
    bench.link = Link::Down;
    bench.acquire("standard-seat", 1);
    bench.stopping();
    bench.link = Link::Up;
    bench.forget();
    bench.reboot(60);
    bench.run(HOUR);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::NoLicensesInUse);
    assert!(bench.reports().is_empty(), "{:?}", bench.seen);
}

#[test]
fn x15_reports_go_on_after_the_manager_took_back_a_clock_that_was_ahead() {
    let mut bench = Bench::registered(0, 0);
    bench.run(HOUR);
    bench.stopping();
    bench.real_time_ahead = 60 * DAY as i64;
    bench.reboot(60);
    bench.run(2 * MINUTE);
    bench.forget();
    bench.run(2 * DAY);
    assert_eq!(bench.reports().len(), 6, "every 8 h");
}

#[test]
fn e5_a_clock_set_ahead_does_not_postpone_what_has_expired() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(89 * DAY);
    bench.stopping();
    bench.real_time_ahead = 3_650 * DAY as i64;
    bench.reboot(60);
    bench.acquire("standard-seat", 1);
    bench.run(2 * DAY);
    assert!(!bench.agent.permits(Operation::Provision));
    bench.manager.refuse = Some(Refusal::TokenUnknown);
    bench.register(false).unwrap();
    assert!(!bench.agent.permits(Operation::Provision), "the signed answer corrected the clock");
}

#[test]
fn x3_registering_again_keeps_what_the_last_answer_said() {
    // Enforced, registered again, and the link is cut before the report.
    let again_without_a_report = |bench: &mut Bench| {
        bench.link = Link::Held;
        bench.register(true).unwrap();
        bench.link = Link::Down;
        bench.deliver();
    };
    let mut bench = Bench::registered(51, 0);
    bench.run(91 * DAY);
    assert!(!bench.agent.permits(Operation::Provision));
    again_without_a_report(&mut bench);
    assert!(!bench.agent.permits(Operation::Provision));
    // Covered, the evaluation long used up: nobody is cut off by registering again.
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(91 * DAY);
    bench.register(false).unwrap();
    bench.run(30 * DAY);
    again_without_a_report(&mut bench);
    assert!(bench.agent.permits(Operation::Provision));
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    bench.link = Link::Up;
    bench.forget();
    bench.run(HOUR);
    assert!(!bench.reports().is_empty(), "A4: at once after registration");
}

#[test]
fn x15_an_answer_as_old_as_its_registration_does_not_set_the_clock() {
    for real_time in [true, false] {
        let mut bench = Bench::registered(51, 0);
        bench.real_time = real_time;
        bench.run(2 * HOUR);
        bench.link = Link::AnswersLost;
        bench.register(true).unwrap();
        let kept = bench.manager.last_frame.clone();
        bench.link = Link::Down;
        bench.run(10);
        bench.reboot(200 * DAY);
        bench.link = Link::Silent;
        while !bench.agent.status().in_contact {
            bench.run(30);
        }
        bench.link = Link::Up;
        // The manager answers the same bytes with the same answer.
        bench.receive(&kept);
        bench.run(5 * MINUTE);
        let status = bench.agent.status();
        let expires = left(&bench, status.enrolment.map(|enrolment| enrolment.certificate_ends));
        let until = status.enrolment.unwrap().certificate_until.as_secs() - crate::bench::EPOCH;
        assert!(expires.abs_diff(until - bench.time) <= 5 * MINUTE, "real time: {real_time}");
        assert!(
            matches!(status.enforcement, Enforcement::Enforced { .. }),
            "200 days out of compliance, real time: {real_time}: {:?}",
            status.enforcement
        );
    }
}

#[test]
fn t6_a_lost_ledger_does_not_lengthen_the_certificate() {
    let mut bench = Bench::new();
    bench.run(300 * DAY);
    bench.acquire("standard-seat", 1);
    bench.register(false).unwrap();
    bench.run(100 * DAY);
    bench.lose_ledger();
    bench.reboot(10);
    bench.run(DAY);
    let status = bench.agent.status();
    let renewal = left(&bench, status.next_renewal);
    assert!(renewal.abs_diff(79 * DAY) <= HOUR, "renewal in {renewal} s");
    let ends = left(&bench, status.enrolment.map(|enrolment| enrolment.certificate_ends));
    assert!(ends.abs_diff(264 * DAY) <= HOUR, "ends in {ends} s");
}

#[test]
fn r4_an_old_refusal_does_not_hide_that_the_registration_is_gone() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.refuse = Some(Refusal::TokenExpired);
    bench.register(true).unwrap();
    bench.manager.refuse = Some(Refusal::InstanceUnknown);
    bench.run(DAY);
    assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
    let mut bench = Bench::registered(1, 0);
    bench.manager.refuse = Some(Refusal::TokenExpired);
    bench.register(true).unwrap();
    bench.link = Link::Down;
    bench.run(366 * DAY);
    assert_eq!(bench.agent.status().registration, RegistrationState::Expired);
}

#[test]
fn c3_what_was_used_before_registering_is_not_reported() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 60);
    bench.run(DAY);
    bench.release("standard-seat", 55);
    bench.run(10 * DAY);
    bench.register(false).unwrap();
    assert_eq!(bench.seen.last().unwrap().1, Seen::Report(vec![5, 0, 0]));
}

#[test]
fn x6_registering_again_restarts_nothing_with_consecutive_reports_either() {
    let mut bench = Bench::registered(51, 0);
    let policy = Policy { consecutive_reports: 2, ..Policy::DEFAULT };
    bench.manager.policy = Some(policy);
    bench.run(80 * DAY);
    bench.command(Command::Deregister).unwrap();
    bench.register(false).unwrap();
    bench.run(9 * HOUR);
    match bench.agent.status().enforcement {
        Enforcement::Overage { reason: Reason::OutOfCompliance, ends } => {
            assert!(left(&bench, Some(ends)) <= 10 * DAY);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a4_a_re_registration_that_cannot_be_stored_holds_up_no_report() {
    let mut bench = Bench::registered(5, 0);
    bench.storage = false;
    bench.register(true).unwrap();
    bench.run(3 * DAY);
    assert_eq!(bench.reports().len(), 9);
    bench.storage = true;
    bench.run(HOUR);
    assert_eq!(bench.agent.status().attempt, None);
}

#[test]
fn e2_enforcement_that_begins_while_off_is_told_at_boot() {
    let mut bench = Bench::registered(51, 0);
    bench.link = Link::Down;
    bench.run(80 * DAY);
    bench.forget();
    bench.reboot(30 * DAY);
    bench.run(DAY);
    assert!(matches!(bench.agent.status().enforcement, Enforcement::Enforced { .. }));
    assert_eq!(told(&bench, "EnforcementStarted"), 1);
}

#[test]
fn r6_deregistering_during_a_re_registration_waits_for_nothing() {
    let mut bench = Bench::registered(1, 0);
    let registered = bench.manager.registered;
    bench.link = Link::Held;
    bench.register(true).unwrap();
    bench.manager.registered = registered;
    bench.link = Link::Up;
    bench.command(Command::Deregister).unwrap();
    assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
    assert!(bench.manager.registered.is_none());
}

#[test]
fn a4_a_cut_between_the_records_of_a_re_registration_still_reports_at_once() {
    for cut in 1..6 {
        let mut bench = Bench::registered(5, 0);
        bench.run(HOUR);
        bench.forget();
        bench.writes_until_cut = Some(cut);
        bench.register(true).unwrap();
        if bench.powered {
            break;
        }
        bench.reboot(5);
        bench.run(20 * MINUTE);
        let status = bench.agent.status();
        assert_eq!((status.registration, status.attempt), (RegistrationState::Registered, None));
        assert!(!bench.reports().is_empty(), "cut before write {cut}");
    }
}

#[test]
fn t5_a_new_epoch_is_stored_before_it_is_used_whatever_was_being_written() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Held;
    bench.manager.say = Some(AnswerBody::Conflict);
    bench.command(Command::RenewAuthorization).unwrap();
    let conflict = bench.held.take().unwrap();
    let now = bench.now();
    let mut buffer = [0; BUFFER_MIN];
    let ledger = |output| matches!(output, Output::Persist { record: RecordKind::Ledger, .. });
    // Whatever makes the ledger be written: here that it stops, and then runs on after all.
    bench.agent.handle_input(now, Input::Stopping).unwrap();
    assert!(ledger(bench.agent.poll_output(&mut buffer)), "the old ledger is being written");
    bench.agent.handle_input(now, Input::Wake).unwrap();
    bench.agent.handle_input(now, Input::Received(&conflict)).unwrap();
    while !matches!(bench.agent.poll_output(&mut buffer), Output::Wait(_)) {}
    bench.agent.handle_input(now, Input::Persisted(RecordKind::Ledger)).unwrap();
    assert!(ledger(bench.agent.poll_output(&mut buffer)), "now the new one");
    let next = bench.agent.poll_output(&mut buffer);
    assert!(matches!(next, Output::Wait(_)), "and nothing is sent before it is stored: {next:?}");
    bench.agent.handle_input(now, Input::Persisted(RecordKind::Ledger)).unwrap();
    assert!(matches!(bench.agent.poll_output(&mut buffer), Output::Transmit { .. }));
    assert_eq!(bench.agent.status().evaluation_left, Duration::from_days(90));
}

#[test]
fn x4_an_overdue_report_goes_at_once_after_a_boot_whatever_the_back_off_was() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(40 * HOUR);
    bench.link = Link::Up;
    bench.forget();
    bench.reboot(0);
    bench.run(MINUTE);
    assert_eq!(bench.reports().len(), 1);
}

#[test]
fn a4_the_report_of_a_re_registration_survives_a_reboot() {
    let mut bench = Bench::registered(1, 0);
    bench.run(45 * MINUTE);
    bench.manager.refuse_reports = true;
    bench.register(true).unwrap();
    bench.manager.refuse_reports = false;
    bench.forget();
    bench.reboot(0);
    bench.run(MINUTE);
    assert_eq!(bench.reports().len(), 1);
}

#[test]
fn x3_use_that_begins_in_an_outage_is_reported_at_once_unless_the_manager_asked_to_wait() {
    let mut bench = Bench::registered(1, 0);
    bench.release("standard-seat", 1);
    bench.run(HOUR);
    bench.link = Link::AnswersLost;
    bench.run(20 * HOUR);
    bench.link = Link::Up;
    bench.forget();
    bench.acquire("standard-seat", 2);
    assert_eq!(bench.reports(), [bench.time]);
    bench.release("standard-seat", 2);
    bench.manager.say = Some(AnswerBody::RetryLater { seconds: 600 });
    bench.run(8 * HOUR);
    bench.manager.say = None;
    bench.forget();
    bench.acquire("standard-seat", 2);
    assert_eq!(bench.reports(), []);
    bench.run(600);
    assert_eq!(bench.reports().len(), 1);
}

#[test]
fn t6_a_write_that_was_due_stays_due_when_the_managers_time_moves_time_back() {
    let mut bench = Bench::registered(1, 0);
    bench.run(MINUTE);
    // A power cut in which up to eight hours may have been run: charged, and taken back later.
    bench.reboot(MINUTE);
    bench.link = Link::Held;
    bench.command(Command::RenewAuthorization).unwrap();
    bench.unstorable = Some(RecordKind::Identity);
    bench.command(Command::AllowOverage(false)).unwrap();
    bench.unstorable = None;
    bench.deliver();
    bench.run(2 * MINUTE);
    bench.reboot(MINUTE);
    assert!(!bench.agent.status().overage_allowed, "the setting is not lost");
}

#[test]
fn a_fork_goes_on_by_itself_and_counts_in_counters_of_its_own() {
    let mut bench = Bench::registered(3, 0);
    let counters =
        Box::leak(Box::new(leasehold_core::counters::Counters::new(bench.counters.license_type())));
    let fork = bench.agent.fork(counters);
    bench.release("standard-seat", 3);
    assert_eq!(fork.entitlement(0).unwrap().in_use, 3);
    assert_eq!(bench.agent.entitlement(0).unwrap().in_use, 0);
    let standard = counters.feature("standard-seat").unwrap();
    counters.acquire(standard, 4).unwrap();
    assert_eq!(fork.entitlement(0).unwrap().in_use, 7);
    assert_eq!(fork.status().registration, RegistrationState::Registered);
}

#[test]
fn t6_a_lost_ledger_leaves_a_device_as_old_as_its_certificate_without_a_manager() {
    let mut bench = Bench::new();
    bench.run(300 * DAY);
    bench.acquire("standard-seat", 1);
    bench.register(false).unwrap();
    bench.link = Link::Down;
    bench.run(100 * DAY);
    bench.lose_ledger();
    bench.reboot(10);
    let status = bench.agent.status();
    let ends = left(&bench, status.enrolment.map(|enrolment| enrolment.certificate_ends));
    assert!(ends <= 365 * DAY, "ends in {ends} s");
}

#[test]
fn t6_a_lost_ledger_does_not_lengthen_a_renewed_certificate() {
    let mut bench = Bench::registered(1, 0);
    bench.run(181 * DAY);
    bench.link = Link::Down;
    bench.run(100 * DAY);
    bench.lose_ledger();
    bench.reboot(10);
    let status = bench.agent.status();
    let ends = left(&bench, status.enrolment.map(|enrolment| enrolment.certificate_ends));
    assert!(ends <= 365 * DAY, "a year after its renewal at most: ends in {ends} s");
}

#[test]
fn a_record_that_cannot_be_stored_is_told_once_while_the_other_one_can() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.register(true).unwrap();
    bench.unstorable = Some(RecordKind::Ledger);
    bench.forget();
    bench.run(10 * HOUR);
    assert!(bench.writes > 10, "the attempt is stored each time");
    let storage = ["StorageFailed", "StorageRestored"];
    assert_eq!(storage.map(|name| told(&bench, name)), [1, 0]);
    assert!(bench.agent.status().storage_failed);
    bench.unstorable = None;
    bench.run(HOUR);
    assert_eq!(storage.map(|name| told(&bench, name)), [1, 1]);
    assert!(!bench.agent.status().storage_failed);
}

#[test]
fn t4_a_re_registration_goes_where_only_the_other_record_cannot_be_stored() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.register(true).unwrap();
    bench.unstorable = Some(RecordKind::Ledger);
    bench.run(10 * HOUR);
    assert!(bench.agent.status().storage_failed);
    bench.forget();
    bench.link = Link::Up;
    bench.run(15 * MINUTE);
    assert!(bench.seen.iter().any(|(_, seen)| *seen == Seen::Register { force: true }));
    assert_eq!(bench.agent.status().attempt, None, "and is done");
}

/// A secure element that is gone: it checks, and signs nothing.
struct Mute;

impl Crypto for Mute {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        SoftwareCrypto.digest(parts)
    }
    fn generate(&self, _: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        Err(KeyUnusable)
    }
    fn public_key(&self, _: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        Err(KeyUnusable)
    }
    fn sign(&self, _: &KeyHandle, _: &SignedMessage) -> Result<Signature, KeyUnusable> {
        Err(KeyUnusable)
    }
    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        SoftwareCrypto.verify(key, message, signature)
    }
}

/// The second failure has the reason of the first, so that there is nothing to tell, only to store.
#[test]
fn t6_what_follows_from_a_key_that_fails_again_is_stored_before_the_device_sleeps() {
    let mut bench = Bench::new();
    bench.link = Link::Down;
    bench.register(false).unwrap();
    let counters = Counters::<8>::new(&FLEX);
    let mut agent = Agent::new(bench.definition, &counters, bench.device, Mute);
    agent.boot(bench.now(), stored(bench.flash())).unwrap();
    let mut buffer = [0; BUFFER_MIN];
    let (mut now, mut failures) = (bench.now(), 0);
    for _ in 0..4 {
        let mut retry = agent.status().attempt.unwrap().retry_at;
        let mut is_stored = true;
        let wake = loop {
            let output = agent.poll_output(&mut buffer);
            let next = agent.status().attempt.unwrap().retry_at;
            if next != retry {
                (retry, is_stored, failures) = (next, false, failures + 1);
            }
            let input = match output {
                Output::Wait(at) => break at.unwrap(),
                Output::Event(_) => continue,
                Output::NeedEntropy => Input::Entropy(&[7; 32]),
                Output::Persist { record, .. } => {
                    is_stored |= record == RecordKind::Identity;
                    Input::Persisted(record)
                }
                other => panic!("{other:?}"),
            };
            agent.handle_input(now, input).unwrap();
        };
        assert!(is_stored, "failure {failures}");
        now = Now { uptime: wake, real_time: None };
        agent.handle_input(now, Input::Wake).unwrap();
    }
    assert!(failures >= 3, "{failures}");
}

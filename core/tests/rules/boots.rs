//! What a boot takes up again, and what it must not.

use crate::bench::{Bench, DAY, HOUR, Link, MINUTE};
use leasehold_core::agent::{
    Agent, AuthorizationState, Command, Device, Enforcement, EventKind, Reason, RecordKind,
    RegistrationState, Stored, UnregisteredReason,
};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::{Crypto, KeyHandle, SoftwareCrypto};
use leasehold_core::identity::Udi;
use leasehold_core::policy::Policy;
use leasehold_core::products::contact_center;
use leasehold_core::time::{Duration, Instant, Now};
use leasehold_core::wire::AnswerBody;

fn told(bench: &Bench, name: &str) -> Vec<u64> {
    bench.names().iter().filter(|(_, told)| *told == name).map(|(at, _)| *at).collect()
}

#[test]
fn features_looked_up_before_the_first_boot_are_good_after_it() {
    let root = SoftwareCrypto.public_key(&KeyHandle([9; 32])).unwrap();
    let definition = contact_center::definition(root);
    let counters = Counters::<8>::new(&contact_center::FLEX);
    let standard = counters.feature("standard-seat").unwrap();
    let udi = Udi::new("LH-CC", "A1B2C3", None).unwrap();
    let device = Device { udi, host_name: "", software_version: "1", size_profile: None };
    let mut agent = Agent::new(&definition, &counters, &device, SoftwareCrypto);
    agent.boot(Now::without_real_time(Instant::from_secs(0)), Stored::default()).unwrap();
    counters.acquire(standard, 1).unwrap();
}

#[test]
fn t6_records_written_in_any_order_are_not_taken_for_rolled_back() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    for allowed in [false, true, false] {
        // Only the identity is written by this.
        bench.command(Command::AllowOverage(allowed)).unwrap();
        bench.reboot(60);
    }
    bench.run(HOUR);
    bench.reboot(60);
    assert_eq!(told(&bench, "RecordRejected"), []);
}

#[test]
fn a4_a_cut_between_the_records_of_a_re_registration_in_overage_still_reports_at_once() {
    let mut reported = 0;
    for cut in 1..6 {
        let mut bench = Bench::registered(51, 0);
        bench.run(HOUR);
        bench.writes_until_cut = Some(cut);
        bench.register(true).unwrap();
        if bench.powered {
            break;
        }
        bench.forget();
        bench.reboot(5);
        bench.run(2 * MINUTE);
        if bench.agent.status().attempt.is_none() {
            assert!(!bench.reports().is_empty(), "cut before write {cut}");
            let status = bench.agent.status();
            assert!(status.enrolment.unwrap().registered_at <= status.now);
            reported += 1;
        }
    }
    assert!(reported > 0);
}

#[test]
fn t4_no_number_is_used_twice_while_an_old_attempt_waits() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.register(true).unwrap();
    bench.link = Link::Up;
    bench.manager.refuse_registrations = true;
    bench.run(MINUTE);
    for _ in 0..70 {
        bench.command(Command::RenewAuthorization).unwrap();
    }
    assert!(bench.agent.status().attempt.is_some(), "it still waits");
    bench.reboot(60);
    bench.command(Command::RenewAuthorization).unwrap();
    let numbers: Vec<(u32, u32)> =
        bench.manager.numbers.iter().map(|number| (number.epoch, number.sequence)).collect();
    assert!(numbers.len() > 70);
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn t4_no_number_is_used_twice_where_a_boot_cannot_reserve_that_of_an_attempt() {
    let mut bench = Bench::registered(1, 0);
    // Numbers begin behind the block that is reserved.
    bench.reboot(60);
    bench.unstorable = Some(RecordKind::Ledger);
    bench.register(true).unwrap();
    bench.reboot(60);
    bench.run(HOUR);
    bench.unstorable = None;
    bench.reboot(60);
    bench.run(DAY);
    assert_eq!(bench.agent.status().attempt, None, "it goes in the end");
    let used = &bench.manager.registrations;
    assert!(!used.iter().any(|number| bench.manager.numbers.contains(number)), "{used:?}");
}

#[test]
fn t4_no_number_is_used_twice_where_the_ledger_is_lost_while_an_attempt_is_stored() {
    let mut bench = Bench::new();
    bench.link = Link::Down;
    bench.register(false).unwrap();
    let attempting = bench.flash()[0].clone();
    bench.link = Link::Up;
    bench.acquire("standard-seat", 1);
    bench.run(DAY);
    let used = bench.manager.numbers.clone();
    assert!(!used.is_empty(), "it reported");
    // What was learned since could not be stored, or decayed.
    bench.restore([attempting, Default::default()]);
    bench.acquire("standard-seat", 2);
    bench.run(DAY);
    let again = &bench.manager.numbers[used.len()..];
    assert!(!again.is_empty() && !again.iter().any(|number| used.contains(number)), "{again:?}");
}

#[test]
fn a6_the_stages_come_to_the_second_where_nothing_else_wakes_the_device() {
    let mut bench = Bench::new();
    let pending_warning = Duration::from_secs(17 * 60 + 7);
    let pending_tolerance = Duration::from_secs(23 * 60 + 11);
    bench.manager.policy = Some(Policy { pending_warning, pending_tolerance, ..Policy::DEFAULT });
    bench.acquire("standard-seat", 51);
    bench.register(false).unwrap();
    bench.run(HOUR);
    assert_eq!(told(&bench, "OutOfComplianceShortly"), [17 * MINUTE + 7]);
    assert_eq!(told(&bench, "OutOfComplianceBreached"), [23 * MINUTE + 11]);
}

#[test]
fn x7_with_two_reports_in_a_row_the_second_starts_the_tolerance() {
    let mut bench = Bench::new();
    bench.manager.policy = Some(Policy { consecutive_reports: 2, ..Policy::DEFAULT });
    bench.acquire("standard-seat", 51);
    bench.register(false).unwrap();
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    bench.run(8 * HOUR);
    let AuthorizationState::OutOfCompliance { since, pending } = bench.agent.status().authorization
    else {
        panic!("{:?}", bench.agent.status().authorization)
    };
    assert_eq!((since, pending), (bench.agent.status().now, true));
    bench.run(45 * MINUTE);
    assert_eq!(told(&bench, "OutOfComplianceBreached"), [8 * HOUR + 45 * MINUTE]);
}

#[test]
fn r6_a_device_that_left_stays_unregistered_whatever_the_ledger_says() {
    let mut bench = Bench::registered(1, 0);
    let before = bench.flash()[1].clone();
    bench.command(Command::Deregister).unwrap();
    let [identity, _] = bench.flash().clone();
    let agent = bench.boot_from(&[identity, before]);
    let status = agent.status();
    assert!(matches!(status.unregistered, Some(UnregisteredReason::Deregistered { .. })));
    assert_eq!(status.deadline, None);
    assert!(bench.events.contains(&(0, EventKind::Deregistered { manager_told: true })));
}

#[test]
fn t5_a_registration_whose_number_was_used_goes_again_under_a_new_epoch() {
    let mut bench = Bench::new();
    bench.link = Link::Held;
    bench.manager.say = Some(AnswerBody::Conflict);
    bench.register(false).unwrap();
    bench.manager.say = None;
    bench.link = Link::Up;
    bench.deliver();
    let [first, second] = bench.manager.registrations[..] else {
        panic!("{:?}", bench.manager.registrations)
    };
    assert_ne!(first.epoch, second.epoch);
    assert_eq!(bench.agent.status().registration, RegistrationState::Registered);
}

#[test]
fn a3_warnings_and_reminders_come_by_themselves_to_the_second() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    // What else is written in between must not be what wakes the device.
    bench.run(7 * MINUTE);
    bench.stopping();
    bench.run(30 * DAY);
    assert_eq!(told(&bench, "EvaluationWarning"), [30 * DAY]);
    bench.run(60 * DAY);
    bench.stopping();
    bench.forget();
    bench.run(3 * HOUR);
    let over = 90 * DAY;
    assert_eq!(told(&bench, "EvaluationExpired"), [1, 2, 3].map(|hours| over + hours * HOUR));
}

#[test]
fn x11_an_evaluation_that_ran_out_in_time_that_never_was_is_over_at_once() {
    let mut bench = Bench::registered(1, 0);
    bench.command(Command::Deregister).unwrap();
    bench.run(89 * DAY);
    // A clock far ahead: everything after it is dated too late, until a manager's time.
    bench.real_time_ahead = 60 * DAY as i64;
    bench.reboot(60);
    bench.acquire("standard-seat", 1);
    bench.run(2 * DAY);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::EvaluationExpired);
    bench.register(false).unwrap();
    bench.run(HOUR);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Authorized);
    bench.command(Command::Deregister).unwrap();
    let Enforcement::Enforced { reason, since } = bench.agent.status().enforcement else {
        panic!("{:?}", bench.agent.status().enforcement)
    };
    assert_eq!(reason, Reason::EvaluationExpired);
    assert!(since <= bench.agent.status().now);
}

#[test]
fn a6_what_stays_covered_is_told_once_and_what_is_covered_again_once() {
    let mut bench = Bench::registered(50, 0);
    bench.run(2 * DAY);
    assert_eq!(bench.names(), []);
    bench.acquire("standard-seat", 1);
    bench.command(Command::RenewAuthorization).unwrap();
    bench.manager.owned = [41, 10, 1];
    bench.forget();
    bench.command(Command::RenewAuthorization).unwrap();
    let names: Vec<&str> = bench.names().iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["BackInCompliance"]);
}

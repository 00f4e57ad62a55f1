//! What is told once, and what is not told.

use crate::bench::{Bench, DAY, HOUR, Link, MINUTE, stored};
use leasehold_core::agent::{BUFFER_MIN, Command, EventKind, Input, Output};
use leasehold_core::time::{Duration, Now};
use leasehold_core::wire::AnswerBody;

fn times(bench: &Bench, name: &str) -> Vec<u64> {
    bench.names().iter().filter(|(_, told)| *told == name).map(|(at, _)| *at).collect()
}

#[test]
fn a1_being_authorized_is_told_when_it_begins_and_with_something_in_use() {
    let mut bench = Bench::new();
    bench.register(false).unwrap();
    assert_eq!(times(&bench, "Authorized"), [], "nothing is in use");
    bench.run(HOUR);
    bench.acquire("standard-seat", 1);
    assert_eq!(times(&bench, "Authorized"), [HOUR]);
    bench.run(2 * DAY);
    assert_eq!(times(&bench, "Authorized"), [HOUR], "an answer that says so again is no news");
}

#[test]
fn a2_the_evaluation_is_told_to_pause_when_use_ends_and_not_when_it_is_used_up() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(DAY);
    bench.release("standard-seat", 1);
    assert_eq!(times(&bench, "EvaluationPaused"), [DAY]);
    bench.acquire("standard-seat", 1);
    bench.forget();
    bench.run(89 * DAY);
    assert_eq!(times(&bench, "EvaluationExpired"), [90 * DAY]);
    assert_eq!(times(&bench, "EvaluationPaused"), []);
}

#[test]
fn a3_the_reminders_of_a_used_up_evaluation_end_with_the_first_authorization() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 1);
    bench.run(90 * DAY + 30 * MINUTE);
    bench.register(false).unwrap();
    bench.forget();
    bench.run(DAY);
    assert_eq!(times(&bench, "EvaluationExpired"), []);
}

#[test]
fn entropy_is_asked_for_once_whenever_it_comes() {
    let bench = Bench::new();
    let mut agent = bench.unbooted();
    let mut buffer = [0; BUFFER_MIN];
    agent.boot(bench.now(), stored(bench.flash())).unwrap();
    let mut asked = 0;
    for _ in 0..20 {
        asked += u32::from(agent.poll_output(&mut buffer) == Output::NeedEntropy);
        agent.handle_input(bench.now(), Input::Wake).unwrap();
    }
    agent.handle_input(bench.now(), Input::Entropy(&[1; 32])).unwrap();
    for _ in 0..20 {
        asked += u32::from(agent.poll_output(&mut buffer) == Output::NeedEntropy);
    }
    assert_eq!(asked, 1);
}

#[test]
fn a4_a_report_says_how_long_it_covers() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.covers.clear();
    bench.run(8 * HOUR);
    bench.link = Link::Down;
    bench.run(20 * HOUR);
    bench.link = Link::Up;
    bench.link_changed();
    let covers: Vec<u64> = bench.manager.covers.iter().map(|&seconds| seconds.into()).collect();
    assert_eq!(covers, [8 * HOUR, 20 * HOUR], "since the last one that was answered");
}

#[test]
fn a7_the_authorization_expires_to_the_second_where_nothing_else_wakes_the_device() {
    let mut bench = Bench::registered(1, 0);
    bench.manager.say = Some(AnswerBody::RetryLater { seconds: u32::MAX });
    // The manager is there and wants to be asked as late as can be.
    bench.run(90 * DAY);
    assert_eq!(times(&bench, "AuthorizationExpired"), [], "its signed answers move the deadline");
    bench.link = Link::Down;
    bench.manager.say = None;
    bench.forget();
    bench.run(100 * DAY);
    let last = bench.agent.status().deadline.unwrap();
    let now = bench.agent.status().now;
    let deadline = bench.time - u64::from(now.saturating_since(last).as_secs());
    assert_eq!(times(&bench, "AuthorizationExpired"), [deadline]);
}

#[test]
fn a4_an_authorization_that_is_renewed_as_it_should_be_is_not_said_to_expire() {
    let mut bench = Bench::with(|definition, _| {
        definition.policy.authorization_period = Duration::from_days(7);
        definition.policy.report_interval = Duration::from_days(2);
    });
    bench.acquire("standard-seat", 1);
    bench.register(false).unwrap();
    bench.run(30 * DAY);
    assert_eq!(times(&bench, "AuthorizationExpiring"), []);
    bench.link = Link::Down;
    bench.run(30 * DAY);
    assert!(!times(&bench, "AuthorizationExpiring").is_empty());
}

#[test]
fn r4_a_certificate_that_is_not_renewed_is_said_to_expire_whoever_is_at_fault() {
    let days_left = |refused: bool, down: bool, renewal: u32| {
        let mut bench = Bench::with(|definition, _| {
            definition.policy.certificate_renewal = Duration::from_days(renewal);
        });
        bench.acquire("standard-seat", 1);
        bench.register(false).unwrap();
        bench.run(179 * DAY);
        bench.manager.refuse_renewal = refused;
        bench.link = if down { Link::Down } else { Link::Up };
        bench.run(184 * DAY);
        let told = bench.events.iter().filter_map(|(_, event)| match event {
            EventKind::RegistrationExpiring { left } => Some(left.as_secs() / 86_400),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let all = [60, 30, 21, 14, 7, 6, 5, 4, 3, 2];
    assert_eq!(days_left(true, false, 180), all, "the manager refuses");
    assert_eq!(days_left(false, true, 180), all, "it cannot be reached");
    assert_eq!(days_left(false, false, 180), [], "it is renewed");
    // Nothing is said before it was tried, 15 days before the end; then what is left, and the rest.
    assert_eq!(days_left(false, true, 350), [14, 14, 7, 6, 5, 4, 3, 2]);
}

#[test]
fn x6_a_report_on_its_way_at_the_breach_is_waited_for() {
    let mut bench = Bench::registered(51, 0);
    bench.run(44 * MINUTE + 30);
    assert_eq!(times(&bench, "OutOfCompliancePending"), []);
    bench.link = Link::Held;
    bench.manager.owned = [60, 10, 1];
    bench.command(Command::RenewAuthorization).unwrap();
    bench.forget();
    bench.run(MINUTE);
    assert_eq!(times(&bench, "OutOfComplianceBreached"), []);
    bench.deliver();
    bench.run(MINUTE);
    assert_eq!(times(&bench, "OutOfComplianceBreached"), []);
    assert_eq!(times(&bench, "BackInCompliance").len(), 1);
    // Any other request on its way is not.
    let mut bench = Bench::registered(51, 0);
    bench.run(44 * MINUTE + 30);
    bench.link = Link::Held;
    bench.command(Command::RenewCertificate).unwrap();
    bench.forget();
    bench.run(MINUTE);
    assert_eq!(times(&bench, "OutOfComplianceBreached"), [45 * MINUTE]);
}

#[test]
fn a7_a_device_that_can_ask_nobody_wakes_for_the_end_of_its_authorization() {
    let bench = Bench::registered(1, 0);
    let mut agent = bench.boot_from(bench.flash());
    let deadline = agent.status().deadline.unwrap();
    let mut buffer = [0; BUFFER_MIN];
    let mut now = bench.now();
    // Without entropy nothing can be sent.
    for _ in 0..100_000 {
        match agent.poll_output(&mut buffer) {
            Output::Event(event) if event.kind == EventKind::AuthorizationExpired => {
                assert_eq!(event.at, deadline);
                return;
            }
            Output::Persist { record, .. } => {
                agent.handle_input(now, Input::Persisted(record)).unwrap();
            }
            Output::Wait(at) => {
                now = Now { uptime: at.unwrap(), real_time: None };
                agent.handle_input(now, Input::Wake).unwrap();
            }
            _ => {}
        }
    }
    panic!("never told");
}

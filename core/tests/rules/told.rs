//! What is told once, and what is not told.

use crate::bench::{Bench, DAY, HOUR, MINUTE, stored};
use leasehold_core::agent::{BUFFER_MIN, Input, Output};

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

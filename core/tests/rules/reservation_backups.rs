//! What backups, lost and decayed records, brown-outs and clocks cannot do to a reservation (SPEC S5,
//! S7, E5).

use crate::bench::{Bench, DAY, Flash, HOUR, MINUTE, stored};
use crate::reservation::{PREMIUM, STANDARD, ask, code, install, perpetual, reserve, told};
use crate::reservation::{try_acquire, until};
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, Input, Output, RegistrationState, ReservationCommand,
};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::product::Entitlement;
use leasehold_core::products::contact_center::FLEX;

/// A device as it came out of the box.
fn device(counter: Option<u32>, real_time: bool) -> Bench {
    let mut bench = Bench::new();
    (bench.counter, bench.real_time) = (counter, real_time);
    bench.restore(Flash::default());
    bench
}

fn has_seats(bench: &Bench) -> bool {
    let has = try_acquire(bench, "standard-seat", 1).is_ok();
    if has {
        bench.counters.release(bench.counters.feature("standard-seat").unwrap(), 1).unwrap();
    }
    has
}

#[test]
fn e5_a_lost_ledger_lengthens_no_term() {
    for (counter, real_time) in [(Some(5), true), (None, true), (Some(5), false), (None, false)] {
        let mut bench = device(counter, real_time);
        bench.run(300 * DAY);
        ask(&mut bench);
        install(&mut bench, 0, &[until(STANDARD, 5, 400)]).unwrap();
        bench.run(50 * DAY);
        bench.stopping();
        bench.lose_ledger();
        bench.reboot(1);
        assert!(has_seats(&bench), "it is the 350th day");
        bench.run(45 * DAY);
        bench.lose_ledger();
        bench.reboot(1);
        bench.run(5 * DAY + HOUR);
        assert!(!has_seats(&bench), "{counter:?}, clock {real_time}: day {}", bench.time / DAY);
    }
}

#[test]
fn e5_power_lost_while_a_code_is_installed_lengthens_no_evaluation() {
    for cut in 0..5 {
        let mut bench = Bench::new();
        bench.acquire("standard-seat", 1);
        bench.run(20 * HOUR + 50 * MINUTE);
        ask(&mut bench);
        let left = bench.agent.status().evaluation_left;
        bench.writes_until_cut = Some(cut);
        let _ = install(&mut bench, 0, &[perpetual(STANDARD, 5)]);
        if !bench.powered {
            bench.reboot(0);
        }
        assert!(bench.agent.status().evaluation_left <= left, "cut {cut}");
    }
}

#[test]
fn e5_an_old_snapshot_lengthens_no_term_where_there_is_a_counter() {
    for real_time in [true, false] {
        let mut bench = device(Some(5), real_time);
        ask(&mut bench);
        install(&mut bench, 0, &[until(STANDARD, 5, 100)]).unwrap();
        bench.stopping();
        let backup = bench.flash().clone();
        // One that is as it was when the device stopped is none.
        bench.reboot(1);
        assert!(has_seats(&bench));
        bench.run(99 * DAY);
        bench.real_time_ahead -= (99 * DAY) as i64;
        bench.restore(backup);
        assert_eq!(bench.agent.status().registration, RegistrationState::Unregistered);
        assert_eq!(told(&bench, "ReservationRolledBack").len(), 1);
    }
}

#[test]
fn e5_a_snapshot_from_before_an_installation_begins_no_term_anew_where_there_is_a_counter() {
    let mut bench = device(Some(5), false);
    ask(&mut bench);
    let backup = bench.flash().clone();
    let code = code(&bench, 0, &[until(STANDARD, 5, 100)]);
    reserve(&mut bench, ReservationCommand::Install(&code)).unwrap();
    bench.run(99 * DAY);
    bench.restore(backup);
    assert!(reserve(&mut bench, ReservationCommand::Install(&code)).is_err());
}

#[test]
fn e5_an_old_ledger_beside_the_record_of_a_reservation_lengthens_no_term() {
    for counter in [Some(5), None] {
        let mut bench = device(counter, false);
        ask(&mut bench);
        install(&mut bench, 0, &[until(STANDARD, 5, 100)]).unwrap();
        bench.stopping();
        let old = bench.flash()[1].clone();
        for _ in 0..2 {
            bench.run(40 * DAY);
            let [identity, _] = bench.flash().clone();
            bench.restore([identity, old.clone()]);
        }
        assert!(has_seats(&bench), "it is the 80th day");
        bench.run(20 * DAY);
        assert!(!has_seats(&bench), "{counter:?}: day {}", bench.time / DAY);
    }
}

#[test]
fn s7_a_power_cut_costs_about_as_much_of_a_term_as_the_device_had_run() {
    // What it ran, how often, and the most that may be missing of the term then.
    let cases = [(50, 20, 20 * 5 * MINUTE), (HOUR, 20, 20 * HOUR), (30 * DAY, 2, 2 * 4 * HOUR)];
    for (run, times, most) in cases {
        let mut bench = Bench::new();
        ask(&mut bench);
        install(&mut bench, 0, &[until(STANDARD, 5, 100)]).unwrap();
        for _ in 0..times {
            bench.run(run);
            bench.reboot(10);
        }
        let ends = bench.agent.reserved_lines()[0].ends.unwrap();
        let left = u64::from(ends.saturating_since(bench.agent.status().now).as_secs());
        let missing = 100 * DAY - bench.time - left;
        assert!(missing <= most, "{missing} s are gone after {times} runs of {run} s");
    }
}

#[test]
fn s7_terms_that_are_over_at_the_installation_are_told() {
    let mut bench = Bench::new();
    bench.real_time_ahead = (200 * DAY) as i64;
    bench.restore(Flash::default());
    ask(&mut bench);
    let lines = [perpetual(STANDARD, 2), until(STANDARD, 5, 100), until(PREMIUM, 1, 300)];
    install(&mut bench, 0, &lines).unwrap();
    assert_eq!(told(&bench, "ReservationTermEnded").len(), 1);
}

#[test]
fn s5_what_is_given_up_does_not_come_back_when_one_slot_decays() {
    for counter in [Some(5), None] {
        let mut bench = device(counter, true);
        ask(&mut bench);
        install(&mut bench, 0, &[perpetual(STANDARD, 5)]).unwrap();
        install(&mut bench, 1, &[perpetual(STANDARD, 7)]).unwrap();
        bench.run(30 * DAY);
        let updated = bench.flash().clone();
        for slot in 0..2 {
            let mut flash = updated.clone();
            flash[0][slot] = None;
            let mut again = device(counter, true);
            again.counter = bench.counter;
            again.restore(flash);
            let installed = again.agent.reservation().unwrap().installed.unwrap();
            assert_eq!(installed.generation, 1, "slot {slot} of an update");
        }
        reserve(&mut bench, ReservationCommand::Return).unwrap();
        for slot in 0..2 {
            let mut flash = bench.flash().clone();
            flash[0][slot].as_mut().unwrap()[40] ^= 1;
            let status = bench.boot_from(&flash).status().registration;
            assert_eq!(status, RegistrationState::Unregistered, "slot {slot} of a return");
        }
    }
}

#[test]
fn s5_a_counter_that_answers_late_did_not_fail() {
    let mut bench = device(Some(5), true);
    reserve(&mut bench, ReservationCommand::Enable).unwrap();
    let now = bench.now();
    let command = |agent: &mut Agent<'_, _, 8>, command| {
        agent.handle_input(now, Input::Command(Command::Reservation(command))).unwrap();
    };
    command(&mut bench.agent, ReservationCommand::Request { universal: false });
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    let mut buffer = [0; BUFFER_MIN];
    loop {
        let input = match bench.agent.poll_output(&mut buffer) {
            Output::Persist { record, .. } => Input::Persisted(record),
            Output::Event(event) => {
                told.push(event.kind.name());
                continue;
            }
            Output::RaiseCounter { to } if asked.is_empty() => {
                asked.push(to);
                // The administrator goes on before the platform answers.
                command(&mut bench.agent, ReservationCommand::Cancel);
                continue;
            }
            Output::RaiseCounter { to } => {
                asked.push(to);
                Input::CounterRaised(to)
            }
            Output::Wait(_) if asked.len() == 1 => Input::CounterRaised(asked[0]),
            Output::Wait(_) => break,
            other => panic!("{other:?}"),
        };
        bench.agent.handle_input(now, input).unwrap();
    }
    assert_eq!(asked, [6, 7]);
    assert!(!told.contains(&"CounterFailed"), "{told:?}");
    assert!(bench.agent.return_code().is_some());
}

/// An update of the software has the kinds in another order, and one less.
#[test]
fn s1_what_is_reserved_stays_with_its_tag_when_the_software_orders_tags_anew() {
    let mut bench = Bench::new();
    ask(&mut bench);
    install(&mut bench, 0, &[perpetual(STANDARD, 7), perpetual(PREMIUM, 2)]).unwrap();
    let tags_after = |entitlements: Vec<Entitlement<'static>>| {
        let mut license_type = FLEX;
        license_type.entitlements = Box::leak(entitlements.into_boxed_slice());
        let mut definition = *bench.definition;
        definition.license_types = Box::leak(vec![license_type].into_boxed_slice());
        let definition = Box::leak(Box::new(definition));
        let counters = Box::leak(Box::new(Counters::<8>::new(&definition.license_types[0])));
        let mut agent = Agent::new(definition, counters, bench.device, SoftwareCrypto);
        agent.boot(bench.now(), stored(bench.flash())).unwrap();
        let tag = |index: u8| definition.license_types[0].entitlements[usize::from(index)].tag;
        agent.reserved_lines().iter().map(|l| (tag(l.entitlement), l.count)).collect::<Vec<_>>()
    };
    let [standard, premium] = [0, 1].map(|index| FLEX.entitlements[index].tag);
    let mut swapped = FLEX.entitlements.to_vec();
    swapped.swap(0, 1);
    assert_eq!(tags_after(swapped), [(standard, 7), (premium, 2)]);
    let mut without = FLEX.entitlements.to_vec();
    without.remove(1);
    assert_eq!(tags_after(without)[0], (standard, 7));
}

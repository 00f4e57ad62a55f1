//! Real-time clocks that are wrong, set, absent or dead (SPEC T1–T3, X15, E5).

use crate::bench::{Bench, DAY, EPOCH, Flash, HOUR, Link, MINUTE};
use leasehold_core::agent::{
    AuthorizationState, ClockStanding, Enforcement, EventKind, RegistrationState,
};
use leasehold_core::time::{Duration, UnixTime};

const A_DAY: i64 = DAY as i64;

fn registration(bench: &Bench) -> RegistrationState {
    bench.agent.status().registration
}

fn told(bench: &Bench, name: &str) -> Vec<u64> {
    bench.names().iter().filter(|(_, told)| *told == name).map(|(at, _)| *at).collect()
}

#[test]
fn t1_a_clock_that_is_set_is_told_with_how_far_and_moves_no_period() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(20 * DAY);
    let deadline = bench.agent.status().deadline.unwrap();
    bench.forget();
    for (by, back) in [(-10 * A_DAY, true), (5 * A_DAY, false)] {
        bench.set_clock(by);
        let by = Duration::from_secs(by.unsigned_abs() as u32);
        assert_eq!(bench.events.last().unwrap().1, EventKind::ClockChanged { back, by });
    }
    let status = bench.agent.status();
    assert_eq!(status.deadline, Some(deadline));
    assert_eq!(deadline.saturating_since(status.now).as_secs(), (70 * DAY - 5 * MINUTE) as u32);
    assert_eq!(status.clock, ClockStanding::Agreed);
    // Time off is measured from there.
    bench.reboot(3 * DAY);
    let status = bench.agent.status();
    assert_eq!(deadline.saturating_since(status.now).as_secs(), (67 * DAY - 5 * MINUTE) as u32);
    assert_eq!(told(&bench, "ClockChanged").len(), 2);
}

#[test]
fn t1_a_clock_that_went_back_while_off_is_told_and_gains_nothing() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(20 * DAY);
    bench.forget();
    bench.real_time_ahead = -30 * A_DAY;
    bench.reboot(2 * DAY);
    assert!(matches!(bench.events[0].1, EventKind::ClockChanged { back: true, .. }));
    let status = bench.agent.status();
    let left = status.deadline.unwrap().saturating_since(status.now).as_secs();
    // Up to an hour, a checkpoint, may not be known to have passed.
    assert!(u64::from(left) <= 70 * DAY - 5 * MINUTE + HOUR);
}

#[test]
fn t2_a_clock_past_the_certificate_has_an_hour_and_then_the_device_is_unregistered() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    bench.link = Link::Down;
    bench.forget();
    bench.set_clock(400 * A_DAY);
    assert!(matches!(bench.agent.status().clock, ClockStanding::Ahead { .. }));
    assert_eq!(told(&bench, "ClockDisagrees"), [DAY]);
    assert_eq!(told(&bench, "AuthorizationRenewalFailed"), [DAY], "a contact is tried at once");
    bench.run(HOUR - 1);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    bench.run(1);
    assert_eq!(registration(&bench), RegistrationState::Expired);
    assert_eq!(told(&bench, "RegistrationExpired"), [DAY + HOUR]);
    assert_eq!(bench.agent.status().authorization, AuthorizationState::Evaluation);
}

#[test]
fn t2_a_clock_put_right_within_the_hour_changes_nothing() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    bench.link = Link::Down;
    bench.set_clock(400 * A_DAY);
    bench.run(HOUR - 1);
    bench.set_clock(-400 * A_DAY);
    assert_eq!(told(&bench, "ClockSettled").len(), 1);
    bench.run(30 * DAY);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    // The certificate ends when it always did.
    bench.forget();
    bench.run(365 * DAY);
    assert_eq!(told(&bench, "RegistrationExpired"), [365 * DAY - 5 * MINUTE]);
}

#[test]
fn t2_the_managers_time_settles_a_clock_that_is_ahead() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    bench.forget();
    bench.set_clock(400 * A_DAY);
    assert_eq!(bench.reports(), [DAY], "a contact is tried at once");
    assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
    assert_eq!(told(&bench, "ClockSettled"), [DAY]);
    bench.run(100 * DAY);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    // The clock stays wrong, and measures time off all the same.
    bench.link = Link::Down;
    let left = |bench: &Bench| {
        let status = bench.agent.status();
        status.deadline.unwrap().saturating_since(status.now).as_secs()
    };
    let before = left(&bench);
    bench.reboot(2 * DAY);
    assert_eq!(before - left(&bench), (2 * DAY) as u32);
    assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
}

#[test]
fn t2_a_boot_past_the_certificate_has_its_hour_once_however_often_it_boots() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    bench.link = Link::Down;
    bench.reboot(400 * DAY);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    assert!(matches!(bench.agent.status().clock, ClockStanding::Ahead { .. }));
    assert_eq!(bench.agent.status().authorization, AuthorizationState::AuthorizationExpired);
    bench.run(40 * MINUTE);
    bench.stopping();
    bench.reboot(0);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    bench.run(20 * MINUTE);
    assert_eq!(registration(&bench), RegistrationState::Expired);
}

#[test]
fn t2_a_boot_with_a_clock_far_ahead_is_put_right_and_keeps_its_certificate() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    bench.link = Link::Down;
    bench.real_time_ahead = 4_000 * A_DAY;
    bench.reboot(DAY);
    assert!(matches!(bench.agent.status().clock, ClockStanding::Ahead { .. }));
    bench.run(10 * MINUTE);
    bench.set_clock(-4_000 * A_DAY);
    assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    // E5: what was taken on the clock's word is not given back by the clock.
    assert_eq!(bench.agent.status().authorization, AuthorizationState::AuthorizationExpired);
    bench.forget();
    let start = bench.time;
    bench.run(365 * DAY);
    let expired = told(&bench, "RegistrationExpired");
    assert_eq!(expired, [365 * DAY - 5 * MINUTE], "counted from {start}");
}

#[test]
fn t2_a_clock_before_the_certificate_is_ignored_after_an_hour_and_cuts_nobody_off() {
    let mut bench = Bench::registered(1, 0);
    bench.run(DAY);
    bench.link = Link::Down;
    bench.forget();
    bench.set_clock(-3_000 * A_DAY);
    assert!(matches!(bench.agent.status().clock, ClockStanding::Behind { .. }));
    bench.run(HOUR - 1);
    assert_eq!(told(&bench, "ClockIgnored"), []);
    bench.run(1);
    assert_eq!(told(&bench, "ClockIgnored"), [DAY + HOUR]);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    // It is not believed, and hides nothing all the same (SPEC E5).
    let before = bench.agent.status().now;
    bench.reboot(5 * DAY);
    assert_eq!(bench.agent.status().now.saturating_since(before), Duration::from_days(5));
    bench.run(DAY);
    assert_eq!(registration(&bench), RegistrationState::Registered);
    bench.set_clock(3_000 * A_DAY);
    assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
}

#[test]
fn r4_a_certificate_that_runs_out_ends_to_the_second_with_a_clock_that_is_right() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(DAY);
    bench.reboot(DAY);
    bench.run(365 * DAY);
    assert_eq!(told(&bench, "RegistrationExpired"), [365 * DAY - 5 * MINUTE]);
    assert_eq!(told(&bench, "ClockDisagrees"), []);
    let left = [60, 30, 21, 14, 7, 6, 5, 4, 3, 2, 1];
    let warned: Vec<u32> = bench
        .events
        .iter()
        .filter_map(|(_, kind)| match kind {
            EventKind::RegistrationExpiring { left } => Some(left.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(warned[..11], left.map(|days| days * DAY as u32));
    assert_eq!(warned.len(), 11 + 23, "hourly in the last day");
}

#[test]
fn e2_overage_is_counted_down_and_told_again_after_no_reboot() {
    let mut bench = Bench::registered(51, 0);
    bench.run(45 * MINUTE);
    assert!(matches!(bench.agent.status().enforcement, Enforcement::Overage { .. }));
    bench.forget();
    bench.run(35 * DAY);
    bench.reboot(60);
    bench.run(10 * MINUTE);
    let days: Vec<u32> = bench
        .events
        .iter()
        .filter_map(|(_, kind)| match kind {
            EventKind::OverageRunning { left, .. } => Some(left.as_secs() / DAY as u32),
            _ => None,
        })
        .collect();
    assert_eq!(days, [60]);
}

#[test]
fn t2_a_wrong_clock_that_was_settled_may_be_put_right_without_a_manager() {
    for rebooted in [false, true] {
        let mut bench = Bench::new();
        bench.set_clock(-9_000 * A_DAY);
        bench.acquire("standard-seat", 1);
        bench.register(false).unwrap();
        bench.run(DAY);
        bench.link = Link::Down;
        if rebooted {
            bench.real_time_ahead = 0;
            bench.reboot(2 * DAY);
        } else {
            bench.set_clock(9_000 * A_DAY);
            bench.run(2 * DAY);
        }
        bench.run(2 * HOUR);
        assert_eq!(registration(&bench), RegistrationState::Registered);
        assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
        let status = bench.agent.status();
        let left = u64::from(status.deadline.unwrap().saturating_since(status.now).as_secs());
        let expected = 90 * DAY - 5 * MINUTE - 2 * DAY - 2 * HOUR;
        assert!(left <= expected && left + DAY > expected, "{left} of {expected}");
    }
}

#[test]
fn e5_cutting_the_power_again_and_again_lengthens_no_period_of_a_device_without_a_clock() {
    // Out of compliance and breached; nobody answers.
    let mut bench = Bench::registered(51, 0);
    bench.real_time = false;
    bench.run(45 * MINUTE);
    bench.link = Link::Down;
    bench.run(9 * HOUR);
    bench.reboot(0);
    let start = bench.time;
    bench.forget();
    while bench.agent.permits(leasehold_core::agent::Operation::Provision) {
        bench.run(59 * MINUTE);
        bench.reboot(0);
        assert!(bench.time - start < 91 * DAY, "the overage never ends");
    }
    assert!(bench.time - start > 40 * DAY, "a boot costs at most an hour");
}

#[test]
fn e5_cutting_the_power_after_a_stop_in_order_lengthens_no_period_either() {
    let mut bench = Bench::registered(1, 0);
    bench.real_time = false;
    bench.link = Link::Down;
    bench.stopping();
    bench.reboot(0);
    // Each time before the next report is due, which would be noted.
    while bench.agent.status().authorization != AuthorizationState::AuthorizationExpired {
        bench.run(7 * HOUR);
        bench.reboot(0);
        assert!(bench.time < 91 * DAY, "the authorization never ends");
    }
}

#[test]
fn x1_a_stop_in_order_costs_nothing_unless_the_device_runs_on() {
    for (runs_on, charged) in [(false, 0), (true, 1)] {
        let mut bench = Bench::new();
        bench.real_time = false;
        bench.acquire("standard-seat", 1);
        bench.run(DAY);
        bench.stopping();
        if runs_on {
            bench.run(MINUTE);
        }
        let before = bench.agent.status().evaluation_left;
        bench.reboot(DAY);
        let after = bench.agent.status().evaluation_left;
        assert_eq!(before.saturating_sub(after), Duration::from_hours(charged));
    }
}

#[test]
fn x15_time_off_that_a_clock_hid_comes_out_with_the_managers_time() {
    let mut bench = Bench::registered(51, 0);
    bench.run(45 * MINUTE);
    bench.link = Link::Down;
    bench.run(DAY);
    bench.set_clock(-40 * A_DAY);
    // Set back while off, then right again: nobody has seen the month.
    bench.real_time_ahead -= 31 * A_DAY;
    bench.reboot(30 * DAY);
    bench.set_clock(71 * A_DAY);
    bench.acquire("standard-seat", 51);
    bench.link = Link::Up;
    bench.link_changed();
    bench.run(2 * MINUTE);
    let status = bench.agent.status();
    let Enforcement::Overage { ends, .. } = status.enforcement else { panic!("no overage") };
    let left = u64::from(ends.saturating_since(status.now).as_secs());
    let true_left = 90 * DAY - DAY - 30 * DAY - 2 * MINUTE;
    assert!(left.abs_diff(true_left) < HOUR, "{left} of {true_left}");
}

#[test]
fn e5_a_clock_set_back_by_what_was_run_hides_nothing() {
    let mut bench = Bench::registered(51, 0);
    bench.run(45 * MINUTE);
    bench.link = Link::Down;
    bench.run(9 * HOUR);
    let start = bench.time;
    while bench.agent.permits(leasehold_core::agent::Operation::Provision) {
        bench.run(59 * MINUTE);
        // The clock stands where it stood when time was stored last.
        bench.real_time_ahead -= 59 * MINUTE as i64;
        bench.reboot(0);
        assert!(bench.time - start < 91 * DAY, "the overage never ends");
    }
}

#[test]
fn e5_a_clock_set_back_before_the_power_goes_off_lengthens_nothing() {
    for (set_back, link_up) in [(1, false), (20, false), (20, true), (400, false)] {
        let mut bench = Bench::registered(51, 0);
        bench.run(45 * MINUTE);
        if !link_up {
            bench.link = Link::Down;
        }
        bench.run(9 * DAY);
        bench.set_clock(-set_back * A_DAY);
        // Where the manager answers, it settles the wrong clock.
        bench.run(DAY);
        bench.link = Link::Down;
        bench.run(HOUR);
        bench.reboot(30 * DAY);
        let status = bench.agent.status();
        let Enforcement::Overage { ends, .. } = status.enforcement else { panic!("no overage") };
        let left = u64::from(ends.saturating_since(status.now).as_secs());
        assert!(left <= 50 * DAY - HOUR, "{set_back} d back, link {link_up}: {left} left");
    }
}

#[test]
fn x15_a_stop_in_the_second_of_a_report_charges_nothing() {
    let mut bench = Bench::registered(1, 0);
    bench.run(8 * HOUR - 1);
    bench.time += 1;
    bench.stopping();
    bench.reboot(HOUR);
    bench.link = Link::Down;
    let status = bench.agent.status();
    let left = u64::from(status.deadline.unwrap().saturating_since(status.now).as_secs());
    assert_eq!(left, 90 * DAY - 5 * MINUTE - 9 * HOUR);
}

#[test]
fn t2_a_clock_on_the_first_or_the_last_second_of_the_certificate_agrees() {
    let last = 365 * A_DAY - 300;
    for (by, agrees) in [(last, true), (last + 1, false), (-300, true), (-301, false)] {
        let mut bench = Bench::registered(1, 0);
        bench.link = Link::Down;
        bench.set_clock(by);
        assert_eq!(bench.agent.status().clock == ClockStanding::Agreed, agrees, "{by}");
    }
}

#[test]
fn t2_a_clock_that_drifts_past_an_end_of_the_certificate_was_not_set() {
    // Fast: a minute and a half ahead when the certificate ends.
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    for _ in 0..4 {
        bench.run(30 * DAY);
        bench.set_clock(25);
    }
    bench.run(365 * DAY);
    assert_eq!(told(&bench, "RegistrationExpired"), [365 * DAY - 5 * MINUTE]);
    assert_eq!(told(&bench, "ClockDisagrees"), []);
    // Slow: behind the start while the certificate is new.
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    for _ in 0..20 {
        bench.run(1);
        bench.set_clock(-25);
    }
    bench.run(HOUR);
    assert_eq!(told(&bench, "ClockDisagrees"), []);
    assert_eq!(told(&bench, "ClockChanged"), []);
}

#[test]
fn t2_the_hour_ends_by_itself_to_the_second() {
    let mut bench =
        Bench::with(|definition, _| definition.policy.clock_grace = Duration::from_secs(47 * 61));
    bench.acquire("standard-seat", 1);
    bench.register(false).unwrap();
    bench.link = Link::Down;
    bench.set_clock(-3_000 * A_DAY);
    bench.run(2 * HOUR);
    assert_eq!(told(&bench, "ClockIgnored"), [47 * 61]);
}

#[test]
fn t2_a_clock_that_is_gone_contradicts_nothing() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.set_clock(-3_000 * A_DAY);
    bench.forget();
    bench.real_time = false;
    bench.run(2 * HOUR);
    assert_eq!(told(&bench, "ClockIgnored"), []);
}

#[test]
fn r2_a_renewal_as_late_as_the_certificates_end_is_tried_at_half_its_time() {
    let lasts = 365 * 86_400 - 300;
    let mut bench = Bench::with(|definition, _| {
        definition.policy.certificate_renewal = Duration::from_secs(lasts);
    });
    bench.register(false).unwrap();
    let status = bench.agent.status();
    let renewal = status.next_renewal.unwrap().saturating_since(status.now).as_secs();
    assert_eq!(renewal, lasts / 2);
}

#[test]
fn x15_doubt_about_the_clock_waits_for_no_back_off() {
    let mut bench = Bench::registered(1, 0);
    bench.link = Link::Down;
    bench.run(3 * DAY);
    bench.link = Link::Up;
    bench.forget();
    bench.set_clock(400 * A_DAY);
    assert_eq!(bench.reports(), [bench.time]);
    assert_eq!(bench.agent.status().clock, ClockStanding::Agreed);
}

#[test]
fn x1_an_answer_that_comes_during_a_stop_does_not_undo_it() {
    let mut bench = Bench::registered(1, 0);
    bench.run(HOUR);
    bench.link = Link::Held;
    bench.command(leasehold_core::agent::Command::RenewAuthorization).unwrap();
    bench.stopping();
    bench.deliver();
    bench.link = Link::Down;
    bench.reboot(60);
    let status = bench.agent.status();
    let left = u64::from(status.deadline.unwrap().saturating_since(status.now).as_secs());
    assert_eq!(left, 90 * DAY - 5 * MINUTE - 60);
}

#[test]
fn t1_a_moment_has_a_calendar_time_as_soon_as_anything_told_one() {
    let mut bench = Bench::new();
    let now = bench.agent.status().now;
    assert_eq!(bench.agent.unix(now), Some(UnixTime::from_secs(EPOCH)), "a real-time clock did");
    bench.set_clock(-A_DAY);
    bench.run(HOUR);
    bench.register(false).unwrap();
    let later = bench.agent.status().now.saturating_add(Duration::from_days(1));
    let of_manager = UnixTime::from_secs(EPOCH + HOUR + DAY);
    assert_eq!(bench.agent.unix(later), Some(of_manager), "a manager knows better");
    bench.real_time = false;
    let new = bench.boot_from(&Flash::default());
    assert_eq!(new.unix(new.status().now), None, "nobody has told it");
}

#[test]
fn t1_a_clock_farther_off_than_can_be_noted_is_told_once_and_moves_no_period() {
    for by in [80 * 365 * A_DAY, -50 * 365 * A_DAY, i64::MAX / 2] {
        let mut bench = Bench::registered(1, 0);
        bench.run(DAY);
        bench.forget();
        bench.set_clock(by);
        bench.run(DAY);
        assert_eq!(told(&bench, "ClockChanged").len(), 1, "{by}");
        assert_eq!(bench.agent.status().clock, ClockStanding::Agreed, "a manager settled it");
        // It is settled: boots neither tell it again nor pass time that did not.
        bench.link = Link::Down;
        let deadline = bench.agent.status().deadline.unwrap();
        bench.forget();
        for _ in 0..3 {
            bench.reboot(HOUR);
        }
        assert_eq!(told(&bench, "ClockChanged"), [], "{by}");
        let left = deadline.saturating_since(bench.agent.status().now).as_secs();
        assert!(u64::from(left) > 88 * DAY, "{by}: {left} s are left");
    }
}

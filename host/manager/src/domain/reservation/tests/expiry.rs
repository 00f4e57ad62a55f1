//! The ends of reserved terms are told.

use super::*;
use crate::domain::housekeeping;

/// Days left, by event, in the order they were told.
fn told(world: &World) -> Vec<(String, u64, u64)> {
    let events = world.events().into_iter();
    let told = events.filter(|event| event.name.starts_with("ReservationTerm"));
    told.map(|event| {
        let detail: Value = serde_json::from_str(&event.detail).unwrap();
        let number = |key: &str| detail[key].as_u64().unwrap();
        (event.name, number("days"), number("count"))
    })
    .collect()
}

/// Keeps house whenever something is due, until `end`; gives when that was.
fn keep_house_until(world: &mut World, end: UnixTime) -> Vec<UnixTime> {
    let mut looks = Vec::new();
    while let Some(next) = world.view(|view| view.next_look()).unwrap().filter(|at| *at <= end) {
        world.now = next;
        world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
        looks.push(next);
    }
    world.now = end;
    looks
}

#[test]
fn the_end_of_a_term_is_told_on_its_days_and_at_its_end_also_after_restarts() {
    let mut world = World::new();
    let end = world.now.saturating_add(days(200));
    world.buy_term(STANDARD, 5, None, Some(end));
    reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 4)]);
    let mut expected = Vec::new();
    for left in [90, 60, 30, 14, 7, 3, 1, 0] {
        let at = end.saturating_sub(days(left));
        assert_eq!(keep_house_until(&mut world, at), [at]);
        let name = if left == 0 { "ReservationTermEnded" } else { "ReservationTermEnding" };
        expected.push((name.to_owned(), u64::from(left), 4));
        assert_eq!(told(&world), expected);
        world.reopen();
        world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
        assert_eq!(told(&world), expected, "once each");
    }
    assert_eq!(keep_house_until(&mut world, end.saturating_add(days(400))), []);
    assert_eq!(reserved(&world, STANDARD), 0);
}

#[test]
fn of_what_passed_unseen_only_the_latest_is_told() {
    let mut world = World::new();
    let end = world.now.saturating_add(days(100));
    world.buy_term(STANDARD, 5, None, Some(end));
    reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    world.pass(days(95));
    world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
    assert_eq!(told(&world), [("ReservationTermEnding".into(), 7, 5)]);
}

#[test]
fn a_term_that_joins_late_is_told_from_then_on() {
    let mut world = World::new();
    let end = world.now.saturating_add(days(100));
    world.buy_term(STANDARD, 5, None, Some(end));
    world.buy(STANDARD, 5);
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(STANDARD, 5)]);
    assert_eq!(world.view(|view| view.next_look()).unwrap(), None, "perpetual ones never end");
    world.pass(days(80));
    change(&mut world, row.id, &[(STANDARD, 8)]).unwrap();
    let at = end.saturating_sub(days(14));
    assert_eq!(keep_house_until(&mut world, at), [at]);
    assert_eq!(told(&world), [("ReservationTermEnding".into(), 14, 3)]);
    enter(&mut world, &device.return_update(1)).unwrap();
    assert_eq!(keep_house_until(&mut world, end), [], "what was given back is not told");
}

#[test]
fn what_is_due_when_an_update_joins_is_told_before() {
    let mut world = World::new();
    let end = world.now.saturating_add(days(100));
    world.buy_term(STANDARD, 9, None, Some(end));
    let row = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    world.pass(days(11));
    change(&mut world, row.id, &[(STANDARD, 9)]).unwrap();
    assert_eq!(told(&world), [("ReservationTermEnding".into(), 90, 5)]);
    world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
    assert_eq!(told(&world).len(), 1);
    let next = end.saturating_sub(days(60));
    assert_eq!(keep_house_until(&mut world, next), [next]);
    assert_eq!(told(&world)[1], ("ReservationTermEnding".into(), 60, 9));
}

#[test]
fn each_term_of_a_reservation_is_told_by_itself() {
    let mut world = World::new();
    let (first, second) =
        (world.now.saturating_add(days(100)), world.now.saturating_add(days(105)));
    world.buy_term(STANDARD, 5, None, Some(first));
    world.buy_term(PREMIUM, 5, None, Some(second));
    reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5), (PREMIUM, 4)]);
    let looks = keep_house_until(&mut world, second);
    assert_eq!(looks.len(), 16);
    let told = told(&world);
    for left in [90, 60, 30, 14, 7, 3, 1, 0] {
        let times = |count| told.iter().filter(|line| (line.1, line.2) == (left, count)).count();
        assert_eq!((times(5), times(4)), (1, 1), "{left} days: {told:?}");
    }
}

#[test]
fn of_old_and_new_the_larger_is_told() {
    let mut world = World::new();
    let end = world.now.saturating_add(days(100));
    world.buy_term(STANDARD, 9, None, Some(end));
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(STANDARD, 9)]);
    change(&mut world, row.id, &[(STANDARD, 2)]).unwrap();
    keep_house_until(&mut world, end.saturating_sub(days(90)));
    enter(&mut world, &device.confirmation(1)).unwrap();
    keep_house_until(&mut world, end.saturating_sub(days(60)));
    let counts: Vec<u64> = told(&world).iter().map(|line| line.2).collect();
    assert_eq!(counts, [9, 2]);
}

#[test]
fn a_reserved_term_ends_on_its_day_also_where_no_line_does() {
    let mut world = World::new();
    let end = world.now.saturating_add(days(100));
    let line = world.buy_term(STANDARD, 5, None, Some(end));
    reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    world.buy(STANDARD, 5);
    world.change(|tx, scene, _| crate::domain::license::end(tx, scene, line.id)).unwrap();
    world.now = end.saturating_sub(Duration::from_secs(1));
    assert_eq!(reserved(&world, STANDARD), 5);
    world.now = end;
    assert_eq!(reserved(&world, STANDARD), 0);
}

#[test]
fn more_than_one_run_takes_on_is_told_by_the_next() {
    let mut world = World::in_memory();
    let row = redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
    world
        .change(|tx, scene, _| {
            for number in 0..501_u32 {
                let mut anchor = [1; 16];
                anchor[..4].copy_from_slice(&number.to_be_bytes());
                tx.add_reservation(&ReservationRow {
                    number,
                    confirmed: anchor,
                    declined: anchor,
                    serial_number: "SN2".into(),
                    state: ReservationState::Cancelled,
                    look_at: Some(scene.now),
                    ..row.clone()
                })?;
            }
            Ok(())
        })
        .unwrap();
    let mut run = || world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
    let (first, second) = (run(), run());
    assert_eq!(first, world.now, "at once again");
    assert!(second > world.now);
}

//! SPEC T5: both are told, both are counted, until it is settled.

use crate::domain::{housekeeping, instance};
use crate::store::DeviceState;
use crate::testing::{Machine, STANDARD, START, World, refused};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{AnswerBody, Refusal, RequestBody};

/// A machine and its clone, proven by their reports of 3 and of 4.
fn twins(world: &mut World) -> (Machine, Machine) {
    let mut machine = Machine::registered(world, "SN1");
    let mut clone = machine.clone();
    assert_eq!(told(world, &mut machine, 3), (false, 3));
    assert_eq!(clone.report(world, &[(STANDARD, 4)]), AnswerBody::Conflict);
    clone.number.epoch += 1;
    assert_eq!(told(world, &mut clone, 4), (false, 4), "it may be one machine that was restored");
    assert_eq!(told(world, &mut machine, 3), (true, 7));
    (machine, clone)
}

/// What a machine is told of a duplicate when it reports, and what the device then uses.
fn told(world: &mut World, machine: &mut Machine, seats: u32) -> (bool, u32) {
    match machine.report(world, &[(STANDARD, seats)]) {
        AnswerBody::Authorization(said) => (said.duplicate, world.peak(machine, STANDARD)),
        other => panic!("{other:?}"),
    }
}

fn machines(world: &World, machine: &Machine) -> usize {
    world.view(|view| view.machines(world.row(machine).id)).unwrap().len()
}

fn keep_house(world: &mut World, now: UnixTime) -> Option<UnixTime> {
    world.now = now;
    world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
    world.view(|view| view.next_look()).unwrap()
}

fn day(n: u32) -> UnixTime {
    START.saturating_add(Duration::from_days(n))
}

#[test]
fn both_machines_are_told_and_both_are_counted() {
    let mut world = World::new();
    world.buy(STANDARD, 10);
    let (mut machine, mut clone) = twins(&mut world);
    assert_eq!(world.count_events("DuplicateInstance"), 1);
    assert_eq!(told(&mut world, &mut clone, 5), (true, 8));
    assert_eq!(told(&mut world, &mut clone, 6), (true, 9), "also twice in a row");
    assert_eq!(told(&mut world, &mut machine, 0), (true, 6));
    assert!(machine.is_covered(&mut world, 4, 0));
    assert!(!machine.is_covered(&mut world, 5, 0), "5 and 6 are more than 10");
    assert!(!clone.is_covered(&mut world, 6, 0), "and that holds for both");
    let mut other = Machine::registered(&mut world, "SN2");
    assert!(!other.is_covered(&mut world, 0, 0));
    // A report that is sent twice counts once.
    let (frame, _) = clone.report_frame(&[(STANDARD, 1)]);
    assert_eq!(world.send(&frame), world.send(&frame));
    assert_eq!(world.peak(&clone, STANDARD), 6);
    assert!(other.is_covered(&mut world, 4, 0));
}

#[test]
fn register_force_on_one_leaves_that_one_and_releases_the_other() {
    let mut world = World::new();
    let (machine, mut clone) = twins(&mut world);
    let token = world.token();
    let mut settled = machine.with_new_key(9);
    settled.register(&mut world, token, true);
    assert_eq!(world.peak(&machine, STANDARD), 7);
    assert_eq!(told(&mut world, &mut clone, 5), (true, 8), "SPEC T4: until the new key is used");
    assert_eq!(told(&mut world, &mut settled, 2), (false, 2));
    assert_eq!((machines(&world, &settled), world.count_events("DuplicateResolved")), (0, 1));
    assert_eq!(clone.report(&mut world, &[(STANDARD, 9)]), refused(Refusal::InstanceReplaced));
    assert_eq!(world.peak(&settled, STANDARD), 2);
}

#[test]
fn a_settled_machine_that_asks_for_something_else_first_counts_what_it_reported() {
    let mut world = World::new();
    let (_, clone) = twins(&mut world);
    let token = world.token();
    let mut settled = clone.with_new_key(9);
    settled.register(&mut world, token, true);
    let answer = settled.ask(&mut world, RequestBody::RenewCertificate);
    assert!(matches!(answer, AnswerBody::Renewed(_)), "{answer:?}");
    assert_eq!((world.peak(&settled, STANDARD), machines(&world, &settled)), (4, 0));
    assert_eq!(world.row(&settled).duplicate_since, None);
}

#[test]
fn an_instance_that_ends_takes_both_along() {
    let mut world = World::new();
    let (machine, mut clone) = twins(&mut world);
    let id = world.row(&machine).id;
    world.change(|tx, scene, _| instance::remove(tx, scene, id)).unwrap();
    let row = world.row(&machine);
    assert_eq!((row.state, row.duplicate_since), (DeviceState::Removed, None));
    assert_eq!((world.peak(&machine, STANDARD), machines(&world, &machine)), (0, 0));
    assert_eq!(clone.report(&mut world, &[]), refused(Refusal::InstanceUnknown));
    let token = world.token();
    clone.register(&mut world, token, false);
    assert_eq!(told(&mut world, &mut clone, 6), (false, 6));
}

#[test]
fn a_transfer_moves_what_both_use() {
    let mut world = World::new();
    let (machine, mut clone) = twins(&mut world);
    world.buy(STANDARD, 7);
    let mut other = Machine::registered(&mut world, "SN2");
    assert!(!other.is_covered(&mut world, 7, 0));
    let branch = world.add_place("Branch");
    let id = world.row(&machine).id;
    world.change(|tx, scene, _| instance::transfer(tx, scene, id, branch)).unwrap();
    assert!(other.is_covered(&mut world, 7, 0));
    assert_eq!(told(&mut world, &mut clone, 5), (true, 8));
    assert!(other.is_covered(&mut world, 7, 0), "both count in the branch");
}

#[test]
fn a_machine_that_is_silent_for_90_days_is_released_to_the_second() {
    let mut world = World::new();
    let (_, mut clone) = twins(&mut world);
    for n in [29, 58, 87] {
        world.now = day(n);
        assert_eq!(told(&mut world, &mut clone, 4), (true, 7));
    }
    let second = Duration::from_secs(1);
    assert_eq!(keep_house(&mut world, day(90).saturating_sub(second)), Some(day(90)));
    assert_eq!(world.peak(&clone, STANDARD), 7);
    keep_house(&mut world, day(90));
    assert_eq!(world.peak(&clone, STANDARD), 4);
    assert_eq!((machines(&world, &clone), world.row(&clone).duplicate_since), (0, None));
    let events = ["UsageReleased", "DuplicateResolved", "DeviceSilent"];
    assert_eq!(events.map(|name| world.count_events(name)), [1, 1, 0]);
    assert_eq!(told(&mut world, &mut clone, 5), (false, 5));
}

#[test]
fn what_is_due_is_known_though_the_proof_came_late() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let mut clone = machine.clone();
    told(&mut world, &mut machine, 3);
    clone.report(&mut world, &[]);
    clone.number.epoch += 1;
    told(&mut world, &mut clone, 4);
    keep_house(&mut world, day(30));
    world.now = day(85);
    assert_eq!(told(&mut world, &mut machine, 3), (true, 7), "the clone was silent since day 0");
    assert_eq!(world.view(|view| view.next_look()).unwrap(), Some(day(90)));
    assert_eq!(keep_house(&mut world, day(90)), Some(day(115)));
    assert_eq!(world.peak(&machine, STANDARD), 3);
    // One that comes back after that is the second machine again.
    assert_eq!(told(&mut world, &mut clone, 4), (true, 7));
    assert_eq!(world.count_events("DuplicateInstance"), 2);
}

#[test]
fn when_both_are_silent_everything_is_released() {
    let mut world = World::new();
    let (mut machine, _) = twins(&mut world);
    keep_house(&mut world, day(30));
    keep_house(&mut world, day(90));
    let events = ["DeviceSilent", "UsageReleased", "DuplicateResolved"];
    assert_eq!(events.map(|name| world.count_events(name)), [1, 1, 1]);
    assert_eq!((world.peak(&machine, STANDARD), machines(&world, &machine)), (0, 0));
    assert_eq!(told(&mut world, &mut machine, 3).1, 3);
}

#[test]
fn a_machine_in_ever_new_epochs_is_counted_to_a_limit() {
    let mut world = World::new();
    let (mut machine, mut clone) = twins(&mut world);
    clone.number.epoch += 100;
    assert_eq!(told(&mut world, &mut clone, 1), (true, 3 + 4 + 1), "it may be a third machine");
    for _ in 0..40 {
        world.pass(Duration::from_hours(8));
        clone.number.epoch += 1;
        assert!(told(&mut world, &mut clone, 1).0);
    }
    assert_eq!(world.peak(&clone, STANDARD), 16);
    // The machine's epoch is forgotten too by now: it is one more.
    assert_eq!(told(&mut world, &mut machine, 3), (true, 15 + 3));
    assert_eq!(machines(&world, &machine), 16);
}

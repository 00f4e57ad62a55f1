use crate::testing::{Machine, STANDARD, World, refused};
use leasehold_core::time::Duration;
use leasehold_core::wire::{AnswerBody, Refusal};

#[test]
fn a_repeated_report_gets_the_same_bytes_and_counts_once() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let (frame, digest) = machine.report_frame(&[(STANDARD, 3)]);
    let first = world.send(&frame);
    assert_eq!(world.send(&frame), first);
    world.reopen();
    world.pass(Duration::from_hours(1));
    assert_eq!(world.send(&frame), first, "also after a restart");
    assert!(matches!(machine.believe(&first, digest), AnswerBody::Authorization(_)));
    assert_eq!(world.row(&machine).reports_counted, 1);
    assert_eq!(world.peak(&machine, STANDARD), 3);
}

#[test]
fn a_number_that_was_used_or_is_behind_is_a_conflict_and_counts_nothing() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let mut restored = machine.clone();
    machine.report(&mut world, &[(STANDARD, 1)]);
    machine.report(&mut world, &[(STANDARD, 2)]);
    let before = world.row(&machine);
    restored.last_answer = machine.last_answer;
    // The numbers of both reports again, with other content.
    let (behind, digest) = restored.report_frame(&[(STANDARD, 7)]);
    let answer = world.send(&behind);
    assert_eq!(restored.believe(&answer, digest), AnswerBody::Conflict);
    assert_eq!(world.send(&behind), answer, "a conflict repeated is the same conflict");
    assert_eq!(restored.report(&mut world, &[(STANDARD, 8)]), AnswerBody::Conflict);
    let after = world.row(&machine);
    assert_eq!((after.sequence, after.reports_counted), (before.sequence, 2));
    assert_eq!((after.last_answer, after.duplicate_since), (before.last_answer, None));
    assert_eq!(world.peak(&machine, STANDARD), 2);
    // Under a fresh epoch it goes on, from any sequence.
    restored.number.epoch += 1;
    restored.number.sequence = 0;
    restored.report(&mut world, &[(STANDARD, 9)]);
    assert_eq!(world.peak(&machine, STANDARD), 9);
    assert_eq!(world.row(&machine).duplicate_since, None, "one machine that was restored");
}

#[test]
fn an_epoch_that_goes_on_after_another_proves_two_machines_until_one_is_forced() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let mut clone = machine.clone();
    machine.report(&mut world, &[(STANDARD, 1)]);
    clone.last_answer = machine.last_answer;
    assert_eq!(clone.report(&mut world, &[(STANDARD, 2)]), AnswerBody::Conflict);
    clone.number.epoch += 1;
    clone.report(&mut world, &[(STANDARD, 2)]);
    assert_eq!(world.count_events("DuplicateInstance"), 0);
    world.pass(Duration::from_hours(8));
    machine.last_answer = clone.last_answer;
    machine.report(&mut world, &[(STANDARD, 1)]);
    assert_eq!(world.row(&machine).duplicate_since, Some(world.now));
    // Both go on; the alarm is raised once.
    let since = world.now;
    world.pass(Duration::from_hours(8));
    for _ in 0..2 {
        clone.last_answer = machine.last_answer;
        assert!(matches!(clone.report(&mut world, &[]), AnswerBody::Authorization(_)));
        machine.last_answer = clone.last_answer;
        assert!(matches!(machine.report(&mut world, &[]), AnswerBody::Authorization(_)));
    }
    assert_eq!(world.row(&machine).duplicate_since, Some(since));
    assert_eq!((world.count_events("DuplicateInstance"), world.devices().len()), (1, 1));
    // SPEC T5: the administrator settles it with `register force` on one.
    let token = world.token();
    let mut settled = machine.with_new_key(9);
    settled.register(&mut world, token, true);
    clone.last_answer = settled.last_answer;
    clone.report(&mut world, &[]);
    settled.last_answer = clone.last_answer;
    settled.report(&mut world, &[]);
    assert_eq!(world.row(&machine).duplicate_since, None);
    assert_eq!(world.count_events("DuplicateResolved"), 1);
    assert_eq!(clone.report(&mut world, &[]), refused(Refusal::InstanceReplaced), "SPEC X14");
}

#[test]
fn recorded_requests_of_an_old_epoch_prove_nothing() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let (earlier, _) = machine.report_frame(&[(STANDARD, 1)]);
    world.send(&earlier);
    let (last, _) = machine.report_frame(&[(STANDARD, 2)]);
    let last_answer = world.send(&last);
    machine.number.epoch += 1;
    machine.report(&mut world, &[(STANDARD, 3)]);
    assert_eq!(world.send(&last), last_answer, "a late repeat gets what it got");
    world.send(&earlier);
    assert_eq!(world.row(&machine).duplicate_since, None);
    assert_eq!(world.row(&machine).epoch, machine.number.epoch);
    assert_eq!(world.peak(&machine, STANDARD), 3);
}

#[test]
fn answers_are_numbered_upwards_whatever_they_say() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let mut impostor = machine.with_new_key(9);
    for _ in 0..5 {
        // `believe` refuses an answer that is not newer than the last.
        machine.report(&mut world, &[]);
        impostor.last_answer = machine.last_answer;
        assert_eq!(impostor.report(&mut world, &[]), refused(Refusal::SignatureInvalid));
        machine.last_answer = impostor.last_answer;
    }
    // The clock is set back.
    world.now = world.now.saturating_sub(Duration::from_secs(60));
    machine.report(&mut world, &[]);
}

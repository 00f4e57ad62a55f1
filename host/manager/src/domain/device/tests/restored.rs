//! Devices and a manager that was restored from a backup (SPEC L11): they go on.

use crate::domain::housekeeping;
use crate::testing::{Machine, STANDARD, World, refused};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::time::Duration;
use leasehold_core::wire::{
    AcceptError, AnswerBody, AnswerFrame, Expected, Refusal, RequestBody, accept,
};

fn authorized(answer: &AnswerBody<'_>) -> bool {
    matches!(answer, AnswerBody::Authorization(_))
}

#[test]
fn a_device_that_is_ahead_of_the_backup_goes_on_without_registering_again() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 1)]);
    let backup = world.back_up();
    // Many answers in the lost time, by a clock that ran ahead.
    world.pass(Duration::from_days(40));
    for peak in 2..9 {
        machine.report(&mut world, &[(STANDARD, peak)]);
    }
    let before = machine.last_answer;
    world.now = world.now.saturating_sub(Duration::from_days(39));
    world.restore(&backup).unwrap();
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 9)])));
    assert!(machine.last_answer.epoch > before.epoch);
    assert!(machine.last_answer.sequence < before.sequence, "the epoch is what makes it newer");
    let row = world.row(&machine);
    assert_eq!((row.reports_counted, world.peak(&machine, STANDARD)), (2, 9));
    assert_eq!((row.duplicate_since, world.count_events("DuplicateInstance")), (None, 0));
    world.pass(Duration::from_hours(8));
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 3)])));
    assert_eq!(world.peak(&machine, STANDARD), 3);
}

#[test]
fn what_the_lost_manager_has_said_is_not_believed_any_more() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let backup = world.back_up();
    world.pass(Duration::from_days(1));
    let (frame, digest) = machine.report_frame(&[(STANDARD, 1)]);
    let lost = world.send(&frame);
    world.restore(&backup).unwrap();
    let answer = world.send(&frame);
    assert!(authorized(&machine.believe(&answer, digest)));
    let expected = Expected {
        root: crate::testing::root(),
        device: machine.udi().fingerprint(&SoftwareCrypto),
        request: digest,
        newer_than: machine.last_answer,
    };
    let frame = AnswerFrame::parse(&SoftwareCrypto, &lost).unwrap();
    assert_eq!(accept(&SoftwareCrypto, frame, &expected).err(), Some(AcceptError::Stale));
}

#[test]
fn a_report_of_the_lost_time_that_is_repeated_is_counted_once() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let backup = world.back_up();
    let (frame, digest) = machine.report_frame(&[(STANDARD, 4)]);
    let lost = world.send(&frame);
    world.restore(&backup).unwrap();
    // Its answer did not arrive, so that the device sends the same bytes again.
    let answer = world.send(&frame);
    assert_ne!(answer, lost);
    assert_eq!(world.send(&frame), answer);
    assert!(authorized(&machine.believe(&answer, digest)));
    assert_eq!((world.row(&machine).reports_counted, world.peak(&machine, STANDARD)), (1, 4));
}

#[test]
fn an_answer_of_before_the_backup_is_still_repeated() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let (frame, digest) = machine.report_frame(&[(STANDARD, 4)]);
    let answer = world.send(&frame);
    let backup = world.back_up();
    world.restore(&backup).unwrap();
    assert_eq!(world.send(&frame), answer);
    assert!(authorized(&machine.believe(&answer, digest)));
    assert_eq!(world.row(&machine).reports_counted, 1);
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 5)])));
}

#[test]
fn a_device_that_changed_its_epoch_or_renewed_in_the_lost_time_goes_on() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 1)]);
    let backup = world.back_up();
    machine.begin_epoch(4_000);
    machine.report(&mut world, &[(STANDARD, 2)]);
    let renewed = machine.ask(&mut world, RequestBody::RenewCertificate);
    assert!(matches!(renewed, AnswerBody::Renewed(_)), "{renewed:?}");
    world.pass(Duration::from_days(1));
    world.restore(&backup).unwrap();
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 3)])));
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 4)])));
    assert_eq!(world.row(&machine).duplicate_since, None);
    let renewed = machine.ask(&mut world, RequestBody::RenewCertificate);
    assert!(matches!(renewed, AnswerBody::Renewed(_)), "{renewed:?}");
}

#[test]
fn a_certificate_that_was_renewed_in_the_lost_time_lasts_as_long_as_it_says() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    world.pass(Duration::from_days(360));
    machine.report(&mut world, &[(STANDARD, 2)]);
    let backup = world.back_up();
    let renewed = machine.ask(&mut world, RequestBody::RenewCertificate);
    assert!(matches!(renewed, AnswerBody::Renewed(_)), "{renewed:?}");
    world.pass(Duration::from_days(1));
    world.restore(&backup).unwrap();
    // Its old certificate, the only one that is known, would have ended by now.
    for _ in 0..9 {
        world.pass(Duration::from_days(20));
        world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
        assert!(authorized(&machine.report(&mut world, &[(STANDARD, 3)])));
    }
    // At its usual time it renews again.
    let renewed = machine.ask(&mut world, RequestBody::RenewCertificate);
    assert!(matches!(renewed, AnswerBody::Renewed(_)), "{renewed:?}");
    assert_eq!(world.count_events("InstanceExpired"), 0);
}

#[test]
fn a_device_that_registered_in_the_lost_time_is_told_to_register_again() {
    let mut world = World::new();
    let (row, token) = world.token_for(world.place, Some(1));
    let backup = world.back_up();
    let mut machine = Machine::new("SN1");
    machine.register(&mut world, token, false);
    world.pass(Duration::from_days(1));
    world.restore(&backup).unwrap();
    let unknown = refused(Refusal::InstanceUnknown);
    assert_eq!(machine.report(&mut world, &[(STANDARD, 1)]), unknown);
    // The token's use was lost, too.
    assert_eq!(world.uses(&row), 0);
    assert!(matches!(machine.register(&mut world, token, false), AnswerBody::Registered(_)));
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 1)])));
    assert_eq!((world.uses(&row), world.devices().len()), (1, 1));
}

#[test]
fn every_restore_of_one_backup_is_newer_than_the_last() {
    let mut world = World::new();
    let mut machine = Machine::registered(&mut world, "SN1");
    let backup = world.back_up();
    let mut epochs = Vec::new();
    for hours in [0, 1, 30] {
        world.pass(Duration::from_hours(hours));
        world.restore(&backup).unwrap();
        assert!(authorized(&machine.report(&mut world, &[(STANDARD, 1)])));
        epochs.push(machine.last_answer.epoch);
        world.pass(Duration::from_secs(1));
    }
    assert!(epochs.is_sorted() && epochs[0] > 0, "{epochs:?}");
    // A restart is none.
    world.reopen();
    assert!(authorized(&machine.report(&mut world, &[(STANDARD, 1)])));
    assert_eq!(Some(&machine.last_answer.epoch), epochs.last());
}

//! Every row of the table in `reconcile`, and what is no evidence.

use super::*;
use leasehold_core::code::UPDATES_MAX;

/// Where an appliance is when the backup is made: five seats, and perhaps an update to seven that is
/// pending.
fn backed_up(pending: bool) -> (World, Reserver, ReservationRow, Backup) {
    let mut world = stocked();
    let device = Reserver::new("SN1");
    let mut row = reserve(&mut world, &device, &[(STANDARD, 5)]);
    if pending {
        row = change(&mut world, row.id, &[(STANDARD, 7)]).unwrap();
    }
    let backup = world.back_up();
    (world, device, row, backup)
}

#[test]
fn a_frozen_reservation_stays_set_aside_and_nothing_is_done_with_it() {
    let (mut world, device, before, backup) = backed_up(true);
    let request = redeem_code(&mut world, &Reserver::new("SN2")).unwrap();
    assert_eq!(restore(&mut world, &backup), 1, "the request came after the backup");
    assert!(world.view(|view| one(view, request.id)).is_err());
    let id = before.id;
    let is_frozen = ReservationError::Frozen(id);
    assert_eq!(why(&mut world, |world| choose(world, id, &[(STANDARD, 1)])), is_frozen);
    assert_eq!(why(&mut world, |world| change(world, id, &[(STANDARD, 1)])), is_frozen);
    let drop = |world: &mut World| world.change(|tx, scene, _| cancel(tx, scene, id));
    assert_eq!(why(&mut world, drop), is_frozen);
    let replacement = Reserver::new("SN3").request();
    let moved = |world: &mut World| {
        world.change(|tx, scene, authority| rehost(tx, scene, authority, id, &replacement))
    };
    assert_eq!(why(&mut world, moved), is_frozen);
    for code in [device.confirmation(1), device.return_update(1), device.return_everything()] {
        assert_eq!(why(&mut world, |world| enter(world, &code)), is_frozen);
    }
    // It is all there, and shown.
    assert_eq!(reserved(&world, STANDARD), 7);
    assert_eq!(redeem_code(&mut world, &device).unwrap(), row(&world, id));
    let shown = world.view(|view| detail(view, id)).unwrap().reservation;
    assert_eq!((shown.state, shown.frozen.unwrap().since), (before.state, world.now));
    assert_eq!(shown.update_code, before.update_code);
}

/// A request that waited for its licences at the backup may have got them in the lost time.
#[test]
fn licences_move_to_no_request_that_is_frozen() {
    let mut world = stocked();
    let old = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    let replacement = Reserver::new("SN2");
    let waiting = redeem_code(&mut world, &replacement).unwrap();
    let backup = world.back_up();
    restore(&mut world, &backup);
    unchanged(&mut world, old.id).unwrap();
    let request = replacement.request();
    let moved = |world: &mut World| {
        world.change(|tx, scene, authority| rehost(tx, scene, authority, old.id, &request))
    };
    assert_eq!(why(&mut world, moved), ReservationError::Frozen(waiting.id));
    unchanged(&mut world, waiting.id).unwrap();
    assert_eq!(moved(&mut world).unwrap().id, waiting.id);
}

#[test]
fn what_was_returned_in_the_lost_time_is_freed_by_its_code_once() {
    for pending in [false, true] {
        let (mut world, device, row, backup) = backed_up(pending);
        later(&mut world);
        let code = device.return_everything();
        enter(&mut world, &code).unwrap();
        restore(&mut world, &backup);
        assert_eq!(reserved(&world, STANDARD), if pending { 7 } else { 5 });
        let ended = reconciled(&mut world, row.id, &code).unwrap();
        assert_eq!((ended.state, ended.frozen), (ReservationState::Returned, None));
        assert_eq!((reserved(&world, STANDARD), held(&world, row.id)), (0, vec![]));
        let error = why(&mut world, |world| reconciled(world, row.id, &code));
        let on = world.now;
        assert_eq!(error, ReservationError::Ended { id: row.id, how: "returned", on });
        assert_eq!(
            why(&mut world, |world| enter(world, &code)),
            ReservationError::EnteredBefore { id: row.id, on }
        );
        // The number is spent, and the device may ask anew.
        let spent = why(&mut world, |world| redeem_code(world, &device));
        assert!(matches!(spent, ReservationError::RequestSpent { .. }), "{spent}");
        reserve(&mut world, &device.again(), &[(STANDARD, 10)]);
    }
}

#[test]
fn an_update_that_was_pending_is_settled_by_what_the_device_shows() {
    let (mut world, device, row, backup) = backed_up(true);
    enter(&mut world, &device.confirmation(1)).unwrap();
    restore(&mut world, &backup);
    let row = reconciled(&mut world, row.id, &device.confirmation(1)).unwrap();
    assert_eq!((row.state, row.generation), (ReservationState::Authorized, 1));
    assert_eq!((reserved(&world, STANDARD), row.frozen), (7, None));

    let (mut world, device, row, backup) = backed_up(true);
    enter(&mut world, &device.return_update(1)).unwrap();
    restore(&mut world, &backup);
    let row = reconciled(&mut world, row.id, &device.return_update(1)).unwrap();
    assert_eq!((row.state, row.generation), (ReservationState::Authorized, 0));
    assert_eq!((reserved(&world, STANDARD), row.frozen), (5, None));
}

#[test]
fn an_update_of_the_lost_time_has_to_be_replaced_by_one_that_is_known() {
    for pending in [false, true] {
        let (mut world, device, row, backup) = backed_up(pending);
        let known = row.last_generation;
        if pending {
            enter(&mut world, &device.confirmation(1)).unwrap();
        }
        change(&mut world, row.id, &[(STANDARD, 9)]).unwrap();
        let lost = known + 1;
        enter(&mut world, &device.confirmation(lost)).unwrap();
        restore(&mut world, &backup);
        let set_aside = reserved(&world, STANDARD);
        let id = row.id;
        let row = reconciled(&mut world, id, &device.confirmation(lost)).unwrap();
        assert_eq!(row.frozen.unwrap().ahead, Some(lost));
        assert_eq!((row.state, row.generation), (ReservationState::Authorized, 0));
        assert_eq!(reserved(&world, STANDARD), set_aside, "nothing is freed by it");
        // Neither a word nor the same code again makes known what it holds.
        let ahead = ReservationError::AheadOfBackup(lost);
        assert_eq!(why(&mut world, |world| unchanged(world, id)), ahead);
        for code in [device.confirmation(lost), device.return_update(lost), device.return_update(5)]
        {
            assert_eq!(why(&mut world, |world| reconciled(world, id, &code)), ahead);
        }
        let drop = |world: &mut World| world.change(|tx, scene, _| cancel(tx, scene, id));
        assert_eq!(why(&mut world, drop), ahead);

        let row = change(&mut world, id, &[(STANDARD, 9)]).unwrap();
        let next = row.last_generation;
        assert_eq!(next, lost + LOST_UPDATES + 1, "no number of the lost time is used again");
        assert_eq!(reserved(&world, STANDARD), 9);
        let refused = why(&mut world, |world| change(world, id, &[(STANDARD, 9)]));
        assert_eq!(refused, ReservationError::UpdatePending { id, update: next });
        // One that it gives back leaves it where it was.
        let row = reconciled(&mut world, id, &device.return_update(next)).unwrap();
        assert_eq!(row.frozen.unwrap().ahead, Some(lost));
        assert_eq!(reserved(&world, STANDARD), set_aside);
        let next = change(&mut world, id, &[(STANDARD, 9)]).unwrap().last_generation;
        let refused = why(&mut world, |world| enter(world, &device.confirmation(next)));
        assert_eq!(refused, ahead, "the code is entered where it is asked for");
        let row = reconciled(&mut world, id, &device.confirmation(next)).unwrap();
        assert_eq!((row.frozen, row.generation), (None, next));
        assert_eq!(reserved(&world, STANDARD), 9);
        let only: Vec<u8> = held(&world, id).into_iter().map(|claim| claim.0).collect();
        assert_eq!(only, [next], "nothing of before is left");
        enter(&mut world, &device.return_everything()).unwrap();
        assert_eq!(reserved(&world, STANDARD), 0);
    }
}

#[test]
fn a_later_update_of_the_lost_time_is_believed_after_an_earlier_one() {
    let (mut world, device, row, backup) = backed_up(false);
    restore(&mut world, &backup);
    for lost in [2, 5] {
        let row = reconciled(&mut world, row.id, &device.confirmation(lost)).unwrap();
        assert_eq!(row.frozen.unwrap().ahead, Some(lost));
    }
    let earlier = why(&mut world, |world| reconciled(world, row.id, &device.confirmation(3)));
    assert_eq!(earlier, ReservationError::AheadOfBackup(5));
    // Everything can always be given back.
    let row = reconciled(&mut world, row.id, &device.return_everything()).unwrap();
    assert_eq!((row.state, reserved(&world, STANDARD)), (ReservationState::Returned, 0));
}

#[test]
fn a_code_from_before_the_backup_shows_nothing() {
    let (mut world, device, row, _) = backed_up(true);
    enter(&mut world, &device.confirmation(1)).unwrap();
    change(&mut world, row.id, &[(STANDARD, 6)]).unwrap();
    enter(&mut world, &device.return_update(2)).unwrap();
    change(&mut world, row.id, &[(STANDARD, 8)]).unwrap();
    let backup = world.back_up();
    restore(&mut world, &backup);
    let stale = [
        device.confirmation(1),
        device.confirmation(2),
        device.return_update(1),
        device.return_update(2),
        device.return_update(9),
    ];
    for code in stale {
        let error = why(&mut world, |world| reconciled(world, row.id, &code));
        assert_eq!(error, ReservationError::NoEvidence, "{code}");
    }
    let other = reserve_another(&mut world);
    let code = other.return_everything();
    let error = why(&mut world, |world| reconciled(world, row.id, &code));
    assert!(matches!(error, ReservationError::OtherReservation { .. }), "{error}");
    let error = why(&mut world, |world| reconciled(world, row.id, &device.request()));
    assert!(matches!(error, ReservationError::Code { .. }), "{error}");
    reconciled(&mut world, row.id, &device.confirmation(3)).unwrap();
}

/// Another appliance, with a seat.
fn reserve_another(world: &mut World) -> Reserver {
    let other = Reserver::new("OTHER");
    reserve(world, &other, &[(STANDARD, 1)]);
    other
}

#[test]
fn the_word_of_an_administrator_is_taken_and_logged() {
    let (mut world, device, row, backup) = backed_up(true);
    restore(&mut world, &backup);
    let role = crate::store::Role::User;
    let user = Principal { role, ..administrator(world.account) };
    let (elsewhere, _) = world.add_account("Other");
    for by in [user, administrator(elsewhere)] {
        let refused = reconcile_as(&mut world, &by, row.id, Evidence::Unchanged);
        assert!(matches!(refused, Err(DomainError::Forbidden(_))), "{refused:?}");
    }
    let by = administrator(world.account);
    let after = reconcile_as(&mut world, &by, row.id, Evidence::Unchanged).unwrap();
    assert_eq!((after.state, after.frozen), (row.state, None));
    assert_eq!(after.update_code, row.update_code);
    let events = world.events();
    let said = events.iter().find(|event| event.name == "ReservationReconciled").unwrap();
    assert_eq!(said.actor, "tester", "who is signed in");
    assert!(said.detail.contains("\"evidence\":\"unchanged\""), "{}", said.detail);
    let error = why(&mut world, |world| unchanged(world, row.id));
    assert_eq!(error, ReservationError::NotFrozen);
    // The update that was pending goes on; the next one is above all that may have been issued.
    let row = enter(&mut world, &device.confirmation(1)).unwrap();
    assert_eq!(row.generation, 1);
    let row = change(&mut world, row.id, &[(STANDARD, 1)]).unwrap();
    assert_eq!(row.last_generation, 1 + LOST_UPDATES + 1);
    let error = why(&mut world, |world| enter(world, &device.confirmation(2)));
    assert_eq!(error, ReservationError::Settled(2), "a code of the lost time confirms nothing");
}

#[test]
fn what_was_authorized_in_the_lost_time_is_given_back_first() {
    let mut world = stocked();
    let device = Reserver::new("SN1");
    let id = redeem_code(&mut world, &device).unwrap().id;
    let backup = world.back_up();
    choose(&mut world, id, &[(STANDARD, 5)]).unwrap();
    change(&mut world, id, &[(STANDARD, 6)]).unwrap();
    restore(&mut world, &backup);
    let error = why(&mut world, |world| choose(world, id, &[(STANDARD, 1)]));
    assert_eq!(error, ReservationError::Frozen(id));
    let error = why(&mut world, |world| reconciled(world, id, &device.confirmation(1)));
    assert_eq!(error, ReservationError::AuthorizedAfterBackup);
    let row = reconciled(&mut world, id, &device.return_everything()).unwrap();
    assert_eq!(row.state, ReservationState::Returned);

    // Where nothing was authorized, it goes on by a word.
    let (mut world, device) = (stocked(), Reserver::new("SN1"));
    let id = redeem_code(&mut world, &device).unwrap().id;
    let backup = world.back_up();
    restore(&mut world, &backup);
    unchanged(&mut world, id).unwrap();
    choose(&mut world, id, &[(STANDARD, 5)]).unwrap();
}

#[test]
fn what_was_redeemed_in_the_lost_time_is_unknown_until_it_is_redeemed_again() {
    let mut world = stocked();
    let made = world.now;
    let backup = world.back_up();
    let device = Reserver::new("SN1");
    let lost = reserve(&mut world, &device, &[(STANDARD, 6)]);
    change(&mut world, lost.id, &[(STANDARD, 7)]).unwrap();
    assert_eq!(restore(&mut world, &backup), 0);
    for code in [device.confirmation(1), device.return_everything(), device.return_update(1)] {
        let error = why(&mut world, |world| enter(world, &code));
        assert_eq!(error, ReservationError::CodeLost(made));
    }
    let again = reserve(&mut world, &device, &[(STANDARD, 7)]);
    // The same request twice is one reservation.
    assert_eq!(redeem_code(&mut world, &device).unwrap().id, again.id);
    let error = why(&mut world, |world| enter(world, &device.confirmation(1)));
    assert_eq!(error, ReservationError::AheadOfBackup(1));
    let row = change(&mut world, again.id, &[(STANDARD, 4)]).unwrap();
    assert_eq!(row.last_generation, LOST_UPDATES + 1);
    let error = why(&mut world, |world| enter(world, &device.confirmation(1)));
    assert_eq!(error, ReservationError::Settled(1));
    enter(&mut world, &device.confirmation(LOST_UPDATES + 1)).unwrap();
    assert_eq!(reserved(&world, STANDARD), 4);
    enter(&mut world, &device.return_everything()).unwrap();
    assert_eq!(reserved(&world, STANDARD), 0);
}

#[test]
fn a_device_that_asked_anew_in_the_lost_time_waits_for_its_old_return() {
    let (mut world, device, row, backup) = backed_up(false);
    enter(&mut world, &device.return_everything()).unwrap();
    let next = device.again();
    reserve(&mut world, &next, &[(STANDARD, 8)]);
    restore(&mut world, &backup);
    let error = why(&mut world, |world| redeem_code(world, &next));
    assert_eq!(error, ReservationError::DeviceHasOne(row.id));
    reconciled(&mut world, row.id, &device.return_everything()).unwrap();
    reserve(&mut world, &next, &[(STANDARD, 8)]);
    assert_eq!(reserved(&world, STANDARD), 8);
}

#[test]
fn what_was_rehosted_in_the_lost_time_is_rehosted_again_after_a_word() {
    let (mut world, device, row, backup) = backed_up(false);
    let replacement = Reserver::new("SN2");
    let moved = |world: &mut World| {
        let text = replacement.request();
        world.change(|tx, scene, authority| rehost(tx, scene, authority, row.id, &text))
    };
    moved(&mut world).unwrap();
    restore(&mut world, &backup);
    assert_eq!(why(&mut world, moved), ReservationError::Frozen(row.id));
    unchanged(&mut world, row.id).unwrap();
    let new = moved(&mut world).unwrap();
    assert_eq!(reserved(&world, STANDARD), 5);
    let error = why(&mut world, |world| enter(world, &device.return_everything()));
    assert!(matches!(error, ReservationError::Ended { how: "rehosted", .. }), "{error}");
    enter(&mut world, &replacement.return_everything()).unwrap();
    assert_eq!((reserved(&world, STANDARD), held(&world, new.id)), (0, vec![]));
}

#[test]
fn the_alarm_is_raised_once_and_cleared_with_the_last_one() {
    let mut world = stocked();
    let devices = ["SN1", "SN2"].map(Reserver::new);
    let ids = devices.each_ref().map(|device| reserve(&mut world, device, &[(STANDARD, 2)]).id);
    let gone = reserve(&mut world, &Reserver::new("SN3"), &[(STANDARD, 2)]);
    enter(&mut world, &Reserver::new("SN3").return_everything()).unwrap();
    let backup = world.back_up();
    assert_eq!(restore(&mut world, &backup), 2, "what ended stays ended");
    assert_eq!(row(&world, gone.id).frozen, None);
    assert_eq!((world.count_events("ReservationsFrozen"), frozen(&world, world.account)), (1, 2));
    unchanged(&mut world, ids[0]).unwrap();
    assert_eq!(world.count_events("ReservationsReconciled"), 0);
    reconciled(&mut world, ids[1], &devices[1].return_everything()).unwrap();
    assert_eq!(world.count_events("ReservationsReconciled"), 1);
    assert_eq!(frozen(&world, world.account), 0);
    assert_eq!(world.count_events("ManagerRestored"), 1);
}

#[test]
fn one_backup_can_be_restored_twice_and_a_restored_manager_be_backed_up() {
    let (mut world, device, before, backup) = backed_up(false);
    restore(&mut world, &backup);
    let first = world.authority.epoch;
    unchanged(&mut world, before.id).unwrap();
    let lost = change(&mut world, before.id, &[(STANDARD, 6)]).unwrap().last_generation;
    let second_backup = world.back_up();
    restore(&mut world, &backup);
    assert!(world.authority.epoch > first);
    assert!(row(&world, before.id).frozen.is_some());
    // An update that the first restore has issued.
    reconciled(&mut world, before.id, &device.confirmation(lost)).unwrap();
    let next = change(&mut world, before.id, &[(STANDARD, 6)]).unwrap().last_generation;
    assert!(next > lost, "{next} {lost}");

    let second = world.authority.epoch;
    restore(&mut world, &second_backup);
    assert!(world.authority.epoch > second);
    let row = row(&world, before.id);
    assert_eq!(row.state, ReservationState::UpdatePending);
    assert_eq!(row.issued_up_to, lost + LOST_UPDATES);
}

#[test]
fn numbers_run_out_rather_than_being_used_again() {
    let (mut world, device, row, backup) = backed_up(false);
    restore(&mut world, &backup);
    let lost = UPDATES_MAX - 3;
    reconciled(&mut world, row.id, &device.confirmation(lost)).unwrap();
    let error = why(&mut world, |world| change(world, row.id, &[(STANDARD, 1)]));
    assert_eq!(error, ReservationError::UpdatesUsedUp);
    reconciled(&mut world, row.id, &device.return_everything()).unwrap();
    assert_eq!(reserved(&world, STANDARD), 0);
}

#[test]
fn with_a_clock_that_is_behind_nothing_is_restored() {
    let (mut world, _, _, backup) = backed_up(false);
    world.now = world.now.saturating_sub(days(1));
    let error = world.restore(&backup).unwrap_err();
    assert!(error.to_string().starts_with("The clock of this machine is not right"), "{error}");
    world.now = leasehold_core::time::UnixTime::from_secs(u64::from(u32::MAX) + 1);
    assert!(matches!(world.restore(&backup), Err(DomainError::Invalid(_))));
}

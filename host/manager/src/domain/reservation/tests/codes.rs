//! Confirmation and return codes.

use super::*;
use leasehold_core::code::CodeKind;

/// A device with five seats reserved and an update to seven.
fn updating(world: &mut World) -> (Reserver, ReservationRow) {
    world.buy(STANDARD, 10);
    let device = Reserver::new("SN1");
    let row = reserve(world, &device, &[(STANDARD, 5)]);
    let row = change(world, row.id, &[(STANDARD, 7)]).unwrap();
    (device, row)
}

#[test]
fn a_return_frees_everything_once_and_says_so_the_second_time() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let entered = world.now;
    let code = device.return_everything();
    let ended = enter(&mut world, &code).unwrap();
    assert_eq!((ended.state, ended.ended), (ReservationState::Returned, Some(entered)));
    assert_eq!((reserved(&world, STANDARD), held(&world, row.id)), (0, vec![]));
    world.pass(days(3));
    let error = why(&mut world, |world| enter(world, &code));
    assert_eq!(error, ReservationError::EnteredBefore { id: row.id, on: entered });
    assert_eq!(world.count_events("ReservationReturned"), 1);
    let error = why(&mut world, |world| enter(world, &device.confirmation(1)));
    assert_eq!(error, ReservationError::Ended { id: row.id, how: "returned", on: entered });
    let error = why(&mut world, |world| enter(world, &device.return_update(1)));
    assert_eq!(error, ReservationError::Ended { id: row.id, how: "returned", on: entered });
}

#[test]
fn a_request_that_the_device_gave_up_is_returned_too() {
    let mut world = World::new();
    let device = Reserver::new("SN1");
    redeem_code(&mut world, &device).unwrap();
    let row = enter(&mut world, &device.return_everything()).unwrap();
    assert_eq!(row.state, ReservationState::Returned);
}

#[test]
fn an_update_that_was_never_installed_goes_back_to_what_was_before() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let before = row.authorization_code;
    let row = enter(&mut world, &device.return_update(1)).unwrap();
    assert_eq!((row.state, row.generation), (ReservationState::Authorized, 0));
    assert_eq!((row.authorization_code, row.update_code), (before, None));
    assert_eq!(reserved(&world, STANDARD), 5);
    assert_eq!(world.count_events("ReservationUpdateReturned"), 1);
    let error = why(&mut world, |world| enter(world, &device.confirmation(1)));
    assert_eq!(error, ReservationError::Settled(1));
    // Its number is burnt.
    let row = change(&mut world, row.id, &[(STANDARD, 6)]).unwrap();
    assert_eq!(row.last_generation, 2);
    let row = enter(&mut world, &device.confirmation(2)).unwrap();
    assert_eq!((row.generation, reserved(&world, STANDARD)), (2, 6));
}

#[test]
fn a_confirmation_that_was_entered_before_is_told_with_its_time() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let entered = world.now;
    let row = enter_as(&mut world, &Principal::local("x"), Some(row.id), &device.confirmation(1));
    let row = row.unwrap();
    assert_eq!((row.state, row.generation), (ReservationState::Authorized, 1));
    assert_eq!((row.authorization_code.is_some(), row.update_code), (true, None));
    world.pass(days(1));
    let error = why(&mut world, |world| enter(world, &device.confirmation(1)));
    let before = ReservationError::EnteredBefore { id: row.id, on: entered };
    assert_eq!(error, before);
    change(&mut world, row.id, &[(STANDARD, 1)]).unwrap();
    let error = why(&mut world, |world| enter(world, &device.confirmation(1)));
    assert_eq!(error, before, "it does not confirm the next");
    let error = why(&mut world, |world| enter(world, &device.return_update(1)));
    assert_eq!(error, ReservationError::Settled(1));
    let error = why(&mut world, |world| enter(world, &device.confirmation(3)));
    assert_eq!(error, ReservationError::NeverIssued(3));
    let error = why(&mut world, |world| enter(world, &device.return_update(3)));
    assert_eq!(error, ReservationError::NeverIssued(3));
    assert_eq!(reserved(&world, STANDARD), 7);
}

#[test]
fn every_code_can_be_shown_again() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    enter(&mut world, &device.confirmation(1)).unwrap();
    world.pass(days(1));
    enter(&mut world, &device.return_everything()).unwrap();
    let shown = world.view(|view| detail(view, row.id)).unwrap();
    assert_eq!(shown.reservation.request_code, device.request());
    assert_eq!(shown.reservation.authorization_code, row.update_code);
    let entered: Vec<&str> = shown.entered.iter().map(|entered| &*entered.code).collect();
    assert_eq!(entered, [device.confirmation(1), device.return_everything()]);
    let error = world.view(|view| detail(view, ReservationId(99))).unwrap_err();
    assert!(matches!(error, DomainError::NotFound(_)));
}

/// A device makes confirmations and returns of updates only when something is installed.
#[test]
fn what_is_installed_is_known_once_a_code_proves_it() {
    let installed = |world: &World, row: &ReservationRow| {
        world.view(|view| detail(view, row.id)).unwrap().is_installed()
    };
    for confirms in [true, false] {
        let mut world = World::new();
        let (device, row) = updating(&mut world);
        assert!(!installed(&world, &row));
        let code = if confirms { device.confirmation(1) } else { device.return_update(1) };
        enter(&mut world, &code).unwrap();
        assert!(installed(&world, &row));
        change(&mut world, row.id, &[(STANDARD, 1)]).unwrap();
        assert!(installed(&world, &row), "of the two, the one in force is");
        enter(&mut world, &device.return_everything()).unwrap();
        assert!(!installed(&world, &row));
    }
}

#[test]
fn a_code_of_another_reservation_says_whose_it_is() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let other = redeem_code(&mut world, &Reserver::new("SN2")).unwrap();
    let by = Principal::local("tester");
    for code in [device.confirmation(1), device.return_update(1), device.return_everything()] {
        let error = why(&mut world, |world| enter_as(world, &by, Some(other.id), &code));
        let serial_number = "SN1".into();
        assert_eq!(error, ReservationError::OtherReservation { id: row.id, serial_number });
    }
    let code = device.confirmation(1);
    let nothing = enter_as(&mut world, &by, Some(ReservationId(99)), &code);
    assert!(matches!(nothing, Err(DomainError::NotFound(_))));
}

#[test]
fn a_code_of_another_account_is_unknown() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let (elsewhere, place) = world.add_account("Other");
    let own = redeem_in(&mut world, place, &Reserver::new("SN2").request()).unwrap();
    let other = administrator(elsewhere);
    for code in [device.confirmation(1), device.return_update(1), device.return_everything()] {
        for named in [None, Some(own.id)] {
            let error = why(&mut world, |world| enter_as(world, &other, named, &code));
            assert_eq!(error, ReservationError::CodeUnknown);
        }
        let refused = enter_as(&mut world, &other, Some(row.id), &code);
        assert!(matches!(refused, Err(DomainError::Forbidden(_))));
    }
    // One who works in another virtual account of the same account knows as little.
    let branch = world.add_place("Branch");
    let clerk = Principal { virtual_account: Some(branch), ..administrator(world.account) };
    let code = device.return_everything();
    let error = why(&mut world, |world| enter_as(world, &clerk, None, &code));
    assert_eq!(error, ReservationError::CodeUnknown);
    let owner = administrator(world.account);
    enter_as(&mut world, &owner, None, &code).unwrap();
}

#[test]
fn who_may_only_look_enters_nothing() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let role = crate::store::Role::Viewer;
    let viewer = Principal { role, ..administrator(world.account) };
    for named in [None, Some(row.id)] {
        for code in [device.confirmation(1), device.return_everything()] {
            let refused = enter_as(&mut world, &viewer, named, &code);
            assert!(matches!(refused, Err(DomainError::Forbidden(_))));
        }
    }
    assert_eq!(reserved(&world, STANDARD), 7);
}

#[test]
fn a_code_of_the_wrong_kind_is_told() {
    let mut world = World::new();
    let (device, row) = updating(&mut world);
    let by = Principal::local("tester");
    let kind = |error: ReservationError| match error {
        ReservationError::Code { expected, error, .. } => (expected, error.to_owned()),
        other => panic!("{other}"),
    };
    let text = device.request();
    let error = why(&mut world, |world| {
        world.change(|tx, scene, authority| confirm(tx, scene, authority, &by, None, &text))
    });
    assert_eq!(kind(error).0, CodeKind::Confirmation);
    let text = row.update_code.unwrap();
    let error = why(&mut world, |world| {
        world.change(|tx, scene, authority| give_back(tx, scene, authority, &by, None, &text))
    });
    assert_eq!(kind(error).0, CodeKind::Return);
}

#[test]
fn after_many_unknown_codes_an_account_has_to_wait() {
    let mut world = World::new();
    let (device, _) = updating(&mut world);
    let owner = administrator(world.account);
    for guess in 0..UNKNOWN_CODES_ALLOWED {
        let stranger = Reserver::new(&format!("X{guess}"));
        let code = stranger.return_everything();
        let error = why(&mut world, |world| enter_as(world, &owner, None, &code));
        assert_eq!(error, ReservationError::CodeUnknown);
        assert!(error.to_string().contains("never redeemed, nothing is left to do"), "{error}");
    }
    let code = device.confirmation(1);
    world.pass(Duration::from_minutes(20));
    let error = why(&mut world, |world| enter_as(world, &owner, None, &code));
    assert_eq!(error, ReservationError::TooManyUnknown { seconds: 2_400 });
    assert!(error.to_string().ends_with("Try again in 40 minutes."), "{error}");
    world.pass(Duration::from_minutes(40));
    enter_as(&mut world, &owner, None, &code).unwrap();
}

//! Request codes.

use super::*;
use crate::domain::instance;
use crate::testing::Machine;
use leasehold_core::code::{CodeError, CodeKind};

#[test]
fn a_request_becomes_one_reservation_however_often_it_is_redeemed() {
    let mut world = World::new();
    let device = Reserver::new("SN1");
    let row = redeem_code(&mut world, &device).unwrap();
    assert_eq!((row.state, row.number), (ReservationState::Requested, device.number));
    assert_eq!(row.request_code, device.request());
    assert_eq!(redeem_code(&mut world, &device).unwrap(), row);
    world.buy(STANDARD, 5);
    let row = choose(&mut world, row.id, &[(STANDARD, 5)]).unwrap();
    assert_eq!(redeem_code(&mut world, &device).unwrap(), row, "its code is shown again");
    assert_eq!(world.count_events("ReservationRequested"), 1);
    // The UDI stands in it as it is; the rest may be typed in any case.
    let (udi, rest) = row.request_code.rsplit_once(':').unwrap();
    let typed = format!(" \"{udi}: {}\" ", rest.to_lowercase().replace('-', " "));
    assert_eq!(redeem_in(&mut world, row.virtual_account, &typed).unwrap(), row);
}

#[test]
fn what_is_no_request_code_is_told() {
    let mut world = World::new();
    let device = Reserver::new("SN1");
    let refused = |world: &mut World, text: &str| {
        let error = why(world, |world| redeem_in(world, world.place, text));
        match error {
            ReservationError::Code { expected: CodeKind::Request, error, .. } => error,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&mut world, "hello"), CodeError::NotACode);
    let wrong = refused(&mut world, &device.return_everything());
    assert_eq!(wrong, CodeError::WrongKind(CodeKind::Return));
}

#[test]
fn a_product_or_license_type_that_is_not_known_is_refused() {
    let mut world = World::new();
    let unknown = Reserver { product_id: "TOASTER".into(), ..Reserver::new("SN1") };
    let error = why(&mut world, |world| redeem_code(world, &unknown));
    assert_eq!(error, ReservationError::ProductUnknown("TOASTER".into()));
    let odd = Reserver { license_type: 15, ..Reserver::new("SN1") };
    let error = why(&mut world, |world| redeem_code(world, &odd));
    assert_eq!(error, ReservationError::LicenseTypeUnknown("LH-CC".into()));
}

#[test]
fn a_registered_device_is_to_be_deregistered_or_removed_first() {
    let mut world = World::new();
    let machine = Machine::registered(&mut world, "SN1");
    let device = Reserver::new("SN1");
    let error = why(&mut world, |world| redeem_code(world, &device));
    assert_eq!(error, ReservationError::Registered("Default".into()));
    let (_, elsewhere) = world.add_account("Other");
    let error = why(&mut world, |world| redeem_in(world, elsewhere, &device.request()));
    assert_eq!(error, ReservationError::RegisteredElsewhere);
    let id = world.row(&machine).id;
    world.change(|tx, scene, _| instance::remove(tx, scene, id)).unwrap();
    redeem_code(&mut world, &device).unwrap();
    // Another serial number is another device.
    redeem_code(&mut world, &Reserver::new("SN2")).unwrap();
}

#[test]
fn an_instance_whose_certificate_ended_does_not_stand_in_the_way() {
    let mut world = World::new();
    Machine::registered(&mut world, "SN1");
    world.pass(days(366));
    redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
}

#[test]
fn a_device_has_one_reservation_at_a_time_in_an_account() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let device = Reserver::new("SN1");
    let first = redeem_code(&mut world, &device).unwrap();
    let second = device.again();
    for _ in 0..2 {
        let error = why(&mut world, |world| redeem_code(world, &second));
        assert_eq!(error, ReservationError::DeviceHasOne(first.id));
        if first.state == ReservationState::Requested {
            let _ = choose(&mut world, first.id, &[(STANDARD, 5)]);
        }
    }
    // Each account pays for its own.
    let (_, elsewhere) = world.add_account("Other");
    redeem_in(&mut world, elsewhere, &second.request()).unwrap();
    enter(&mut world, &device.return_everything()).unwrap();
    let third = second.again();
    assert_eq!(redeem_code(&mut world, &third).unwrap().number, third.number);
}

#[test]
fn the_number_of_a_reservation_that_ended_is_spent() {
    let mut world = World::new();
    let device = Reserver::new("SN1");
    let row = redeem_code(&mut world, &device).unwrap();
    world.change(|tx, scene, _| cancel(tx, scene, row.id)).unwrap();
    let on = world.now;
    world.pass(days(10));
    let error = why(&mut world, |world| redeem_code(world, &device));
    assert_eq!(error, ReservationError::RequestSpent { id: row.id, how: "cancelled", on });
    redeem_code(&mut world, &device.again()).unwrap();
}

#[test]
fn a_request_is_redeemed_in_one_place() {
    let mut world = World::new();
    let branch = world.add_place("Branch");
    let device = Reserver::new("SN1");
    redeem_code(&mut world, &device).unwrap();
    let error = why(&mut world, |world| redeem_in(world, branch, &device.request()));
    assert_eq!(error, ReservationError::RedeemedIn("Default".into()));
}

#[test]
fn what_copies_a_number_or_the_anchors_of_another_request_is_refused() {
    let mut world = World::new();
    let device = Reserver::new("SN1");
    redeem_code(&mut world, &device).unwrap();
    let known = device.request_code();
    let (_, elsewhere) = world.add_account("Other");
    // The same number of the same device, with another secret or for other things.
    let mut other_secret = device.again();
    other_secret.number = device.number;
    for copy in [other_secret.clone(), device.clone().universal()] {
        let error = why(&mut world, |world| redeem_code(world, &copy));
        assert_eq!(error, ReservationError::RequestTaken);
    }
    // The same anchors in a request of another device, or in another account.
    let mut half = other_secret.request_code();
    (half.number, half.serial_number) = (77, "SN9".try_into().unwrap());
    for confirmed in [true, false] {
        let mut copy = half.clone();
        match confirmed {
            true => copy.anchors.confirmed = known.anchors.confirmed,
            false => copy.anchors.declined = known.anchors.declined,
        }
        let text = copy.to_text();
        for place in [world.place, elsewhere] {
            let error = why(&mut world, |world| redeem_in(world, place, &text));
            assert_eq!(error, ReservationError::RequestTaken);
        }
    }
    let error = why(&mut world, |world| redeem_in(world, elsewhere, &device.request()));
    assert_eq!(error, ReservationError::RequestTaken);
}

#[test]
fn only_a_request_without_an_authorization_is_cancelled() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(STANDARD, 5)]);
    let cancelling = |world: &mut World| world.change(|tx, scene, _| cancel(tx, scene, row.id));
    assert_eq!(why(&mut world, cancelling), ReservationError::IssuedAlready);
    let second = redeem_code(&mut world, &Reserver::new("SN2")).unwrap();
    world.change(|tx, scene, _| cancel(tx, scene, second.id)).unwrap();
    assert_eq!(world.count_events("ReservationCancelled"), 1);
    let (how, on) = ("cancelled", world.now);
    let error = why(&mut world, |world| choose(world, second.id, &[(STANDARD, 1)]));
    assert_eq!(error, ReservationError::Ended { id: second.id, how, on });
    let nothing = world.change(|tx, scene, _| cancel(tx, scene, ReservationId(99)));
    assert!(matches!(nothing, Err(DomainError::NotFound(_))));
}

#[test]
fn a_virtual_account_with_a_reservation_is_not_empty() {
    let mut world = World::new();
    let branch = world.add_place("Branch");
    let row = redeem_in(&mut world, branch, &Reserver::new("SN1").request()).unwrap();
    let delete = |world: &mut World| {
        world.change(|tx, scene, _| crate::domain::account::delete_virtual(tx, scene, branch))
    };
    let refused = delete(&mut world).unwrap_err().to_string();
    assert!(refused.contains("1 reservations"), "{refused}");
    world.change(|tx, scene, _| cancel(tx, scene, row.id)).unwrap();
    delete(&mut world).unwrap();
}

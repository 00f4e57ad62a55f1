//! Licences of dead devices.

use super::*;

fn move_to(world: &mut World, id: ReservationId, device: &Reserver) -> Refused<ReservationRow> {
    let text = device.request();
    world.change(|tx, scene, authority| rehost(tx, scene, authority, id, &text))
}

#[test]
fn the_licences_move_and_the_old_number_is_spent() {
    let mut world = World::new();
    let end = Some(world.now.saturating_add(days(30)));
    world.buy(PREMIUM, 2);
    world.buy_term(STANDARD, 5, None, end);
    let (dead, spare) = (Reserver::new("SN1"), Reserver::new("SN2"));
    let old = reserve(&mut world, &dead, &[(STANDARD, 5), (PREMIUM, 2)]);
    let new = move_to(&mut world, old.id, &spare).unwrap();
    assert_eq!((new.state, new.generation), (ReservationState::Authorized, 0));
    assert_eq!((&*new.serial_number, new.authorization_code.is_some()), ("SN2", true));
    let line = |tag: &str, count, until| (0, tag.to_owned(), count, until);
    assert_eq!(held(&world, new.id), [line(STANDARD, 5, end), line(PREMIUM, 2, None)]);
    assert_eq!([STANDARD, PREMIUM].map(|tag| reserved(&world, tag)), [5, 2]);
    let old = world.view(|view| one(view, old.id)).unwrap();
    assert_eq!((old.state, old.rehosted_to), (ReservationState::Rehosted, Some(new.id)));
    assert_eq!((held(&world, old.id), world.count_events("ReservationRehosted")), (vec![], 1));
    let (id, how, on) = (old.id, "rehosted", world.now);
    let error = why(&mut world, |world| enter(world, &dead.return_everything()));
    assert_eq!(error, ReservationError::Ended { id, how, on });
    let error = why(&mut world, |world| redeem_code(world, &dead));
    assert_eq!(error, ReservationError::RequestSpent { id, how, on });
    let error = why(&mut world, |world| move_to(world, id, &Reserver::new("SN3")));
    assert_eq!(error, ReservationError::Ended { id, how, on });
    enter(&mut world, &spare.return_everything()).unwrap();
    assert_eq!([STANDARD, PREMIUM].map(|tag| reserved(&world, tag)), [0, 0]);
}

#[test]
fn a_device_that_lost_everything_is_its_own_replacement() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let device = Reserver::new("SN1");
    let old = reserve(&mut world, &device, &[(STANDARD, 5)]);
    let new = move_to(&mut world, old.id, &device.again()).unwrap();
    assert_eq!(reserved(&world, STANDARD), 5);
    let error = why(&mut world, |world| move_to(world, new.id, &device.again()));
    assert_eq!(error, ReservationError::RequestTaken, "a request is used once");
}

#[test]
fn of_an_update_that_was_pending_the_newer_licences_move() {
    let mut world = World::new();
    world.buy(STANDARD, 9);
    let device = Reserver::new("SN1");
    let old = reserve(&mut world, &device, &[(STANDARD, 9)]);
    change(&mut world, old.id, &[(STANDARD, 4)]).unwrap();
    move_to(&mut world, old.id, &Reserver::new("SN2")).unwrap();
    assert_eq!(reserved(&world, STANDARD), 4);
}

#[test]
fn after_an_update_was_returned_those_before_it_move() {
    let mut world = World::new();
    world.buy(STANDARD, 9);
    let device = Reserver::new("SN1");
    let old = reserve(&mut world, &device, &[(STANDARD, 9)]);
    change(&mut world, old.id, &[(STANDARD, 4)]).unwrap();
    enter(&mut world, &device.return_update(1)).unwrap();
    move_to(&mut world, old.id, &Reserver::new("SN2")).unwrap();
    assert_eq!(reserved(&world, STANDARD), 9);
}

#[test]
fn a_replacement_is_alike() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let old = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    let replacement = Reserver::new("SN2");
    let gateway = Reserver { product_id: "LH-IG".into(), ..replacement.clone() };
    let error = why(&mut world, |world| move_to(world, old.id, &gateway));
    let (replaced, product) = ("LH-IG".into(), "LH-CC".into());
    assert_eq!(error, ReservationError::OtherProduct { replacement: replaced, product });
    let lab = Reserver { license_type: 4, ..replacement.clone() };
    for other in [lab, replacement.clone().universal()] {
        let error = why(&mut world, |world| move_to(world, old.id, &other));
        assert_eq!(error, ReservationError::OtherRequest { wanted: "specific licences" });
    }
    let second = redeem_code(&mut world, &replacement).unwrap();
    let error = why(&mut world, |world| move_to(world, second.id, &Reserver::new("SN3")));
    assert_eq!(error, ReservationError::NotAuthorized);
    // Another request of the replacement stands in the way, and so do licences that it has.
    let error = why(&mut world, |world| move_to(world, old.id, &replacement.again()));
    assert_eq!(error, ReservationError::DeviceHasOne(second.id));
    world.buy(STANDARD, 1);
    choose(&mut world, second.id, &[(STANDARD, 1)]).unwrap();
    let error = why(&mut world, |world| move_to(world, old.id, &replacement));
    assert_eq!(error, ReservationError::DeviceHasOne(second.id));
    crate::testing::Machine::registered(&mut world, "SN4");
    let error = why(&mut world, |world| move_to(world, old.id, &Reserver::new("SN4")));
    assert_eq!(error, ReservationError::Registered("Default".into()));
    assert_eq!(reserved(&world, STANDARD), 6);
}

/// The natural first step at a replacement: its request is redeemed before anybody thinks of a rehost.
#[test]
fn a_request_that_was_redeemed_and_has_no_licences_is_used_as_it_is() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let old = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    let replacement = Reserver::new("SN2");
    let waiting = redeem_code(&mut world, &replacement).unwrap();
    let new = move_to(&mut world, old.id, &replacement).unwrap();
    assert_eq!((new.id, new.state), (waiting.id, ReservationState::Authorized));
    assert_eq!((held(&world, new.id).len(), reserved(&world, STANDARD)), (1, 5));
    replacement.accept(&new.authorization_code.unwrap(), None).unwrap();
    // One that was cancelled is spent, and says so.
    let third = Reserver::new("SN3");
    let cancelled = redeem_code(&mut world, &third).unwrap();
    world.change(|tx, scene, _| cancel(tx, scene, cancelled.id)).unwrap();
    let on = world.now;
    let error = why(&mut world, |world| move_to(world, new.id, &third));
    assert_eq!(error, ReservationError::RequestSpent { id: cancelled.id, how: "cancelled", on });
    // What was redeemed elsewhere lies elsewhere.
    let branch = world.add_place("Branch");
    let third = third.again();
    redeem_in(&mut world, branch, &third.request()).unwrap();
    let error = why(&mut world, |world| move_to(world, new.id, &third));
    assert_eq!(error, ReservationError::RedeemedIn("Branch".into()));
}

#[test]
fn what_has_ended_does_not_move() {
    let mut world = World::new();
    let end = Some(world.now.saturating_add(days(30)));
    world.buy_term(STANDARD, 5, None, end);
    let old = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    world.pass(days(30));
    let error = why(&mut world, |world| move_to(world, old.id, &Reserver::new("SN2")));
    assert_eq!(error, ReservationError::NothingLeft);
}

#[test]
fn an_account_rehosts_so_often_in_a_year() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let first = world.now;
    let mut last = reserve(&mut world, &Reserver::new("SN0"), &[(STANDARD, 5)]);
    for n in 1..=REHOSTS_PER_YEAR {
        last = move_to(&mut world, last.id, &Reserver::new(&format!("SN{n}"))).unwrap();
        world.pass(days(10));
    }
    let next = first.saturating_add(days(365));
    let replacement = Reserver::new("SN99");
    let left =
        |world: &World, account| world.view(|view| rehosts_left(view, account, world.now)).unwrap();
    assert_eq!(left(&world, world.account), 0);
    let error = why(&mut world, |world| move_to(world, last.id, &replacement));
    assert_eq!(error, ReservationError::RehostsUsedUp { most: REHOSTS_PER_YEAR, next });
    world.now = next.saturating_sub(Duration::from_secs(1));
    let error = why(&mut world, |world| move_to(world, last.id, &replacement));
    assert_eq!(error, ReservationError::RehostsUsedUp { most: REHOSTS_PER_YEAR, next });
    world.now = next;
    assert_eq!(left(&world, world.account), 1);
    move_to(&mut world, last.id, &replacement).unwrap();
    // Another account has its own.
    let (other_account, elsewhere) = world.add_account("Other");
    assert_eq!(left(&world, other_account), REHOSTS_PER_YEAR);
    world.place = elsewhere;
    world.buy(STANDARD, 1);
    let other = reserve(&mut world, &Reserver::new("Y1"), &[(STANDARD, 1)]);
    move_to(&mut world, other.id, &Reserver::new("Y2")).unwrap();
}

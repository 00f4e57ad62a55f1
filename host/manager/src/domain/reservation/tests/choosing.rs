//! Which licences are set aside, and what that does to the pool.

use super::*;
use crate::domain::{compliance, license};
use crate::testing::{Machine, SERVER};
use leasehold_core::code::GrantError;
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::product::ProductDefinition;
use leasehold_core::products::contact_center;

#[test]
fn licences_are_chosen_by_tag_or_feature_the_longest_terms_first() {
    let mut world = World::new();
    let ends = |world: &World, count| Some(world.now.saturating_add(days(count)));
    world.buy(STANDARD, 3);
    let (far, near) = (ends(&world, 300), ends(&world, 100));
    world.buy_term(STANDARD, 10, None, near);
    world.buy_term(STANDARD, 4, None, far);
    world.buy(PREMIUM, 2);
    world.buy(SERVER, 1);
    let row = redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
    let wanted = [("standard-seat", 8), (PREMIUM, 2), ("flex/server", 1)];
    let row = choose(&mut world, row.id, &wanted).unwrap();
    assert_eq!(row.state, ReservationState::Authorized);
    let line = |tag: &str, count, until| (0, tag.to_owned(), count, until);
    let expected = [
        line(STANDARD, 3, None),
        line(STANDARD, 4, far),
        line(STANDARD, 1, near),
        line(PREMIUM, 2, None),
        line(SERVER, 1, None),
    ];
    assert_eq!(held(&world, row.id), expected);
    assert_eq!([STANDARD, PREMIUM, SERVER].map(|tag| reserved(&world, tag)), [8, 2, 1]);
    assert_eq!(world.count_events("ReservationAuthorized"), 1);
    world.pass(days(100));
    assert_eq!(reserved(&world, STANDARD), 7, "an expired term stops counting on the day");
}

#[test]
fn what_cannot_be_chosen_is_told() {
    let mut world = World::new();
    world.buy(STANDARD, 3);
    let row = redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
    let mut refused =
        |wanted: &[(&str, u32)]| why(&mut world, |world| choose(world, row.id, wanted));
    for nothing in [&[][..], &[(STANDARD, 0)]] {
        assert_eq!(refused(nothing), ReservationError::NothingChosen);
    }
    for (unknown, named) in [("sofa", "sofa"), ("agent-seat", "agent-seat"), ("", "")] {
        let error = refused(&[(unknown, 1)]);
        assert!(
            matches!(&error, ReservationError::LicenseUnknown { name, known, .. }
                if name == named && known == "standard-seat premium-seat server"),
            "{error}"
        );
    }
    let stored = refused(&[("inbound-port", 1)]);
    assert_eq!(stored, ReservationError::NotReported("CC Flex Inbound Port".into()));
    assert_eq!(refused(&[("inbound-port", 0)]), ReservationError::NothingChosen);
    let too_few = |wanted, available| ReservationError::TooFew {
        name: "CC Flex Standard Seat".into(),
        wanted,
        available,
    };
    for most in [4, u32::MAX] {
        assert_eq!(refused(&[(STANDARD, most)]), too_few(most, 3));
    }
    // Of two numbers nobody can say whether the sum is meant or the last.
    for again in [STANDARD, "standard-seat", "flex/standard-seat"] {
        for counts in [[1, 2], [1, 1], [0, 3], [3, 0]] {
            let error = refused(&[(STANDARD, counts[0]), ("server", 1), (again, counts[1])]);
            assert_eq!(error, ReservationError::GivenTwice { name: again.into(), counts });
        }
    }
    choose(&mut world, row.id, &[(STANDARD, 2)]).unwrap();
    let other = redeem_code(&mut world, &Reserver::new("SN2")).unwrap();
    let error = why(&mut world, |world| choose(world, other.id, &[(STANDARD, 2)]));
    assert_eq!(error, too_few(2, 1), "no licence is reserved twice");
    let error = why(&mut world, |world| choose(world, row.id, &[(STANDARD, 2)]));
    assert_eq!(error, ReservationError::AlreadyAuthorized);
    let error = why(&mut world, |world| change(world, other.id, &[(STANDARD, 1)]));
    assert_eq!(error, ReservationError::NotAuthorized);
}

#[test]
fn a_choice_has_as_many_terms_as_a_code_has_room_for() {
    let mut world = World::new();
    for day in 1..=8 {
        let end = Some(world.now.saturating_add(days(day)));
        world.buy_term(STANDARD, 1, None, end);
    }
    let row = redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
    let error = why(&mut world, |world| choose(world, row.id, &[(STANDARD, 8)]));
    assert_eq!(error, ReservationError::TooManyTerms { terms: 8, most: 7 });
    choose(&mut world, row.id, &[(STANDARD, 7)]).unwrap();
}

#[test]
fn everything_is_one_perpetual_licence() {
    let mut world = World::new();
    let universal = world.authority.catalogue.called("contact-center/universal").unwrap();
    let tag = std::sync::Arc::clone(&universal.tag);
    let device = Reserver::new("SN1").universal();
    let row = redeem_code(&mut world, &device).unwrap();
    let mut refused =
        |wanted: &[(&str, u32)]| why(&mut world, |world| choose(world, row.id, wanted));
    assert_eq!(refused(&[(STANDARD, 1)]), ReservationError::UniversalHasNoChoice);
    assert_eq!(refused(&[]), ReservationError::UniversalNotOwned("CC Universal".into()));
    let soon = Some(world.now.saturating_add(days(100)));
    world.buy_term(&tag, 9, None, soon);
    let error = why(&mut world, |world| choose(world, row.id, &[]));
    assert_eq!(error, ReservationError::UniversalNotOwned("CC Universal".into()));
    world.buy(&tag, 1);
    choose(&mut world, row.id, &[]).unwrap();
    assert_eq!(held(&world, row.id), [(0, tag.to_string(), 1, None)]);
    let error = why(&mut world, |world| change(world, row.id, &[]));
    assert_eq!(error, ReservationError::UniversalHasNoUpdate);
    let second = redeem_code(&mut world, &Reserver::new("SN2").universal()).unwrap();
    let error = why(&mut world, |world| choose(world, second.id, &[]));
    assert_eq!(error, ReservationError::UniversalNotOwned("CC Universal".into()));
    enter(&mut world, &device.return_everything()).unwrap();
    choose(&mut world, second.id, &[]).unwrap();
}

#[test]
fn of_old_and_new_the_larger_is_set_aside_until_the_update_is_confirmed() {
    let mut world = World::new();
    world.buy(STANDARD, 10);
    world.buy(PREMIUM, 5);
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(STANDARD, 6), (PREMIUM, 1)]);
    // The old ones do not stand in the way of the new ones.
    let row = change(&mut world, row.id, &[(STANDARD, 10)]).unwrap();
    assert_eq!((row.state, row.last_generation), (ReservationState::UpdatePending, 1));
    assert!(row.authorization_code.is_some() && row.update_code.is_some());
    assert_eq!([STANDARD, PREMIUM].map(|tag| reserved(&world, tag)), [10, 1]);
    let error = why(&mut world, |world| change(world, row.id, &[(STANDARD, 1)]));
    assert_eq!(error, ReservationError::UpdatePending { id: row.id, update: 1 });
    // Both ways out, and how its code is shown.
    let text = error.to_string();
    for way in ["Update 1 of reservation 1", "show 1 update-code", "install", "confirm", "return"] {
        assert!(text.contains(way), "{way}: {text}");
    }
    enter(&mut world, &device.confirmation(1)).unwrap();
    assert_eq!([STANDARD, PREMIUM].map(|tag| reserved(&world, tag)), [10, 0]);
    let row = change(&mut world, row.id, &[(STANDARD, 2)]).unwrap();
    assert_eq!(reserved(&world, STANDARD), 10);
    enter(&mut world, &device.confirmation(2)).unwrap();
    assert_eq!(reserved(&world, STANDARD), 2);
    assert_eq!(row.last_generation, 2);
    assert_eq!(world.count_events("ReservationUpdated"), 2);
    assert_eq!(world.count_events("ReservationUpdateConfirmed"), 2);
}

#[test]
fn an_update_that_changes_nothing_is_refused_and_one_that_only_lengthens_a_term_is_not() {
    let mut world = World::new();
    let soon = Some(world.now.saturating_add(days(30)));
    world.buy_term(STANDARD, 4, None, soon);
    world.buy(PREMIUM, 1);
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(STANDARD, 4), (PREMIUM, 1)]);
    let same = [("premium-seat", 1), ("standard-seat", 4)];
    let nothing = ReservationError::UpdateChangesNothing(row.id);
    assert_eq!(why(&mut world, |world| change(world, row.id, &same)), nothing);
    // The same count of a longer term is something else.
    world.buy(STANDARD, 4);
    change(&mut world, row.id, &same).unwrap();
    enter(&mut world, &device.confirmation(1)).unwrap();
    assert_eq!(why(&mut world, |world| change(world, row.id, &same)), nothing);
    // What has ended is not there to be kept.
    let error = why(&mut world, |world| change(world, row.id, &[(STANDARD, 4), (PREMIUM, 1)]));
    assert_eq!(error, nothing);
    let brief = reserve(&mut world, &Reserver::new("SN2"), &[(STANDARD, 4)]);
    world.pass(days(30));
    let error = why(&mut world, |world| change(world, brief.id, &[(STANDARD, 4)]));
    assert!(matches!(error, ReservationError::TooFew { available: 0, .. }), "{error}");
}

#[test]
fn what_an_update_would_change_is_told_before_it_is_issued() {
    let mut world = World::new();
    world.buy(STANDARD, 10);
    world.buy(PREMIUM, 5);
    let row = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 6), (PREMIUM, 1)]);
    let ask = |world: &World, wanted: &[(&str, u32)]| {
        let (choices, now) = (choices(wanted), world.now);
        world.view(|view| preview(view, &world.authority, row.id, &choices, now))
    };
    let told = |claims: &[ClaimRow]| -> Vec<(String, u32)> {
        claims.iter().map(|claim| (claim.tag.to_string(), claim.count)).collect()
    };
    let before = everything(&world);
    let fewer = ask(&world, &[(STANDARD, 9)]).unwrap();
    assert_eq!(told(&fewer.before), [(STANDARD.into(), 6), (PREMIUM.into(), 1)]);
    assert_eq!(told(&fewer.after), [(STANDARD.into(), 9)]);
    assert!(fewer.takes_away(world.now), "a premium seat");
    let more = ask(&world, &[(STANDARD, 7), (PREMIUM, 1)]).unwrap();
    assert!(!more.takes_away(world.now));
    let refused = ask(&world, &[(STANDARD, 11)]).unwrap_err();
    assert!(matches!(refused, DomainError::Reservation(ReservationError::TooFew { .. })));
    assert_eq!(everything(&world), before, "nothing is issued");
}

type Terms = Vec<(u32, Option<UnixTime>)>;

/// Name, available and terms of what can be reserved.
fn offered(world: &World, row: &ReservationRow) -> Vec<(String, u64, Terms)> {
    let now = world.now;
    let offers = world.view(|view| offers(view, &world.authority, row, now).unwrap());
    let offer = |offer: Offer| {
        let terms = offer.terms.iter().map(|term| (term.count, term.until)).collect();
        (offer.license, offer.available, terms)
    };
    offers.into_iter().map(offer).collect()
}

#[test]
fn what_can_be_reserved_is_what_the_appliance_can_use_whether_owned_or_not() {
    let mut world = World::new();
    let end = Some(world.now.saturating_add(days(90)));
    world.buy(STANDARD, 3);
    world.buy_term(STANDARD, 4, None, end);
    let row = redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
    let none = |name: &str| (name.to_owned(), 0, vec![]);
    let seats = ("standard-seat".to_owned(), 7, vec![(3, None), (4, end)]);
    assert_eq!(offered(&world, &row), [seats.clone(), none("premium-seat"), none("server")]);
    let limits: Vec<bool> = world
        .view(|view| offers(view, &world.authority, &row, world.now).unwrap())
        .iter()
        .map(|offer| offer.limits)
        .collect();
    assert_eq!(limits, [true, true, false], "owning a server licence is enough");
    // What the reservation has can be chosen again; others cannot have it.
    let row = choose(&mut world, row.id, &[(STANDARD, 5)]).unwrap();
    assert_eq!(offered(&world, &row)[0], seats);
    let other = redeem_code(&mut world, &Reserver::new("SN2")).unwrap();
    let left = ("standard-seat".to_owned(), 2, vec![(2, end)]);
    assert_eq!(offered(&world, &other)[0], left);
    // A gateway has other licences, and everything is one licence of its own, for ever.
    let gateway = Reserver { product_id: "LH-IG".into(), ..Reserver::new("SN3") };
    let gateway = redeem_code(&mut world, &gateway).unwrap();
    assert!(offered(&world, &gateway).iter().all(|(name, ..)| !name.contains("seat")));
    let all = redeem_code(&mut world, &Reserver::new("SN4").universal()).unwrap();
    assert_eq!(offered(&world, &all), [none("contact-center/universal")]);
    let universal = world.authority.catalogue.called("contact-center/universal").unwrap();
    let tag = std::sync::Arc::clone(&universal.tag);
    world.buy_term(&tag, 2, None, end);
    assert_eq!(offered(&world, &all), [none("contact-center/universal")]);
    world.buy(&tag, 1);
    let one = ("contact-center/universal".to_owned(), 1, vec![(1, None)]);
    assert_eq!(offered(&world, &all), [one]);
}

#[test]
fn a_reservation_is_updated_as_often_as_its_codes_can_say() {
    let mut world = World::in_memory();
    world.buy(STANDARD, 100);
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(STANDARD, 1)]);
    for generation in 1..=leasehold_core::code::UPDATES_MAX {
        let row = change(&mut world, row.id, &[(STANDARD, 1 + u32::from(generation))]).unwrap();
        assert_eq!(row.last_generation, generation);
        // A number that was given back is not used again.
        let code = match generation % 3 {
            0 => device.return_update(generation),
            _ => device.confirmation(generation),
        };
        enter(&mut world, &code).unwrap();
    }
    let error = why(&mut world, |world| change(world, row.id, &[(STANDARD, 1)]));
    assert_eq!(error, ReservationError::UpdatesUsedUp);
    enter(&mut world, &device.return_everything()).unwrap();
    assert_eq!(reserved(&world, STANDARD), 0);
}

#[test]
fn what_is_reserved_is_not_there_for_instances() {
    let mut world = World::new();
    world.buy(STANDARD, 10);
    world.buy(PREMIUM, 5);
    let mut machine = Machine::registered(&mut world, "SN9");
    assert!(machine.is_covered(&mut world, 10, 5));
    let device = Reserver::new("SN1");
    reserve(&mut world, &device, &[(STANDARD, 4), (PREMIUM, 2)]);
    assert!(!machine.is_covered(&mut world, 10, 3));
    assert!(!machine.is_covered(&mut world, 5, 4));
    assert!(machine.is_covered(&mut world, 9, 0), "premium covers standard");
    let summary = compliance::summary(&world.authority.catalogue, &pool(&world));
    let line = |tag: &str| {
        let line = summary.iter().find(|line| line.tag == tag).unwrap();
        (line.purchased, line.in_use, line.reserved, line.substituted, line.balance)
    };
    assert_eq!(line(STANDARD), (10, 9, 4, 3, 0));
    assert_eq!(line(PREMIUM), (5, 0, 2, -3, 0));
    let (frame, digest) = machine.report_frame(&[(STANDARD, 1)]);
    let answer = world.send(&frame);
    let leasehold_core::wire::AnswerBody::Authorization(said) = machine.believe(&answer, digest)
    else {
        panic!("no authorization");
    };
    assert_eq!(said.entitlements[0].owned, 6, "those owned less those reserved");
    enter(&mut world, &device.return_everything()).unwrap();
    assert!(machine.is_covered(&mut world, 10, 5));
}

#[test]
fn a_line_that_reservations_need_is_not_ended() {
    let mut world = World::new();
    let line = world.buy(STANDARD, 5);
    let spare = world.buy(STANDARD, 3);
    let device = Reserver::new("SN1");
    reserve(&mut world, &device, &[(STANDARD, 5)]);
    let end = |world: &mut World, id| world.change(|tx, scene, _| license::end(tx, scene, id));
    end(&mut world, spare.id).unwrap();
    let refused = end(&mut world, line.id).unwrap_err();
    assert!(
        matches!(&refused, DomainError::InUse(why) if why.contains("Reservations")),
        "{refused}"
    );
    assert_eq!(pool(&world).owned(STANDARD), 5);
    enter(&mut world, &device.return_everything()).unwrap();
    end(&mut world, line.id).unwrap();
}

#[test]
fn a_device_believes_what_was_issued_for_its_request() {
    let mut world = World::new();
    let end = Some(world.now.saturating_add(days(100)));
    world.buy(PREMIUM, 2);
    world.buy_term(STANDARD, 10, None, end);
    let device = Reserver::new("SN1");
    let row = reserve(&mut world, &device, &[(PREMIUM, 1), (STANDARD, 5)]);
    let grant = device.accept(&row.authorization_code.unwrap(), None).unwrap();
    assert_eq!((grant.generation, grant.issued, grant.universal), (0, world.now, false));
    let lines: Vec<_> =
        grant.lines.iter().map(|line| (line.entitlement, line.count, line.until)).collect();
    assert_eq!(lines, [(0, 5, end), (1, 1, None)]);
    let row = change(&mut world, row.id, &[(PREMIUM, 2)]).unwrap();
    let grant = device.accept(&row.update_code.unwrap(), Some(0)).unwrap();
    assert_eq!((grant.generation, grant.lines.len()), (1, 1));
    let universal = world.authority.catalogue.called("contact-center/universal").unwrap();
    let tag = std::sync::Arc::clone(&universal.tag);
    world.buy(&tag, 1);
    let device = Reserver::new("SN2").universal();
    let row = reserve(&mut world, &device, &[]);
    let grant = device.accept(&row.authorization_code.unwrap(), None).unwrap();
    assert_eq!((grant.universal, grant.lines.is_empty()), (true, true));
}

#[test]
fn a_product_that_pins_the_reservation_key_gets_codes_without_a_certificate() {
    let mut world = World::new();
    let key = KeyHandle([77; 32]);
    let pinned = SoftwareCrypto.public_key(&key).ok();
    let product = contact_center::definition(crate::testing::root());
    let authority = |pins: Option<PublicKey>, has: Option<KeyHandle>| {
        let mut authority = Arc::into_inner(crate::testing::authority(Default::default())).unwrap();
        authority.catalogue =
            Catalogue::new(&[ProductDefinition { reservation_key: pins, ..product }]);
        authority.signer.reservation_key = has;
        Arc::new(authority)
    };
    world.buy(STANDARD, 10);
    let other = SoftwareCrypto.public_key(&KeyHandle([78; 32])).ok();
    let mut lengths = Vec::new();
    for (pins, has) in [(pinned, Some(key)), (other, Some(key)), (None, Some(key)), (pinned, None)]
    {
        world.authority = authority(pins, has);
        let device = Reserver::new(&format!("SN{}", lengths.len()));
        let row = reserve(&mut world, &device, &[(STANDARD, 1)]);
        let code = row.authorization_code.unwrap();
        device.accept_pinning(pins, &code, None).unwrap();
        let unpinned = device.accept(&code, None);
        let short = pins == pinned && has.is_some();
        assert_eq!(unpinned.err(), short.then_some(GrantError::SignerUnknown));
        lengths.push(code.len());
    }
    assert!(lengths[1..].iter().all(|length| *length > lengths[0] + 150), "{lengths:?}");
}

//! What cannot be signed is refused before anything is set aside.

use super::*;
use leasehold_core::product::{Entitlement, LicenseType, ProductDefinition};
use leasehold_core::products::contact_center::{self, FLEX};
use std::sync::Arc;

#[test]
fn a_code_that_every_appliance_would_refuse_is_not_issued() {
    let mut world = World::new();
    let from = world.authority.signer.certificate.valid_from;
    let until = world.authority.signer.certificate.valid_until;
    world.buy_term(STANDARD, 5, Some(from.saturating_sub(Duration::from_days(1))), None);
    let row = redeem_code(&mut world, &Reserver::new("SN1")).unwrap();
    let expected = ReservationError::SignerOutsideDates { from, until };
    let authorized = |world: &mut World| {
        let choices = choices(&[(STANDARD, 5)]);
        world.change(|tx, scene, authority| authorize(tx, scene, authority, row.id, &choices))
    };
    for outside in [from.saturating_sub(Duration::from_secs(1)), until] {
        world.now = outside;
        assert_eq!(why(&mut world, authorized), expected);
    }
    world.now = until.saturating_sub(Duration::from_secs(1));
    authorized(&mut world).unwrap();
}

#[test]
fn what_the_license_type_no_longer_has_does_not_move_to_a_replacement() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    world.buy(PREMIUM, 2);
    let old = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5), (PREMIUM, 2)]);
    // An update of the product drops premium seats.
    let entitlements: Vec<Entitlement<'static>> =
        FLEX.entitlements.iter().filter(|one| one.tag != PREMIUM).copied().collect();
    let entitlements: &'static [Entitlement<'static>] = Vec::leak(entitlements);
    let without = LicenseType { entitlements, ..FLEX };
    let product = contact_center::definition(crate::testing::root());
    let product = ProductDefinition { license_types: Vec::leak(vec![without]), ..product };
    let mut authority = Arc::into_inner(crate::testing::authority(Default::default())).unwrap();
    authority.catalogue = Catalogue::new(&[product]);
    world.authority = Arc::new(authority);
    let spare = Reserver::new("SN2").request();
    let moved = |world: &mut World| {
        world.change(|tx, scene, authority| rehost(tx, scene, authority, old.id, &spare))
    };
    assert_eq!(why(&mut world, moved), ReservationError::LicenseGone(PREMIUM.into()));
    assert_eq!([STANDARD, PREMIUM].map(|tag| reserved(&world, tag)), [5, 2]);
}

#[test]
fn a_code_that_is_entered_again_is_in_the_log() {
    let mut world = World::new();
    world.buy(STANDARD, 5);
    let row = reserve(&mut world, &Reserver::new("SN1"), &[(STANDARD, 5)]);
    world.change(|tx, scene, _| note_entered_again(tx, scene, row.id)).unwrap();
    assert_eq!(world.count_events("CodeEnteredAgain"), 1);
}

//! The life of reservations, one refusal after the other, and at random.

mod choosing;
mod codes;
mod expiry;
mod issuing;
mod life;
mod redeeming;
mod rehosting;
mod restored;
mod thief;

use super::*;
use crate::domain::compliance::Pool;
use crate::domain::user::Principal;
use crate::store::{Filter, PoolRow, VirtualAccountId};
use crate::testing::{ALL, PREMIUM, Reserver, STANDARD, World};
use leasehold_core::time::Duration;

type Refused<T> = Result<T, DomainError>;

/// The reason of a refusal, which has changed nothing: neither rows nor the event log.
pub(super) fn why<T: std::fmt::Debug>(
    world: &mut World,
    deed: impl FnOnce(&mut World) -> Refused<T>,
) -> ReservationError {
    let before = everything(world);
    let error = match deed(world) {
        Err(DomainError::Reservation(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(everything(world), before, "{error}");
    let text = error.to_string();
    assert!(text.ends_with('.') && text.contains(". "), "cause and remedy: {text}");
    error
}

/// What reservations can change.
fn everything(world: &World) -> String {
    let filter = Filter { with_removed: true, ..Filter::default() };
    world.view(|view| {
        let rows = view.reservations(&filter, ALL).unwrap();
        let details: Vec<_> = rows.iter().map(|row| detail(view, row.id).unwrap()).collect();
        let places = view.virtual_accounts(&filter, ALL).unwrap();
        let pools: Vec<Vec<PoolRow>> =
            places.iter().map(|place| view.pool(place.id).unwrap()).collect();
        format!("{details:?} {pools:?} {:?}", view.last_event().unwrap())
    })
}

fn redeem_in(world: &mut World, place: VirtualAccountId, text: &str) -> Refused<ReservationRow> {
    world.change(|tx, scene, authority| redeem(tx, scene, authority, place, text))
}

fn redeem_code(world: &mut World, device: &Reserver) -> Refused<ReservationRow> {
    redeem_in(world, world.place, &device.request())
}

fn choices(wanted: &[(&str, u32)]) -> Vec<Choice> {
    wanted.iter().map(|&(license, count)| Choice { license: license.into(), count }).collect()
}

fn choose(world: &mut World, id: ReservationId, wanted: &[(&str, u32)]) -> Refused<ReservationRow> {
    let choices = choices(wanted);
    world.change(|tx, scene, authority| authorize(tx, scene, authority, id, &choices))
}

fn change(world: &mut World, id: ReservationId, wanted: &[(&str, u32)]) -> Refused<ReservationRow> {
    let choices = choices(wanted);
    world.change(|tx, scene, authority| update(tx, scene, authority, id, &choices))
}

/// Redeems a request and reserves licences for it.
fn reserve(world: &mut World, device: &Reserver, wanted: &[(&str, u32)]) -> ReservationRow {
    let row = redeem_code(world, device).unwrap();
    choose(world, row.id, wanted).unwrap()
}

/// Enters a confirmation or return code, by its prefix, on behalf of `by`.
fn enter_as(
    world: &mut World,
    by: &Principal,
    named: Option<ReservationId>,
    code: &str,
) -> Refused<ReservationRow> {
    let take = if code.starts_with("LHC") { confirm } else { give_back };
    world.change(|tx, scene, authority| take(tx, scene, authority, by, named, code))
}

fn enter(world: &mut World, code: &str) -> Refused<ReservationRow> {
    enter_as(world, &Principal::local("tester"), None, code)
}

/// Who administers one account, and possibly one virtual account of it.
fn administrator(account: crate::store::AccountId) -> Principal {
    let role = crate::store::Role::Administrator;
    Principal { account: Some(account), role, ..Principal::local("administrator") }
}

fn pool(world: &World) -> Pool {
    world.view(|view| Pool::read(view, world.place, world.now)).unwrap()
}

fn reserved(world: &World, tag: &str) -> u64 {
    pool(world).reserved(tag)
}

/// Count and end of what a reservation sets aside, by generation.
fn held(world: &World, id: ReservationId) -> Vec<(u8, String, u32, Option<UnixTime>)> {
    let claims = world.view(|view| view.claims_of(id)).unwrap();
    let claim =
        |claim: ClaimRow| (claim.generation, claim.tag.to_string(), claim.count, claim.until);
    claims.into_iter().map(claim).collect()
}

fn days(count: u32) -> Duration {
    Duration::from_days(count)
}

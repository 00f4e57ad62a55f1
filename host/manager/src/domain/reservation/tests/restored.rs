//! After a restore: what became of each reservation in the lost time, one case after the other.

mod cases;
mod honest;

use super::*;
use crate::store::AccountId;
use crate::testing::Backup;

/// A manager with ten seats.
fn stocked() -> World {
    let mut world = World::new();
    world.buy(STANDARD, 10);
    world
}

/// What the lost time does.
fn later(world: &mut World) {
    world.pass(days(1));
}

/// The database is lost a day later, and the backup is put in its place.
fn restore(world: &mut World, backup: &Backup) -> u64 {
    later(world);
    world.restore(backup).unwrap()
}

fn reconcile_as(
    world: &mut World,
    by: &Principal,
    id: ReservationId,
    evidence: Evidence<'_>,
) -> Refused<ReservationRow> {
    world.change(|tx, scene, authority| {
        super::super::reconcile(tx, scene, authority, by, id, evidence)
    })
}

fn reconciled(world: &mut World, id: ReservationId, code: &str) -> Refused<ReservationRow> {
    reconcile_as(world, &Principal::local("tester"), id, Evidence::Code(code))
}

fn unchanged(world: &mut World, id: ReservationId) -> Refused<ReservationRow> {
    reconcile_as(world, &Principal::local("tester"), id, Evidence::Unchanged)
}

fn row(world: &World, id: ReservationId) -> ReservationRow {
    world.view(|view| one(view, id)).unwrap()
}

fn frozen(world: &World, account: AccountId) -> u64 {
    world.view(|view| view.frozen_reservations(Some(account))).unwrap()
}

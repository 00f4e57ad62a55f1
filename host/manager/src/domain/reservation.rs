//! Reservations: licences set aside for one device, which travel as codes (SPEC section 6, L6, L7; SPEC
//! L11).
//!
//! ```text
//! redeem ──▶ Requested ──authorize──▶ Authorized ──update──▶ UpdatePending
//!                │                     │    ▲                    │
//!              cancel                  │    └─ confirm / return ─┤  of the update
//!                ▼                     ▼                         ▼
//!            Cancelled            Returned, Rehosted  ◀── from either, of everything
//! ```
//!
//! What a generation of a reservation sets aside are its claims: those of the generation in force,
//! and those of an update that is neither confirmed nor returned. A code frees licences exactly once,
//! because it removes claims that are then gone. A code that is entered proves by itself whose it is
//! and what of (`leasehold_core::code`): the administrator who carries it cannot make one.

mod attempts;
mod choose;
mod difference;
mod enter;
mod error;
pub(super) mod expiry;
mod issue;
mod offer;
mod reconcile;
mod redeem;
mod rehost;
#[cfg(test)]
mod tests;
mod wording;

pub use attempts::{Attempts, UNKNOWN_CODES_ALLOWED};
pub use choose::Choice;
pub use difference::{Difference, preview};
pub use enter::{confirm, give_back};
pub use error::ReservationError;
pub use issue::{authorize, update};
pub use offer::{Offer, offers};
pub(super) use reconcile::freeze;
pub use reconcile::{Evidence, LOST_UPDATES, reconcile};
pub use redeem::redeem;
pub use rehost::{REHOSTS_PER_YEAR, rehost, rehosts_left};

use super::catalogue::{Catalogue, LicenseType, Product};
use super::event::{Subject, log};
pub use super::supply::Portion;
use super::{DomainError, Scene, compliance};
use crate::store::{
    ClaimRow, EnteredCodeRow, ReservationId, ReservationRow, ReservationState, StoreError,
    Transaction, View,
};
use leasehold_core::time::UnixTime;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

impl From<&ReservationRow> for Subject {
    fn from(row: &ReservationRow) -> Self {
        Self {
            account: Some(row.account),
            virtual_account: Some(row.virtual_account),
            device: None,
        }
    }
}

impl ReservationState {
    /// How a reservation ended, as a word in a sentence; `None` while it has not.
    const fn end(self) -> Option<&'static str> {
        match self {
            Self::Requested | Self::Authorized | Self::UpdatePending => None,
            Self::Returned => Some("returned"),
            Self::Cancelled => Some("cancelled"),
            Self::Rehosted => Some("rehosted"),
        }
    }
}

/// A reservation with what it sets aside and the codes that were entered for it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The reservation.
    pub reservation: ReservationRow,
    /// What it sets aside, by generation.
    pub claims: Vec<ClaimRow>,
    /// The confirmation and return codes that were entered, the oldest first.
    pub entered: Vec<EnteredCodeRow>,
}

/// Everything about one reservation, also after it ended: every code can be shown again (SPEC S5).
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub fn detail<V: View + ?Sized>(view: &V, id: ReservationId) -> Result<Detail, DomainError> {
    let reservation = one(view, id)?;
    let (claims, entered) = (view.claims_of(id)?, view.entered_codes(id)?);
    Ok(Detail { reservation, claims, entered })
}

impl Detail {
    /// Whether the appliance has proved that it installed the authorization in force: it makes
    /// confirmations, and returns of an update, only when one is installed.
    pub fn is_installed(&self) -> bool {
        self.reservation.state.is_open() && !self.entered.is_empty()
    }
}

/// One reservation, whatever its state.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub fn one<V: View + ?Sized>(view: &V, id: ReservationId) -> Result<ReservationRow, DomainError> {
    view.reservation(id)?.ok_or(DomainError::NotFound("reservation"))
}

/// Drops a request for which no authorization was issued.
///
/// # Errors
/// [`DomainError`] when there is none, it ended, or an authorization was issued: the device may have
/// installed it, so only the device can say that the licences are free.
pub fn cancel(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: ReservationId,
) -> Result<ReservationRow, DomainError> {
    let mut row = open(tx, id)?;
    if row.state != ReservationState::Requested {
        return Err(ReservationError::IssuedAlready.into());
    }
    end(tx, scene, &mut row, ReservationState::Cancelled)?;
    note(tx, scene, &row, "ReservationCancelled", json!({}))?;
    Ok(row)
}

/// The reservation, while it has not ended and is not frozen.
fn open(view: &dyn View, id: ReservationId) -> Result<ReservationRow, DomainError> {
    let row = one(view, id)?;
    still_open(&row)?;
    reconcile::not_frozen(&row)?;
    Ok(row)
}

fn still_open(row: &ReservationRow) -> Result<(), ReservationError> {
    match row.state.end() {
        None => Ok(()),
        Some(how) => Err(ReservationError::Ended { id: row.id, how, on: ended(row) }),
    }
}

fn ended(row: &ReservationRow) -> UnixTime {
    row.ended.unwrap_or(row.created)
}

/// Frees everything that a reservation sets aside, once, and spends its number (SPEC L11).
fn end(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
    state: ReservationState,
) -> Result<(), StoreError> {
    let tags = claimed_tags(tx, row.id)?;
    release_all_but(tx, row.id, None)?;
    (row.state, row.ended, row.look_at) = (state, Some(scene.now), None);
    tx.save_reservation(row)?;
    recount(tx, row, &tags, scene.now)
}

/// Frees every generation of a reservation but one.
fn release_all_but(
    tx: &mut dyn Transaction,
    id: ReservationId,
    kept: Option<u8>,
) -> Result<(), StoreError> {
    let generations: BTreeSet<u8> =
        tx.claims_of(id)?.into_iter().map(|claim| claim.generation).collect();
    let mut freed = generations.into_iter().filter(|generation| Some(*generation) != kept);
    freed.try_for_each(|generation| tx.release_claims(id, generation))
}

fn claimed_tags(view: &dyn View, id: ReservationId) -> Result<BTreeSet<Arc<str>>, StoreError> {
    Ok(view.claims_of(id)?.into_iter().map(|claim| claim.tag).collect())
}

/// Brings the pool up to date after what a reservation sets aside of `tags` has changed.
fn recount(
    tx: &mut dyn Transaction,
    row: &ReservationRow,
    tags: &BTreeSet<Arc<str>>,
    now: UnixTime,
) -> Result<(), StoreError> {
    tags.iter().try_for_each(|tag| compliance::supply_changed(tx, row.virtual_account, tag, now))
}

/// The product and the license type of a reservation.
fn licensed<'a>(
    catalogue: &'a Catalogue,
    product_id: &str,
    license_type: u8,
) -> Result<(&'a Product, &'a LicenseType), ReservationError> {
    let product = catalogue.product(product_id);
    let product = product.ok_or_else(|| ReservationError::ProductUnknown(product_id.into()))?;
    let license_type = product.license_types.get(usize::from(license_type));
    let unknown = || ReservationError::LicenseTypeUnknown(product_id.into());
    Ok((product, license_type.ok_or_else(unknown)?))
}

/// Adds an entry about a reservation to the event log.
fn note(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &ReservationRow,
    name: &str,
    mut detail: Value,
) -> Result<(), StoreError> {
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("reservation".into(), row.id.0.into());
        detail.insert("product_id".into(), (*row.product_id).into());
        detail.insert("serial_number".into(), (*row.serial_number).into());
    }
    log(tx, scene, row.into(), name, &detail)
}

/// Says that a code was entered that had done its work before: its device may have been put back from
/// a backup, and hold again what it gave back (SPEC S5).
///
/// # Errors
/// [`DomainError`] when there is no such reservation.
pub fn note_entered_again(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: ReservationId,
) -> Result<(), DomainError> {
    let row = one(&*tx, id)?;
    Ok(note(tx, scene, &row, "CodeEnteredAgain", json!({}))?)
}

/// Claims, as the event log says them.
fn told(claims: &[ClaimRow]) -> Value {
    let claim = |claim: &ClaimRow| {
        json!({
            "tag": &*claim.tag, "count": claim.count, "until": claim.until.map(UnixTime::as_secs),
        })
    };
    claims.iter().map(claim).collect()
}

//! The licences of a dead device move to its replacement (SPEC S6).
//!
//! Nothing proves that the device is dead, so that what it had could be used twice: there is a limit,
//! and the audit entry names both.

use super::{ReservationError, end, issue, note, open, reconcile, redeem, told};
use crate::domain::account::virtual_account;
use crate::domain::{Authority, DomainError, Scene};
use crate::store::{
    AccountId, ClaimRow, ReservationId, ReservationRow, ReservationState, StoreError, Transaction,
    View,
};
use leasehold_core::code::RequestCode;
use leasehold_core::time::{Duration, UnixTime};
use serde_json::json;

/// How many reservations an account may rehost within a year.
pub const REHOSTS_PER_YEAR: usize = 5;
const YEAR: Duration = Duration::from_days(365);

/// Ends a reservation and sets the same licences aside for the device that made the request `text`,
/// which may be the same device when it lost everything. Gives the new reservation, with its
/// authorization.
///
/// While an update was pending, the licences are those of the update. A request that was redeemed and has
/// no authorization yet is used as it is.
///
/// # Errors
/// [`DomainError`] when there is no such reservation, it ended or has no authorization, the text is not
/// a request code that could be redeemed, the request is of another product, license type or kind, or
/// the account has rehosted as often as it may.
pub fn rehost(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    id: ReservationId,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    let mut old = open(tx, id)?;
    if old.state == ReservationState::Requested {
        return Err(ReservationError::NotAuthorized.into());
    }
    let request = redeem::parse(text)?;
    check_alike(&old, &request)?;
    check_limit(tx, scene, &old)?;
    let place = virtual_account(tx, old.virtual_account)?;
    let redeemed = redeem::redeemed(tx, &place, &request)?;
    let waiting = redeemed.filter(|row| row.state == ReservationState::Requested);
    // SPEC L11: what waits since before a backup may have got its licences in the lost time.
    waiting.as_ref().map_or(Ok(()), reconcile::not_frozen)?;
    let held = tx.open_reservation(old.account, &request.product_id, &request.serial_number)?;
    let in_the_way = |held: &ReservationRow| {
        held.id != old.id && waiting.as_ref().is_none_or(|waiting| waiting.id != held.id)
    };
    if let Some(held) = held.filter(in_the_way) {
        return Err(ReservationError::DeviceHasOne(held.id).into());
    }
    let mut claims = tx.claims_of(old.id)?;
    let newest = newest(&old);
    claims.retain(|claim| claim.generation == newest);
    claims.retain(|claim| claim.until.is_none_or(|until| until > scene.now));
    if claims.is_empty() {
        return Err(ReservationError::NothingLeft.into());
    }
    end(tx, scene, &mut old, ReservationState::Rehosted)?;
    let mut new = match waiting {
        Some(row) => row,
        None => redeem::add(tx, scene, authority, &place, &request)?,
    };
    old.rehosted_to = Some(new.id);
    tx.save_reservation(&old)?;
    let moved = |claim| ClaimRow { reservation: new.id, generation: 0, ..claim };
    let claims: Vec<ClaimRow> = claims.into_iter().map(moved).collect();
    issue::issue(tx, scene, authority, &mut new, 0, &claims)?;
    let detail = json!({
        "to": new.id.0, "to_serial_number": &*new.serial_number, "licenses": told(&claims),
    });
    note(tx, scene, &old, "ReservationRehosted", detail)?;
    Ok(new)
}

/// The generation whose licences were wanted last.
const fn newest(row: &ReservationRow) -> u8 {
    match row.state {
        ReservationState::UpdatePending => row.last_generation,
        _ => row.generation,
    }
}

fn check_alike(old: &ReservationRow, request: &RequestCode) -> Result<(), ReservationError> {
    if *old.product_id != *request.product_id {
        return Err(ReservationError::OtherProduct {
            replacement: request.product_id.as_str().into(),
            product: old.product_id.to_string(),
        });
    }
    let wanted = if old.universal { "everything" } else { "specific licences" };
    if (old.license_type, old.universal) != (request.license_type, request.universal) {
        return Err(ReservationError::OtherRequest { wanted });
    }
    Ok(())
}

fn check_limit(
    view: &dyn View,
    scene: &Scene<'_>,
    old: &ReservationRow,
) -> Result<(), DomainError> {
    let rehosts = within_a_year(view, old.account, scene.now)?;
    let Some(over) = rehosts.len().checked_sub(REHOSTS_PER_YEAR) else { return Ok(()) };
    let next = rehosts.get(over).map_or(scene.now, |oldest| oldest.saturating_add(YEAR));
    Err(ReservationError::RehostsUsedUp { most: REHOSTS_PER_YEAR, next }.into())
}

/// How many reservations an account may still rehost now.
///
/// # Errors
/// [`StoreError`] when they cannot be read.
pub fn rehosts_left<V: View + ?Sized>(
    view: &V,
    account: AccountId,
    now: UnixTime,
) -> Result<usize, StoreError> {
    Ok(REHOSTS_PER_YEAR.saturating_sub(within_a_year(view, account, now)?.len()))
}

/// When reservations of an account were rehosted of late, the oldest first.
fn within_a_year<V: View + ?Sized>(
    view: &V,
    account: AccountId,
    now: UnixTime,
) -> Result<Vec<UnixTime>, StoreError> {
    // One that is a year old to the second is forgotten.
    view.rehosts(account, now.saturating_sub(YEAR).saturating_add(Duration::from_secs(1)))
}

//! A request code becomes a reservation (SPEC S1).

use super::{ReservationError, ended, licensed, note, reconcile};
use crate::domain::account::virtual_account;
use crate::domain::instance::{self, Standing};
use crate::domain::{Authority, DomainError, Scene};
use crate::store::{
    ReservationId, ReservationRow, ReservationState, Transaction, View, VirtualAccountId,
    VirtualAccountRow,
};
use leasehold_core::code::{CodeKind, RequestCode};
use serde_json::json;

/// Makes a reservation of a request code, without any licences yet. The same code gives the same
/// reservation again.
///
/// # Errors
/// [`DomainError`] when the virtual account does not exist, the text is not a request code, its
/// product is not known, or its device is registered, has another reservation, or its number is spent.
pub fn redeem(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    place: VirtualAccountId,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    let place = virtual_account(tx, place)?;
    let request = parse(text)?;
    if let Some(row) = redeemed(tx, &place, &request)? {
        return Ok(row);
    }
    let held = tx.open_reservation(place.account, &request.product_id, &request.serial_number)?;
    if let Some(held) = held {
        return Err(ReservationError::DeviceHasOne(held.id).into());
    }
    add(tx, scene, authority, &place, &request)
}

pub(super) fn parse(text: &str) -> Result<RequestCode, ReservationError> {
    RequestCode::parse(text).map_err(|error| ReservationError::code(CodeKind::Request, error, text))
}

/// The reservation that the same request became before.
pub(super) fn redeemed(
    view: &dyn View,
    place: &VirtualAccountRow,
    request: &RequestCode,
) -> Result<Option<ReservationRow>, DomainError> {
    let RequestCode { product_id, serial_number, number, .. } = request;
    let row = view.reservation_by_number(place.account, product_id, serial_number, *number)?;
    let Some(row) = row else { return Ok(None) };
    let same = (row.confirmed, row.declined)
        == (request.anchors.confirmed, request.anchors.declined)
        && (row.license_type, row.universal) == (request.license_type, request.universal);
    if !same {
        return Err(ReservationError::RequestTaken.into());
    }
    if let Some(how) = row.state.end() {
        let (id, on) = (row.id, ended(&row));
        return Err(ReservationError::RequestSpent { id, how, on }.into());
    }
    if row.virtual_account != place.id {
        let other = virtual_account(view, row.virtual_account)?;
        return Err(ReservationError::RedeemedIn(other.name).into());
    }
    Ok(Some(row))
}

/// Adds the reservation of a request that is new, of a device that has none in this account.
pub(super) fn add(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    place: &VirtualAccountRow,
    request: &RequestCode,
) -> Result<ReservationRow, DomainError> {
    let (product, _) = licensed(&authority.catalogue, &request.product_id, request.license_type)?;
    if request.universal && product.universal.is_none() {
        return Err(ReservationError::UniversalUnknown(product.name.clone()).into());
    }
    refuse_registered(tx, scene, place, request)?;
    // The device draws them at random: who has the same has copied them from another request.
    let anchors = request.anchors;
    let number = tx.reservation_by_number(
        place.account,
        &request.product_id,
        &request.serial_number,
        request.number,
    )?;
    let known = number.is_some()
        || tx.reservation_by_confirmed(&anchors.confirmed)?.is_some()
        || tx.reservation_by_declined(&anchors.declined)?.is_some();
    if known {
        return Err(ReservationError::RequestTaken.into());
    }
    let mut row = ReservationRow {
        id: ReservationId(0),
        account: place.account,
        virtual_account: place.id,
        product_id: request.product_id.as_str().into(),
        serial_number: request.serial_number.as_str().into(),
        number: request.number,
        license_type: request.license_type,
        universal: request.universal,
        confirmed: anchors.confirmed,
        declined: anchors.declined,
        state: ReservationState::Requested,
        generation: 0,
        last_generation: 0,
        issued_up_to: reconcile::lost_before(tx)?,
        frozen: None,
        request_code: request.to_text().as_str().into(),
        authorization_code: None,
        update_code: None,
        rehosted_to: None,
        created: scene.now,
        created_by: scene.actor.into(),
        ended: None,
        told: scene.now,
        look_at: None,
    };
    row.id = tx.add_reservation(&row)?;
    let detail = json!({ "number": row.number, "universal": row.universal });
    note(tx, scene, &row, "ReservationRequested", detail)?;
    Ok(row)
}

/// A device is registered or reserved, never both (SPEC X12). What stands in the way may be an
/// instance that the manager was never told to end.
fn refuse_registered(
    view: &dyn View,
    scene: &Scene<'_>,
    place: &VirtualAccountRow,
    request: &RequestCode,
) -> Result<(), DomainError> {
    let instances = view.registered_as(&request.product_id, &request.serial_number)?;
    let live = |row: &&_| instance::standing(row, scene.now) == Standing::Live;
    let Some(row) = instances.iter().find(live) else { return Ok(()) };
    Err(match view.virtual_account(row.virtual_account)? {
        Some(own) if own.account == place.account => ReservationError::Registered(own.name),
        _ => ReservationError::RegisteredElsewhere,
    }
    .into())
}

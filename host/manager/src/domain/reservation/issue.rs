//! Authorization codes: what is set aside, signed (SPEC S1, S2).

use super::choose::{self, Choice};
use super::reconcile::not_frozen;
use super::{ReservationError, expiry, licensed, note, one, open, recount, still_open, told};
use crate::domain::catalogue::Product;
use crate::domain::{Authority, DomainError, Scene, Signer};
use crate::store::{
    ClaimRow, ReservationId, ReservationRow, ReservationState, StoreError, Transaction, View,
};
use leasehold_core::code::{
    Anchors, AuthorizationCode, Grant, GrantLine, UPDATES_MAX, catalogue_digest, device_hint,
};
use leasehold_core::crypto::KeyHandle;
use leasehold_core::identity::Udi;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::SigningCertificate;
use serde_json::json;
use std::collections::BTreeSet;

/// Sets licences aside for a request and issues its first authorization. A universal request takes no
/// choices.
///
/// # Errors
/// [`DomainError`] when there is no such reservation, it ended or has its authorization, or the choice
/// is not to be had.
pub fn authorize(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    id: ReservationId,
    choices: &[Choice],
) -> Result<ReservationRow, DomainError> {
    let mut row = open(tx, id)?;
    if row.state != ReservationState::Requested {
        return Err(ReservationError::AlreadyAuthorized.into());
    }
    let claims = choose::claims(&*tx, authority, &row, 0, choices, scene.now)?;
    issue(tx, scene, authority, &mut row, 0, &claims)?;
    Ok(row)
}

/// Issues another authorization in place of the one in force. Of old and new, the larger stays set
/// aside until the device has confirmed or returned the update; until then there is no other.
///
/// # Errors
/// [`DomainError`] when there is no such reservation, it ended, has no authorization or is universal,
/// an update is pending, there were as many as there can be, the choice is not to be had, or it is what
/// is in force.
pub fn update(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    id: ReservationId,
    choices: &[Choice],
) -> Result<ReservationRow, DomainError> {
    let (mut row, claims) = planned(&*tx, authority, id, choices, scene.now)?;
    let generation = next_update(&row);
    issue(tx, scene, authority, &mut row, generation, &claims)?;
    Ok(row)
}

const fn next_update(row: &ReservationRow) -> u8 {
    row.issued_up_to.saturating_add(1)
}

/// The reservation and what its next update would set aside.
pub(super) fn planned(
    view: &dyn View,
    authority: &Authority,
    id: ReservationId,
    choices: &[Choice],
    now: UnixTime,
) -> Result<(ReservationRow, Vec<ClaimRow>), DomainError> {
    let row = one(view, id)?;
    still_open(&row)?;
    // SPEC L11: an update is what makes known again what a device holds that is ahead of a backup.
    let is_ahead = row.frozen.is_some_and(|freeze| freeze.ahead.is_some());
    if !is_ahead {
        not_frozen(&row)?;
    }
    match row.state {
        ReservationState::Requested => return Err(ReservationError::NotAuthorized.into()),
        ReservationState::UpdatePending => {
            let update = row.last_generation;
            return Err(ReservationError::UpdatePending { id, update }.into());
        }
        _ if row.universal => return Err(ReservationError::UniversalHasNoUpdate.into()),
        _ => {}
    }
    let generation = next_update(&row);
    if generation > UPDATES_MAX {
        return Err(ReservationError::UpdatesUsedUp.into());
    }
    let claims = choose::claims(view, authority, &row, generation, choices, now)?;
    if !is_ahead && said(&claims) == said(&in_force(view, &row, now)?) {
        return Err(ReservationError::UpdateChangesNothing(id).into());
    }
    Ok((row, claims))
}

/// What the authorization in force sets aside, less what has ended.
pub(super) fn in_force(
    view: &dyn View,
    row: &ReservationRow,
    now: UnixTime,
) -> Result<Vec<ClaimRow>, StoreError> {
    let mut claims = view.claims_of(row.id)?;
    claims.retain(|claim| claim.generation == row.generation);
    claims.retain(|claim| claim.until.is_none_or(|until| until > now));
    Ok(claims)
}

/// What claims come to, whichever generation they are of.
fn said(claims: &[ClaimRow]) -> BTreeSet<(&str, Option<UnixTime>, u32)> {
    claims.iter().map(|claim| (&*claim.tag, claim.until, claim.count)).collect()
}

/// Signs a generation, and sets aside what it says.
pub(super) fn issue(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    row: &mut ReservationRow,
    generation: u8,
    claims: &[ClaimRow],
) -> Result<(), DomainError> {
    let code = Some(sign(authority, row, generation, claims, scene.now)?);
    // What is due of the terms so far is told before others join them.
    expiry::look(tx, scene, row)?;
    claims.iter().try_for_each(|claim| tx.add_claim(claim))?;
    row.last_generation = generation;
    row.issued_up_to = row.issued_up_to.max(generation);
    let name = if generation == 0 {
        (row.state, row.authorization_code) = (ReservationState::Authorized, code);
        "ReservationAuthorized"
    } else {
        (row.state, row.update_code) = (ReservationState::UpdatePending, code);
        "ReservationUpdated"
    };
    row.look_at = expiry::next_look(tx, row)?;
    tx.save_reservation(row)?;
    let tags = claims.iter().map(|claim| claim.tag.clone()).collect();
    recount(tx, row, &tags, scene.now)?;
    let detail = json!({ "generation": generation, "licenses": told(claims) });
    note(tx, scene, row, name, detail)?;
    Ok(())
}

fn sign(
    authority: &Authority,
    row: &ReservationRow,
    generation: u8,
    claims: &[ClaimRow],
    now: UnixTime,
) -> Result<String, DomainError> {
    let (product, license_type) =
        licensed(&authority.catalogue, &row.product_id, row.license_type)?;
    let crypto = &*authority.signer.crypto;
    let udi = Udi { product_id: &row.product_id, serial_number: &row.serial_number, uuid: None };
    let line = |claim: &ClaimRow| {
        let gone = || ReservationError::LicenseGone((*claim.tag).into());
        let entitlement = license_type.called(&claim.tag).ok_or_else(gone)?;
        Ok(GrantLine { entitlement, count: claim.count, until: claim.until })
    };
    // A licence for everything is no entitlement's, so that it makes no line.
    let lines = if row.universal { &[] } else { claims };
    let grant = Grant {
        device: device_hint(&crypto, &udi),
        number: row.number,
        generation,
        license_type: row.license_type,
        universal: row.universal,
        catalogue: catalogue_digest(&crypto, license_type.tags.iter().map(|tag| &**tag)),
        issued: now,
        lines: lines.iter().map(line).collect::<Result<_, ReservationError>>()?,
    };
    let anchors = Anchors { confirmed: row.confirmed, declined: row.declined };
    let (key, certificate) = signing_key(&authority.signer, product)?;
    if let Some(&SigningCertificate { valid_from: from, valid_until: until, .. }) = certificate
        && !(from..until).contains(&now)
    {
        return Err(ReservationError::SignerOutsideDates { from, until }.into());
    }
    let code = AuthorizationCode::encode(&crypto, key, certificate, &grant, &udi, &anchors);
    Ok(code.map_err(|_| DomainError::KeyUnusable)?.as_str().into())
}

/// The reservation key for products that pin it, which makes a short code; else the signing key and
/// its certificate.
fn signing_key<'a>(
    signer: &'a Signer,
    product: &Product,
) -> Result<(&'a KeyHandle, Option<&'a SigningCertificate>), DomainError> {
    let with_certificate = (&signer.key, Some(&signer.certificate));
    let (Some(pinned), Some(key)) = (product.reservation_key, &signer.reservation_key) else {
        return Ok(with_certificate);
    };
    let public = signer.crypto.public_key(key).map_err(|_| DomainError::KeyUnusable)?;
    Ok(if public == pinned { (key, None) } else { with_certificate })
}

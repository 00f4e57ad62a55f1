//! Confirmation and return codes: what the device proves, and what that frees (SPEC S2, S3).
//!
//! A code names its reservation by itself. Whose reservation the one who enters it may not know of,
//! it belongs to nobody as far as that one is told.

use super::{
    Attempts, ReservationError, claimed_tags, end, expiry, note, one, recount, still_open, told,
};
use crate::domain::event::Subject;
use crate::domain::user::{Principal, Right};
use crate::domain::{Authority, DomainError, Scene};
use crate::store::{
    EnteredCodeRow, ReservationId, ReservationRow, ReservationState, StoreError, Transaction, View,
};
use leasehold_core::code::{CodeKind, ConfirmationCode, ReturnCode, Returned};
use serde_json::json;

/// Takes the proof that a device has installed an update: the generation before is free.
///
/// `named` is the reservation that the code is said to belong to, where one is.
///
/// # Errors
/// [`DomainError`] when the text is not a confirmation code, belongs to no reservation of which `by` may
/// know, to another than the named one, was entered before, or too many unknown ones were entered.
pub fn confirm(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    by: &Principal,
    named: Option<ReservationId>,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    let entry = Entry { by, named, attempts: &authority.attempts };
    entry.may_enter(&*tx, scene)?;
    let code = ConfirmationCode::parse(text)
        .map_err(|error| ReservationError::code(CodeKind::Confirmation, error, text))?;
    let found = tx.reservation_by_confirmed(&code.anchor(&scene.crypto))?;
    let text = code.to_text();
    let mut row = entry.find(&*tx, scene, found, &text)?;
    refuse_settled(&row, code.generation)?;
    let tags = claimed_tags(tx, row.id)?;
    tx.release_claims(row.id, row.generation)?;
    row.state = ReservationState::Authorized;
    row.generation = code.generation;
    row.authorization_code = row.update_code.take();
    row.look_at = expiry::next_look(tx, &row)?;
    tx.save_reservation(&row)?;
    recount(tx, &row, &tags, scene.now)?;
    keep(tx, scene, &row, &text)?;
    let detail = json!({ "generation": row.generation });
    note(tx, scene, &row, "ReservationUpdateConfirmed", detail)?;
    Ok(row)
}

/// Takes the proof that a device has given something back: everything, or an update that it will
/// never install.
///
/// # Errors
/// As [`confirm`], for return codes.
pub fn give_back(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    by: &Principal,
    named: Option<ReservationId>,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    let entry = Entry { by, named, attempts: &authority.attempts };
    entry.may_enter(&*tx, scene)?;
    let code = ReturnCode::parse(text)
        .map_err(|error| ReservationError::code(CodeKind::Return, error, text))?;
    let anchor = code.anchor(&scene.crypto);
    let found = match code.returned {
        Returned::Everything => tx.reservation_by_confirmed(&anchor)?,
        Returned::Update(_) => tx.reservation_by_declined(&anchor)?,
    };
    let text = code.to_text();
    let mut row = entry.find(&*tx, scene, found, &text)?;
    let freed = match code.returned {
        Returned::Everything => {
            let claims = tx.claims_of(row.id)?;
            end(tx, scene, &mut row, ReservationState::Returned)?;
            claims
        }
        Returned::Update(generation) => {
            refuse_settled(&row, generation)?;
            drop_update(tx, scene, &mut row)?
        }
    };
    keep(tx, scene, &row, &text)?;
    let (name, detail) = match code.returned {
        Returned::Everything => ("ReservationReturned", json!({ "licenses": told(&freed) })),
        Returned::Update(generation) => {
            ("ReservationUpdateReturned", json!({ "generation": generation }))
        }
    };
    note(tx, scene, &row, name, detail)?;
    Ok(row)
}

/// Goes back to what was before the update that is pending; its generation is not used again.
fn drop_update(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
) -> Result<Vec<crate::store::ClaimRow>, StoreError> {
    let mut claims = tx.claims_of(row.id)?;
    let tags = claims.iter().map(|claim| claim.tag.clone()).collect();
    tx.release_claims(row.id, row.last_generation)?;
    row.state = ReservationState::Authorized;
    row.update_code = None;
    row.look_at = expiry::next_look(tx, row)?;
    tx.save_reservation(row)?;
    recount(tx, row, &tags, scene.now)?;
    claims.retain(|claim| claim.generation == row.last_generation);
    Ok(claims)
}

/// Refuses a proof about anything but the update that is pending. Who has a proof can make those of
/// earlier generations, and those are settled.
fn refuse_settled(row: &ReservationRow, generation: u8) -> Result<(), ReservationError> {
    if generation > row.last_generation {
        return Err(ReservationError::NeverIssued(generation));
    }
    let pending = row.state == ReservationState::UpdatePending;
    if pending && generation == row.last_generation {
        return Ok(());
    }
    Err(ReservationError::Settled(generation))
}

fn keep(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &ReservationRow,
    code: &str,
) -> Result<(), StoreError> {
    tx.add_entered_code(&EnteredCodeRow {
        reservation: row.id,
        code: code.into(),
        entered: scene.now,
        entered_by: scene.actor.into(),
    })
}

/// Who enters a code, and where.
struct Entry<'a> {
    by: &'a Principal,
    named: Option<ReservationId>,
    attempts: &'a Attempts,
}

impl Entry<'_> {
    fn may_enter(&self, view: &dyn View, scene: &Scene<'_>) -> Result<(), DomainError> {
        let place = match self.named {
            Some(id) => Subject::from(&one(view, id)?),
            None => Subject {
                account: self.by.account,
                virtual_account: self.by.virtual_account,
                device: None,
            },
        };
        self.by.check(Right::Operate, place)?;
        Ok(self.attempts.check(self.by.account, scene.now)?)
    }

    /// The open reservation that a code belongs to, of those that the one who enters it may know of.
    fn find(
        &self,
        view: &dyn View,
        scene: &Scene<'_>,
        found: Option<ReservationRow>,
        code: &str,
    ) -> Result<ReservationRow, DomainError> {
        let known = |row: &ReservationRow| self.by.check(Right::Operate, row.into()).is_ok();
        let Some(row) = found.filter(known) else {
            self.attempts.unknown(self.by.account, scene.now);
            return Err(ReservationError::CodeUnknown.into());
        };
        if self.named.is_some_and(|named| named != row.id) {
            let serial_number = row.serial_number.to_string();
            return Err(ReservationError::OtherReservation { id: row.id, serial_number }.into());
        }
        let entered = view.entered_codes(row.id)?;
        if let Some(before) = entered.iter().find(|entered| entered.code == code) {
            let (id, on) = (row.id, before.entered);
            return Err(ReservationError::EnteredBefore { id, on }.into());
        }
        still_open(&row)?;
        Ok(row)
    }
}

//! Confirmation and return codes: what the device proves, and what that frees (SPEC S2, S3).
//!
//! A code names its reservation by itself. Whose reservation the one who enters it may not know of,
//! it belongs to nobody as far as that one is told.

use super::reconcile::not_frozen;
use super::{
    Attempts, ReservationError, claimed_tags, end, expiry, note, one, recount, release_all_but,
    still_open, told,
};
use crate::domain::event::Subject;
use crate::domain::user::{Principal, Right};
use crate::domain::{Authority, DomainError, Scene, recovery};
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
    not_frozen(&row)?;
    refuse_settled(&row, code.generation)?;
    installed(tx, scene, &mut row, code.generation, &text)?;
    Ok(row)
}

/// The update that is pending, `generation`, is installed: all others are free.
pub(super) fn installed(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
    generation: u8,
    code: &str,
) -> Result<(), StoreError> {
    let tags = claimed_tags(tx, row.id)?;
    release_all_but(tx, row.id, Some(generation))?;
    row.state = ReservationState::Authorized;
    row.generation = generation;
    row.authorization_code = row.update_code.take();
    row.look_at = expiry::next_look(tx, row)?;
    tx.save_reservation(row)?;
    recount(tx, row, &tags, scene.now)?;
    keep(tx, scene, row, code)?;
    let detail = json!({ "generation": row.generation });
    note(tx, scene, row, "ReservationUpdateConfirmed", detail)
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
    let found = of_return(&*tx, scene, &code)?;
    let text = code.to_text();
    let mut row = entry.find(&*tx, scene, found, &text)?;
    not_frozen(&row)?;
    match code.returned {
        Returned::Everything => returned(tx, scene, &mut row, &text)?,
        Returned::Update(generation) => {
            refuse_settled(&row, generation)?;
            declined(tx, scene, &mut row, generation, &text)?;
        }
    }
    Ok(row)
}

/// The reservation that a return code belongs to.
pub(super) fn of_return(
    view: &dyn View,
    scene: &Scene<'_>,
    code: &ReturnCode,
) -> Result<Option<ReservationRow>, StoreError> {
    let anchor = code.anchor(&scene.crypto);
    match code.returned {
        Returned::Everything => view.reservation_by_confirmed(&anchor),
        Returned::Update(_) => view.reservation_by_declined(&anchor),
    }
}

/// The device holds nothing any more: everything is free, once.
pub(super) fn returned(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
    code: &str,
) -> Result<(), StoreError> {
    let freed = tx.claims_of(row.id)?;
    end(tx, scene, row, ReservationState::Returned)?;
    keep(tx, scene, row, code)?;
    note(tx, scene, row, "ReservationReturned", json!({ "licenses": told(&freed) }))
}

/// The device will never install the update that is pending: what was before it goes on, and its
/// generation is not used again.
pub(super) fn declined(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
    generation: u8,
    code: &str,
) -> Result<(), StoreError> {
    let tags = claimed_tags(tx, row.id)?;
    tx.release_claims(row.id, generation)?;
    row.state = ReservationState::Authorized;
    row.update_code = None;
    row.look_at = expiry::next_look(tx, row)?;
    tx.save_reservation(row)?;
    recount(tx, row, &tags, scene.now)?;
    keep(tx, scene, row, code)?;
    note(tx, scene, row, "ReservationUpdateReturned", json!({ "generation": generation }))
}

/// Refuses a proof about anything but the update that is pending. Who has a proof can make those of
/// earlier generations, and those are settled.
fn refuse_settled(row: &ReservationRow, generation: u8) -> Result<(), ReservationError> {
    if generation > row.issued_up_to {
        return Err(ReservationError::NeverIssued(generation));
    }
    if generation > row.last_generation {
        return Err(ReservationError::AheadOfBackup(generation));
    }
    let pending = row.state == ReservationState::UpdatePending;
    if pending && generation == row.last_generation {
        return Ok(());
    }
    Err(ReservationError::Settled(generation))
}

/// Keeps a code that took effect.
pub(super) fn keep(
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
pub(super) struct Entry<'a> {
    pub(super) by: &'a Principal,
    pub(super) named: Option<ReservationId>,
    pub(super) attempts: &'a Attempts,
}

impl Entry<'_> {
    pub(super) fn may_enter(&self, view: &dyn View, scene: &Scene<'_>) -> Result<(), DomainError> {
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
    pub(super) fn find(
        &self,
        view: &dyn View,
        scene: &Scene<'_>,
        found: Option<ReservationRow>,
        code: &str,
    ) -> Result<ReservationRow, DomainError> {
        let known = |row: &ReservationRow| self.by.check(Right::Operate, row.into()).is_ok();
        let Some(row) = found.filter(known) else {
            self.attempts.unknown(self.by.account, scene.now);
            return Err(match recovery::restored(view)? {
                None => ReservationError::CodeUnknown,
                Some(restored) => ReservationError::CodeLost(restored.backed_up),
            }
            .into());
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

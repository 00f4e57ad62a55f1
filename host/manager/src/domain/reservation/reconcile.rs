//! What became of a reservation while nobody remembers: after the manager was restored from a
//! backup, each open reservation is frozen until that is settled (SPEC L11).
//!
//! While a reservation is frozen, what it sets aside stays set aside, all of its codes can be shown,
//! and nothing else can be done with it. What settles it:
//!
//! | evidence | is proved | then |
//! |---|---|---|
//! | the return code of everything | the device holds nothing | it ends, and its licences are free |
//! | the confirmation or return code of the update that is pending | what the device holds | it goes on as if the code had been entered before |
//! | the confirmation code of an update that this database does not know | that, but not what the update holds | it stays frozen, but for one step: another update, and what proves that one |
//! | an administrator's word that nothing has changed | nothing | it goes on as it is; the log says who gave it |
//!
//! Any other code is older than the backup, or may be, and settles nothing: who carries codes could
//! enter the one that suits.
//!
//! *A number that may be in use is not given out again.* Two authorizations of one generation would
//! share one confirmation code, which would then free what the device still holds. So updates go
//! on [`LOST_UPDATES`] above the highest that is known. Rejected: going on where the backup ends, because
//! a code from the lost time may be on its way; and asking for the last number, because nobody would
//! know it for sure.

use super::enter::{self, Entry};
use super::{ReservationError, note, one, still_open};
use crate::domain::event::{Subject, log};
use crate::domain::user::{Principal, Right};
use crate::domain::{Authority, DomainError, Scene, recovery};
use crate::store::{
    Freeze, ReservationId, ReservationRow, ReservationState, StoreError, Transaction, View,
};
use leasehold_core::code::{
    CodeError, CodeKind, ConfirmationCode, ReturnCode, Returned, UPDATES_MAX,
};
use serde_json::json;

/// As many updates of one reservation are taken to have been issued at most between a backup and its
/// restore. They travel by hand, one at a time.
pub const LOST_UPDATES: u8 = 15;

/// What shows what became of a frozen reservation.
#[derive(Clone, Copy, Debug)]
pub enum Evidence<'a> {
    /// The last confirmation or return code that the device shows.
    Code(&'a str),
    /// The word of an administrator that the device holds what the reservation says, and that no
    /// authorization was issued and no code entered since the backup.
    Unchanged,
}

/// The highest generation that may have been issued where `known` is the highest that is known.
pub(super) fn may_be_issued(known: u8) -> u8 {
    known.saturating_add(LOST_UPDATES).min(UPDATES_MAX)
}

/// Freezes a reservation of a database that is being restored.
pub(in crate::domain) fn freeze(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
) -> Result<(), StoreError> {
    row.issued_up_to = may_be_issued(row.issued_up_to);
    row.frozen = Some(Freeze { since: scene.now, ahead: None });
    tx.save_reservation(row)
}

/// Refuses what cannot be done with a frozen reservation.
pub(super) fn not_frozen(row: &ReservationRow) -> Result<(), ReservationError> {
    match row.frozen {
        None => Ok(()),
        Some(Freeze { ahead: None, .. }) => Err(ReservationError::Frozen(row.id)),
        Some(Freeze { ahead: Some(update), .. }) => Err(ReservationError::AheadOfBackup(update)),
    }
}

/// The highest generation that may have been issued for a request that a restored manager has not seen
/// before: it may have been redeemed in the lost time.
pub(super) fn lost_before<V: View + ?Sized>(view: &V) -> Result<u8, StoreError> {
    Ok(recovery::restored(view)?.map_or(0, |_| may_be_issued(0)))
}

/// Settles what became of a frozen reservation, and lets it go on.
///
/// # Errors
/// [`DomainError`] when there is no such reservation, it ended or is not frozen, `by` may not do this,
/// or the evidence is none.
pub fn reconcile(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    by: &Principal,
    id: ReservationId,
    evidence: Evidence<'_>,
) -> Result<ReservationRow, DomainError> {
    let row = one(tx, id)?;
    let right = match evidence {
        Evidence::Code(_) => Right::Operate,
        // A word that is not true lets licences be used twice.
        Evidence::Unchanged => Right::Administer,
    };
    by.check(right, Subject::from(&row))?;
    still_open(&row)?;
    let freeze = row.frozen.ok_or(ReservationError::NotFrozen)?;
    match (evidence, freeze.ahead) {
        (Evidence::Code(text), _) => {
            let entry = Entry { by, named: Some(id), attempts: &authority.attempts };
            enter_code(tx, scene, &entry, freeze, text)
        }
        (Evidence::Unchanged, Some(update)) => Err(ReservationError::AheadOfBackup(update).into()),
        (Evidence::Unchanged, None) => thaw(tx, scene, row, "unchanged"),
    }
}

fn enter_code(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    entry: &Entry<'_>,
    freeze: Freeze,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    entry.may_enter(&*tx, scene)?;
    match ConfirmationCode::parse(text) {
        Ok(code) => {
            let found = tx.reservation_by_confirmed(&code.anchor(&scene.crypto))?;
            let text = code.to_text();
            let row = no_news(entry.find(&*tx, scene, found, &text), freeze)?;
            confirmed(tx, scene, row, freeze, code.generation, &text)
        }
        Err(CodeError::WrongKind(CodeKind::Return)) => {
            let code = ReturnCode::parse(text)
                .map_err(|error| ReservationError::code(CodeKind::Return, error, text))?;
            let found = enter::of_return(&*tx, scene, &code)?;
            let text = code.to_text();
            let row = no_news(entry.find(&*tx, scene, found, &text), freeze)?;
            returned(tx, scene, row, freeze, code.returned, &text)
        }
        Err(error) => Err(ReservationError::code(CodeKind::Confirmation, error, text).into()),
    }
}

/// A code that was entered before the backup is the same one to whoever copies it from there.
fn no_news(
    found: Result<ReservationRow, DomainError>,
    freeze: Freeze,
) -> Result<ReservationRow, DomainError> {
    match found {
        Err(DomainError::Reservation(ReservationError::EnteredBefore { .. })) => {
            Err(nothing_shown(freeze).into())
        }
        found => found,
    }
}

fn nothing_shown(freeze: Freeze) -> ReservationError {
    freeze.ahead.map_or(ReservationError::NoEvidence, ReservationError::AheadOfBackup)
}

/// A device has installed update `generation`, or a later one.
fn confirmed(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    mut row: ReservationRow,
    freeze: Freeze,
    generation: u8,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    if is_pending(&row, generation) {
        enter::installed(tx, scene, &mut row, generation, text)?;
        return thaw(tx, scene, row, "confirmation");
    }
    if generation <= row.last_generation.max(freeze.ahead.unwrap_or(0)) {
        return Err(nothing_shown(freeze).into());
    }
    if row.state == ReservationState::Requested {
        return Err(ReservationError::AuthorizedAfterBackup.into());
    }
    // What was pending is settled on the device, and how is not known: all of it stays set aside.
    (row.state, row.update_code) = (ReservationState::Authorized, None);
    row.issued_up_to = row.issued_up_to.max(may_be_issued(generation));
    row.frozen = Some(Freeze { ahead: Some(generation), ..freeze });
    tx.save_reservation(&row)?;
    enter::keep(tx, scene, &row, text)?;
    note(tx, scene, &row, "ReservationAheadOfBackup", json!({ "generation": generation }))?;
    Ok(row)
}

/// A device gave something back.
fn returned(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    mut row: ReservationRow,
    freeze: Freeze,
    returned: Returned,
    text: &str,
) -> Result<ReservationRow, DomainError> {
    match returned {
        Returned::Everything => {
            enter::returned(tx, scene, &mut row, text)?;
            thaw(tx, scene, row, "return")
        }
        Returned::Update(generation) if is_pending(&row, generation) => {
            enter::declined(tx, scene, &mut row, generation, text)?;
            match freeze.ahead {
                None => thaw(tx, scene, row, "return"),
                // It did not take what would have made known what it holds.
                Some(_) => Ok(row),
            }
        }
        Returned::Update(_) => Err(nothing_shown(freeze).into()),
    }
}

fn is_pending(row: &ReservationRow, generation: u8) -> bool {
    row.state == ReservationState::UpdatePending && row.last_generation == generation
}

/// Lets a reservation go on, and says when it was the last of its account.
fn thaw(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    mut row: ReservationRow,
    evidence: &str,
) -> Result<ReservationRow, DomainError> {
    row.frozen = None;
    tx.save_reservation(&row)?;
    note(tx, scene, &row, "ReservationReconciled", json!({ "evidence": evidence }))?;
    if tx.frozen_reservations(Some(row.account))? == 0 {
        log(tx, scene, Subject::account(row.account), "ReservationsReconciled", &json!({}))?;
    }
    Ok(row)
}

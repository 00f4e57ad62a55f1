//! The numbers of a device's requests: what tells a repeat, a replay and a second machine from
//! the next request (SPEC T4, T5).

use super::Exchange;
use crate::domain::DomainError;
use crate::store::{ConflictRow, DeviceRow, EpochRow, StoreError, View};
use leasehold_core::wire::{AnswerBody, RequestFrame};

/// How many earlier epochs of a device are remembered.
const EPOCHS_KEPT: u32 = 16;

/// Where a request stands among those of its device.
pub(super) enum Place {
    /// It is the next one.
    Next,
    /// It begins an epoch that was never seen.
    NewEpoch,
    /// It goes on in an epoch after another took over.
    Returned,
    /// It was answered before, with these bytes.
    Repeated(Vec<u8>),
    /// Its number was used for other content, or is behind one that was used.
    Behind,
}

/// Finds the place of a request that the device's key signed.
pub(super) fn place<V: View + ?Sized>(
    view: &V,
    row: &DeviceRow,
    frame: &RequestFrame<'_>,
) -> Result<Place, StoreError> {
    let number = frame.request.number;
    if number.epoch == row.epoch && u64::from(number.sequence) > row.sequence {
        return Ok(Place::Next);
    }
    if let Some(told) = view.conflict(row.id)?.filter(|told| told.request == frame.digest) {
        return Ok(Place::Repeated(told.answer));
    }
    if number.epoch == row.epoch {
        return Ok(Place::Behind);
    }
    Ok(match view.old_epoch(row.id, number.epoch)? {
        None => Place::NewEpoch,
        Some(old) if old.request == frame.digest => Place::Repeated(old.answer.to_vec()),
        Some(old) if u64::from(number.sequence) > old.sequence => Place::Returned,
        // No proof of a second machine: whoever recorded the request can send it again.
        Some(_) => Place::Behind,
    })
}

/// Answers that the number is taken. The machine goes on under a fresh epoch.
pub(super) fn conflict(
    exchange: &mut Exchange<'_, '_>,
    mut row: DeviceRow,
) -> Result<Vec<u8>, DomainError> {
    let answer = exchange.sign(AnswerBody::Conflict, &mut row.answer_sequence)?;
    let request = exchange.frame.digest;
    exchange.tx.put_conflict(&ConflictRow { device: row.id, request, answer: answer.clone() })?;
    exchange.tx.save_contact(&row)?;
    Ok(answer)
}

/// Retires the current epoch of `row` in favour of that of the request.
pub(super) fn change_epoch(
    exchange: &mut Exchange<'_, '_>,
    row: &mut DeviceRow,
) -> Result<(), StoreError> {
    let current = exchange.frame.request.number.epoch;
    exchange.tx.remove_old_epoch(row.id, current)?;
    let retired = EpochRow {
        device: row.id,
        epoch: row.epoch,
        sequence: row.sequence,
        request: row.last_request,
        answer: core::mem::take(&mut row.last_answer),
        retired: exchange.scene.now,
    };
    exchange.tx.put_old_epoch(&retired, EPOCHS_KEPT)
}

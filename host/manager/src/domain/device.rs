//! What a device is answered (SPEC section 2, 3, 8).
//!
//! A request is judged in two steps. [`prove`] finds who sent it, from a view and without changing
//! anything: it is the dear part, and may run for many requests at once. Who proved to be someone
//! is answered by [`answer`], which decides within a transaction and gives the frame to send once
//! that is committed; anybody else by [`dismiss`], which needs none.

mod certificate;
mod numbers;
mod registration;
mod report;
mod sender;
#[cfg(test)]
mod tests;

pub use sender::{Proof, Sender, Unproven, prove};

use super::instance::{self, Standing};
use super::{Authority, DomainError, Scene, duplicate};
use crate::store::{DeviceId, DeviceRow, StoreError, Transaction};
use leasehold_core::crypto::PublicKey;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, EncodeError, FRAME_MAX, Refusal, RequestBody, RequestFrame,
    encode_answer,
};
use numbers::Place;
use serde_json::json;

/// How many replaced keys of an instance are remembered.
const REPLACED_KEYS_KEPT: u32 = 16;

/// Answers a request, which `proof` was found for. A refusal is an answer too.
///
/// # Errors
/// [`DomainError`] when nothing could be decided; the transaction is then to be undone.
pub fn answer(
    tx: &mut dyn Transaction,
    scene: &mut Scene<'_>,
    authority: &Authority,
    frame: &RequestFrame<'_>,
    proof: &Proof,
) -> Result<Vec<u8>, DomainError> {
    let mut exchange = Exchange { tx, scene, authority, frame };
    match &frame.request.body {
        RequestBody::Register(body) => registration::register(&mut exchange, body, proof.key),
        body => exchange.contact(body, proof),
    }
}

/// Refuses a request that proves nothing. Nothing changes, however often it is sent.
///
/// # Errors
/// [`DomainError`] when the answer cannot be signed.
pub fn dismiss(
    authority: &Authority,
    frame: &RequestFrame<'_>,
    unproven: Unproven,
    now: UnixTime,
) -> Result<Vec<u8>, DomainError> {
    let mut newer_than = unproven.newer_than;
    sign(authority, frame, AnswerBody::Refused(unproven.reason), now, &mut newer_than)
}

/// Tells a device to come back after `seconds`, and changes nothing (SPEC L12).
///
/// # Errors
/// As [`dismiss`].
pub fn postpone(
    authority: &Authority,
    frame: &RequestFrame<'_>,
    proof: &Proof,
    seconds: u32,
    now: UnixTime,
) -> Result<Vec<u8>, DomainError> {
    let mut newer_than = proof.newer_than;
    sign(authority, frame, AnswerBody::RetryLater { seconds }, now, &mut newer_than)
}

/// One request, and everything that is needed to answer it.
struct Exchange<'a, 's> {
    tx: &'a mut dyn Transaction,
    scene: &'a mut Scene<'s>,
    authority: &'a Authority,
    frame: &'a RequestFrame<'a>,
}

impl Exchange<'_, '_> {
    /// Anything but a registration: a request of an instance.
    fn contact(&mut self, body: &RequestBody<'_>, proof: &Proof) -> Result<Vec<u8>, DomainError> {
        let row = match proof.instance {
            Some(id) => self.tx.device_by_instance(id)?,
            None => None,
        };
        let Some(mut row) = row else {
            return self.refuse(Refusal::InstanceUnknown, proof.newer_than);
        };
        let certified = instance::keys(&row).find(|(key, _)| *key == proof.key);
        let repeated = certified.is_some() && row.last_request == self.frame.digest;
        if repeated && !row.last_answer.is_empty() {
            return Ok(row.last_answer.to_vec());
        }
        match instance::standing(&row, self.scene.now) {
            Standing::Live => {}
            Standing::Gone => {
                return self.refuse(Refusal::InstanceUnknown, row.answer_sequence);
            }
            Standing::Ended => {
                instance::expire(self.tx, self.scene, &mut row)?;
                return self.refuse(Refusal::CertificateExpired, row.answer_sequence);
            }
        }
        let Some((key, valid_until)) = certified else {
            // Replaced since the proof was found (SPEC X14).
            return self.refuse(Refusal::InstanceReplaced, row.answer_sequence);
        };
        if valid_until <= self.scene.now {
            return self.refuse(Refusal::CertificateExpired, row.answer_sequence);
        }
        let first_use = self.promote(&mut row, key)?;
        match numbers::place(self.tx, &row, self.frame)? {
            Place::Repeated(answer) => return Ok(answer),
            Place::Behind => return numbers::conflict(self, row),
            Place::Next => {}
            Place::Returned if !first_use => {
                // SPEC T5: an epoch that goes on after another took over proves two machines.
                duplicate::proven(self.tx, self.scene, &mut row)?;
                numbers::change_epoch(self, &mut row)?;
            }
            Place::NewEpoch | Place::Returned => numbers::change_epoch(self, &mut row)?,
        }
        self.heard(&mut row)?;
        match body {
            RequestBody::Report(usage) => report::report(self, row, usage),
            RequestBody::RenewCertificate => certificate::renew(self, row, key),
            RequestBody::Deregister => self.deregister(row),
            _ => self.refuse(Refusal::RequestUnknown, row.answer_sequence),
        }
    }

    /// The first use of a new key ends the old one (SPEC T4), and with it a second machine that
    /// has only the old one (SPEC T5). Says whether this is it.
    fn promote(&mut self, row: &mut DeviceRow, key: PublicKey) -> Result<bool, StoreError> {
        let Some(next) = row.next_key.take_if(|next| next.public_key == key) else {
            return Ok(false);
        };
        self.retire(row.id, &row.public_key)?;
        (row.public_key, row.valid_until) = (next.public_key, next.valid_until);
        duplicate::settle(self.tx, self.scene, row, self.frame.request.number.epoch)?;
        Ok(true)
    }

    /// Who still signs with a key that was replaced is a machine that was (SPEC T5), and is to be
    /// told so (SPEC X14), however many came after it.
    fn retire(&mut self, device: DeviceId, key: &PublicKey) -> Result<(), StoreError> {
        self.tx.put_replaced_key(device, key, REPLACED_KEYS_KEPT)
    }

    fn heard(&mut self, row: &mut DeviceRow) -> Result<(), StoreError> {
        row.last_contact = self.scene.now;
        if core::mem::take(&mut row.silence_announced) {
            row.look_at = instance::next_look(self.tx, row)?;
            self.tx.save_placement(row)?;
            self.log(row, "DeviceBack", &json!({}))?;
        }
        Ok(())
    }

    /// SPEC R6.
    fn deregister(&mut self, mut row: DeviceRow) -> Result<Vec<u8>, DomainError> {
        instance::leave(self.tx, self.scene, &mut row, instance::Leave::Deregistered)?;
        self.conclude(row, AnswerBody::Deregistered)
    }

    /// Signs the answer, keeps it for a repeat (SPEC T4), and writes the device.
    fn conclude(
        &mut self,
        mut row: DeviceRow,
        body: AnswerBody<'_>,
    ) -> Result<Vec<u8>, DomainError> {
        let answer = self.sign(body, &mut row.answer_sequence)?;
        let number = self.frame.request.number;
        (row.epoch, row.sequence) = (number.epoch, number.sequence.into());
        row.last_request = self.frame.digest;
        row.last_answer = answer.as_slice().into();
        self.tx.save_contact(&row)?;
        Ok(answer)
    }

    /// A refusal. It is not kept: nothing changes, however often it is asked for.
    fn refuse(&self, reason: Refusal, mut newer_than: u64) -> Result<Vec<u8>, DomainError> {
        self.sign(AnswerBody::Refused(reason), &mut newer_than)
    }

    /// Makes the frame; `sequence` is moved from that of the answer before to that of this one.
    fn sign(&self, body: AnswerBody<'_>, sequence: &mut u64) -> Result<Vec<u8>, DomainError> {
        sign(self.authority, self.frame, body, self.scene.now, sequence)
    }

    fn log(
        &mut self,
        row: &DeviceRow,
        name: &str,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        super::event::log(self.tx, self.scene, row.into(), name, detail)
    }
}

/// Makes the frame that answers `frame`; `sequence` is moved from that of the answer before to that
/// of this one.
fn sign(
    authority: &Authority,
    frame: &RequestFrame<'_>,
    body: AnswerBody<'_>,
    now: UnixTime,
    sequence: &mut u64,
) -> Result<Vec<u8>, DomainError> {
    let Authority { signer, answers, epoch, .. } = authority;
    *sequence = answers.next(now, *sequence);
    let crypto = &*signer.crypto;
    let answer = Answer {
        device: frame.request.udi.fingerprint(&crypto),
        request: frame.digest,
        time: now,
        number: AnswerNumber { epoch: *epoch, sequence: *sequence },
        body,
    };
    let mut buffer = [0; FRAME_MAX];
    let length = encode_answer(&crypto, &signer.key, &signer.certificate, &answer, &mut buffer)
        .map_err(|error| match error {
            EncodeError::KeyUnusable => DomainError::KeyUnusable,
            EncodeError::BufferTooSmall => {
                DomainError::Invalid("The answer is longer than a frame.".into())
            }
        })?;
    Ok(buffer.get(..length).unwrap_or(&buffer).to_vec())
}

//! What a device is answered (SPEC section 2, 3, 8).
//!
//! A request is judged in two steps. [`prove`] finds the key that signed it, from a view and
//! without changing anything: it is the dear part, and may run for many requests at once.
//! [`answer`] decides, within a transaction, and gives the frame to send once that is committed.

mod certificate;
mod numbers;
mod registration;
mod report;
#[cfg(test)]
mod tests;

use super::instance::{self, Standing};
use super::{Authority, DomainError, Scene};
use crate::store::{DeviceRow, StoreError, Transaction, View};
use leasehold_core::crypto::{Crypto, PublicKey};
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, EncodeError, FRAME_MAX, Refusal, RequestBody, RequestFrame,
    encode_answer,
};
use numbers::Place;
use serde_json::json;

/// Finds the key that signed a request, among those it may be signed with: the key that a
/// registration presents, or the keys of the instance that the request names.
///
/// # Errors
/// [`StoreError`] when the instance cannot be looked up.
pub fn prove(
    view: &dyn View,
    crypto: &dyn Crypto,
    frame: &RequestFrame<'_>,
) -> Result<Option<PublicKey>, StoreError> {
    if let RequestBody::Register(_) = frame.request.body {
        return Ok(frame.proven_registration_key(&crypto));
    }
    let Some(id) = frame.request.instance else { return Ok(None) };
    let Some(row) = view.device_by_instance(id)? else { return Ok(None) };
    let signed = |key: &PublicKey| frame.is_signed_by(&crypto, key);
    Ok(instance::keys(&row).map(|(key, _)| key).chain(row.replaced_key).find(signed))
}

/// Answers a request; `proven` is what [`prove`] found. A refusal is an answer too.
///
/// # Errors
/// [`DomainError`] when nothing could be decided; the transaction is then to be undone.
pub fn answer(
    tx: &mut dyn Transaction,
    scene: &mut Scene<'_>,
    authority: &Authority,
    frame: &RequestFrame<'_>,
    proven: Option<PublicKey>,
) -> Result<Vec<u8>, DomainError> {
    let mut exchange = Exchange { tx, scene, authority, frame };
    match &frame.request.body {
        RequestBody::Register(register) => registration::register(&mut exchange, register, proven),
        body => exchange.contact(body, proven),
    }
}

/// Tells a device to come back after `seconds`, and changes nothing (SPEC L12).
///
/// # Errors
/// As [`answer`].
pub fn postpone(
    tx: &mut dyn Transaction,
    scene: &mut Scene<'_>,
    authority: &Authority,
    frame: &RequestFrame<'_>,
    seconds: u32,
) -> Result<Vec<u8>, DomainError> {
    let known = tx.device_by_udi(&frame.request.udi)?;
    let mut newer_than = known.map_or(0, |row| row.answer_sequence);
    let exchange = Exchange { tx, scene, authority, frame };
    exchange.sign(&AnswerBody::RetryLater { seconds }, &mut newer_than)
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
    fn contact(
        &mut self,
        body: &RequestBody<'_>,
        proven: Option<PublicKey>,
    ) -> Result<Vec<u8>, DomainError> {
        let row = match self.frame.request.instance {
            Some(id) => self.tx.device_by_instance(id)?,
            None => None,
        };
        let Some(mut row) = row else { return self.refuse(Refusal::InstanceUnknown, 0) };
        if row.udi() != self.frame.request.udi {
            return self.refuse(Refusal::DeviceMismatch, row.answer_sequence);
        }
        let proof = instance::keys(&row).find(|(key, _)| Some(*key) == proven);
        let repeated = proof.is_some() && row.last_request == self.frame.digest;
        if repeated && !row.last_answer.is_empty() {
            return Ok(row.last_answer);
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
        let Some((key, valid_until)) = proof else {
            // Who was the instance is none any more (SPEC X14); who never was proves nothing.
            let was = proven.is_some() && proven == row.replaced_key;
            let reason = if was { Refusal::InstanceUnknown } else { Refusal::SignatureInvalid };
            return self.refuse(reason, row.answer_sequence);
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
                self.duplicate(&mut row)?;
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
        row.replaced_key = Some(row.public_key);
        (row.public_key, row.valid_until) = (next.public_key, next.valid_until);
        if row.duplicate_since.take().is_some() {
            self.log(row, "DuplicateResolved", &json!({}))?;
        }
        Ok(true)
    }

    /// SPEC T5: an epoch that goes on after another took over proves two live machines.
    fn duplicate(&mut self, row: &mut DeviceRow) -> Result<(), StoreError> {
        if row.duplicate_since.is_some() {
            return Ok(());
        }
        row.duplicate_since = Some(self.scene.now);
        self.log(row, "DuplicateInstance", &json!({}))
    }

    fn heard(&mut self, row: &mut DeviceRow) -> Result<(), StoreError> {
        row.last_contact = self.scene.now;
        if core::mem::take(&mut row.silence_announced) {
            row.look_at = instance::next_look(row);
            self.tx.save_placement(row)?;
            self.log(row, "DeviceBack", &json!({}))?;
        }
        Ok(())
    }

    /// SPEC R6.
    fn deregister(&mut self, mut row: DeviceRow) -> Result<Vec<u8>, DomainError> {
        instance::leave(self.tx, self.scene, &mut row, instance::Leave::Deregistered)?;
        self.conclude(row, &AnswerBody::Deregistered)
    }

    /// Signs the answer, keeps it for a repeat (SPEC T4), and writes the device.
    fn conclude(
        &mut self,
        mut row: DeviceRow,
        body: &AnswerBody<'_>,
    ) -> Result<Vec<u8>, DomainError> {
        let answer = self.sign(body, &mut row.answer_sequence)?;
        let number = self.frame.request.number;
        (row.epoch, row.sequence) = (number.epoch, number.sequence);
        row.last_request = self.frame.digest;
        row.last_answer.clone_from(&answer);
        self.tx.save_contact(&row)?;
        Ok(answer)
    }

    /// A refusal. It is not kept: nothing changes, however often it is asked for.
    fn refuse(&self, reason: Refusal, mut newer_than: u64) -> Result<Vec<u8>, DomainError> {
        self.sign(&AnswerBody::Refused(reason), &mut newer_than)
    }

    /// Makes the frame; `sequence` is moved from that of the answer before to that of this one.
    fn sign(&self, body: &AnswerBody<'_>, sequence: &mut u64) -> Result<Vec<u8>, DomainError> {
        let Authority { signer, answers, epoch, .. } = self.authority;
        *sequence = answers.next(self.scene.now, *sequence);
        let crypto = &*signer.crypto;
        let answer = Answer {
            device: self.frame.request.udi.fingerprint(&crypto),
            request: self.frame.digest,
            time: self.scene.now,
            number: AnswerNumber { epoch: *epoch, sequence: *sequence },
            body: body.clone(),
        };
        let mut frame = vec![0; FRAME_MAX];
        let length = encode_answer(&crypto, &signer.key, &signer.certificate, &answer, &mut frame)
            .map_err(|error| match error {
                EncodeError::KeyUnusable => DomainError::KeyUnusable,
                EncodeError::BufferTooSmall => {
                    DomainError::Invalid("The answer is longer than a frame.".into())
                }
            })?;
        frame.truncate(length);
        Ok(frame)
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

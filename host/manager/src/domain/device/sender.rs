//! Who sent a request. Found from a view, without changing anything, so that it may be done for
//! many requests at once; and the cheap checks come before the signature (SPEC L12).

use super::registration;
use crate::domain::Authority;
use crate::domain::instance::{self, Standing};
use crate::store::{StoreError, View};
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::InstanceId;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{Refusal, Register, RequestBody, RequestFrame};

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub enum Sender {
    /// Someone who proved to hold a key that the request may be signed with.
    Proven(Proof),
    /// Anybody.
    Unproven(Unproven),
}

/// That a request is signed by a key it may be signed with: the one that a registration presents,
/// or one of the instance that the request names. Only [`prove`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    pub(super) key: PublicKey,
    pub(super) instance: Option<InstanceId>,
    pub(super) newer_than: u64,
}

impl Proof {
    /// The instance whose key signed; `None` for a registration.
    pub const fn instance(&self) -> Option<InstanceId> {
        self.instance
    }
}

/// Why a request proves nothing: what [`super::dismiss`] answers.
#[derive(Clone, Copy, Debug)]
pub struct Unproven {
    pub(super) reason: Refusal,
    pub(super) newer_than: u64,
}

/// Finds out who sent a request.
///
/// # Errors
/// [`StoreError`] when that cannot be looked up.
pub fn prove(
    view: &dyn View,
    authority: &Authority,
    frame: &RequestFrame<'_>,
    now: UnixTime,
) -> Result<Sender, StoreError> {
    match &frame.request.body {
        RequestBody::Register(register) => applicant(view, authority, frame, register),
        _ => member(view, authority, frame, now),
    }
}

fn unproven(reason: Refusal, newer_than: u64) -> Sender {
    Sender::Unproven(Unproven { reason, newer_than })
}

/// Who wants to be registered.
fn applicant(
    view: &dyn View,
    authority: &Authority,
    frame: &RequestFrame<'_>,
    register: &Register,
) -> Result<Sender, StoreError> {
    let udi = frame.request.udi;
    let newer_than = view.device_by_udi(&udi)?.map_or(0, |row| row.answer_sequence);
    if let Err(reason) = registration::basis(view, authority, &udi, register)? {
        return Ok(unproven(reason, newer_than));
    }
    Ok(match frame.proven_registration_key(&&*authority.signer.crypto) {
        Some(key) => Sender::Proven(Proof { key, instance: None, newer_than }),
        None => unproven(Refusal::SignatureInvalid, newer_than),
    })
}

/// Who says to be an instance.
fn member(
    view: &dyn View,
    authority: &Authority,
    frame: &RequestFrame<'_>,
    now: UnixTime,
) -> Result<Sender, StoreError> {
    let row = match frame.request.instance {
        Some(id) => view.device_by_instance(id)?,
        None => None,
    };
    let Some(row) = row else { return Ok(unproven(Refusal::InstanceUnknown, 0)) };
    let newer_than = row.answer_sequence;
    if row.udi() != frame.request.udi {
        return Ok(unproven(Refusal::DeviceMismatch, newer_than));
    }
    let signed = |key: &PublicKey| frame.is_signed_by(&&*authority.signer.crypto, key);
    if let Some(key) = instance::keys(&row).map(|(key, _)| key).find(signed) {
        return Ok(Sender::Proven(Proof { key, instance: Some(row.instance), newer_than }));
    }
    let reason = match instance::standing(&row, now) {
        Standing::Gone => Refusal::InstanceUnknown,
        Standing::Ended => Refusal::CertificateExpired,
        // Who was the instance is none any more (SPEC X14); who never was proves nothing.
        Standing::Live if view.replaced_keys(row.id)?.iter().any(signed) => {
            Refusal::InstanceReplaced
        }
        Standing::Live => Refusal::SignatureInvalid,
    };
    Ok(unproven(reason, newer_than))
}

//! What a device says.

use crate::crypto::PublicKey;
use crate::identity::{InstanceId, Udi};
use crate::product::ENTITLEMENTS_MAX;
use crate::token::TokenProof;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// A device's request. Signed by the key in its ID certificate, or by the new key that a
/// registration presents.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Request<'a> {
    /// The device.
    #[serde(borrow)]
    pub udi: Udi<'a>,
    /// The instance the manager made of it; `None` while registering.
    pub instance: Option<InstanceId>,
    /// Its place among the device's requests.
    pub number: RequestNumber,
    /// Makes two requests with the same content differ.
    pub nonce: Nonce,
    /// What is asked.
    pub body: RequestBody<'a>,
}

/// Sixteen unpredictable bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Nonce(#[serde(with = "crate::codec::bytes")] pub [u8; 16]);

/// Numbers a device's requests. Within an epoch the sequence only grows; a device that learns that
/// a number was used before goes on under a fresh random epoch (SPEC T5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct RequestNumber {
    /// Random.
    pub epoch: u32,
    /// From 1.
    pub sequence: u32,
}

/// What is asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // no heap to box into; a request lives on the stack, once
pub enum RequestBody<'a> {
    /// Make me a product instance (SPEC R2).
    Register(Register),
    /// This is my peak use; is it covered? (SPEC A4)
    #[serde(borrow)]
    Report(Report<'a>),
    /// A certificate that lasts longer (SPEC R2).
    RenewCertificate,
    /// Release what I have and forget me (SPEC R6).
    Deregister,
}

/// A registration. The same bytes are sent until an answer comes: a repeat makes no second
/// instance and uses the token once (SPEC T4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Register {
    /// That the device has a registration token.
    pub token: TokenProof,
    /// The device's new key.
    pub public_key: PublicKey,
    /// Replace an instance that has the same UDI (SPEC R5).
    pub force: bool,
}

/// A usage report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report<'a> {
    /// The device's host name; empty where it is kept private.
    pub host_name: &'a str,
    /// The version of the device's software.
    pub software_version: &'a str,
    /// Seconds that the peaks are taken over.
    pub covers_seconds: u32,
    /// Peaks per reported entitlement.
    #[serde(borrow)]
    pub usage: Vec<Usage<'a>, ENTITLEMENTS_MAX>,
}

/// The peak of one entitlement: for a tier, of it and all higher tiers together (SPEC C3).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Usage<'a> {
    /// The entitlement's tag.
    pub tag: &'a str,
    /// Its peak.
    pub peak: u32,
}

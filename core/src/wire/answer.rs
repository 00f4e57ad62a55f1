//! What a license manager says.

use crate::crypto::{Digest, PublicKey, Signature};
use crate::identity::{DeviceFingerprint, IdCertificate};
use crate::policy::Policy;
use crate::product::ENTITLEMENTS_MAX;
use crate::time::UnixTime;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// A manager's answer: signed, and bound to the request it answers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answer<'a> {
    /// The device it is for.
    pub device: DeviceFingerprint,
    /// The digest of the request it answers.
    pub request: Digest,
    /// When it was made, by the manager's clock.
    pub time: UnixTime,
    /// Its place among the answers to this device.
    pub number: AnswerNumber,
    /// What is said.
    #[serde(borrow)]
    pub body: AnswerBody<'a>,
}

/// How every [`Answer`] begins: enough to tell whom it is for, without looking at what it says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct AnswerHead {
    pub(super) device: DeviceFingerprint,
    pub(super) request: Digest,
    pub(super) time: UnixTime,
    pub(super) number: AnswerNumber,
}

/// Orders the answers to one device: a manager restored from a backup starts a higher epoch.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub struct AnswerNumber {
    /// Grows with every restore of the manager.
    pub epoch: u32,
    /// Grows with every answer.
    pub sequence: u64,
}

/// What is said.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // no heap to box into; an answer lives on the stack, once
pub enum AnswerBody<'a> {
    /// The device is registered.
    #[serde(borrow)]
    Registered(Registered<'a>),
    /// What became of a report.
    Authorization(Authorization),
    /// A longer certificate.
    Renewed(IdCertificate),
    /// The instance is gone and its licences are free.
    Deregistered,
    /// A permanent no.
    Refused(Refusal),
    /// Not now: come back after this many seconds (SPEC L12).
    RetryLater {
        /// Seconds to wait.
        seconds: u32,
    },
    /// The request's number was seen before with other content (SPEC T5).
    Conflict,
}

/// The answer to a registration.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Registered<'a> {
    /// Binds the device's key to its UDI.
    pub certificate: IdCertificate,
    /// Name of the smart account, at most [`ACCOUNT_NAME_MAX`] bytes.
    pub smart_account: &'a str,
    /// Name of the virtual account, at most [`ACCOUNT_NAME_MAX`] bytes.
    pub virtual_account: &'a str,
    /// Whether export-controlled functions are allowed (SPEC R8).
    pub export_controlled_allowed: bool,
    /// Rules other than the product's own (SPEC A8).
    pub policy: Option<Policy>,
}

/// The longest account name, in bytes.
pub const ACCOUNT_NAME_MAX: usize = 40;

/// The answer to a report (SPEC A6).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Authorization {
    /// One for each usage of the report, in its order.
    pub entitlements: Vec<EntitlementAnswer, ENTITLEMENTS_MAX>,
    /// Since when the manager has seen this device out of compliance, whatever it was registered
    /// as since then (SPEC X6). `None` when everything is covered.
    pub out_of_compliance_since: Option<UnixTime>,
    /// Rules other than the product's own (SPEC A8).
    pub policy: Option<Policy>,
    /// Another machine uses this identity (SPEC T5).
    pub duplicate: bool,
}

/// The answer for one entitlement.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EntitlementAnswer {
    /// Whether it is covered.
    pub verdict: Verdict,
    /// How many the account owns for everybody, less what is reserved.
    pub owned: u32,
}

/// Whether an entitlement is covered.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Verdict {
    /// Covered.
    #[default]
    InCompliance,
    /// More is in use than is owned.
    OutOfCompliance,
    /// The manager does not know the tag.
    InvalidTag,
    /// Must be owned and is not; an alert, not out of compliance (SPEC X10).
    NotOwned,
}

/// Why a manager refuses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Refusal {
    /// No such token was ever made.
    TokenUnknown,
    /// The token's days are over.
    TokenExpired,
    /// The token was used as often as it may be.
    TokenUsedUp,
    /// An administrator revoked the token.
    TokenRevoked,
    /// The manager has no product with this product id.
    ProductUnknown,
    /// The UDI is registered; `force` would replace it (SPEC R5).
    AlreadyRegistered,
    /// The UDI is registered in another account, which `force` never crosses (SPEC T4).
    RegisteredElsewhere,
    /// The manager has no such instance: it was removed, or never existed (SPEC X14).
    InstanceUnknown,
    /// The instance's certificate ended.
    CertificateExpired,
    /// The request's signature is not by the key in the instance's certificate.
    SignatureInvalid,
    /// The request's UDI is not that of the instance.
    DeviceMismatch,
    /// The request is of a kind this manager does not know.
    RequestUnknown,
    /// Another registration took the place of the instance that this key was for (SPEC R5, T5).
    InstanceReplaced,
}

impl Refusal {
    /// Whether it ends the registration of the device that asked (SPEC X14).
    pub const fn ends_registration(self) -> bool {
        matches!(self, Self::InstanceUnknown | Self::CertificateExpired | Self::InstanceReplaced)
    }
}

/// The root's statement that a key may sign answers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SigningCertificate {
    /// The manager's signing key.
    pub public_key: PublicKey,
    /// Counts the certificates of this manager.
    pub serial: u32,
    /// Start of validity.
    pub valid_from: UnixTime,
    /// End of validity.
    pub valid_until: UnixTime,
    /// By the root key, over everything above.
    pub signature: Signature,
}

//! The one decision whether a manager's answer is believed (SPEC T4).

use super::answer::{Answer, AnswerHead, AnswerNumber, SigningCertificate};
use super::frame::{AnswerFrame, AnswerTrailer};
use crate::codec;
use crate::crypto::{
    Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Purpose, Signature, SignedMessage,
};
use crate::identity::DeviceFingerprint;
use crate::time::UnixTime;
use crate::verified::Verified;
use serde::{Deserialize, Serialize};

/// What an acceptable answer must match.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The vendor's root key.
    pub root: PublicKey,
    /// This device.
    pub device: DeviceFingerprint,
    /// The request that is waiting for an answer.
    pub request: Digest,
    /// The number of the last answer that was accepted.
    pub newer_than: AnswerNumber,
}

/// Why an answer is not believed. The device is as it was before.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum AcceptError {
    /// The signing certificate is not by the root that the product pins.
    ManagerUnknown,
    /// The signing certificate does not cover the time the answer gives.
    ManagerCertificateExpired,
    /// The answer is not by the key in the signing certificate.
    SignatureInvalid,
    /// It is for another device.
    OtherDevice,
    /// It answers another request.
    OtherRequest,
    /// It is not newer than the last answer accepted.
    Stale,
    /// It is the manager's, and says what this version of the format does not have.
    NotUnderstood,
}

/// Decides whether to believe an answer. Pure: the same arguments give the same verdict.
///
/// # Errors
/// [`AcceptError`] names the first check that failed, from the cheapest to the dearest.
pub fn accept<'a, C: Crypto>(
    crypto: &C,
    frame: AnswerFrame<'a>,
    expected: &Expected,
) -> Result<Verified<Answer<'a>>, AcceptError> {
    understand(vouch(crypto, &frame, expected)?)
}

/// The first half of [`accept`]: whether the manager said it, to this device, just now. What it is
/// that was said is read by [`understand`], so that neither half's stack stands on the other's.
pub(crate) fn vouch<'a, C: Crypto>(
    crypto: &C,
    frame: &AnswerFrame<'a>,
    expected: &Expected,
) -> Result<Verified<&'a [u8]>, AcceptError> {
    check(crypto, frame, expected)?;
    Ok(Verified::new(frame.payload))
}

/// The second half of [`accept`].
pub(crate) fn understand(payload: Verified<&[u8]>) -> Result<Verified<Answer<'_>>, AcceptError> {
    let answer = codec::from_slice(payload.into_inner());
    answer.map(Verified::new).map_err(|_| AcceptError::NotUnderstood)
}

#[inline(never)]
fn check<C: Crypto>(
    crypto: &C,
    frame: &AnswerFrame<'_>,
    expected: &Expected,
) -> Result<(), AcceptError> {
    let AnswerHead { device, request, time, number } = &frame.head;
    let AnswerTrailer { signature, certificate } = &frame.trailer;
    if *device != expected.device {
        return Err(AcceptError::OtherDevice);
    }
    if *request != expected.request {
        return Err(AcceptError::OtherRequest);
    }
    if *number <= expected.newer_than {
        return Err(AcceptError::Stale);
    }
    if *time < certificate.valid_from || *time > certificate.valid_until {
        return Err(AcceptError::ManagerCertificateExpired);
    }
    if !certificate.is_signed_by(crypto, &expected.root) {
        return Err(AcceptError::ManagerUnknown);
    }
    let message = SignedMessage::new(Purpose::Answer, &frame.digest);
    if !crypto.verify(&certificate.public_key, &message, signature) {
        return Err(AcceptError::SignatureInvalid);
    }
    Ok(())
}

#[derive(Serialize)]
struct Statement<'a> {
    public_key: &'a PublicKey,
    serial: u32,
    valid_from: UnixTime,
    valid_until: UnixTime,
}

impl SigningCertificate {
    /// States that `public_key` may sign answers from `valid_from` to `valid_until`.
    ///
    /// # Errors
    /// [`KeyUnusable`] when the root key is not there.
    pub fn issue<C: Crypto>(
        crypto: &C,
        root: &KeyHandle,
        public_key: PublicKey,
        serial: u32,
        valid_from: UnixTime,
        valid_until: UnixTime,
    ) -> Result<Self, KeyUnusable> {
        let message = statement(crypto, &public_key, serial, valid_from, valid_until)?;
        let signature: Signature = crypto.sign(root, &message)?;
        Ok(Self { public_key, serial, valid_from, valid_until, signature })
    }

    /// Whether `root` made this statement.
    pub fn is_signed_by<C: Crypto>(&self, crypto: &C, root: &PublicKey) -> bool {
        statement(crypto, &self.public_key, self.serial, self.valid_from, self.valid_until)
            .is_ok_and(|message| crypto.verify(root, &message, &self.signature))
    }
}

/// Longest encoding: 33 bytes of key, 5 of serial, twice 10 of time.
const STATEMENT_MAX: usize = 58;

fn statement<C: Crypto>(
    crypto: &C,
    public_key: &PublicKey,
    serial: u32,
    valid_from: UnixTime,
    valid_until: UnixTime,
) -> Result<SignedMessage, KeyUnusable> {
    let mut buffer = [0; STATEMENT_MAX];
    let statement = Statement { public_key, serial, valid_from, valid_until };
    let length = codec::to_slice(&statement, &mut buffer).ok_or(KeyUnusable)?;
    let bytes = buffer.get(..length).ok_or(KeyUnusable)?;
    Ok(SignedMessage::new(Purpose::SigningCertificate, &crypto.digest(&[bytes])))
}

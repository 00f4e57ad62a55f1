//! The cryptography an agent or a manager needs, as a trait: a secure element fits as well as
//! software, and a simulation can use a cheap stand-in.
//!
//! What is signed is always 48 bytes: a purpose of 16 ([`Purpose`]) and the digest of the message.
//! So no signature made for one purpose passes for another, and no signer needs the whole message.

use serde::{Deserialize, Serialize};

#[cfg(feature = "ed25519")]
mod software;
#[cfg(feature = "ed25519")]
pub use software::SoftwareCrypto;

/// The signature schemes. Append only: the number is on the wire and in flash.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519, verified strictly: no weak keys, no second spelling of a signature.
    Ed25519,
}

/// A 256-bit digest: for [`Algorithm::Ed25519`] the first half of SHA-512.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Digest(#[serde(with = "crate::codec::bytes")] pub [u8; 32]);

/// A public key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct PublicKey {
    /// The scheme it is for.
    pub algorithm: Algorithm,
    /// The key itself.
    #[serde(with = "crate::codec::bytes")]
    pub bytes: [u8; 32],
}

/// A signature.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Signature {
    /// The scheme it was made with.
    pub algorithm: Algorithm,
    /// First half (R).
    #[serde(with = "crate::codec::bytes")]
    pub commitment: [u8; 32],
    /// Second half (s).
    #[serde(with = "crate::codec::bytes")]
    pub response: [u8; 32],
}

/// What a [`Crypto`] needs to find a private key: the seed itself in software, a slot and a
/// wrapped key in a secure element. Stored in the agent's record; never logged, never sent.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct KeyHandle(#[serde(with = "crate::codec::bytes")] pub [u8; 32]);

impl core::fmt::Debug for KeyHandle {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyHandle(hidden)")
    }
}

/// What a signature is for. Each has its own sixteen bytes before the digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// A device's request, by the key in its ID certificate (or the key to be certified).
    Request,
    /// A manager's answer, by its signing key.
    Answer,
    /// A signing certificate, by the root key.
    SigningCertificate,
    /// What an authorization code grants, by the reservation key or the manager's signing key.
    Reservation,
}

impl Purpose {
    const fn label(self) -> [u8; 16] {
        match self {
            Self::Request => *b"leasehold reqst1",
            Self::Answer => *b"leasehold answr1",
            Self::SigningCertificate => *b"leasehold scert1",
            Self::Reservation => *b"leasehold resrv1",
        }
    }
}

/// Exactly what is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedMessage([u8; 48]);

impl SignedMessage {
    /// The message for `digest`, used for `purpose`.
    pub fn new(purpose: Purpose, digest: &Digest) -> Self {
        let mut message = [0; 48];
        // Both are there: 16 and 32 bytes.
        if let Some((label, rest)) = message.split_first_chunk_mut() {
            *label = purpose.label();
            if let Some(signed) = rest.first_chunk_mut() {
                *signed = digest.0;
            }
        }
        Self(message)
    }

    /// The bytes to sign.
    pub const fn as_bytes(&self) -> &[u8; 48] {
        &self.0
    }
}

/// The key cannot be used: no such slot, a broken element, a handle from another device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyUnusable;

/// Digest, keys and signatures.
///
/// All calls must return within the platform's watchdog; none may panic.
pub trait Crypto {
    /// The digest of the parts put one after the other.
    fn digest(&self, parts: &[&[u8]]) -> Digest;

    /// Makes a key pair from 32 bytes of entropy and keeps the private half.
    ///
    /// # Errors
    /// [`KeyUnusable`] when there is no room for another key.
    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable>;

    /// The public half of `key`.
    ///
    /// # Errors
    /// [`KeyUnusable`] when the key is not there.
    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable>;

    /// Signs with `key`.
    ///
    /// # Errors
    /// [`KeyUnusable`] when the key is not there.
    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable>;

    /// Whether `signature` over `message` is by `key`. Refuses schemes it does not know.
    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool;
}

impl<T: Crypto + ?Sized> Crypto for &T {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        (**self).digest(parts)
    }
    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        (**self).generate(entropy)
    }
    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        (**self).public_key(key)
    }
    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        (**self).sign(key, message)
    }
    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        (**self).verify(key, message, signature)
    }
}

//! A stand-in for cryptography: as fast as a hash, as strong as one that anybody can compute. An
//! exchange costs about a microsecond with it.

use leasehold_core::crypto::{
    Algorithm, Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};
use std::cell::Cell;

/// Digests and signatures by a hash that is no secret.
#[derive(Clone, Copy, Debug)]
pub struct KeyedHash;

/// The same on a device whose keys may have become unusable.
#[derive(Clone, Copy, Debug)]
pub struct DeviceKeys<'a> {
    /// Whether they can be used now.
    pub usable: &'a Cell<bool>,
}

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Eight bytes at a time, and how long each part was; then spread over 32 bytes.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = ODD;
    let mut stir = |word: u64| {
        state = (state ^ word).wrapping_mul(ODD);
        state ^= state >> 32;
    };
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        words.iter().for_each(|&word| stir(u64::from_le_bytes(word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        stir(u64::from_le_bytes(last));
        stir(part.len() as u64);
    }
    let mut spread = [0; 32];
    for chunk in spread.chunks_exact_mut(8) {
        state = (state ^ (state >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    spread
}

impl Crypto for KeyedHash {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        Digest(hash(parts))
    }

    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        Ok(KeyHandle(*entropy))
    }

    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        Ok(PublicKey { algorithm: Algorithm::Ed25519, bytes: key.0.map(|byte| byte ^ 0x5A) })
    }

    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        let public = self.public_key(key)?;
        let commitment = hash(&[&public.bytes, message.as_bytes()]);
        Ok(Signature { algorithm: Algorithm::Ed25519, commitment, response: [0; 32] })
    }

    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        signature.response == [0; 32]
            && signature.commitment == hash(&[&key.bytes, message.as_bytes()])
    }
}

impl DeviceKeys<'_> {
    fn if_usable<T>(self, done: Result<T, KeyUnusable>) -> Result<T, KeyUnusable> {
        if self.usable.get() { done } else { Err(KeyUnusable) }
    }
}

impl Crypto for DeviceKeys<'_> {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        KeyedHash.digest(parts)
    }

    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        self.if_usable(KeyedHash.generate(entropy))
    }

    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        self.if_usable(KeyedHash.public_key(key))
    }

    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        self.if_usable(KeyedHash.sign(key, message))
    }

    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        KeyedHash.verify(key, message, signature)
    }
}

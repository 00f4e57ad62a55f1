//! Cryptography that takes next to nothing of the device, as a secure element does.

use leasehold_core::crypto::{
    Algorithm, Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};

/// Signs by hashes that anybody can make: for measuring what is not cryptography, and for nothing else.
#[derive(Clone, Copy, Debug)]
pub struct StandIn;

impl Crypto for StandIn {
    #[inline(never)]
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        // FNV-1a: three instructions a byte.
        let mut hash = 0x811C_9DC5_u32;
        for byte in parts.iter().copied().flatten() {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
        let mut digest = Digest::default();
        for place in digest.0.chunks_exact_mut(4) {
            place.copy_from_slice(&hash.to_le_bytes());
        }
        digest
    }

    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        Ok(KeyHandle(*entropy))
    }

    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        Ok(PublicKey { algorithm: Algorithm::Ed25519, bytes: key.0 })
    }

    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        let response = self.digest(&[&key.0, message.as_bytes()]).0;
        Ok(Signature { algorithm: Algorithm::Ed25519, commitment: key.0, response })
    }

    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        signature.response == self.digest(&[&key.bytes, message.as_bytes()]).0
    }
}

//! A stand-in for cryptography: as fast as a hash, as strong as one that anybody can compute. An
//! exchange costs about a microsecond with it.

use leasehold_core::crypto::{
    Algorithm, Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};

#[derive(Clone, Copy, Debug)]
/// Digests and signatures by FNV-1a.
pub struct KeyedHash;

/// FNV-1a, then spread over 32 bytes.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = 0xCBF2_9CE4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
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
        signature.commitment == hash(&[&key.bytes, message.as_bytes()])
    }
}

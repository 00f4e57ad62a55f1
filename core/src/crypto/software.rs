//! Ed25519 and SHA-512 in software.

use super::{
    Algorithm, Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sha2::Digest as _;

/// Ed25519 (strict verification) and SHA-512 in software; a [`KeyHandle`] is the key's seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftwareCrypto;

impl Crypto for SoftwareCrypto {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut hasher = sha2::Sha512::new();
        for part in parts {
            hasher.update(part);
        }
        let mut digest = Digest::default();
        for (place, byte) in digest.0.iter_mut().zip(hasher.finalize()) {
            *place = byte;
        }
        digest
    }

    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        Ok(KeyHandle(*entropy))
    }

    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        let bytes = SigningKey::from_bytes(&key.0).verifying_key().to_bytes();
        Ok(PublicKey { algorithm: Algorithm::Ed25519, bytes })
    }

    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        let signature = SigningKey::from_bytes(&key.0).sign(message.as_bytes());
        Ok(Signature {
            algorithm: Algorithm::Ed25519,
            commitment: *signature.r_bytes(),
            response: *signature.s_bytes(),
        })
    }

    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        if key.algorithm != Algorithm::Ed25519 || signature.algorithm != Algorithm::Ed25519 {
            return false;
        }
        let Ok(key) = VerifyingKey::from_bytes(&key.bytes) else {
            return false;
        };
        let signature =
            ed25519_dalek::Signature::from_components(signature.commitment, signature.response);
        key.verify_strict(message.as_bytes(), &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Purpose;

    #[test]
    fn the_digest_is_the_first_half_of_sha_512() {
        // FIPS 180-2, appendix C.1: SHA-512 of "abc".
        let expected = [
            0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba, 0xcc, 0x41, 0x73, 0x49, 0xae, 0x20,
            0x41, 0x31, 0x12, 0xe6, 0xfa, 0x4e, 0x89, 0xa9, 0x7e, 0xa2, 0x0a, 0x9e, 0xee, 0xe6,
            0x4b, 0x55, 0xd3, 0x9a,
        ];
        assert_eq!(SoftwareCrypto.digest(&[b"a", b"", b"bc"]).0, expected);
    }

    #[test]
    fn a_signature_holds_for_its_message_key_and_purpose_only() {
        let crypto = SoftwareCrypto;
        let (key, other) = (KeyHandle([1; 32]), KeyHandle([2; 32]));
        let public = crypto.public_key(&key).unwrap();
        let message = SignedMessage::new(Purpose::Request, &Digest([3; 32]));
        let signature = crypto.sign(&key, &message).unwrap();
        assert!(crypto.verify(&public, &message, &signature));
        assert!(!crypto.verify(&crypto.public_key(&other).unwrap(), &message, &signature));
        let other_purpose = SignedMessage::new(Purpose::Answer, &Digest([3; 32]));
        assert!(!crypto.verify(&public, &other_purpose, &signature));
        let other_digest = SignedMessage::new(Purpose::Request, &Digest([4; 32]));
        assert!(!crypto.verify(&public, &other_digest, &signature));
    }

    #[test]
    fn a_handle_never_shows_its_secret() {
        extern crate std;
        assert_eq!(std::format!("{:?}", KeyHandle([7; 32])), "KeyHandle(hidden)");
    }
}

//! Cryptography as a secure element has it: elsewhere.

use leasehold_core::crypto::{
    Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};

unsafe extern "Rust" {
    safe fn secure_element_digest(parts: &[&[u8]]) -> Digest;
    safe fn secure_element_generate(entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable>;
    safe fn secure_element_public_key(key: &KeyHandle) -> Result<PublicKey, KeyUnusable>;
    safe fn secure_element_sign(
        key: &KeyHandle,
        message: &SignedMessage,
    ) -> Result<Signature, KeyUnusable>;
    safe fn secure_element_verify(
        key: &PublicKey,
        message: &SignedMessage,
        signature: &Signature,
    ) -> bool;
}

/// The element; it has no state on this side.
#[derive(Clone, Copy, Debug)]
pub struct SecureElement;

impl Crypto for SecureElement {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        secure_element_digest(parts)
    }
    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        secure_element_generate(entropy)
    }
    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        secure_element_public_key(key)
    }
    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        secure_element_sign(key, message)
    }
    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        secure_element_verify(key, message, signature)
    }
}

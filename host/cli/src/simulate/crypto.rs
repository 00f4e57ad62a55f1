//! A cheap stand-in for cryptography: years of signed reports in milliseconds.
//!
//! **It secures nothing.** A signature is a hash over the public key and the message, which anybody
//! could compute. In a simulation nobody forges; what counts is that the agent and the manager take
//! the same steps and make the same decisions as with Ed25519, whose name it goes by because the
//! wire has no other.

use leasehold_core::crypto::{
    Algorithm, Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};
use std::mem;

/// Hashes in place of signatures.
#[derive(Clone, Copy, Debug)]
pub(super) struct StandIn;

impl StandIn {
    /// The public half of `key`.
    pub(super) fn public(self, key: &KeyHandle) -> PublicKey {
        let bytes = self.digest(&[b"public key", &key.0]).0;
        PublicKey { algorithm: Algorithm::Ed25519, bytes }
    }
}

impl Crypto for StandIn {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut hash = Hash::new();
        for part in parts {
            hash.absorb(part);
        }
        Digest(hash.finish())
    }

    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        Ok(KeyHandle(*entropy))
    }

    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        Ok(self.public(key))
    }

    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        Ok(Signature {
            algorithm: Algorithm::Ed25519,
            commitment: keyed(&self.public(key), message),
            response: [0; 32],
        })
    }

    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        signature.commitment == keyed(key, message)
    }
}

fn keyed(key: &PublicKey, message: &SignedMessage) -> [u8; 32] {
    StandIn.digest(&[&key.bytes, message.as_bytes()]).0
}

const LANES: usize = 4;
/// Bytes that are taken in at a time.
const BLOCK: usize = 8 * LANES;
/// Numbers with nothing up their sleeves: the digits of pi.
const MULTIPLIERS: [u64; LANES] =
    [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89];

/// Four lanes, each folded by a multiplication to 128 bits, each leaning on its neighbour.
struct Hash {
    lanes: [u64; LANES],
    block: [u8; BLOCK],
    filled: usize,
    length: u64,
}

impl Hash {
    const fn new() -> Self {
        Self { lanes: MULTIPLIERS, block: [0; BLOCK], filled: 0, length: 0 }
    }

    fn absorb(&mut self, mut bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        loop {
            if self.filled == 0 {
                while let Some((block, rest)) = bytes.split_first_chunk() {
                    self.mix(block);
                    bytes = rest;
                }
            }
            let (_, room) = self.block.split_at_mut(self.filled);
            let (now, later) = bytes.split_at(room.len().min(bytes.len()));
            room.iter_mut().zip(now).for_each(|(place, byte)| *place = *byte);
            self.filled += now.len();
            if self.filled < BLOCK {
                return;
            }
            let block = mem::replace(&mut self.block, [0; BLOCK]);
            self.mix(&block);
            (self.filled, bytes) = (0, later);
        }
    }

    fn mix(&mut self, block: &[u8; BLOCK]) {
        let (words, _) = block.as_chunks::<8>();
        let [a, b, c, d] = self.lanes;
        let inputs = words.iter().zip([b, c, d, a]).zip(MULTIPLIERS);
        for (lane, ((word, neighbour), multiplier)) in self.lanes.iter_mut().zip(inputs) {
            *lane = fold(*lane ^ u64::from_le_bytes(*word), multiplier) ^ neighbour.rotate_left(23);
        }
    }

    fn finish(mut self) -> [u8; 32] {
        let last = self.block;
        self.mix(&last);
        // Each round brings the length one lane further, until all depend on all.
        for _ in 0..LANES {
            self.lanes = self.lanes.map(|lane| lane ^ self.length);
            self.mix(&[0; BLOCK]);
        }
        let mut bytes = [0; BLOCK];
        let (words, _) = bytes.as_chunks_mut::<8>();
        for (place, lane) in words.iter_mut().zip(self.lanes) {
            *place = lane.to_le_bytes();
        }
        bytes
    }
}

/// The two halves of the product of two numbers, laid over each other.
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::crypto::Purpose;
    use std::collections::HashSet;

    #[test]
    fn a_digest_depends_on_every_byte_and_not_on_how_it_is_cut() {
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = StandIn.digest(&[&bytes]);
        for cut in 0..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(StandIn.digest(&[first, second]), whole, "cut at {cut}");
        }
        let mut seen = HashSet::from([whole]);
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[place] ^= 1 << bit;
                assert!(seen.insert(StandIn.digest(&[&other])), "bit {bit} of {place}");
            }
            assert!(seen.insert(StandIn.digest(&[&vec![0; place]])), "{place} zeros");
        }
    }

    #[test]
    fn a_signature_holds_for_its_key_and_its_message() {
        let (key, other) = (KeyHandle([1; 32]), KeyHandle([2; 32]));
        let message = SignedMessage::new(Purpose::Request, &Digest([3; 32]));
        let signature = StandIn.sign(&key, &message).unwrap();
        let holds = |key: &KeyHandle, message: &SignedMessage| {
            StandIn.verify(&StandIn.public(key), message, &signature)
        };
        assert!(holds(&key, &message));
        assert!(!holds(&other, &message));
        assert!(!holds(&key, &SignedMessage::new(Purpose::Answer, &Digest([3; 32]))));
    }
}

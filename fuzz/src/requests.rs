//! The numbers of the requests that a device sent (SPEC T4, T5).

use crate::keyed_hash::KeyedHash;
use leasehold_core::crypto::{Crypto, Digest};
use leasehold_core::wire::{RequestBody, RequestFrame, RequestNumber};
use std::collections::BTreeMap;

/// All that were sent, as far as storage knows.
#[derive(Default)]
pub struct Requests {
    sent: BTreeMap<(u32, u32), Digest>,
    last: BTreeMap<u32, u32>,
}

impl Requests {
    /// Two requests never share a number, and within an epoch those of a registered device only
    /// grow.
    pub fn check(&mut self, frame: &RequestFrame<'_>, bytes: &[u8]) {
        let RequestNumber { epoch, sequence } = frame.request.number;
        let digest = KeyedHash.digest(&[bytes]);
        let before = self.sent.insert((epoch, sequence), digest);
        assert!(before.is_none_or(|before| before == digest), "{epoch}-{sequence} is two requests");
        if !matches!(frame.request.body, RequestBody::Register(_)) {
            let before = self.last.insert(epoch, sequence);
            assert!(before.is_none_or(|before| before < sequence), "{epoch}-{sequence} goes back");
        }
    }
}

//! The numbers of the device's requests: reserved durably before they are used (SPEC T4).

use super::entropy::random_epoch;
use super::{Agent, SEQUENCE_BLOCK};
use crate::crypto::Crypto;
use crate::wire::RequestNumber;

/// Where the numbering stands. All count from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    /// That of the next request.
    pub(super) next: u32,
    /// The last one that was reserved durably.
    pub(super) durable: u32,
    /// What the ledger that is being written reserves.
    pub(super) writing: u32,
    /// That of the last request since boot, registrations apart.
    pub(super) last_sent: u32,
}

impl Numbers {
    /// After a boot: numbers up to `reserved` may have been used.
    pub(super) const fn after(reserved: u32) -> Self {
        Self {
            next: reserved.saturating_add(1),
            durable: reserved,
            writing: reserved,
            last_sent: 0,
        }
    }

    /// Those of a new epoch.
    pub(super) const fn new() -> Self {
        Self::after(0)
    }
}

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// The next request number, and a new block of them when the last one is used up.
    pub(super) fn take_number(&mut self) -> RequestNumber {
        self.ensure_epoch();
        let sequence = self.numbers.next;
        self.numbers.next = sequence.saturating_add(1);
        self.reserve_numbers(sequence);
        RequestNumber { epoch: self.ledger.epoch, sequence }
    }

    /// Draws the first epoch of a device's life.
    pub(super) fn ensure_epoch(&mut self) {
        if self.ledger.epoch == 0
            && let Some(entropy) = &mut self.entropy
        {
            self.ledger.epoch = random_epoch(entropy.draw(&self.crypto));
            self.ledger_store.save_by(self.clock.now());
        }
    }

    /// Numbers up to `up_to` may be used once the ledger is stored.
    pub(super) fn reserve_numbers(&mut self, up_to: u32) {
        if up_to > self.ledger.reserved_sequence {
            self.ledger.reserved_sequence = up_to.saturating_add(SEQUENCE_BLOCK);
            self.ledger_store.save_by(self.clock.now());
        }
    }
}

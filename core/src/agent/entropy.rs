//! Unpredictable values from the one seed that the platform gives.

use crate::crypto::Crypto;

/// Draws as many unpredictable values as are needed from one seed per boot.
#[derive(Clone, Copy)]
pub(super) struct Entropy {
    seed: [u8; 32],
    drawn: u32,
}

impl core::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Entropy(hidden)")
    }
}

impl Entropy {
    pub(super) const fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    // Not in line: it is called from many places, and each would cost flash.
    #[inline(never)]
    pub(super) fn draw<C: Crypto>(&mut self, crypto: &C) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        crypto.digest(&[&self.seed, b"draw", &self.drawn.to_le_bytes()]).0
    }
}

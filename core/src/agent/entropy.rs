//! Unpredictable values from the one seed that the platform gives.

use crate::crypto::Crypto;

/// Draws as many unpredictable values as are needed from one seed per boot. It has no `Debug`: what
/// it holds is in no log.
#[derive(Clone, Copy)]
pub(super) struct Entropy {
    seed: [u8; 32],
    drawn: u32,
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

/// Two values of sixteen bytes.
pub(super) const fn halves(bytes: [u8; 32]) -> [[u8; 16]; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, rest @ ..] = bytes;
    [[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p], rest]
}

/// Never zero: that is the epoch of a device that has none yet.
pub(super) const fn random_epoch(bytes: [u8; 32]) -> u32 {
    let [a, b, c, d, ..] = bytes;
    let epoch = u32::from_le_bytes([a, b, c, d]);
    if epoch == 0 { 1 } else { epoch }
}

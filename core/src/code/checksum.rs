//! Six check symbols over GF(32): the BCH code of bech32, which finds any four wrong symbols among 89
//! and tells which symbol it was when only one is wrong.
//!
//! The generator and the final constant are published (BIP 173, BIP 350), and so is the proof that no
//! better generator of this size exists.

use super::check::BLOCK;
use core::ops::Range;

/// How many check symbols end a block.
pub(super) const CHECK_SYMBOLS: usize = 6;

const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// What the checksum of a whole block is.
const WHOLE: u32 = 0x2bc8_30a3;

/// The remainder of the symbols so far: six of five bits, the highest power first.
#[derive(Clone, Copy)]
pub(super) struct Checksum(u32);

impl Checksum {
    pub(super) const fn new() -> Self {
        Self(1)
    }

    /// Takes the next symbol.
    pub(super) fn add(&mut self, value: u8) {
        self.0 = shifted(self.0) ^ u32::from(value & 31);
    }

    /// Takes a character of a UDI: two symbols, of its upper three bits and its lower five.
    pub(super) fn add_exact(&mut self, code: u8) {
        self.add(code.wrapping_shr(5));
        self.add(code);
    }

    /// The symbols that make the block whole.
    pub(super) fn symbols(mut self) -> [u8; CHECK_SYMBOLS] {
        (0..CHECK_SYMBOLS).for_each(|_| self.add(0));
        let remainder = self.syndrome();
        [25, 20, 15, 10, 5, 0].map(|shift| low_symbol(remainder.wrapping_shr(shift)))
    }

    /// Zero for a whole block. Anything else depends on what is wrong alone, not on what is right.
    pub(super) const fn syndrome(self) -> u32 {
        self.0 ^ WHOLE
    }
}

/// Multiplied by x: every symbol one place further from the end.
fn shifted(remainder: u32) -> u32 {
    let top = remainder.wrapping_shr(25);
    let mut shifted = (remainder & 0x01ff_ffff).wrapping_shl(5);
    for (bit, generator) in (0..5).zip(GENERATOR) {
        if top.wrapping_shr(bit) & 1 == 1 {
            shifted ^= generator;
        }
    }
    shifted
}

fn low_symbol(bits: u32) -> u8 {
    u8::try_from(bits & 31).unwrap_or_default()
}

/// One character that is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    /// Its index in the block.
    pub(super) index: usize,
    /// The bits of its value that are wrong.
    pub(super) change: u8,
}

/// The one wrong character that makes `syndrome` in a block of `length` characters, those in `exact`
/// of a UDI; `None` where no single one does.
///
/// Tries every change of every character, of a block that is not longer than any. One found is the only one: of two candidates the syndromes
/// would differ by that of a block with at most two wrong characters, which is never zero.
pub(super) fn locate(syndrome: u32, length: usize, exact: &Range<usize>) -> Option<Fault> {
    if length > BLOCK {
        return None;
    }
    let changes = if exact.is_empty() { 1..32 } else { 1..128 };
    for change in changes {
        let mut made = u32::from(change);
        for index in (0..length).rev() {
            let is_exact = exact.contains(&index);
            if made == syndrome && (is_exact || change < 32) {
                return Some(Fault { index, change });
            }
            made = shifted(made);
            if is_exact {
                made = shifted(made);
            }
        }
    }
    None
}

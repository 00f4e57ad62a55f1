//! Six check symbols over GF(32): the BCH code of bech32, which finds any four wrong symbols among
//! 89 and tells which symbol it was when only one is wrong (SPEC S4).
//!
//! The generator and the final constant are published, and how they were chosen (BIP 173, BIP 350).

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

/// The one wrong character that makes `syndrome` in a block of `length` characters, those in
/// `exact` of a UDI; `None` where no single one does.
///
/// Tries every change of every character, of a block that is not longer than any. One found is the
/// only one: no two changes of single characters have the same syndrome.
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

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::HashMap;
    use std::vec::Vec;

    /// A block of base 32 alone, as long as any.
    const PLAIN: (usize, Range<usize>) = (BLOCK, 0..0);
    /// The first block of a request with the longest UDI: 64 characters and three colons.
    const LONGEST_UDI: (usize, Range<usize>) = (4 + 67 + CHECK_SYMBOLS, 4..71);

    /// The syndrome of every change of one character: what is right does not matter.
    fn single((length, exact): &(usize, Range<usize>)) -> Vec<(u32, Fault)> {
        let mut all = Vec::new();
        for index in 0..*length {
            let changes = if exact.contains(&index) { 1..128_u8 } else { 1..32 };
            for change in changes {
                let mut wrong = Checksum(0);
                for at in 0..*length {
                    let value = if at == index { change } else { 0 };
                    if exact.contains(&at) {
                        wrong.add_exact(value);
                    } else {
                        wrong.add(value);
                    }
                }
                all.push((wrong.0, Fault { index, change }));
            }
        }
        all
    }

    #[test]
    fn a_whole_block_has_no_syndrome_and_a_wrong_character_that_of_its_change() {
        let mut block = Checksum::new();
        let values: Vec<u8> = (0..74).map(|index| index % 32).collect();
        values.iter().for_each(|&value| block.add(value));
        let whole = [&values[..], &block.symbols()].concat();
        for (syndrome, Fault { index, change }) in single(&PLAIN) {
            let mut typed = Checksum::new();
            for (at, &value) in whole.iter().enumerate() {
                typed.add(if at == index { value ^ change } else { value });
            }
            assert_eq!(typed.syndrome(), syndrome);
        }
        let mut typed = Checksum::new();
        whole.iter().for_each(|&value| typed.add(value));
        assert_eq!(typed.syndrome(), 0);
    }

    /// Two wrong characters are found when no two single ones have the same syndrome, because then
    /// their sum is never zero; and a single one has one place only.
    #[test]
    fn every_wrong_character_is_located_and_every_two_are_found() {
        for block in [PLAIN, LONGEST_UDI] {
            let mut faults = HashMap::new();
            for (syndrome, fault) in single(&block) {
                assert_ne!(syndrome, 0);
                assert_eq!(faults.insert(syndrome, fault), None);
                assert_eq!(locate(syndrome, block.0, &block.1), Some(fault));
            }
        }
    }

    #[test]
    fn two_wrong_symbols_are_never_taken_for_one() {
        let all = single(&PLAIN);
        let places: HashMap<u32, Fault> = all.iter().copied().collect();
        for (first, one) in &all {
            for (second, other) in &all {
                if one.index < other.index {
                    assert_eq!(places.get(&(first ^ second)), None, "{one:?} {other:?}");
                }
            }
        }
    }

    /// A character of a UDI is two symbols, so that two of them are more than the code is made to
    /// tell from one. That they are found at all is certain; that one is blamed, very unlikely.
    #[test]
    fn two_wrong_characters_of_a_udi_are_hardly_ever_taken_for_one() {
        let all = single(&LONGEST_UDI);
        let places: HashMap<u32, Fault> = all.iter().copied().collect();
        let (mut taken, mut pairs) = (0_u32, 0_u32);
        for (first, one) in &all {
            for (second, other) in &all {
                if one.index < other.index {
                    pairs += 1;
                    taken += u32::from(places.contains_key(&(first ^ second)));
                }
            }
        }
        assert!(taken < pairs / 100_000, "{taken} of {pairs}");
    }

    #[test]
    fn nothing_is_located_in_what_is_longer_than_a_block() {
        let (syndrome, _) = single(&PLAIN)[0];
        assert_eq!(locate(syndrome, BLOCK + 1, &(0..0)), None);
    }
}

//! Crockford base 32: letters and digits that survive being read aloud and typed again.
//!
//! Upper and lower case read alike, `O` as `0`, `I` and `L` as `1`; there is no `U`.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The symbol for the low five bits of `value`.
pub fn symbol(value: u8) -> u8 {
    ALPHABET.get(usize::from(value & 31)).copied().unwrap_or(b'0')
}

/// The value of a symbol as typed, or `None` for one outside the alphabet.
pub fn value(symbol: u8) -> Option<u8> {
    let folded = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    let position = ALPHABET.iter().position(|&known| known == folded)?;
    u8::try_from(position).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_reads_back_in_both_cases_and_look_alikes_fold() {
        for number in 0..32 {
            assert_eq!(value(symbol(number)), Some(number));
            assert_eq!(value(symbol(number).to_ascii_lowercase()), Some(number));
        }
        let folded = [(b'O', 0), (b'o', 0), (b'I', 1), (b'i', 1), (b'L', 1), (b'l', 1)];
        for (typed, number) in folded {
            assert_eq!(value(typed), Some(number));
        }
        let outside = (0..=255_u8).filter(|&byte| value(byte).is_none()).count();
        assert_eq!(outside, 256 - 10 - 2 * 22 - 6);
    }
}

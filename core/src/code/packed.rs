//! Bytes as symbols of five bits, the highest bits first.

/// How many symbols hold so many bytes.
pub(super) const fn symbols_of(bytes: usize) -> usize {
    bytes.saturating_mul(8).div_ceil(5)
}

/// The symbol at `index` of `bytes`; past their end, zero bits.
pub(super) fn symbol_at(bytes: &[u8], index: usize) -> u8 {
    let bit = index.saturating_mul(5);
    let byte = bit.wrapping_shr(3);
    let first = bytes.get(byte).copied().unwrap_or_default();
    let second = bytes.get(byte.saturating_add(1)).copied().unwrap_or_default();
    let pair = u16::from_be_bytes([first, second]);
    let shift = 11_u32.saturating_sub(u32::try_from(bit & 7).unwrap_or_default());
    u8::try_from(pair.wrapping_shr(shift) & 31).unwrap_or_default()
}

/// Fills bytes from symbols.
pub(super) struct Unpacker<'b> {
    bytes: &'b mut [u8],
    /// How many of the next bits are not wanted.
    skip: usize,
    /// How many bits are filled.
    filled: usize,
}

impl<'b> Unpacker<'b> {
    /// Fills `bytes` with what comes after the first `skip` bits; with zero bits where nothing
    /// does.
    pub(super) fn new(bytes: &'b mut [u8], skip: usize) -> Self {
        bytes.fill(0);
        Self { bytes, skip, filled: 0 }
    }

    /// Takes the next symbol.
    pub(super) fn push(&mut self, value: u8) {
        for place in [4, 3, 2, 1, 0] {
            if let Some(left) = self.skip.checked_sub(1) {
                self.skip = left;
                continue;
            }
            let bit = value.wrapping_shr(place) & 1;
            let shift = 7_u32.saturating_sub(u32::try_from(self.filled & 7).unwrap_or_default());
            if let Some(byte) = self.bytes.get_mut(self.filled.wrapping_shr(3)) {
                *byte |= bit.wrapping_shl(shift);
            }
            self.filled = self.filled.saturating_add(1);
        }
    }
}

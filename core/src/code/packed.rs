//! Bytes as symbols of five bits, the highest bits first.

/// How many symbols hold so many bytes.
pub(super) const fn symbols_of(bytes: usize) -> usize {
    bytes.saturating_mul(8).div_ceil(5)
}

/// The symbol at `index` of `bytes`; past their end, zero bits.
pub(super) fn symbol_at(bytes: &[u8], index: usize) -> u8 {
    let (byte, bit) = place(index);
    let first = bytes.get(byte).copied().unwrap_or_default();
    let second = bytes.get(byte.saturating_add(1)).copied().unwrap_or_default();
    let pair = u16::from_be_bytes([first, second]);
    let shift = 11_u32.saturating_sub(bit);
    u8::try_from(pair.wrapping_shr(shift) & 31).unwrap_or_default()
}

/// Puts symbols into zeroed bytes.
///
/// Gives whether nothing was lost: what has no room must be zero, so that the same bytes have no
/// second spelling.
pub(super) fn unpack(symbols: impl Iterator<Item = u8>, bytes: &mut [u8]) -> bool {
    let mut lost = 0;
    for (index, value) in symbols.enumerate() {
        let (byte, bit) = place(index);
        let shift = 11_u32.saturating_sub(bit);
        let pair = u16::from(value & 31).wrapping_shl(shift).to_be_bytes();
        for (offset, part) in pair.into_iter().enumerate() {
            match bytes.get_mut(byte.saturating_add(offset)) {
                Some(place) => *place |= part,
                None => lost |= part,
            }
        }
    }
    lost == 0
}

/// The byte in which a symbol begins, and at which of its bits.
fn place(index: usize) -> (usize, u32) {
    let bit = index.saturating_mul(5);
    (bit.wrapping_shr(3), u32::try_from(bit & 7).unwrap_or_default())
}

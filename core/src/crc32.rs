//! CRC-32 (the one of Ethernet and zip), half a byte at a time: a table of 64 bytes.

/// What four bits make of the polynomial.
const fn entry(bits: u32) -> u32 {
    shift(shift(shift(shift(bits))))
}

const fn shift(crc: u32) -> u32 {
    (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1))
}

const TABLE: [u32; 16] = [
    entry(0),
    entry(1),
    entry(2),
    entry(3),
    entry(4),
    entry(5),
    entry(6),
    entry(7),
    entry(8),
    entry(9),
    entry(10),
    entry(11),
    entry(12),
    entry(13),
    entry(14),
    entry(15),
];

/// The checksum of the parts put one after the other.
pub fn checksum(parts: &[&[u8]]) -> u32 {
    let mut crc = u32::MAX;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        crc ^= u32::from(*byte);
        for _ in 0..2 {
            // Four bits: always within the table.
            let entry = TABLE.get((crc & 15) as usize).copied().unwrap_or_default();
            crc = crc.wrapping_shr(4) ^ entry;
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue() {
        assert_eq!(checksum(&[b"12345", b"6789"]), 0xCBF4_3926);
    }
}

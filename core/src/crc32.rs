//! CRC-32 (the one of Ethernet and zip), without a table: 16 bytes of state, no flash.

/// The checksum of the parts put one after the other.
pub fn checksum(parts: &[&[u8]]) -> u32 {
    let mut crc = u32::MAX;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = crc.wrapping_shr(1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(low));
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

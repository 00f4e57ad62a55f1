//! Bytes as people read them.

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly `N` bytes from `2 * N` hexadecimal digits.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N.saturating_mul(2) || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        // `from_str_radix` would take a sign.
        *byte = pair
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            .then(|| u8::from_str_radix(pair, 16).ok())??;
    }
    Some(bytes)
}

/// The bytes of a UUID, in its usual groups or without dashes.
pub(crate) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths != [8, 4, 4, 4, 12] && lengths != [32] {
        return None;
    }
    from_hex(&groups.concat())
}

/// A UUID in its usual groups.
pub(crate) fn uuid_text(uuid: &[u8; 16]) -> String {
    let mut text = String::new();
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_hexadecimal_is_read() {
        assert_eq!(from_hex("00fF"), Some([0x00, 0xff]));
        assert_eq!(to_hex(&[0x00, 0xff]), "00ff");
        for bad in ["", "0", "00f", "00fff", "+1-1", "zz00", "é00"] {
            assert_eq!(from_hex::<2>(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_uuid_reads_back() {
        let text = "00112233-4455-6677-8899-aabbccddeeff";
        let uuid = parse_uuid(text).unwrap();
        assert_eq!(uuid_text(&uuid), text);
        assert_eq!(parse_uuid(&text.replace('-', "")), Some(uuid));
        assert_eq!(parse_uuid("0011-22334455-6677-8899-aabbccddeeff"), None);
    }
}

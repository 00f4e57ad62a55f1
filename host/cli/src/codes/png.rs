//! PNG of black and white, uncompressed: a QR code is a few kilobytes, and whole libraries of
//! compression for it would be nine packages more to trust.

use leasehold_core::crc32;

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
/// One bit a pixel, grey, deflated, no interlacing.
const FORMAT: [u8; 5] = [1, 0, 0, 0, 0];
/// The header of a zlib stream: a window of 32 KiB, the fastest method.
const ZLIB: [u8; 2] = [0x78, 0x01];
/// The longest block that deflate stores as it is.
const STORED_MAX: usize = 0xffff;

/// A square of `side` pixels each way; `is_white` tells by column and row.
pub(super) fn square(side: u32, is_white: impl Fn(u32, u32) -> bool) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..side {
        // No filter.
        rows.push(0);
        for first in (0..side).step_by(8) {
            let bits = (first..first.saturating_add(8)).map(|x| x < side && is_white(x, y));
            rows.push(bits.fold(0, |byte, white| byte << 1 | u8::from(white)));
        }
    }
    let size = side.to_be_bytes();
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, b"IHDR", &[&size[..], &size, &FORMAT].concat());
    chunk(&mut file, b"IDAT", &stored(&rows));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    // No image of a QR code comes near the limit.
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    file.extend(length.to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(crc32::checksum(&[kind, data]).to_be_bytes());
}

/// A zlib stream that holds `data` as it is.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = ZLIB.to_vec();
    let mut blocks = data.chunks(STORED_MAX).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (a, b) = data.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % MODULUS;
        (a, (b + a) % MODULUS)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        // The examples of RFC 1950 and of the PNG specification.
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(crc32::checksum(&[b"IEND"]), 0xae42_6082);
    }

    #[test]
    fn long_images_are_stored_in_several_blocks() {
        let data = vec![7; STORED_MAX + 3];
        let stream = stored(&data);
        assert_eq!(stream.len(), 2 + 5 + STORED_MAX + 5 + 3 + 4);
        assert_eq!(stream[2..7], [0, 0xff, 0xff, 0, 0]);
        assert_eq!(stream[7 + STORED_MAX..][..5], [1, 3, 0, 0xfc, 0xff]);
    }
}

//! Stored records whose checks hold, whatever they say.

use leasehold_core::agent::RecordKind;
use leasehold_core::crc32;
use leasehold_core::identity::DeviceFingerprint;

/// The length of what stands before the payload.
pub const HEADER: usize = 18;

/// A record of that kind, version and device, whatever the payload says.
pub fn sealed(
    kind: RecordKind,
    version: u8,
    device: DeviceFingerprint,
    generation: u32,
    payload: &[u8],
) -> Vec<u8> {
    let kind = match kind {
        RecordKind::Identity => 1,
        RecordKind::Ledger => 2,
    };
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut bytes = [&b"LR"[..], &[version, kind], &device.0].concat();
    bytes.extend(generation.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(payload);
    let checksum = crc32::checksum(&[&bytes]);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

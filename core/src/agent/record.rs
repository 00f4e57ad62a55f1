//! Stored records: what an agent keeps across boots, and how damage is recognised (SPEC T6).
//!
//! ```text
//! "LR" | version | kind | device fingerprint (8) | generation (u32) | length (u16) | payload | CRC-32
//! ```
//!
//! Numbers are little endian; the payload is postcard. There are two kinds, written at different
//! rates: the [`RecordKind::Identity`] changes with registrations, the [`RecordKind::Ledger`] with
//! answers. A host keeps two generations of each and writes over the older one, so that a power cut
//! at any byte leaves the other; [`newest`] picks.

use crate::codec;
use crate::crc32;
use crate::identity::DeviceFingerprint;
use serde::{Deserialize, Serialize};

/// The longest record, in bytes.
pub const RECORD_MAX: usize = 512;
/// The version of the format this code writes and reads.
pub const RECORD_VERSION: u8 = 1;

const MAGIC: [u8; 2] = *b"LR";
const HEADER: usize = 18;
const CHECKSUM: usize = 4;

/// The two records of an agent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
pub enum RecordKind {
    /// Keys, certificate and the registration attempt: a few writes in a year.
    Identity,
    /// Time, evaluation, authorization, peaks: a few writes in a day.
    Ledger,
}

impl RecordKind {
    /// Both, in the order in which they are read.
    pub const ALL: [Self; 2] = [Self::Identity, Self::Ledger];

    const fn code(self) -> u8 {
        match self {
            Self::Identity => 1,
            Self::Ledger => 2,
        }
    }
}

/// Why stored bytes are not a usable record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum RecordError {
    /// Cut short or altered: the write was torn, or the storage decays.
    Damaged,
    /// Written by another device.
    Foreign,
    /// Written by a newer version of the agent.
    NewerVersion(u8),
    /// Older than the other record knows it to have been: a backup of one of them was put back.
    RolledBack,
}

impl From<codec::Failed> for RecordError {
    fn from(_: codec::Failed) -> Self {
        Self::Damaged
    }
}

/// Writes a record; gives its length, or `None` when it does not fit.
pub(super) fn write<T: Serialize>(
    kind: RecordKind,
    device: DeviceFingerprint,
    generation: u32,
    value: &T,
    buffer: &mut [u8],
) -> Option<usize> {
    let (header, rest) = buffer.split_first_chunk_mut::<HEADER>()?;
    let length = codec::to_slice(value, rest)?;
    let [m0, m1] = MAGIC;
    let [f0, f1, f2, f3, f4, f5, f6, f7] = device.0;
    let [g0, g1, g2, g3] = generation.to_le_bytes();
    let [l0, l1] = u16::try_from(length).ok()?.to_le_bytes();
    *header = [
        m0,
        m1,
        RECORD_VERSION,
        kind.code(),
        f0,
        f1,
        f2,
        f3,
        f4,
        f5,
        f6,
        f7,
        g0,
        g1,
        g2,
        g3,
        l0,
        l1,
    ];
    let end = HEADER.saturating_add(length);
    let (covered, rest) = buffer.split_at_mut_checked(end)?;
    *rest.first_chunk_mut::<CHECKSUM>()? = crc32::checksum(&[covered]).to_le_bytes();
    let total = end.saturating_add(CHECKSUM);
    (total <= RECORD_MAX).then_some(total)
}

/// A record whose frame is sound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sound<'a> {
    pub(super) generation: u32,
    payload: &'a [u8],
}

impl<'a> Sound<'a> {
    pub(super) fn decode<T: Deserialize<'a>>(&self) -> Result<T, codec::Failed> {
        codec::from_slice(self.payload)
    }
}

pub(super) fn read(
    kind: RecordKind,
    device: DeviceFingerprint,
    bytes: &[u8],
) -> Result<Sound<'_>, RecordError> {
    let (header, _) = bytes.split_first_chunk::<HEADER>().ok_or(RecordError::Damaged)?;
    let [m0, m1, version, code, f0, f1, f2, f3, f4, f5, f6, f7, g0, g1, g2, g3, l0, l1] = *header;
    if [m0, m1] != MAGIC || code != kind.code() {
        return Err(RecordError::Damaged);
    }
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let end = HEADER.saturating_add(length);
    let (covered, checksum) = bytes.split_at_checked(end).ok_or(RecordError::Damaged)?;
    if checksum != crc32::checksum(&[covered]).to_le_bytes() {
        return Err(RecordError::Damaged);
    }
    // Only behind the checksum: a flipped bit is damage, not another version or device.
    if version != RECORD_VERSION {
        return Err(RecordError::NewerVersion(version));
    }
    if [f0, f1, f2, f3, f4, f5, f6, f7] != device.0 {
        return Err(RecordError::Foreign);
    }
    let payload = covered.get(HEADER..).ok_or(RecordError::Damaged)?;
    Ok(Sound { generation: u32::from_le_bytes([g0, g1, g2, g3]), payload })
}

/// Which of two stored generations a boot uses, and into which slot the next write goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Selection {
    /// The slot (0 or 1) with the newest sound record, if any.
    pub newest: Option<usize>,
    /// The slot to write next: never the newest.
    pub write_next: usize,
    /// What is wrong with each slot; `None` for sound and empty ones.
    pub problems: [Option<RecordError>; 2],
}

/// Picks the newest sound record of `kind` from two slots. An empty slot is no problem.
pub fn newest(kind: RecordKind, device: DeviceFingerprint, slots: [Option<&[u8]>; 2]) -> Selection {
    let [first, second] = slots.map(|slot| slot.map(|bytes| read(kind, device, bytes)));
    let problem = |slot: &Option<Result<Sound<'_>, RecordError>>| match slot {
        Some(Err(error)) => Some(*error),
        _ => None,
    };
    let problems = [problem(&first), problem(&second)];
    let generation = |slot: Option<Result<Sound<'_>, RecordError>>| match slot {
        Some(Ok(sound)) => Some(sound.generation),
        _ => None,
    };
    let newest = match (generation(first), generation(second)) {
        (None, None) => None,
        (Some(_), None) => Some(0),
        (None, Some(_)) => Some(1),
        (Some(a), Some(b)) => Some(usize::from(b > a)),
    };
    Selection { newest, write_next: usize::from(newest == Some(0)), problems }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceFingerprint = DeviceFingerprint([1, 2, 3, 4, 5, 6, 7, 8]);

    fn record(generation: u32) -> heapless::Vec<u8, RECORD_MAX> {
        let mut buffer = [0; RECORD_MAX];
        let value = (generation, [9_u8; 20]);
        let length = write(RecordKind::Ledger, DEVICE, generation, &value, &mut buffer).unwrap();
        heapless::Vec::from_slice(&buffer[..length]).unwrap()
    }

    #[test]
    fn a_record_cut_or_altered_anywhere_is_damaged() {
        let whole = record(3);
        let read_back = read(RecordKind::Ledger, DEVICE, &whole).unwrap();
        assert_eq!(read_back.generation, 3);
        assert_eq!(read_back.decode::<(u32, [u8; 20])>().ok(), Some((3, [9; 20])));
        for length in 0..whole.len() {
            let cut = read(RecordKind::Ledger, DEVICE, &whole[..length]);
            assert_eq!(cut.err(), Some(RecordError::Damaged), "cut at {length}");
        }
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[place] ^= 1 << bit;
                let result = read(RecordKind::Ledger, DEVICE, &altered);
                assert_eq!(result.err(), Some(RecordError::Damaged), "bit {bit} of {place}");
            }
        }
    }

    #[test]
    fn a_record_of_another_device_or_kind_is_named() {
        let whole = record(1);
        let other = DeviceFingerprint([0; 8]);
        let foreign = read(RecordKind::Ledger, other, &whole).err();
        assert_eq!(foreign, Some(RecordError::Foreign));
        let kind = read(RecordKind::Identity, DEVICE, &whole).err();
        assert_eq!(kind, Some(RecordError::Damaged));
    }

    #[test]
    fn the_newest_sound_slot_is_used_and_never_written_over() {
        let (old, new, torn) = (record(4), record(5), &record(6)[..30]);
        let pick = |slots| newest(RecordKind::Ledger, DEVICE, slots);
        let none = [None, None];
        let expect = |newest, write_next, problems| Selection { newest, write_next, problems };
        assert_eq!(pick([None, None]), expect(None, 0, none));
        assert_eq!(pick([Some(&old), None]), expect(Some(0), 1, none));
        assert_eq!(pick([Some(&old), Some(&new)]), expect(Some(1), 0, none));
        assert_eq!(pick([Some(&new), Some(&old)]), expect(Some(0), 1, none));
        let second_torn = [None, Some(RecordError::Damaged)];
        assert_eq!(pick([Some(&new), Some(torn)]), expect(Some(0), 1, second_torn));
        let both_torn = [Some(RecordError::Damaged); 2];
        assert_eq!(pick([Some(torn), Some(torn)]), expect(None, 0, both_torn));
    }
}

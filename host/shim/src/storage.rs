//! The agent's records on disk: two slots each, written in turn, so that a power cut at any byte
//! leaves the other (SPEC T6).

use crate::disk::{Disk, DiskTrouble, Durability};
use crate::explain;
use crate::problem::Problem;
use leasehold_core::agent::record::newest;
use leasehold_core::agent::{RecordError, RecordKind, Stored};
use leasehold_core::identity::DeviceFingerprint;
use std::io;

/// The file of a slot.
pub fn slot_name(record: RecordKind, slot: usize) -> String {
    let record = match record {
        RecordKind::Identity => "identity",
        RecordKind::Ledger => "ledger",
    };
    format!("{record}.{slot}")
}

/// Stores a record durably into one of its slots.
///
/// # Errors
/// Those of the file system; the slot is as it was then.
pub fn store(disk: &dyn Disk, record: RecordKind, slot: usize, bytes: &[u8]) -> io::Result<()> {
    disk.replace(&slot_name(record, slot), bytes, Durability::Durable)
}

/// What a start found.
#[derive(Debug)]
pub struct Records {
    identity: [Option<Vec<u8>>; 2],
    ledger: [Option<Vec<u8>>; 2],
    /// Records that no slot had a sound copy of: the appliance begins as new there. The damaged
    /// files were kept under these names.
    pub set_aside: Vec<String>,
}

impl Records {
    /// Reads both slots of both records, for the device with this fingerprint.
    ///
    /// A record without a sound copy is set aside before anything is written over it. The agent is
    /// given the damaged bytes all the same, so that it tells what it found.
    ///
    /// # Errors
    /// A [`Problem`] when the files cannot be read, or are not this device's, or are of a newer
    /// version: to write there would destroy what another appliance or program still needs.
    pub fn load(disk: &dyn Disk, device: DeviceFingerprint) -> Result<Self, Problem> {
        let mut set_aside = Vec::new();
        let identity = load(disk, RecordKind::Identity, device, &mut set_aside)?;
        let ledger = load(disk, RecordKind::Ledger, device, &mut set_aside)?;
        Ok(Self { identity, ledger, set_aside })
    }

    /// The slots, for the agent's boot. The platform's counter is not on this disk.
    pub fn stored(&self) -> Stored<'_> {
        let (identity, ledger) = (borrow(&self.identity), borrow(&self.ledger));
        Stored { identity, ledger, counter: None }
    }
}

fn borrow([first, second]: &[Option<Vec<u8>>; 2]) -> [Option<&[u8]>; 2] {
    [first.as_deref(), second.as_deref()]
}

fn load(
    disk: &dyn Disk,
    record: RecordKind,
    device: DeviceFingerprint,
    set_aside: &mut Vec<String>,
) -> Result<[Option<Vec<u8>>; 2], Problem> {
    let read = |slot| {
        let name = slot_name(record, slot);
        disk.read(&name).map_err(|error| unreadable(&name, &error))
    };
    let slots = [read(0)?, read(1)?];
    let selection = newest(record, device, borrow(&slots));
    for (slot, error) in selection.problems.into_iter().enumerate() {
        let Some(error) = error else { continue };
        let name = slot_name(record, slot);
        if let Some(problem) = refusal(&name, record, error) {
            return Err(problem);
        }
        if selection.newest.is_none() {
            let kept = format!("{name}.damaged");
            disk.rename(&name, &kept).map_err(|error| unreadable(&name, &error))?;
            set_aside.push(kept);
        }
    }
    Ok(slots)
}

/// Why the daemon does not start on such a record; `None` where it does.
fn refusal(name: &str, record: RecordKind, error: RecordError) -> Option<Problem> {
    let code = match error {
        RecordError::Foreign => "foreign-state",
        RecordError::NewerVersion(_) => "newer-state",
        _ => return None,
    };
    let words = explain::record(record, error);
    Some(Problem::new(code, format!("{name}: {}", words.cause), words.remedy))
}

/// The start cannot use a file of the data directory.
pub(crate) fn unreadable(name: &str, error: &io::Error) -> Problem {
    let trouble = DiskTrouble::from(error);
    let cause = format!("{name} in the data directory cannot be used: {}.", trouble.cause);
    Problem::new("state-unreadable", cause, trouble.remedy)
}

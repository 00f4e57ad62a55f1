//! What is stored in the golden files and after each life.

use crate::lives::Life;
use crate::{golden, keep};
use leasehold_fuzz::clocks::EPOCH;
use leasehold_fuzz::life::live;
use leasehold_fuzz::records::HEADER;
use std::io;

/// Where the lowest byte of the generation is in a record.
const GENERATION: usize = 12;

pub fn make(lives: &[Life]) -> io::Result<()> {
    for (name, prefix) in [("golden", ""), ("golden-reserved", "reserved-")] {
        let pinned: io::Result<Vec<Vec<u8>>> = ["identity-0", "identity-1", "ledger-0", "ledger-1"]
            .map(|record| golden(&format!("{prefix}{record}-v1.bin")))
            .into_iter()
            .collect();
        let slots = pinned?.iter().flat_map(|bytes| slot(Some(bytes))).collect();
        keep("stored_record", name, &[vec![0], slots].concat())?;
    }
    for life in lives {
        let bytes = live(&life.bytes(), |world| {
            let end = world.agent().status().registration;
            assert_eq!(end, life.end, "{}", life.name);
            let (flash, counter) = world.kept();
            let slots = flash.iter().flatten().flat_map(|bytes| slot(bytes.as_ref()));
            let counter = match counter {
                Some(counter) => vec![1, u8::try_from(counter).unwrap_or(u8::MAX)],
                None => vec![0],
            };
            // The real-time clock is where the manager's was at first.
            let clock = [&[1], &EPOCH.to_le_bytes()[..]].concat();
            [counter, slots.collect(), clock].concat()
        });
        keep("stored_record", life.name, &bytes)?;
    }
    Ok(())
}

/// A slot as the target takes it: its form, the generation, the payload.
fn slot(bytes: Option<&Vec<u8>>) -> Vec<u8> {
    // Torn ones are of no use here.
    let whole = bytes.filter(|bytes| bytes.len() > HEADER + 4);
    let Some(bytes) = whole else { return vec![0; 4] };
    let payload = &bytes[HEADER..bytes.len() - 4];
    let [low, high, ..] = payload.len().to_le_bytes();
    [&[2, bytes[GENERATION], low, high], payload].concat()
}

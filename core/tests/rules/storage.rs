//! Stored records: power cuts at every byte, damage that is named, and the bytes of version 1
//! (SPEC T6).

use crate::bench::{Bench, DAY, Flash, HOUR, Link, MINUTE, TestAgent};
use leasehold_core::agent::{
    BUFFER_MIN, Command, Event, EventKind, Input, Output, RecordError, RecordKind,
    RegistrationState,
};
use leasehold_core::time::Duration;

/// Everything that can be seen of an agent that was just booted: its status, and the ledger that
/// it would store, less the generations and numbers that every boot moves.
fn outcome(bench: &Bench, flash: &Flash) -> (String, Vec<EventKind>) {
    let mut agent = bench.boot_from(flash);
    let rejected = |kind: &EventKind| matches!(kind, EventKind::RecordRejected { .. });
    let (rejections, events): (Vec<_>, Vec<_>) = drain(&mut agent).into_iter().partition(rejected);
    let entitlements = [0, 1, 2].map(|index| agent.entitlement(index));
    (format!("{:?} {entitlements:?} {events:?}", agent.status()), rejections)
}

/// The events of an agent, up to where it wants something done.
fn drain(agent: &mut TestAgent) -> Vec<EventKind> {
    let mut buffer = [0; BUFFER_MIN];
    let mut events = Vec::new();
    while let Output::Event(Event { kind, .. }) = agent.poll_output(&mut buffer) {
        events.push(kind);
    }
    events
}

/// Numbers that look random, the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A life of many months in which all kinds of things happen.
fn live(bench: &mut Bench, dice: &mut Dice, steps: u32) {
    for _ in 0..steps {
        match dice.roll(12) {
            0 => drop(bench.register(true)),
            1 => drop(bench.command(Command::Deregister)),
            2 => drop(bench.command(Command::RenewCertificate)),
            3 => drop(bench.command(Command::RenewAuthorization)),
            4 => bench.link = [Link::Up, Link::Up, Link::Down][dice.roll(3) as usize],
            5 => bench.manager.owned = [dice.roll(60) as u32, 10, 1],
            6 => {
                // Denied at times, by the limits of license control.
                let standard = bench.counters.feature("standard-seat").unwrap();
                let _ = bench.counters.acquire(standard, dice.roll(30) as u32);
                bench.run(0);
            }
            7 => bench.reboot(dice.roll(3 * DAY)),
            8 => drop(bench.command(Command::AllowOverage(dice.roll(2) == 0))),
            9 => bench.run(dice.roll(40 * DAY)),
            10 => bench.run(dice.roll(HOUR)),
            _ => {
                let in_use = bench.counters.counts().in_use[0];
                bench.release("standard-seat", in_use);
            }
        }
    }
}

#[test]
fn t6_a_power_cut_at_any_byte_of_any_write_leaves_the_old_state_or_the_new() {
    let mut bench = Bench::new();
    bench.write_log = Some(Vec::new());
    live(&mut bench, &mut Dice(0x1EA5_E401), 120);
    let writes = bench.write_log.take().unwrap();
    assert!(writes.len() > 200, "{} writes", writes.len());
    let (mut cuts, mut told) = (0, 0);
    for write in &writes {
        let (old, _) = outcome(&bench, &write.before);
        let (new, _) = outcome(&bench, &write.with(write.bytes.clone()));
        let kind = usize::from(write.record == RecordKind::Ledger);
        let overwritten = write.before[kind][write.slot].clone().unwrap_or_default();
        for cut in 0..write.bytes.len() {
            // Over the old bytes, and into a slot that was erased first.
            let over = write.bytes[..cut].iter().chain(overwritten.iter().skip(cut)).copied();
            let erased = write.bytes[..cut].iter().copied().chain([0xff; 40]);
            for torn in [over.collect::<Vec<u8>>(), erased.collect()] {
                let (found, rejections) = outcome(&bench, &write.with(torn));
                assert!(found == old || found == new, "cut at {cut}:\n{found}\n{old}\n{new}");
                cuts += 1;
                told += rejections.len();
            }
        }
    }
    assert!(cuts > 50_000 && told > cuts / 2, "{cuts} cuts, {told} told");
}

#[test]
fn t6_damage_is_named_as_what_it_is() {
    let mut bench = Bench::registered(1, 0);
    let early = bench.flash().clone();
    bench.run(DAY);
    bench.command(Command::RenewCertificate).unwrap();
    bench.command(Command::RenewCertificate).unwrap();
    bench.run(DAY);
    let [identity, ledger] = bench.flash().clone();
    let sound = [identity.clone(), ledger.clone()];
    let rejections = |bench: &Bench, flash: &Flash| outcome(bench, flash).1;
    assert_eq!(rejections(&bench, &sound), []);
    let rejected = |record, error| EventKind::RecordRejected { record, error };

    // Edited: every byte of every record.
    for (kind, record) in [(0, RecordKind::Identity), (1, RecordKind::Ledger)] {
        for slot in 0..2 {
            for place in 0..sound[kind][slot].as_ref().unwrap().len() {
                let mut flash = sound.clone();
                flash[kind][slot].as_mut().unwrap()[place] ^= 0x20;
                let damaged = rejected(record, RecordError::Damaged);
                assert_eq!(rejections(&bench, &flash).first(), Some(&damaged), "byte {place}");
            }
        }
    }
    // One record put back from a backup.
    let [early_identity, early_ledger] = early;
    let flash = [early_identity, ledger];
    let old = rejected(RecordKind::Identity, RecordError::RolledBack);
    assert_eq!(rejections(&bench, &flash), [old]);
    let flash = [identity, early_ledger];
    let old = rejected(RecordKind::Ledger, RecordError::RolledBack);
    assert_eq!(rejections(&bench, &flash), [old]);
    // Another device's.
    let other = Bench::with(|_, device| device.udi.serial_number = "OTHER");
    let foreign = |record| rejected(record, RecordError::Foreign);
    let told = rejections(&other, &sound);
    assert_eq!(told.iter().filter(|kind| **kind == foreign(RecordKind::Identity)).count(), 2);
    assert_eq!(told.iter().filter(|kind| **kind == foreign(RecordKind::Ledger)).count(), 2);
}

/// The golden files of these records, which must be as they are. Such bytes are in the flash of
/// devices: a change of them needs a new version, never a new golden file. With `WRITE_GOLDEN` set,
/// files that do not exist yet are written.
pub(crate) fn pinned(prefix: &str, flash: &Flash) -> Flash {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut golden: Flash = Default::default();
    for (kind, name) in ["identity", "ledger"].into_iter().enumerate() {
        for (slot, made) in flash[kind].iter().flatten().enumerate() {
            let path = format!("{folder}/{prefix}{name}-{slot}-v1.bin");
            if std::env::var_os("WRITE_GOLDEN").is_some() && !std::fs::exists(&path).unwrap() {
                std::fs::write(&path, made).unwrap();
            }
            let pinned = std::fs::read(&path).unwrap();
            assert_eq!(&pinned, made, "{path}");
            golden[kind][slot] = Some(pinned);
        }
    }
    golden
}

#[test]
fn t6_version_1_records_are_pinned_byte_for_byte() {
    let mut bench = Bench::new();
    bench.acquire("standard-seat", 3);
    bench.run(10 * DAY);
    bench.register(false).unwrap();
    bench.command(Command::Limit { feature: "premium-seat", limit: Some(4) }).unwrap();
    bench.run(45 * MINUTE);
    bench.acquire("premium-seat", 11);
    bench.run(3 * HOUR);
    bench.link = Link::Down;
    bench.run(20 * HOUR);
    bench.register(true).unwrap();
    bench.stopping();

    let golden = pinned("", bench.flash());
    // And they mean what they meant.
    let agent = bench.boot_from(&golden);
    let status = agent.status();
    assert_eq!(status.registration, RegistrationState::Registered);
    assert_eq!(status.evaluation_left, Duration::from_days(80));
    assert_eq!(status.enrolment.unwrap().smart_account, "Example");
    assert!(status.attempt.unwrap().failure.is_some(), "the attempt beside it");
    assert_eq!(agent.entitlement(1).unwrap().configured_limit, Some(4));
    assert_eq!(agent.entitlement(0).unwrap().peak, 14, "of the interval that was not answered");
    // The last answer was that to the registration's report, 45 minutes, 3 and 20 hours ago.
    let left = u64::from(status.deadline.unwrap().saturating_since(status.now).as_secs());
    assert_eq!(90 * DAY - 5 * MINUTE - left, 45 * MINUTE + 23 * HOUR);
}

#[test]
fn t6_a_year_of_steady_use_writes_little() {
    let mut bench = Bench::registered(5, 5);
    bench.run(365 * DAY);
    // Three reports a day, and a block of numbers from time to time.
    assert!(bench.writes <= 1_500, "{} writes", bench.writes);
    assert_eq!(bench.reports().len(), 3 * 365);
    // Each report with a new peak besides, which is stored when it is 15 minutes old.
    let mut bench = Bench::registered(5, 5);
    for _ in 0..365 * 3 {
        bench.acquire("standard-seat", 1);
        bench.run(4 * HOUR);
        bench.release("standard-seat", 1);
        bench.run(4 * HOUR);
    }
    assert!(bench.writes <= 3_000, "{} writes", bench.writes);
}

#[test]
fn t6_storage_that_takes_nothing_is_tried_again_and_loses_nothing() {
    let mut bench = Bench::registered(1, 0);
    bench.storage = false;
    bench.run(DAY);
    let before = bench.agent.status();
    assert!(before.storage_failed);
    bench.storage = true;
    bench.run(2 * MINUTE);
    assert!(!bench.agent.status().storage_failed);
    bench.agent.handle_input(bench.now(), Input::Stopping).unwrap();
    bench.settle();
    assert_eq!(outcome(&bench, bench.flash()).1, []);
}

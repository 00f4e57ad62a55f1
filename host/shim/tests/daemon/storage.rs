//! What the daemon finds on its disk, and what it does when the disk refuses.

use crate::harness::{Appliance, PATIENCE, config, directory, token};
use crate::manager::Manager;
use leasehold_core::agent::{Agent, Device, EventKind, Output, RecordError, RecordKind};
use leasehold_core::agent::{BUFFER_MIN, RegistrationState};
use leasehold_core::counters::Counters;
use leasehold_core::crc32;
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::product::ENTITLEMENTS_MAX;
use leasehold_core::products::contact_center::FLEX;
use leasehold_core::time::{Duration, Instant, Now};
use leasehold_shim::daemon::Daemon;
use leasehold_shim::disk::{Directory, Disk, Durability};
use leasehold_shim::journal::Entry;
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::Outcome;
use leasehold_shim::storage::{Records, slot_name};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const SLOTS: [(RecordKind, usize); 4] = [
    (RecordKind::Identity, 0),
    (RecordKind::Identity, 1),
    (RecordKind::Ledger, 0),
    (RecordKind::Ledger, 1),
];

/// The data directory of an appliance that is registered, with both slots of both records.
fn registered_directory() -> tempfile::TempDir {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    let force = appliance.client.register(&token(), true, PATIENCE).unwrap();
    assert_eq!(force, Outcome::Succeeded);
    appliance.settled();
    appliance.daemon.stop().unwrap();
    for (record, slot) in SLOTS {
        assert!(dir.path().join(slot_name(record, slot)).exists(), "{record:?} {slot}");
    }
    dir
}

pub(crate) fn copy(from: &Path) -> tempfile::TempDir {
    let dir = directory();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // A socket is nothing to copy.
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    dir
}

/// Boots an agent from the directory as the daemon does; gives what it is and what it rejected.
fn boot(data: &Path) -> (RegistrationState, Vec<(RecordKind, RecordError)>, Records) {
    let config = config(data);
    let disk = Directory::take(data).unwrap();
    let records = Records::load(&disk, config.udi().fingerprint(&SoftwareCrypto)).unwrap();
    let product = config.product;
    let counters = Counters::<ENTITLEMENTS_MAX>::new(&FLEX);
    let (udi, size_profile) = (config.udi(), config.size_profile);
    let device = Device { udi, host_name: "", software_version: "1", size_profile };
    let mut agent = Agent::new(&product, &counters, &device, SoftwareCrypto);
    let now = Now::without_real_time(Instant::from_secs(0));
    agent.boot(now, records.stored()).unwrap();
    let mut rejected = Vec::new();
    let mut buffer = [0; BUFFER_MIN];
    while let Output::Event(event) = agent.poll_output(&mut buffer) {
        if let EventKind::RecordRejected { record, error } = event.kind {
            rejected.push((record, error));
        }
    }
    (agent.status().registration, rejected, records)
}

/// So many copies are damaged; what is left may be older than the other record knows (SPEC T6).
fn assert_damaged(rejected: &[(RecordKind, RecordError)], record: RecordKind, copies: usize) {
    let (damaged, older) = rejected.split_at(copies.min(rejected.len()));
    assert_eq!(damaged, vec![(record, RecordError::Damaged); copies]);
    assert!(older.is_empty() || older == [(record, RecordError::RolledBack)], "{older:?}");
}

#[test]
fn one_slot_cut_at_any_length_costs_nothing_but_an_event() {
    let good = registered_directory();
    for (record, slot) in SLOTS {
        let path = good.path().join(slot_name(record, slot));
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let (state, rejected, records) = boot(good.path());
            assert_eq!(state, RegistrationState::Registered, "{record:?} {slot} at {length}");
            assert_damaged(&rejected, record, 1);
            assert!(records.set_aside.is_empty());
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn both_slots_cut_at_any_length_start_as_new_and_are_kept_aside() {
    let good = registered_directory();
    for record in RecordKind::ALL {
        let names = [slot_name(record, 0), slot_name(record, 1)];
        let whole = names.clone().map(|name| fs::read(good.path().join(name)).unwrap());
        for length in 0..whole[0].len().min(whole[1].len()) {
            for (name, whole) in names.iter().zip(&whole) {
                fs::write(good.path().join(name), &whole[..length]).unwrap();
            }
            let (state, rejected, records) = boot(good.path());
            let expected = match record {
                RecordKind::Identity => RegistrationState::Unregistered,
                RecordKind::Ledger => RegistrationState::Registered,
            };
            assert_eq!(state, expected, "{record:?} at {length}");
            assert_damaged(&rejected, record, 2);
            assert_eq!(records.set_aside.len(), 2);
            for kept in &records.set_aside {
                assert_eq!(fs::metadata(good.path().join(kept)).unwrap().len(), length as u64);
            }
        }
        for (name, whole) in names.iter().zip(&whole) {
            fs::write(good.path().join(name), whole).unwrap();
        }
    }
}

#[test]
fn a_daemon_on_damaged_state_runs_and_says_so() {
    let good = registered_directory();
    let half = |path: PathBuf| {
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    };
    let one = copy(good.path());
    half(one.path().join("identity.0"));
    half(one.path().join("ledger.1"));
    let mut appliance = Appliance::start(one.path());
    assert_eq!(appliance.status().registration.state, "Registered");
    let damaged = |events: Vec<Entry>| {
        let rejected = events.iter().filter(|event| event.name == "RecordRejected");
        rejected.filter(|event| event.cause.contains("damaged")).count()
    };
    assert_eq!(damaged(appliance.events()), 2);

    let both = copy(good.path());
    half(both.path().join("identity.0"));
    half(both.path().join("identity.1"));
    let mut appliance = Appliance::start(both.path());
    assert_eq!(appliance.status().registration.state, "Unregistered");
    assert_eq!(damaged(appliance.events()), 2);
    assert!(both.path().join("identity.0.damaged").exists());
    assert!(both.path().join("identity.1.damaged").exists());
    assert_eq!(appliance.register(), Outcome::Succeeded);
}

fn start_refused(data: &Path) -> Problem {
    Daemon::start(config(data)).unwrap_err()
}

#[test]
fn the_state_of_another_device_is_not_touched() {
    let good = registered_directory();
    let read_all =
        || SLOTS.map(|(record, slot)| fs::read(good.path().join(slot_name(record, slot))).unwrap());
    let before = read_all();
    let mut other = config(good.path());
    other.serial_number = "CC-0002".into();
    let refused = Daemon::start(other).unwrap_err();
    assert_eq!(refused.code, "foreign-state");
    assert!(refused.cause.contains("another appliance"), "{refused}");
    assert!(refused.remedy.contains("move the old one away"), "{refused}");
    assert_eq!(read_all(), before);
    let mut back = Appliance::start(good.path());
    assert_eq!(back.status().registration.state, "Registered");
}

#[test]
fn the_state_of_newer_software_is_not_touched() {
    let good = registered_directory();
    for (record, slot) in SLOTS {
        let dir = copy(good.path());
        let path = dir.path().join(slot_name(record, slot));
        let mut bytes = fs::read(&path).unwrap();
        bytes[2] = 9;
        let end = bytes.len() - 4;
        let checksum = crc32::checksum(&[&bytes[..end]]).to_le_bytes();
        bytes[end..].copy_from_slice(&checksum);
        fs::write(&path, &bytes).unwrap();
        let refused = start_refused(dir.path());
        assert_eq!(refused.code, "newer-state");
        assert!(refused.cause.contains(&slot_name(record, slot)), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_second_daemon_on_the_same_directory_is_refused() {
    let dir = directory();
    let mut first = Appliance::start(dir.path());
    let refused = start_refused(dir.path());
    assert_eq!(refused.code, "already-running");
    assert_eq!(first.status().registration.state, "Unregistered", "the first one still answers");
    first.daemon.stop().unwrap();
    Daemon::start(config(dir.path())).unwrap().stop().unwrap();
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = start_refused(&file.path().join("data"));
    assert_eq!(refused.code, "data-directory");
    assert!(refused.remedy.contains("--data"), "{refused}");
    let dir = directory();
    fs::create_dir(dir.path().join("ledger.0")).unwrap();
    let refused = start_refused(dir.path());
    assert_eq!(refused.code, "state-unreadable");
    assert!(refused.cause.contains("ledger.0"), "{refused}");
}

#[test]
fn transport_settings_that_cannot_be_used_are_named() {
    let dir = directory();
    for text in [
        "kind = \"pigeon\"\n",
        "url = \"http://m.example\"\n",
        "kind = \"proxy\"\n",
        "colour = 1\n",
        "kind = \"dir",
        "\u{0}\u{1}",
    ] {
        fs::write(dir.path().join("transport.toml"), text).unwrap();
        let refused = start_refused(dir.path());
        assert_eq!(refused.code, "transport-settings", "{text}");
        assert!(
            refused.cause.contains("transport.toml") && refused.cause.ends_with('.'),
            "{refused}"
        );
    }
    // A relative path starts where the file stands, and both are named.
    fs::write(dir.path().join("transport.toml"), "ca_file = \"absent.pem\"\n").unwrap();
    let refused = start_refused(dir.path());
    assert_eq!(refused.code, "ca-file-unusable");
    let named = |text: &str, file: &str| text.contains(&*dir.path().join(file).to_string_lossy());
    assert!(named(&refused.cause, "absent.pem"), "{refused}");
    assert!(named(&refused.remedy, "transport.toml"), "{refused}");
}

/// A disk that refuses to write when it is told to.
pub(crate) struct Faulty {
    pub(crate) disk: Directory,
    pub(crate) refusing: Mutex<Option<ErrorKind>>,
}

impl Faulty {
    fn check(&self) -> io::Result<()> {
        match *self.refusing.lock().unwrap() {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

impl Disk for Faulty {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.disk.read(name)
    }
    fn replace(&self, name: &str, bytes: &[u8], durability: Durability) -> io::Result<()> {
        self.check()?;
        self.disk.replace(name, bytes, durability)
    }
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.check()?;
        self.disk.append(name, bytes)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.check()?;
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.check()?;
        self.disk.remove(name)
    }
}

#[test]
fn a_disk_that_refuses_is_told_and_the_appliance_goes_on() {
    for (kind, word) in [
        (ErrorKind::StorageFull, "full"),
        (ErrorKind::ReadOnlyFilesystem, "read-only"),
        (ErrorKind::PermissionDenied, "permission"),
        (ErrorKind::Other, "system says"),
    ] {
        let dir = directory();
        let refusing = Mutex::new(None);
        let disk = Arc::new(Faulty { disk: Directory::take(dir.path()).unwrap(), refusing });
        let manager = Manager::new();
        let on = Arc::clone(&disk) as Arc<dyn Disk>;
        let mut appliance = Appliance::start_on(config(dir.path()), &manager, on).unwrap();
        *disk.refusing.lock().unwrap() = Some(kind);

        let refused = appliance.client.register(&token(), false, PATIENCE).unwrap_err();
        assert_eq!(refused.code, "not-stored");
        assert_eq!(manager.registrations(), 0, "nothing is sent before it is stored");
        let seat = appliance.client.login("ann", &[], false).unwrap();
        assert_eq!(seat.feature, "standard-seat");
        let warning = seat.not_stored.unwrap();
        assert!(warning.code == "not-stored" && warning.cause.contains(word), "{warning}");
        let count = appliance.client.acquire("server", 1).unwrap();
        assert_eq!(count.not_stored.unwrap(), warning);
        assert!(appliance.status().storage_failed);
        let change = leasehold_shim::settings::TransportChange::default();
        let unsaved = appliance.client.set_transport(change).unwrap_err();
        assert!(unsaved.code == "not-stored" && unsaved.cause.contains(word), "{unsaved}");
        let events = appliance.events();
        let told = events.iter().find(|event| event.name == "StorageFailed").unwrap();
        assert!(told.cause.contains(word), "{told:?}");

        *disk.refusing.lock().unwrap() = None;
        appliance.advance(Duration::from_minutes(1));
        appliance.eventually("it registers", |report| report.registration.state == "Registered");
        appliance.eventually("all is stored", |report| !report.storage_failed);
        assert!(appliance.event_names().contains(&"StorageRestored".into()));
        drop(disk);
        assert_eq!(appliance.client.release("server", 1).unwrap().not_stored, None);
        let mut appliance = appliance.restart();
        let report = appliance.status();
        assert_eq!(report.registration.state, "Registered");
        assert_eq!(report.device.signed_in.len(), 1);
    }
}

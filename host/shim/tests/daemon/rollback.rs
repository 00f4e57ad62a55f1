//! What becomes of a reservation when storage or the platform's counter refuse, when the power goes
//! between two of its steps, and when a backup is put back (SPEC S5, T6).

use crate::harness::{Appliance, PATIENCE, config, directory};
use crate::issuer::Issuer;
use crate::manager::Manager;
use crate::storage::{Faulty, copy};
use leasehold_core::code::ReturnCode;
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::time::Duration;
use leasehold_shim::client::Client;
use leasehold_shim::config::Config;
use leasehold_shim::counter::MonotonicCounter;
use leasehold_shim::daemon::Daemon;
use leasehold_shim::disk::{Directory, Disk, Durability};
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::{Outcome, ReservationStep};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A counter in a chip, which a test can break.
#[derive(Clone, Default)]
struct Chip(Arc<Mutex<(u32, bool)>>);

impl Chip {
    fn at(value: u32) -> Self {
        Self(Arc::new(Mutex::new((value, false))))
    }

    fn breaks(&self, broken: bool) {
        self.0.lock().unwrap().1 = broken;
    }
}

impl MonotonicCounter for Chip {
    fn value(&self) -> u32 {
        self.0.lock().unwrap().0
    }

    fn raise(&mut self, to: u32) -> Result<u32, Problem> {
        let (value, broken) = &mut *self.0.lock().unwrap();
        if *broken {
            return Err(Problem::new("chip", "The chip does not answer.", "Look at the chip."));
        }
        *value = to.max(*value);
        Ok(*value)
    }
}

fn start(data: &Path, disk: Arc<dyn Disk>, counter: impl MonotonicCounter + 'static) -> Appliance {
    let counter: Box<dyn MonotonicCounter> = Box::new(counter);
    let manager = Manager::new();
    Appliance::start_with_counter(config(data), &manager, disk, Some(counter)).unwrap()
}

fn on_chip(data: &Path, chip: &Chip) -> Appliance {
    start(data, Arc::new(Directory::take(data).unwrap()), chip.clone())
}

#[test]
fn a_disk_that_refuses_holds_the_code_back_until_it_takes_the_step() {
    let dir = directory();
    let disk =
        Arc::new(Faulty { disk: Directory::take(dir.path()).unwrap(), refusing: Mutex::new(None) });
    let on = Arc::clone(&disk) as Arc<dyn Disk>;
    let mut appliance = Appliance::start_on(config(dir.path()), &Manager::new(), on).unwrap();
    appliance.enable();
    *disk.refusing.lock().unwrap() = Some(ErrorKind::StorageFull);
    let step = ReservationStep::Request { universal: false };
    let refused = appliance.client.reservation(step, PATIENCE).unwrap_err();
    assert!(refused.code == "not-stored" && refused.remedy.contains("show license reservation"));
    assert_eq!(appliance.status().reservation.codes.request, None);
    *disk.refusing.lock().unwrap() = None;
    appliance.advance(Duration::from_minutes(1));
    let report = appliance
        .eventually("the code is shown", |report| report.reservation.codes.request.is_some());
    assert_eq!(report.registration.state, "ReservationInProgress");
    assert_eq!(report.reservation.codes.request.unwrap(), appliance.request());
}

#[test]
fn a_counter_that_fails_holds_the_code_back_until_it_is_raised() {
    let dir = directory();
    let chip = Chip::at(41);
    let mut appliance = on_chip(dir.path(), &chip);
    appliance.enable();
    let issuer = Issuer::of(&appliance.request());
    assert!(appliance.status().reservation.rollback_protection);
    assert_eq!(issuer.request.number, chip.value(), "numbers go on from the counter");
    assert!(chip.value() > 41);
    appliance.install(&issuer.authorize(0, &[(0, 7, None)])).unwrap();

    chip.breaks(true);
    let update = issuer.authorize(1, &[(0, 9, None)]);
    let refused = appliance.install(&update).unwrap_err();
    assert_eq!(refused.code, "code-held-back");
    assert!(refused.cause.ends_with("The chip does not answer."), "{refused}");
    assert!(refused.remedy.starts_with("Look at the chip."), "{refused}");
    assert_eq!(appliance.status().reservation.codes.confirmation, None);
    assert_eq!(appliance.status().reservation.installed.unwrap().generation, 1, "it is taken");
    let told = appliance.events();
    let told = told.iter().find(|event| event.name == "CounterFailed").unwrap();
    assert_eq!(told.cause, "Codes are held back. The chip does not answer.");
    assert_eq!(told.remedy, "Look at the chip.");

    // The power goes before the counter works again: the record is ahead of it, which is no backup.
    let crashed = copy(dir.path());
    let mut after = on_chip(crashed.path(), &Chip::at(chip.value()));
    let report = after.status();
    assert!(
        report.reservation.codes.confirmation.is_some() && report.registration.state == "Reserved"
    );
    assert!(!after.event_names().contains(&"ReservationRolledBack".into()));

    chip.breaks(false);
    appliance.advance(Duration::from_minutes(1));
    let report = appliance
        .eventually("the code is shown", |report| report.reservation.codes.confirmation.is_some());
    assert_eq!(report.reservation.codes, after.status().reservation.codes);
    assert!(appliance.event_names().contains(&"CounterRestored".into()));
}

/// A disk whose power may go at any moment: after each write, and each raise of the counter, it keeps
/// what a machine would find that lost its power then.
#[derive(Clone)]
struct Recorder {
    path: PathBuf,
    disk: Arc<Directory>,
    chip: Chip,
    moments: Arc<Mutex<Vec<(TempDir, u32)>>>,
}

impl Recorder {
    fn keep(&self) {
        let moment = directory();
        for name in ["identity.0", "identity.1", "ledger.0", "ledger.1"] {
            if let Some(bytes) = self.disk.read(name).unwrap() {
                fs::write(moment.path().join(name), bytes).unwrap();
            }
        }
        self.moments.lock().unwrap().push((moment, self.chip.value()));
    }
}

impl Disk for Recorder {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.disk.read(name)
    }
    fn replace(&self, name: &str, bytes: &[u8], durability: Durability) -> io::Result<()> {
        self.disk.replace(name, bytes, durability)?;
        self.keep();
        Ok(())
    }
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.disk.append(name, bytes)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
}

impl MonotonicCounter for Recorder {
    fn value(&self) -> u32 {
        self.chip.value()
    }
    fn raise(&mut self, to: u32) -> Result<u32, Problem> {
        let value = self.chip.raise(to)?;
        self.keep();
        Ok(value)
    }
}

/// Goes on from whatever stands, to everything returned; gives the return code.
fn finish(appliance: &mut Appliance, authorizations: &[String]) -> String {
    let report = appliance.status();
    if report.registration.state == "ReservationInProgress" {
        appliance.install(&authorizations[0]).unwrap();
    }
    if appliance.status().registration.state == "Reserved" {
        let installed = appliance.status().reservation.installed.unwrap().generation;
        let confirmation = match installed {
            0 => appliance.install(&authorizations[1]).unwrap(),
            _ => appliance.status().reservation.codes.confirmation,
        };
        assert!(confirmation.is_some(), "an update that is installed can be confirmed");
        return appliance.step(ReservationStep::Return).unwrap().unwrap();
    }
    report.reservation.codes.returned.unwrap()
}

#[test]
fn the_power_may_go_between_any_two_steps() {
    let dir = directory();
    let recorder = Recorder {
        path: dir.path().into(),
        disk: Arc::new(Directory::take(dir.path()).unwrap()),
        chip: Chip::at(0),
        moments: Arc::default(),
    };
    let mut appliance = start(&recorder.path, Arc::new(recorder.clone()), recorder.clone());
    appliance.enable();
    let issuer = Issuer::of(&appliance.request());
    let authorizations =
        [issuer.authorize(0, &[(0, 7, None)]), issuer.authorize(1, &[(0, 9, None)])];
    let returned = finish(&mut appliance, &authorizations);
    appliance.daemon.stop().unwrap();

    let moments = std::mem::take(&mut *recorder.moments.lock().unwrap());
    assert!(moments.len() >= 8, "{} moments", moments.len());
    let mut seen = Vec::new();
    for (moment, counter) in moments {
        let mut appliance = on_chip(moment.path(), &Chip::at(counter));
        let state = appliance.status().registration.state;
        let names = appliance.event_names();
        assert!(!names.contains(&"ReservationRolledBack".into()), "a cut is no backup: {names:?}");
        assert!(!names.contains(&"RecordRejected".into()), "{names:?}");
        let asked = appliance.status().reservation;
        if asked.request.is_some() || asked.codes.returned.is_some() {
            let code = finish(&mut appliance, &authorizations);
            assert_eq!(code, returned, "the same reservation ends with the same code");
        }
        seen.push(state);
    }
    seen.dedup();
    assert_eq!(seen, ["Unregistered", "ReservationInProgress", "Reserved", "Unregistered"]);
}

/// A whole daemon as an administrator starts it, and a connection to it.
fn daemon(config: Config) -> (Daemon, Client) {
    let data = config.data.clone();
    (Daemon::start(config).unwrap(), Client::connect(&data).unwrap())
}

fn take(client: &mut Client, step: ReservationStep) -> Option<String> {
    match client.reservation(step, PATIENCE).unwrap() {
        Outcome::Stored { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

/// What a backup taken while reserved comes to when it is put back after the return: the state, what
/// was told, and whether the return code is the first one's.
fn put_back(counter_file: Option<&Path>) -> (String, Vec<String>, bool) {
    let dir = directory();
    let with_counter =
        |data: &Path| Config { counter_file: counter_file.map(Path::to_owned), ..config(data) };
    let (running, mut client) = daemon(with_counter(dir.path()));
    take(&mut client, ReservationStep::Enable);
    let request = take(&mut client, ReservationStep::Request { universal: false }).unwrap();
    let issuer = Issuer::of(&request);
    let code = issuer.authorize(0, &[(0, 7, None)]);
    take(&mut client, ReservationStep::Install { code, accept_fewer: false });
    running.stop().unwrap();
    let backup = copy(dir.path());
    let (running, mut client) = daemon(with_counter(dir.path()));
    let returned = take(&mut client, ReservationStep::Return).unwrap();
    let anchor = ReturnCode::parse(&returned).unwrap().anchor(&SoftwareCrypto);
    assert_eq!(anchor, issuer.request.anchors.confirmed);
    running.stop().unwrap();

    let (running, mut client) = daemon(with_counter(backup.path()));
    let report = client.status().unwrap();
    let told = client.events(0).unwrap().events.into_iter().map(|event| event.name).collect();
    running.stop().unwrap();
    let same = report.reservation.codes.returned.as_ref() == Some(&returned);
    (report.registration.state, told, same)
}

#[test]
fn a_backup_put_back_after_a_return_is_told_by_the_counter_file() {
    let storage = directory();
    let counter = storage.path().join("counter");
    fs::write(&counter, "").unwrap();
    let (state, told, same_code) = put_back(Some(&counter));
    assert_eq!(state, "Unregistered");
    assert!(told.contains(&"ReservationRolledBack".into()), "{told:?}");
    assert!(same_code, "a lost code is never a lost licence");

    let (state, told, _) = put_back(None);
    assert_eq!(state, "Reserved", "what has no counter cannot tell");
    assert!(!told.contains(&"ReservationRolledBack".into()), "{told:?}");
}

#[test]
fn a_counter_file_that_cannot_be_used_stops_the_start() {
    let storage = directory();
    let counter = storage.path().join("counter");
    let dir = directory();
    let refused = |file: &Path| {
        let config = Config { counter_file: Some(file.into()), ..config(dir.path()) };
        let named = format!("It is set in {}.", config.file.display());
        let problem = Daemon::start(config).unwrap_err();
        assert!(problem.code == "counter-file" && problem.remedy.ends_with(&named), "{problem}");
        problem.cause
    };
    assert!(refused(&counter).starts_with("There is no counter at "));
    fs::write(&counter, "leasehold-counter 1 00").unwrap();
    assert!(refused(&counter).ends_with("is damaged, or is no counter."));
    fs::write(dir.path().join("counter"), "").unwrap();
    assert!(refused(&dir.path().join("counter")).contains("is in the data directory"));
    assert!(refused(storage.path()).contains("cannot be used"));
    fs::write(&counter, "").unwrap();
    let config = Config { counter_file: Some(counter), ..config(dir.path()) };
    Daemon::start(config).unwrap().stop().unwrap();
}

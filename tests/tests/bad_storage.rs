//! Storage that is full, read-only, locked, damaged or somebody else's: said in a sentence of
//! cause and one of remedy, and nothing lost.

use leasehold_tests::appliance::{Appliance, settings};
use leasehold_tests::binary;
use leasehold_tests::manager::Manager;
use leasehold_tests::process::{Process, until};
use leasehold_tests::small_disk::SmallDisk;
use std::fs;
use std::path::Path;
use std::process::Output;

/// Runs the binary where the disk can be seen.
fn leasehold(disk: &SmallDisk, arguments: &[&str]) -> Output {
    let mut command = disk.command(&binary::leasehold());
    command.args(arguments).output().expect("leasehold starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn serve(disk: &SmallDisk, arguments: &[&str]) -> Process {
    let mut command = disk.command(&binary::leasehold());
    command.args(arguments).env("RUST_LOG", "off");
    Process::start(&mut command)
}

fn says(disk: &SmallDisk, arguments: &[&str], words: &str) -> bool {
    text(&leasehold(disk, arguments).stdout).contains(words)
}

#[test]
fn an_appliance_on_a_full_or_read_only_disk_says_so_and_loses_nothing() {
    let manager = Manager::start("report_interval = \"1s\"");
    manager.deposit("standard-seat", 10);
    manager.deposit("server", 1);
    let (_, token) = manager.token(None);
    let disk = SmallDisk::new(256);
    fs::write(manager.data().join("settings"), settings(&manager, "SMALL")).expect("settings");
    let copied = disk.sh(&format!("cp {}/settings appliance.toml", manager.data().display()));
    assert!(copied.status.success(), "{copied:?}");
    let status = ["show", "license", "status"];
    let cannot_store = "State cannot be stored";

    // Full before it is registered: nothing is sent, and the next start registers.
    let mut appliance = serve(&disk, &["appliance", "serve"]);
    until("the appliance takes commands", || says(&disk, &status, "UNREGISTERED"));
    disk.fill();
    let register = ["license", "smart", "register", "idtoken", &token, "--wait", "1"];
    assert!(!leasehold(&disk, &register).status.success());
    assert!(says(&disk, &status, cannot_store));
    assert!(manager.instances().is_empty(), "nothing is sent before it is stored");
    appliance.kill();
    disk.empty();
    let mut appliance = serve(&disk, &["appliance", "serve"]);
    until("the appliance takes commands", || says(&disk, &status, "UNREGISTERED"));
    let registered = leasehold(&disk, &register[..5]);
    assert!(registered.status.success(), "{}", text(&registered.stderr));

    // Full while it is registered: it goes on, and says so.
    disk.fill();
    leasehold(&disk, &["acquire", "standard-seat", "3"]);
    until("it says so", || says(&disk, &status, cannot_store));
    assert!(says(&disk, &status, "Status: REGISTERED"));
    appliance.kill();
    disk.empty();
    // Read-only: it does not start, and nothing has changed.
    disk.set_read_only(true);
    let refused = leasehold(&disk, &["appliance", "serve"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("read-only"), "{}", text(&refused.stderr));
    disk.set_read_only(false);
    let mut appliance = serve(&disk, &["appliance", "serve"]);
    until("it is as it was", || says(&disk, &status, "Status: REGISTERED"));
    appliance.kill();
    assert_eq!(manager.instances().len(), 1);
}

#[test]
fn a_manager_on_a_full_disk_refuses_changes_and_loses_nothing() {
    let disk = SmallDisk::new(2_048);
    let init = leasehold(&disk, &["manager", "init"]);
    assert!(init.status.success(), "{}", text(&init.stderr));
    let start = ["manager", "serve", "--listen", "127.0.0.1:0"];
    let mut manager = serve(&disk, &start);
    until("the manager answers", || {
        leasehold(&disk, &["manager", "account", "list"]).status.success()
    });
    let made = leasehold(&disk, &["manager", "account", "create", "Before"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    disk.fill();
    let mut refusal = String::new();
    // What is free inside the database's own file may take a few more.
    for number in 0..2_000 {
        let name = format!("Account {number:030}");
        let made = leasehold(&disk, &["manager", "account", "create", &name]);
        if !made.status.success() {
            refusal = text(&made.stderr);
            break;
        }
    }
    assert!(refusal.contains("space"), "{refusal}");
    assert!(leasehold(&disk, &["manager", "account", "list"]).status.success(), "reading goes on");
    disk.empty();
    let made = leasehold(&disk, &["manager", "account", "create", "After"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    manager.kill();
    let mut manager = serve(&disk, &start);
    until("both accounts are there", || {
        says(&disk, &["manager", "account", "list"], "Before")
            && says(&disk, &["manager", "account", "list"], "After")
    });
    let verified = leasehold(&disk, &["manager", "events", "--verify"]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    manager.kill();
}

#[test]
fn a_damaged_or_locked_database_is_named_and_left_as_it_is() {
    let mut manager = Manager::start("");
    manager.stop();
    let database = manager.data().join("manager.db");
    let whole = fs::read(&database).expect("a database");
    let serve = |words: &str| {
        let sentences = binary::fail(manager.data(), &["manager", "serve"]);
        assert!(sentences.contains(words), "{sentences}");
        assert!(sentences.contains("manager.db"), "{sentences}");
    };
    let damaged = [whole[..whole.len() / 2 + 100].to_vec(), vec![0x5a; whole.len()]];
    for damaged in damaged {
        fs::write(&database, &damaged).expect("written");
        serve("cannot be read");
        assert_eq!(fs::read(&database).expect("a file"), damaged, "left as it is");
    }
    fs::write(&database, &whole).expect("written");
    let holder = rusqlite::Connection::open(&database).expect("opens");
    holder
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;")
        .expect("the lock is taken");
    serve("locked");
    drop(holder);
    manager.restart();
}

#[test]
fn a_state_directory_of_another_device_is_refused_and_left_as_it_is() {
    let manager = Manager::start("");
    let (_, token) = manager.token(None);
    let mut appliance = Appliance::new(&manager, "FIRST", Some(&token));
    appliance.start();
    appliance.until("registered", |report| report["registration"]["state"] == "Registered");
    appliance.stop();
    let file = appliance.data().join("appliance.toml");
    let settings = fs::read_to_string(&file).expect("settings");
    fs::write(&file, settings.replace("FIRST", "SECOND")).expect("settings");
    let before = records(appliance.data());
    let sentences = appliance.fail(&["appliance", "serve"]);
    assert!(sentences.contains("another"), "{sentences}");
    assert_eq!(records(appliance.data()), before);
    fs::write(&file, settings).expect("settings");
    appliance.start();
    assert_eq!(appliance.report()["registration"]["state"], "Registered");
}

/// The stored records, by name.
fn records(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .expect("a folder")
        .filter_map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            let record = name.starts_with("identity") || name.starts_with("ledger");
            record.then(|| (name, fs::read(entry.path()).expect("a file")))
        })
        .collect();
    all.sort();
    all
}

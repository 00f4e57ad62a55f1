//! An administrator who cheats: with every code of an appliance, backups of its data directory, another
//! appliance, and the manager's API in another account (SPEC S1, S3, S5, L11).

use crate::places::{code_of, enter, issue, manager, redeem, set_aside, step};
use leasehold_tests::appliance::{Appliance, settings};
use leasehold_tests::binary;
use leasehold_tests::manager::Manager;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// An appliance whose platform has a counter that only grows, which no backup of its data holds.
fn with_counter(manager: &Manager, serial_number: &str, counter: &Path) -> Appliance {
    let mut appliance = Appliance::new(manager, serial_number, None);
    // As an administrator makes one.
    fs::write(counter, "").expect("a counter");
    let counter = counter.display();
    let text = format!(
        "{}\n[rollback_protection]\ncounter_file = \"{counter}\"\n",
        settings(manager, serial_number)
    );
    fs::write(appliance.data().join("appliance.toml"), text).expect("settings");
    appliance.start();
    step(&appliance, &["enable"]);
    appliance
}

const RECORDS: [&str; 4] = ["identity.0", "identity.1", "ledger.0", "ledger.1"];

fn backup(appliance: &Appliance) -> [Option<Vec<u8>>; 4] {
    RECORDS.map(|name| fs::read(appliance.data().join(name)).ok())
}

fn put_back(appliance: &mut Appliance, backup: &[Option<Vec<u8>>; 4]) {
    appliance.stop();
    for (name, bytes) in RECORDS.iter().zip(backup) {
        let path = appliance.data().join(name);
        match bytes {
            Some(bytes) => fs::write(path, bytes).expect("it is put back"),
            None => fs::remove_file(path).unwrap_or_default(),
        }
    }
    appliance.start();
}

/// What another account's administrator is answered.
struct Accomplice {
    secret: String,
    virtual_account: i64,
}

impl Accomplice {
    fn new(manager: &Manager) -> Self {
        let account = manager.post("accounts", &json!({ "name": "Other" }))["id"].clone();
        let pools = manager.get(&format!("virtual-accounts?account={account}"));
        let client = json!({ "name": "thief", "role": "administrator", "account": account });
        let secret = manager.post("clients", &client)["secret"].clone();
        Self {
            secret: secret.as_str().expect("a secret").into(),
            virtual_account: pools["items"][0]["id"].as_i64().expect("a pool"),
        }
    }

    fn is_refused(&self, manager: &Manager, path: &str, body: &Value) -> String {
        let (status, answer) = manager.post_as(&self.secret, path, body);
        assert!(status >= 400, "{path}: {answer}");
        answer["type"].as_str().expect("a type").to_owned()
    }
}

#[test]
fn whoever_has_all_codes_frees_nothing_twice_keeps_nothing_and_moves_nothing() {
    let manager = manager();
    let accomplice = Accomplice::new(&manager);
    let elsewhere = binary::private_folder();
    let counter = |name: &str| elsewhere.path().join(name);
    let mut cheated = with_counter(&manager, "A1B2C3", &counter("one"));
    let mut other = with_counter(&manager, "D4E5F6", &counter("two"));

    let request = code_of(&cheated, &["request", "specific"]);
    let asked = backup(&cheated);
    let id = redeem(&manager, &request);
    let first = issue(&manager, id, "authorize", 7, 2);
    step(&cheated, &["install", &first]);
    let holds_nine = backup(&cheated);
    let update = issue(&manager, id, "update", 1, 0);
    let confirmation = code_of(&cheated, &["install", "--yes", &update]);

    // Move it: to another appliance, or another account.
    code_of(&other, &["request", "specific"]);
    let told = other.fail(&["license", "smart", "reservation", "install", &first]);
    assert!(told.contains("for another appliance"), "{told}");
    let there = format!("virtual-accounts/{}/reservations", accomplice.virtual_account);
    let kind = accomplice.is_refused(&manager, &there, &json!({ "request": request }));
    assert_eq!(kind, "urn:leasehold:problem:request-taken");
    for (path, code) in [("confirm", &confirmation), ("return", &confirmation)] {
        let path = format!("reservations/{path}");
        accomplice.is_refused(&manager, &path, &json!({ "code": code }));
    }
    assert_eq!(set_aside(&manager), [7, 2], "until the confirmation is entered where it belongs");

    // Keep the larger part of an update, by a backup from before it.
    enter(&manager, "confirm", &confirmation);
    assert_eq!(set_aside(&manager), [1, 0]);
    put_back(&mut cheated, &holds_nine);
    let report = cheated.report();
    assert_eq!(report["registration"]["state"], "Unregistered");
    assert_eq!(report["reservation"]["installed"], Value::Null);
    put_back(&mut cheated, &asked);
    for code in [&first, &update] {
        cheated.fail(&["license", "smart", "reservation", "install", code]);
    }
    assert_eq!(cheated.report()["reservation"]["installed"], Value::Null);

    // Free it twice. What the roll-back made is the one return code of this reservation.
    let returned =
        cheated.succeed(&["show", "license", "reservation", "return-code"]).trim().to_owned();
    enter(&manager, "return", &returned);
    assert_eq!(set_aside(&manager), [0, 0]);
    let next = redeem(&manager, &code_of(&other, &["request", "specific"]));
    step(&other, &["install", &issue(&manager, next, "authorize", 3, 1)]);
    enter(&manager, "return", &returned);
    accomplice.is_refused(&manager, "reservations/return", &json!({ "code": returned }));
    assert_eq!(set_aside(&manager), [3, 1], "nothing of anybody else's");
    other.stop();
}

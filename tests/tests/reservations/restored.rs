//! A manager whose disk is lost and whose backup is restored: appliances go on, and reservations are
//! frozen until reconciled (SPEC L11).

use crate::places::{authorization, code_of, enter, issue, redeem, set_aside, shown, step};
use leasehold_tests::appliance::Appliance;
use leasehold_tests::binary;
use leasehold_tests::manager::Manager;
use serde_json::Value;

const POLICY: &str = "report_interval = \"1s\"\nretry_first = \"1s\"\nretry_max = \"1s\"";

fn stocked() -> Manager {
    let manager = Manager::start(POLICY);
    for (feature, quantity) in [("standard-seat", 10), ("premium-seat", 4), ("server", 1)] {
        manager.deposit(feature, quantity);
    }
    manager
}

/// An appliance that gets its licences by codes.
fn without_network(manager: &Manager, serial_number: &str) -> Appliance {
    let mut appliance = Appliance::new(manager, serial_number, None);
    appliance.start();
    step(&appliance, &["enable"]);
    appliance
}

fn reports(manager: &Manager, serial_number: &str) -> u64 {
    let instances = manager.instances();
    let found = instances.iter().find(|instance| instance["serial_number"] == serial_number);
    found.and_then(|instance| instance["reports_counted"].as_u64()).unwrap_or(0)
}

fn administer(manager: &Manager, words: &[&str]) -> String {
    binary::succeed(manager.data(), &[&["manager"], words].concat())
}

fn is_authorized(report: &Value) -> bool {
    report["registration"]["state"] == "Registered"
        && report["authorization"]["state"] == "Authorized"
}

#[test]
fn after_a_restore_appliances_go_on_and_reservations_are_reconciled() {
    let mut manager = stocked();
    let (_, token) = manager.token(None);
    let mut online = Appliance::new(&manager, "ONLINE", Some(&token));
    online.start();
    online.succeed(&["acquire", "standard-seat", "2"]);
    online.until("authorized", is_authorized);
    let offline = without_network(&manager, "OFFLINE");
    let id = redeem(&manager, &code_of(&offline, &["request", "specific"]));
    step(&offline, &["install", &issue(&manager, id, "authorize", 3, 1)]);

    let kept = binary::private_folder();
    let file = kept.path().join("manager.backup");
    let file = file.to_str().expect("UTF-8");
    let told = administer(&manager, &["backup", file]);
    assert!(told.contains("There are secrets in it") && told.contains("root.key is not in it"));
    let refused = binary::fail(manager.data(), &["manager", "backup", file]);
    assert!(refused.contains("is there already"), "{refused}");
    let refused = binary::fail(manager.data(), &["manager", "restore", "--yes", file]);
    assert!(refused.contains("is running on"), "{refused}");

    // The lost time: reports, an update that is installed, a reservation that is new, a return of it.
    let before = reports(&manager, "ONLINE");
    leasehold_tests::process::until("reports are counted", || {
        reports(&manager, "ONLINE") > before + 1
    });
    step(&offline, &["install", &issue(&manager, id, "update", 5, 1)]);
    enter(&manager, "confirm", &shown(&offline, "confirmation-code"));
    let newcomer = without_network(&manager, "NEWCOMER");
    let request = code_of(&newcomer, &["request", "specific"]);
    let new = redeem(&manager, &request);
    step(&newcomer, &["install", &issue(&manager, new, "authorize", 1, 0)]);
    assert_eq!(set_aside(&manager), [6, 1]);

    manager.kill();
    let unanswered = binary::run(manager.data(), &["manager", "restore", file]);
    assert_eq!(unanswered.status.code(), Some(2), "{unanswered:?}");
    let told = administer(&manager, &["restore", "--yes", file]);
    assert!(told.contains("1 reservation is frozen until reconciled"), "{told}");
    manager.restart();

    // It is the same manager to the appliance, and what it says is newer.
    let before = reports(&manager, "ONLINE");
    leasehold_tests::process::until("reports are counted again", || {
        reports(&manager, "ONLINE") > before + 1
    });
    online.succeed(&["license", "smart", "renew", "auth"]);
    online.succeed(&["license", "smart", "renew", "id"]);
    online.until("still authorized", is_authorized);
    let instances = manager.instances();
    assert!(instances.iter().all(|instance| instance["duplicate_since"].is_null()));

    // What is set aside is what it was, until somebody says what became of it.
    assert_eq!(set_aside(&manager), [3, 1]);
    let status = administer(&manager, &["status"]);
    assert!(status.contains("Restored: ") && status.contains("1 frozen until reconciled"));
    let list = administer(&manager, &["reservation", "list", "--frozen"]);
    assert!(list.contains("OFFLINE") && list.contains("authorized, frozen"), "{list}");
    let reconcile = |words: &[&str]| {
        administer(&manager, &[&["reservation", "reconcile", "OFFLINE"], words].concat())
    };
    let code = shown(&offline, "confirmation-code");
    let refused = binary::fail(manager.data(), &["manager", "reservation", "confirm", &code]);
    assert!(refused.contains("Reconcile it first"), "{refused}");
    let told = reconcile(&[&code]);
    assert!(told.contains("Not reconciled yet") && told.contains("by update 1 is not known"));
    let update = issue(&manager, id, "update", 5, 1);
    assert_eq!(update, authorization(&manager, id));
    step(&offline, &["install", &update]);
    let told = reconcile(&[&shown(&offline, "confirmation-code")]);
    assert!(told.contains("Reconciled: reservation"), "{told}");
    assert_eq!(set_aside(&manager), [5, 1]);
    let list = administer(&manager, &["reservation", "list", "--frozen"]);
    assert_eq!(list, "There are none.\n");

    // What was reserved in the lost time is unknown, until its request is redeemed once more.
    let returned = code_of(&newcomer, &["return", "--yes"]);
    let refused = binary::fail(manager.data(), &["manager", "reservation", "return", &returned]);
    assert!(refused.contains("more may be reserved than is owned"), "{refused}");
    redeem(&manager, &request);
    enter(&manager, "return", &returned);
    enter(&manager, "return", &code_of(&offline, &["return", "--yes"]));
    assert_eq!(set_aside(&manager), [0, 0]);
}

//! `leasehold manager backup`, `restore` and `reservation reconcile`.

use crate::harness::{Manager, leasehold, refusal};
use crate::reservations::{Appliance, reserve, stocked};
use leasehold_core::code::Returned;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A backup of a manager, in a folder of its own.
fn backed_up(manager: &Manager) -> (TempDir, PathBuf) {
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("backup");
    manager.done(&["backup", file.to_str().unwrap()]);
    (kept, file)
}

/// On a fresh machine; gives what it says, too.
fn restored(file: &Path) -> (Manager, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = leasehold(dir.path()).arg("restore").arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (Manager::serve(dir), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_backup_says_what_is_in_it_and_what_is_not() {
    let manager = stocked();
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("backup");
    let named = file.to_str().unwrap();
    let said = manager.done(&["backup", named]);
    for part in [named, "manager.db", "signing.key", "tls.key", "secrets", "root.key is not in it"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(manager.refused(&["backup", named]).contains("is there already"));
    let json = manager.json(&["backup", &format!("{named}2")]);
    assert_eq!(json["root_key_left_out"], true);
    assert_eq!(json["size"], fs::metadata(&file).unwrap().len());
    let remote = ["--url", "https://m.example", "backup", "x"];
    assert_eq!(manager.run(&remote).status.code(), Some(2));
    // With the root key away and a given certificate, each is said for itself.
    let dir = manager.dir.path();
    fs::rename(dir.join("root.key"), kept.path().join("root.key")).unwrap();
    for name in ["tls.crt", "tls.key"] {
        fs::rename(dir.join(name), kept.path().join(name)).unwrap();
    }
    let said = manager.done(&["backup", &format!("{named}3")]);
    assert!(!said.contains("root.key") && said.contains("TLS certificate and key"), "{said}");
}

#[test]
fn a_manager_is_replaced_only_by_a_yes_and_never_while_it_runs() {
    let mut manager = stocked();
    let (kept, file) = backed_up(&manager);
    let named = file.to_str().unwrap();
    assert!(manager.refused(&["restore", "--yes", named]).contains("is running on"));
    let data = manager.dir.path().to_owned();
    manager.child.kill().unwrap();
    manager.child.wait().unwrap();
    let restore =
        |arguments: &[&str]| leasehold(&data).arg("restore").args(arguments).output().unwrap();
    let unanswered = restore(&[named]);
    assert_eq!((unanswered.status.code(), unanswered.stdout.len()), (Some(2), 0));
    let said = String::from_utf8(unanswered.stderr).unwrap();
    assert!(said.contains("Add --yes"), "{said}");
    let nothing = kept.path().join("nothing");
    fs::write(&nothing, "hello").unwrap();
    let refused = refusal(restore(&["--yes", nothing.to_str().unwrap()]));
    assert!(refused.contains("no backup of a license manager"), "{refused}");
    let done = restore(&["--yes", "--json", named]);
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(Path::new(done["replaced"].as_str().unwrap()).join("manager.db").exists(), "{done}");
    assert_eq!(done["frozen_reservations"], 0);
    let said = restore(&["--yes", named]);
    let said = String::from_utf8(said.stdout).unwrap();
    for part in ["with its secrets", "No reservation was open", "Check listen and names"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn frozen_reservations_are_listed_shown_and_reconciled() {
    let manager = stocked();
    let [first, second] = [("AIRGAP1", 1), ("AIRGAP2", 2)].map(|(name, n)| Appliance::new(name, n));
    for (id, appliance) in [("1", &first), ("2", &second)] {
        manager.done(&reserve(&["redeem", &appliance.request(false)]));
        manager.done(&reserve(&["authorize", id, "standard-seat=4"]));
    }
    let (_kept, file) = backed_up(&manager);
    drop(manager);
    let (manager, said) = restored(&file);
    assert!(said.contains("2 reservations are frozen until reconciled"), "{said}");
    let status = manager.done(&["status"]);
    assert!(status.contains("Reservations: 2 frozen until reconciled"), "{status}");
    assert_eq!(manager.json(&["status"])["frozen_reservations"], 2);
    let listed = manager.json(&reserve(&["list", "--frozen"]));
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let shown = manager.done(&reserve(&["show", "AIRGAP1"]));
    assert!(
        shown.contains("until reconciled") && shown.contains("reconcile 1 \"CODE\""),
        "{shown}"
    );

    let unclear = manager.run(&reserve(&["reconcile", "1", "LHR0", "--unchanged"]));
    assert_eq!(unclear.status.code(), Some(2));
    let good = first.gives(Returned::Everything);
    let wrong =
        format!("{}{}", &good[..good.len() - 1], if good.ends_with('0') { '1' } else { '0' });
    let pointed = manager.refused(&reserve(&["reconcile", "1", &wrong]));
    assert!(pointed.contains('^') && pointed.contains("mistyped"), "{pointed}");
    let piped = manager.run_with(&reserve(&["reconcile", "1"]), &good);
    let said = String::from_utf8(piped.stdout).unwrap();
    assert!(said.contains("Reconciled: reservation 1") && said.contains("free"), "{said}");

    let ahead = manager.done(&reserve(&["reconcile", "2", &second.confirmation(1)]));
    assert!(ahead.contains("Not reconciled yet") && ahead.contains("update 2 FEATURE"), "{ahead}");
    let shown = manager.done(&reserve(&["show", "2"]));
    assert!(shown.contains("the appliance has update 1, which is not known here"), "{shown}");
    assert!(manager.refused(&reserve(&["reconcile", "2", "--unchanged"])).contains("update 1"));
    let update = manager.json(&reserve(&["update", "2", "standard-seat=5"]));
    let pending = u8::try_from(update["pending"].as_u64().unwrap()).unwrap();
    let shown = manager.done(&reserve(&["show", "2"]));
    assert!(shown.contains("Next: install the code of the update"), "{shown}");
    let settled = manager.json(&reserve(&["reconcile", "2", &second.confirmation(pending)]));
    assert_eq!((&settled["frozen"], &settled["generation"]), (&Value::Null, &json!(pending)));
    let status = manager.done(&["status"]);
    assert!(status.contains("All reservations are reconciled."), "{status}");
    assert_eq!(manager.done(&reserve(&["list", "--frozen"])), "There are none.\n");
}

#[test]
fn a_word_is_enough_where_nothing_has_changed() {
    let manager = stocked();
    let appliance = Appliance::new("AIRGAP1", 1);
    manager.done(&reserve(&["redeem", &appliance.request(false)]));
    let (_kept, file) = backed_up(&manager);
    drop(manager);
    let (manager, _) = restored(&file);
    let said = manager.done(&reserve(&["reconcile", "AIRGAP1", "--unchanged"]));
    assert!(said.contains("Reconciled") && said.contains("choose licences"), "{said}");
    let events = manager.json(&["events", "--limit", "2"]);
    assert_eq!(events[1]["detail"]["evidence"], "unchanged");
    assert_eq!(events[1]["actor"], "operator");
}

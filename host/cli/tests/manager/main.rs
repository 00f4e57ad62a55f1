//! `leasehold manager …` as an administrator types it, against a manager that really runs.

mod backups;
mod harness;
mod issuing;
mod reservations;

use harness::{Manager, leasehold, refusal};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sha2::Digest;
use std::fs;
use std::path::Path;

#[test]
fn an_account_is_filled_and_looked_at() {
    let manager = Manager::start();
    assert!(manager.refused(&["license", "summary"]).contains("There is no account yet"));
    assert_eq!(manager.json(&["account", "create", "Example"])["name"], "Example");
    // The only account and its default virtual account need not be named.
    manager.done(&["license", "add", "premium-seat", "10", "--order", "PO-1"]);
    let term = ["license", "deposit", "--account", "Example", "standard-seat", "40"];
    let line = manager.json(&[&term[..], &["--term-end", "2999-12-31"]].concat());
    assert_eq!(line["end"], "2999-12-31T00:00:00Z");
    let summary = manager.json(&["license", "summary", "--account", "1"]);
    let owned: Vec<_> = summary["licenses"].as_array().unwrap().iter().map(purchased).collect();
    assert_eq!(owned, [40, 10]);
    let table = manager.done(&["license", "summary"]);
    assert!(table.starts_with("Virtual account Default: in compliance\n"), "{table}");
    let premium = table.lines().find(|line| line.contains("CC Flex Premium Seat")).unwrap();
    assert!(
        premium
            .split_whitespace()
            .eq(["CC", "Flex", "Premium", "Seat", "10", "0", "0", "0", "10", "yes"])
    );

    let token = manager.done(&["token", "create", "--uses", "2", "--description", "lab"]);
    assert!(token.starts_with("LHT") && token.trim_end().len() == 39, "{token}");
    assert_eq!(manager.done(&["token", "show", "1"]), token);
    assert!(!manager.done(&["token", "list"]).contains(token.trim_end()));
    assert_eq!(manager.json(&["token", "revoke", "1"])["state"], "revoked");
    assert!(manager.refused(&["token", "show", "1"]).contains("Make a new one"));

    manager.done(&["virtual-account", "create", "Branch", "--under", "Default"]);
    manager.done(&["virtual-account", "rename", "Branch", "Office"]);
    let pools = manager.json(&["virtual-account", "list"]);
    assert_eq!((&pools[1]["name"], &pools[1]["parent"]), (&"Office".into(), &1.into()));
    manager.done(&["virtual-account", "remove", "Office"]);
    assert_eq!(manager.json(&["license", "end", "1"])["state"], "ended");
    assert_eq!(manager.done(&["instance", "list"]), "There are none.\n");

    manager.done(&["account", "create", "Another"]);
    let several = manager.refused(&["token", "create"]);
    assert!(several.contains("Example, Another") && several.contains("--account"), "{several}");
    let unknown = manager.refused(&["token", "create", "--account", "9"]);
    assert!(unknown.contains("no account \"9\""), "{unknown}");
    assert!(unknown.contains("`leasehold manager account list`"), "{unknown}");
    assert_eq!(manager.json(&["account", "rename", "Another", "Third"])["id"], 2);
    assert!(manager.done(&["events", "--verify"]).contains("as they were written"));
    let events = manager.json(&["account", "events", "Third"]);
    assert_eq!(events[0]["name"], "AccountRenamed");
}

fn purchased(line: &Value) -> u64 {
    line["purchased"].as_u64().unwrap()
}

#[test]
fn a_password_comes_from_a_file_or_standard_input() {
    let manager = Manager::start();
    let file = manager.dir.path().join("password");
    fs::write(&file, "correct horse battery\nnot this\n").unwrap();
    let file = file.to_str().unwrap();
    let create = ["user", "create", "alice", "--role", "user", "--password-file", file];
    assert_eq!(manager.json(&create)["role"], "user");
    assert!(manager.refused(&create).contains("of that name already"));

    let typed = |line: &str| manager.run_with(&["user", "create", "bob"], line);
    assert!(refusal(typed("")).contains("No password was given"));
    assert!(refusal(typed("too short\n")).contains("at least 12 characters"));
    assert!(typed("another horse battery\n").status.success());
    let names = manager.json(&["user", "list"]);
    assert_eq!((&names[0]["name"], &names[1]["name"]), (&"alice".into(), &"bob".into()));
    manager.done(&["user", "password", "alice", "--password-file", file]);
    manager.done(&["user", "remove", "bob"]);
    assert!(manager.refused(&["user", "remove", "bob"]).contains("no user \"bob\""));
}

#[test]
fn a_manager_elsewhere_is_reached_with_a_secret_and_its_certificate() {
    let manager = Manager::start();
    let secret = manager.done(&["client", "create", "robot", "--role", "viewer"]);
    let nowhere = tempfile::tempdir().unwrap();
    let file = nowhere.path().join("secret");
    fs::write(&file, secret).unwrap();
    let from = |certificate: &Path, arguments: &[&str]| {
        let mut command = leasehold(nowhere.path());
        command.arg("--url").arg(manager.url());
        command.arg("--secret-file").arg(&file).arg("--ca").arg(certificate);
        command.args(arguments).output().unwrap()
    };
    let certificate = manager.dir.path().join("tls.crt");
    let status = from(&certificate, &["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["signed_in_as"], "robot");
    let create = ["account", "create", "Mine"];
    assert!(refusal(from(&certificate, &create)).contains("Your role does not include this"));

    let other = Manager::start();
    let refused = refusal(from(&other.dir.path().join("tls.crt"), &["status"]));
    assert!(refused.contains("is not who it should be"), "{refused}");
    let client = manager.json(&["client", "list"])[1]["id"].to_string();
    manager.done(&["client", "remove", &client]);
    assert!(refusal(from(&certificate, &["status"])).contains("Nobody is signed in"));
}

/// What an appliance pins of a certificate.
fn pin(certificate: &Path) -> String {
    use ureq::tls::PemItem;
    let pem = fs::read(certificate).unwrap();
    let Some(Ok(PemItem::Certificate(found))) = ureq::tls::parse_pem(&pem).next() else {
        panic!("no certificate in {pem:?}");
    };
    sha2::Sha256::digest(found.der()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn it_stops_when_told_and_starts_again_where_it_was() {
    let mut manager = Manager::start();
    let pin = pin(&manager.dir.path().join("tls.crt"));
    assert_eq!(manager.said[1], format!("Certificate SHA-256 {pin}"));
    assert_eq!(manager.json(&["status"])["certificate_sha256"], *pin);
    assert!(manager.done(&["status"]).contains(&format!("Certificate SHA-256: {pin}\n")));
    assert!(manager.said[3].starts_with(manager.url()), "{:?}", manager.said);
    assert!(manager.said[3].contains("/setup?code="), "{:?}", manager.said);
    assert!(manager.refused(&["serve"]).contains("running on"));
    manager.done(&["account", "create", "Example"]);
    kill_process(Pid::from_child(&manager.child), Signal::TERM).unwrap();
    assert_eq!(manager.child.wait().unwrap().code(), Some(0));
    let gone = manager.refused(&["account", "list"]);
    assert!(gone.contains("does not answer") && gone.contains("leasehold manager serve"), "{gone}");

    let again = leasehold(manager.dir.path()).arg("init").output().unwrap();
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.ends_with("set up already. Nothing was changed.\n"), "{said}");
    let other = ["init", "--name", "other.example"];
    let said = manager.done(&other);
    assert!(said.contains("What was given for names was ignored"), "{said}");
    assert!(said.contains("remove tls.crt and tls.key"), "{said}");
    assert_eq!(manager.json(&other)["ignored"], serde_json::json!(["names"]));
    let dir = std::mem::replace(&mut manager.dir, tempfile::tempdir().unwrap());
    let manager = Manager::serve(dir);
    assert_eq!(manager.json(&["account", "list"])[0]["name"], "Example");
}

#[test]
fn a_directory_without_a_manager_is_told_how_to_get_one() {
    let nowhere = tempfile::tempdir().unwrap();
    for arguments in [&["serve"][..], &["account", "list"]] {
        let refused = refusal(leasehold(nowhere.path()).args(arguments).output().unwrap());
        assert!(refused.contains("leasehold manager init"), "{arguments:?}: {refused}");
    }
    let half = leasehold(nowhere.path()).args(["--url", "https://localhost:1", "status"]).output();
    assert!(refusal(half.unwrap()).contains("Give all three"));
    fs::write(nowhere.path().join("manager.toml"), "port = 8443\n").unwrap();
    let refused = refusal(leasehold(nowhere.path()).arg("serve").output().unwrap());
    assert!(refused.contains("line 1, key \"port\""), "{refused}");
}

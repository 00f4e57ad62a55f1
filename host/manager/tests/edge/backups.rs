//! Backups of a manager that is at work, and what comes of them (SPEC L11).

use crate::device;
use crate::harness::{DEADLINE, Manager, any_port, config};
use crate::reservations::{Appliance, licenses};
use leasehold_core::code::Returned;
use leasehold_core::wire::Verdict;
use leasehold_manager::serve::{ServeError, Server};
use leasehold_manager::setup::{self, BackupError, Restore, SetupError};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;
use tempfile::TempDir;

/// A manager on a fresh machine, restored from a backup.
fn restored(backup: &Path) -> Manager {
    let dir = tempfile::tempdir().unwrap();
    Restore::prepare(dir.path(), backup).unwrap().restore().unwrap();
    Manager::on(dir)
}

/// What comes of a manager whose disk is lost: its last backup on another one.
fn lose(manager: Manager, backup: &Path) -> Manager {
    let Manager { dir, server, .. } = manager;
    server.stop();
    drop(dir);
    restored(backup)
}

/// One who buys all the time: how many purchases were begun, and how many answered.
#[derive(Default)]
struct Buyer {
    begun: AtomicU32,
    answered: AtomicU32,
}

#[test]
fn backups_of_a_manager_at_work_lose_nothing_that_was_answered_and_tear_nothing() {
    let manager = Manager::start();
    let (_, pool) = manager.account("Example");
    let instance = device::register(&manager, pool);
    let kept = tempfile::tempdir().unwrap();
    let (stop, buyers) = (AtomicBool::new(false), [(); 3].map(|()| Buyer::default()));
    let counts = |of: fn(&Buyer) -> &AtomicU32| -> Vec<u32> {
        buyers.iter().map(|buyer| of(buyer).load(Ordering::SeqCst)).collect()
    };
    let mut backups: Vec<(PathBuf, Vec<u32>, Vec<u32>)> = Vec::new();
    std::thread::scope(|scope| {
        for (n, buyer) in buyers.iter().enumerate() {
            let (manager, stop) = (&manager, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let order = format!("{n}-{}", buyer.begun.fetch_add(1, Ordering::SeqCst));
                    let line = json!({
                        "virtual_account": pool, "license": "premium-seat", "quantity": n + 1,
                        "order": order,
                    });
                    manager.vendor("POST", "/licenses", Some(&line));
                    buyer.answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let (manager, ended) = (&manager, &stop);
        scope.spawn(move || {
            for sequence in (2..).take_while(|_| !ended.load(Ordering::SeqCst)) {
                device::report(manager, instance, sequence, sequence % 7);
            }
        });
        let begun = Instant::now();
        for n in 0..5 {
            // Something is bought between two backups.
            while counts(|buyer| &buyer.answered).iter().any(|answered| *answered < 5 * n) {
                assert!(begun.elapsed() < DEADLINE);
                std::thread::yield_now();
            }
            let (file, answered) = (kept.path().join(n.to_string()), counts(|b| &b.answered));
            setup::backup(manager.dir.path(), &file).unwrap();
            backups.push((file, answered, counts(|buyer| &buyer.begun)));
        }
        stop.store(true, Ordering::SeqCst);
    });
    for (file, answered, begun) in backups {
        let copy = restored(&file);
        let lines = copy.vendor("GET", "/licenses?limit=1000", None);
        let lines = lines["items"].as_array().unwrap();
        let mut owned = 0;
        for n in 0..buyers.len() {
            let own = lines.iter().filter(|line| line["quantity"] == n + 1);
            let orders: Vec<&str> = own.map(|line| line["order"].as_str().unwrap()).collect();
            let expected: Vec<String> = (0..orders.len()).map(|k| format!("{n}-{k}")).collect();
            assert_eq!(orders, expected);
            let count = u32::try_from(orders.len()).unwrap();
            assert!((answered[n]..=begun[n]).contains(&count), "{answered:?} {count} {begun:?}");
            owned += orders.len() * (n + 1);
        }
        let summary = copy.vendor("GET", &format!("/virtual-accounts/{pool}/summary"), None);
        let bought = summary["licenses"].as_array().unwrap().first();
        assert_eq!(bought.map_or(json!(0), |line| line["purchased"].clone()), json!(owned));
        let log = copy.vendor("GET", "/events/verify", None);
        assert!(log["entries"].as_u64().unwrap() > lines.len() as u64);
    }
}

#[test]
fn a_restored_manager_is_the_same_to_everybody_and_says_what_is_frozen() {
    let manager = Manager::start();
    let (account, pool) = manager.account("Example");
    let seats = json!({ "virtual_account": pool, "license": "premium-seat", "quantity": 10 });
    manager.vendor("POST", "/licenses", Some(&seats));
    let instance = device::register(&manager, pool);
    device::report(&manager, instance, 2, 3);
    let administrator = manager.client("administrator", Some(account));
    let user = manager.client("user", Some(account));
    let appliances = ["AIRGAP1", "AIRGAP2"].map(Appliance::new);
    let ids = appliances.each_ref().map(|appliance| {
        let path = format!("/virtual-accounts/{pool}/reservations");
        let id = manager.vendor("POST", &path, Some(&appliance.request()))["id"].clone();
        let wanted = licenses(&[("premium-seat", 2)]);
        manager.vendor("POST", &format!("/reservations/{id}/authorize"), Some(&wanted));
        id
    });
    let before = manager.vendor("GET", "/status", None);
    assert_eq!((&before["restored"], &before["frozen_reservations"]), (&Value::Null, &json!(0)));
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("backup");
    setup::backup(manager.dir.path(), &file).unwrap();
    // The lost time.
    device::report(&manager, instance, 3, 9);
    manager.vendor(
        "POST",
        "/reservations/return",
        Some(&appliances[0].gives(Returned::Everything)),
    );

    let manager = lose(manager, &file);
    let after = manager.vendor("GET", "/status", None);
    for same in ["root", "certificate_sha256", "signing_certificate_ends"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert!(after["restored"]["epoch"].as_u64().unwrap() > 0, "{after}");
    assert_eq!(after["frozen_reservations"], 2);
    assert_eq!(device::report(&manager, instance, 4, 5), Verdict::InCompliance);

    let ask = |who: &str, id: &Value, body: Value| {
        manager.ask(who, "POST", &format!("/reservations/{id}/reconcile"), Some(&body))
    };
    let kind = |reply: &crate::harness::Reply| reply.json()["type"].clone();
    let listed = manager.vendor("GET", "/reservations", None);
    assert!(
        listed["items"].as_array().unwrap().iter().all(|row| row["frozen"]["since"].is_string())
    );
    let refused = manager.ask(&user, "POST", "/reservations/return", Some(&code(&appliances[0])));
    assert_eq!(
        (refused.status, kind(&refused)),
        (409, "urn:leasehold:problem:reservation-frozen".into())
    );
    for body in [json!({}), json!({ "unchanged": true, "code": "LHR" })] {
        assert_eq!(ask(&administrator, &ids[0], body).status, 422);
    }
    let returned = ask(&user, &ids[0], code(&appliances[0]));
    assert_eq!((returned.status, &returned.json()["state"]), (200, &json!("returned")));
    let word = json!({ "unchanged": true });
    assert_eq!(ask(&user, &ids[1], word.clone()).status, 403);
    let settled = ask(&administrator, &ids[1], word.clone()).json();
    assert_eq!((&settled["state"], &settled["frozen"]), (&json!("authorized"), &Value::Null));
    let again = ask(&administrator, &ids[1], word);
    assert_eq!(
        (again.status, kind(&again)),
        (409, "urn:leasehold:problem:reservation-not-frozen".into())
    );
    assert_eq!(manager.vendor("GET", "/status", None)["frozen_reservations"], 0);
    let events = manager.vendor("GET", "/events?limit=3", None);
    let names: Vec<&Value> =
        events["items"].as_array().unwrap().iter().map(|e| &e["name"]).collect();
    assert_eq!(names[..2], [&json!("ReservationsReconciled"), &json!("ReservationReconciled")]);
    assert_eq!(events["items"][1]["actor"], "administrator");
}

fn code(appliance: &Appliance) -> Value {
    appliance.gives(Returned::Everything)
}

#[test]
fn a_manager_that_serves_is_not_restored_and_half_of_one_does_not_serve() {
    let manager = Manager::start();
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("backup");
    setup::backup(manager.dir.path(), &file).unwrap();
    let refused = Restore::prepare(manager.dir.path(), &file).unwrap_err();
    assert!(matches!(refused, BackupError::Setup(SetupError::Running(_))), "{refused}");
    manager.account("Still there");
    let Manager { dir, server, .. } = manager;
    server.stop();
    // As if the power had failed right after the restore.
    Restore::prepare(dir.path(), &file).unwrap().restore().unwrap();
    let ready = dir.path().join("restore-7.ready");
    let made = TempDir::new_in(dir.path()).unwrap();
    std::fs::rename(made.keep(), &ready).unwrap();
    std::fs::rename(dir.path().join("manager.db"), ready.join("manager.db")).unwrap();
    let refused = Server::start(&config(dir.path())).err().unwrap();
    assert!(matches!(refused, ServeError::Setup(SetupError::Unfinished(_))), "{refused}");
    let refused = setup::init(dir.path(), &any_port()).unwrap_err();
    assert!(matches!(refused, SetupError::Unfinished(_)), "{refused}");
}

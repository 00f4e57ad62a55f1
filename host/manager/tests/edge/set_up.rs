//! Set-up: what it makes, what it leaves alone, and what it refuses.

use crate::harness::{any_port, config, directory};
use leasehold_manager::config::{Config, ConfigError, Settings};
use leasehold_manager::serve::Server;
use leasehold_manager::setup::{self, SetupError, init};
use leasehold_manager::tls::self_signed;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

const EVERYTHING: [&str; 11] = [
    "manager.toml",
    "root.key",
    "root.pub",
    "signing.key",
    "signing.crt",
    "reservation.key",
    "reservation.pub",
    "tls.key",
    "tls.crt",
    "manager.db",
    "operator.secret",
];
const SECRET: [&str; 7] = [
    "manager.toml",
    "root.key",
    "signing.key",
    "reservation.key",
    "tls.key",
    "manager.db",
    "operator.secret",
];

/// The bytes of every file but the database and the lock.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let named = files.map(|file| (file.file_name().into_string().unwrap(), file.path()));
    let kept = named.filter(|(name, _)| !name.starts_with("manager.db") && name != "manager.lock");
    kept.map(|(name, path)| (name, fs::read(path).unwrap())).collect()
}

#[test]
fn it_makes_everything_once_and_for_its_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/data");
    let first = init(&dir, &any_port()).unwrap();
    assert_eq!(first.made, EVERYTHING);
    assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
    for name in SECRET {
        assert_eq!(fs::metadata(dir.join(name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let before = contents(&dir);
    let second = init(&dir, &any_port()).unwrap();
    assert!(second.made.is_empty());
    assert_eq!(second.root, first.root);
    assert_eq!(contents(&dir), before);
    // Nothing on the way was left lying about.
    assert!(before.keys().all(|name| EVERYTHING.contains(&name.as_str())), "{before:?}");
}

#[test]
fn an_interrupted_set_up_is_completed_wherever_it_stopped() {
    for done in 0..EVERYTHING.len() {
        let dir = directory();
        for name in &EVERYTHING[done..] {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        let half = dir.path().join(format!("{}.new", EVERYTHING[done]));
        // The database is SQLite's to write.
        if EVERYTHING[done] != "manager.db" {
            fs::write(&half, b"half written").unwrap();
        }
        let completed = init(dir.path(), &any_port()).unwrap();
        // A TLS key without its certificate is made anew with it.
        assert!(completed.made.ends_with(&EVERYTHING[done..]), "stopped after {done}");
        assert!(!half.exists());
        Server::start(&config(dir.path())).unwrap().stop();
    }
}

#[test]
fn the_root_key_may_be_moved_offline_and_is_asked_for_when_it_is_needed() {
    let dir = directory();
    fs::remove_file(dir.path().join("root.key")).unwrap();
    assert!(init(dir.path(), &any_port()).unwrap().made.is_empty());
    Server::start(&config(dir.path())).unwrap().stop();

    fs::remove_file(dir.path().join("signing.crt")).unwrap();
    let refused = init(dir.path(), &any_port()).unwrap_err();
    assert!(matches!(refused, SetupError::RootAway { .. }), "{refused}");
    let refused = Server::start(&config(dir.path())).err().unwrap().to_string();
    assert!(refused.contains("signing.crt is missing. Restore it"), "{refused}");
}

#[test]
fn a_lost_public_root_is_not_replaced_by_another() {
    let dir = directory();
    fs::remove_file(dir.path().join("root.key")).unwrap();
    fs::remove_file(dir.path().join("root.pub")).unwrap();
    let refused = init(dir.path(), &any_port()).unwrap_err();
    assert!(matches!(refused, SetupError::Missing { .. }), "{refused}");
    assert!(!dir.path().join("root.key").exists());
}

#[test]
fn a_lost_signing_key_is_not_replaced_by_another() {
    let dir = directory();
    let key = dir.path().join("signing.key");
    fs::remove_file(&key).unwrap();
    let before = contents(dir.path());
    let refused = init(dir.path(), &any_port()).unwrap_err().to_string();
    assert!(refused.contains("signing.key is missing. Restore it"), "{refused}");
    let served = Server::start(&config(dir.path())).err().unwrap().to_string();
    assert_eq!(served, refused);
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn a_manager_whose_secrets_others_can_read_does_not_start() {
    let dir = directory();
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let refused = || Server::start(&config(dir.path())).err().unwrap().to_string();
    for mode in [0o777, 0o750, 0o701] {
        set(dir.path(), mode);
        let remedy =
            format!("is open to other users. Close it with `chmod 700 {}`", dir.path().display());
        assert!(refused().contains(&remedy), "{mode:o}: {}", refused());
    }
    set(dir.path(), 0o700);
    for name in ["root.key", "signing.key", "tls.key", "manager.db", "operator.secret"] {
        let path = dir.path().join(name);
        set(&path, 0o640);
        let remedy =
            format!("is open to other users. Close it with `chmod 600 {}`", path.display());
        assert!(refused().contains(&remedy), "{}", refused());
        set(&path, 0o600);
    }
    Server::start(&config(dir.path())).unwrap().stop();
}

#[test]
fn a_policy_that_devices_would_not_follow_stops_the_start() {
    let dir = directory();
    let file = dir.path().join("manager.toml");
    fs::write(&file, "[policy]\noverage_period = \"91d\"\n").unwrap();
    let refused = Server::start(&config(dir.path())).err().unwrap().to_string();
    let told = "manager.toml, key \"overage_period\": 91d is outside the bounds of the product \
                contact-center, 7d to 90d. ";
    assert!(refused.contains(told), "{refused}");
    fs::write(&file, "[policy]\noverage_period = \"90d\"\n").unwrap();
    Server::start(&config(dir.path())).unwrap().stop();
}

#[test]
fn what_a_second_set_up_is_given_otherwise_is_said_to_be_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let named = |name: &str| Settings { names: Some(vec![name.into()]), ..any_port() };
    assert!(init(dir.path(), &named("a.example")).unwrap().ignored.is_empty());
    assert!(init(dir.path(), &named("a.example")).unwrap().ignored.is_empty());
    assert!(init(dir.path(), &Settings::default()).unwrap().ignored.is_empty());
    let before = contents(dir.path());
    assert_eq!(init(dir.path(), &named("b.example")).unwrap().ignored, ["names"]);
    let listen = Settings { listen: Some(([127, 0, 0, 1], 1).into()), ..Settings::default() };
    assert_eq!(init(dir.path(), &listen).unwrap().ignored, ["listen"]);
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn a_database_that_was_emptied_or_lost_is_not_replaced_by_an_empty_one() {
    let dir = directory();
    let database = dir.path().join("manager.db");
    let backup = fs::read(&database).unwrap();
    let refused = || {
        let served = Server::start(&config(dir.path())).err().unwrap().to_string();
        assert_eq!(init(dir.path(), &any_port()).unwrap_err().to_string(), served);
        assert!(served.contains("manager.db is missing or empty, although"), "{served}");
        assert!(served.ends_with("Restore it from the last backup."), "{served}");
    };
    fs::write(&database, b"").unwrap();
    refused();
    assert_eq!(fs::metadata(&database).unwrap().len(), 0);
    fs::remove_file(&database).unwrap();
    refused();
    assert!(!database.exists());
    fs::write(&database, backup).unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(init(dir.path(), &any_port()).unwrap().made.is_empty());
    Server::start(&config(dir.path())).unwrap().stop();
}

#[test]
fn a_database_that_an_interrupted_set_up_left_empty_is_completed() {
    let dir = directory();
    fs::remove_file(dir.path().join("operator.secret")).unwrap();
    fs::write(dir.path().join("manager.db"), b"").unwrap();
    assert_eq!(init(dir.path(), &any_port()).unwrap().made, ["operator.secret"]);
    Server::start(&config(dir.path())).unwrap().stop();
}

#[test]
fn a_directory_that_is_open_to_others_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(dir.path().join("somebody else's"), b"").unwrap();
    let refused = init(dir.path(), &any_port()).unwrap_err();
    assert!(refused.to_string().contains("chmod 700"), "{refused}");
    assert_eq!(fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o755);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

    let file = dir.path().join("somebody else's");
    let refused = init(&file, &any_port()).unwrap_err();
    assert!(matches!(refused, SetupError::Directory { .. }), "{refused}");
}

/// Does something as a user who is not root: root may write anywhere.
fn as_somebody_else<R: Send>(dir: &Path, work: impl FnOnce() -> R + Send) -> R {
    use rustix::thread::set_thread_res_uid;
    const NOBODY: u32 = 65_534;
    if rustix::process::geteuid().is_root() {
        for entry in fs::read_dir(dir).unwrap() {
            std::os::unix::fs::chown(entry.unwrap().path(), Some(NOBODY), None).unwrap();
        }
        std::os::unix::fs::chown(dir, Some(NOBODY), None).unwrap();
    }
    std::thread::scope(|scope| {
        let as_them = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                // Of this thread alone.
                let nobody = rustix::process::Uid::from_raw(NOBODY);
                set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            work()
        });
        as_them.join().unwrap()
    })
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let empty = tempfile::tempdir().unwrap();
    fs::set_permissions(empty.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let refused = as_somebody_else(empty.path(), || init(empty.path(), &any_port()));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(&*empty.path().to_string_lossy()), "{refused}");
    assert!(refused.contains("Permission denied"), "{refused}");

    let dir = directory();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o400)).unwrap();
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let refused = as_somebody_else(dir.path(), || Server::start(&config(dir.path())).err());
    let refused = refused.unwrap().to_string();
    assert!(refused.contains("cannot be written"), "{refused}");
}

#[test]
fn nothing_is_made_from_a_configuration_that_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(dir.path().join("manager.toml"), "listen = 8443\n").unwrap();
    let refused = init(dir.path(), &Settings::default()).unwrap_err();
    assert!(matches!(refused, SetupError::Config(ConfigError::Line { line: 1, .. })), "{refused}");
    assert!(!dir.path().join("root.key").exists());

    let dir = tempfile::tempdir().unwrap();
    let name = Settings { names: Some(vec!["no name".into()]), ..any_port() };
    let refused = init(dir.path(), &name).unwrap_err().to_string();
    assert!(refused.contains("\"no name\" is neither a DNS name nor"), "{refused}");
    assert!(!dir.path().join("root.key").exists());
}

#[test]
fn tls_files_that_were_given_are_used_and_none_are_made() {
    let made = self_signed(&["localhost".to_owned()]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let (certificate, key) = (files.path().join("c.pem"), files.path().join("k.pem"));
    fs::write(&certificate, &made.certificate).unwrap();
    fs::write(&key, &made.key).unwrap();
    let given = Settings {
        tls_certificate: Some(certificate.clone()),
        tls_key: Some(key.clone()),
        ..any_port()
    };
    let dir = tempfile::tempdir().unwrap();
    let done = init(dir.path(), &given).unwrap();
    assert_eq!(done.tls_certificate, certificate);
    assert!(!dir.path().join("tls.crt").exists());
    // What was chosen at set-up holds at every start.
    let server = Server::start(&Config::load(dir.path(), &Settings::default()).unwrap()).unwrap();
    let agent = crate::harness::agent(&certificate);
    let url = format!("https://localhost:{}/healthz", server.address().port());
    assert_eq!(agent.get(&url).call().unwrap().status(), 200);
    drop(server);

    fs::write(&key, "no key").unwrap();
    let refused = Server::start(&config(dir.path())).err().unwrap().to_string();
    assert!(refused.contains("k.pem cannot be used as a TLS key"), "{refused}");
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let (one, other) = (directory(), directory());
    let swap = |name: &str| {
        fs::copy(other.path().join(name), one.path().join(name)).unwrap();
        let refused = setup::load(one.path(), leasehold_core::time::UnixTime::default());
        let refused = refused.err().unwrap();
        assert!(matches!(refused, SetupError::Damaged { .. }), "{name}: {refused}");
    };
    swap("signing.key");
    swap("signing.crt");
    fs::write(one.path().join("root.pub"), "no key").unwrap();
    let refused = Server::start(&config(one.path())).err().unwrap().to_string();
    assert!(refused.contains("root.pub does not hold 64 hexadecimal digits"), "{refused}");
}

use super::*;
use crate::config::Settings;
use crate::setup::{self, backup};
use crate::store::Page;
use leasehold_core::time::Duration;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use tempfile::TempDir;

/// A data directory that was set up, with this account in it.
fn manager(account: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    setup::init(dir.path(), &Settings::default()).unwrap();
    add_account(dir.path(), account);
    dir
}

fn add_account(dir: &Path, name: &str) {
    let store = SqliteStore::open(&dir.join(DATABASE)).unwrap();
    let mut tx = store.begin().unwrap();
    let entropy = &mut SystemEntropy;
    let scene = Scene { now: now(), actor: "tester", crypto: &SoftwareCrypto, entropy };
    crate::domain::account::create(&mut *tx, &scene, name).unwrap();
    tx.commit().unwrap();
}

fn accounts(dir: &Path) -> Vec<String> {
    let store = SqliteStore::open(&dir.join(DATABASE)).unwrap();
    let rows = store.view().unwrap().accounts(Page { after: 0, limit: 100 }).unwrap();
    rows.into_iter().map(|row| row.name).collect()
}

/// Every file below a directory, but for the lock.
fn files_of(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let below = files_of(&path);
            let name = PathBuf::from(path.file_name().unwrap());
            found.extend(below.into_iter().map(|(path, bytes)| (name.join(path), bytes)));
        } else if !path.ends_with("manager.lock") {
            found.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    found
}

fn backed_up(dir: &Path) -> (TempDir, PathBuf) {
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("backup");
    backup(dir, &file).unwrap();
    (kept, file)
}

fn restore(dir: &Path, file: &Path) -> Result<RestoredTo, BackupError> {
    Restore::prepare(dir, file)?.restore()
}

fn refusal(dir: &Path, file: &Path) -> BackupError {
    let error = restore(dir, file).unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with('.') && text.contains(". "), "cause and remedy: {text}");
    error
}

#[test]
fn a_backup_holds_what_a_fresh_machine_needs_and_is_private() {
    let dir = manager("Example");
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("backup");
    let done = backup(dir.path(), &file).unwrap();
    assert!(done.root_key_left_out);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&file).unwrap().len(), done.size);
    assert_eq!(files_of(kept.path()).len(), 1, "nothing else is left there");

    let fresh = tempfile::tempdir().unwrap();
    let target = fresh.path().join("data");
    let restored = restore(&target, &file).unwrap();
    assert_eq!((restored.frozen, &restored.replaced), (0, &None));
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o700);
    setup::check(&target).unwrap();
    let (mut old, mut new) = (files_of(dir.path()), files_of(&target));
    assert!(old.remove(Path::new("root.key")).is_some());
    for files in [&mut old, &mut new] {
        assert!(files.remove(Path::new(DATABASE)).is_some());
    }
    assert_eq!(old, new);
    assert_eq!(accounts(&target), ["Example"]);
    for (name, mode) in KEPT {
        assert_eq!(fs::metadata(target.join(name)).unwrap().mode() & 0o777, mode, "{name}");
    }
}

#[test]
fn a_backup_replaces_nothing_and_leaves_nothing_when_it_fails() {
    let dir = manager("Example");
    let (kept, file) = backed_up(dir.path());
    let before = files_of(kept.path());
    let link = kept.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    for name in [&file, &link] {
        let error = backup(dir.path(), name).unwrap_err();
        assert!(matches!(error, BackupError::Exists(_)), "{error}");
    }
    fs::remove_file(&link).unwrap();
    let away = kept.path().join("absent").join("backup");
    let error = backup(dir.path(), &away).unwrap_err();
    assert!(matches!(error, BackupError::Write { .. }), "{error}");
    // The database is damaged: nothing looks like a backup afterwards.
    let database = dir.path().join(DATABASE);
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 8_192 * 4_096;
    bytes[middle..middle + 4_096].fill(0x5A);
    fs::write(&database, &bytes).unwrap();
    let error = backup(dir.path(), &kept.path().join("second")).unwrap_err();
    assert!(error.to_string().contains("manager.db cannot be read"), "{error}");
    assert_eq!(files_of(kept.path()), before);
    // What an interrupted backup has left does not stand in the way of the next.
    let dir = manager("Example");
    fs::write(kept.path().join("third.new"), b"half").unwrap();
    fs::write(kept.path().join("third.database"), b"half").unwrap();
    backup(dir.path(), &kept.path().join("third")).unwrap();
    assert_eq!(files_of(kept.path()).len(), 2);
    let error = backup(&kept.path().join("absent"), &away).unwrap_err();
    assert!(matches!(error, BackupError::Setup(SetupError::NotInitialised(_))), "{error}");
}

#[test]
fn every_change_of_a_backup_is_found_before_anything_is_restored() {
    let dir = manager("Example");
    let (kept, file) = backed_up(dir.path());
    let whole = fs::read(&file).unwrap();
    let target = kept.path().join("data");
    let damaged = kept.path().join("damaged");
    let places = (0..2_000).chain((2_000..whole.len()).step_by(1_009)).chain([whole.len() - 1]);
    for place in places {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x20;
        fs::write(&damaged, &bytes).unwrap();
        let error = refusal(&target, &damaged);
        let named = match error {
            BackupError::Damaged { path, .. } | BackupError::Foreign(path) => path,
            BackupError::Newer(path) if place < 20 => path,
            other => panic!("{place}: {other}"),
        };
        assert_eq!(Path::new(&named), damaged);
    }
    let lengths = (0..whole.len()).step_by(4_099).chain([1, 18, 19, 600, whole.len() - 1]);
    for length in lengths {
        fs::write(&damaged, &whole[..length]).unwrap();
        let error = refusal(&target, &damaged);
        let expected = matches!(error, BackupError::Damaged { .. } | BackupError::Foreign(_));
        assert!(expected, "{length}: {error}");
    }
    fs::write(&damaged, [&whole[..], b"x"].concat()).unwrap();
    let error = refusal(&target, &damaged).to_string();
    assert!(error.contains("something was added at its end"), "{error}");
    assert!(!target.exists(), "nothing was made");
    restore(&target, &file).unwrap();
}

#[test]
fn what_is_no_backup_and_what_is_newer_is_told() {
    let dir = manager("Example");
    let (kept, file) = backed_up(dir.path());
    let whole = fs::read(&file).unwrap();
    let target = kept.path().join("data");
    let other = kept.path().join("other");
    let database = fs::read(dir.path().join(DATABASE)).unwrap();
    for bytes in [&b""[..], b"<html>", b"leasehold-backup 0\n", &database] {
        fs::write(&other, bytes).unwrap();
        assert!(matches!(refusal(&target, &other), BackupError::Foreign(_)));
    }
    fs::write(&other, [b"leasehold-backup 2\n", &whole[19..]].concat()).unwrap();
    assert!(matches!(refusal(&target, &other), BackupError::Newer(_)));
    let error = refusal(&target, &kept.path().join("absent"));
    assert!(matches!(error, BackupError::Read { .. }), "{error}");
    assert!(!target.exists());
    // The database in it was opened by a newer version.
    let newer = Connection::open(dir.path().join(DATABASE)).unwrap();
    newer.execute_batch("INSERT INTO migration VALUES (99, 'x')").unwrap();
    drop(newer);
    let (_kept, newer) = backed_up(dir.path());
    assert!(matches!(refusal(&target, &newer), BackupError::Newer(_)));
    assert_eq!(files_of(&target), BTreeMap::new());
}

#[test]
fn only_the_files_of_a_manager_that_belong_together_are_restored() {
    let (dir, foreign) = (manager("Example"), manager("Foreign"));
    let kept = tempfile::tempdir().unwrap();
    let target = kept.path().join("data");
    let write = |name: &str, sources: &[(&str, PathBuf)]| {
        let path = kept.path().join(name);
        let mut file = File::create_new(&path).unwrap();
        super::super::archive::write(&mut file, now(), sources).unwrap();
        path
    };
    let of = |dir: &TempDir, names: &[&'static str]| -> Vec<(&'static str, PathBuf)> {
        names.iter().map(|name| (*name, dir.path().join(name))).collect()
    };
    let outside = [("../outside", dir.path().join("root.pub"))];
    let without_database = of(&dir, &["root.pub", "signing.key", "signing.crt"]);
    let without_keys = of(&dir, &[DATABASE, "root.pub"]);
    let mut mixed = of(&dir, &[DATABASE, "root.pub", "signing.crt"]);
    mixed.extend(of(&foreign, &["signing.key"]));
    let cases =
        [("a", &outside[..]), ("b", &without_database), ("c", &without_keys), ("d", &mixed)];
    for (name, sources) in cases {
        let error = refusal(&target, &write(name, sources));
        assert!(matches!(error, BackupError::Damaged { .. }), "{name}: {error}");
        assert_eq!(files_of(&target), BTreeMap::new(), "{name}");
    }
    assert!(!kept.path().join("outside").exists());
    // Another vendor's manager is not replaced.
    let (_kept, file) = backed_up(dir.path());
    let before = files_of(foreign.path());
    assert!(matches!(refusal(foreign.path(), &file), BackupError::OtherVendor(_)));
    assert_eq!(files_of(foreign.path()), before);
}

#[test]
fn a_manager_that_runs_is_not_replaced() {
    let dir = manager("Example");
    let (_kept, file) = backed_up(dir.path());
    let before = files_of(dir.path());
    let running = DirectoryLock::take(dir.path()).unwrap();
    let error = refusal(dir.path(), &file);
    assert!(matches!(error, BackupError::Setup(SetupError::Running(_))), "{error}");
    assert_eq!(files_of(dir.path()), before);
    drop(running);
    // As long as a restore waits for an answer, none starts.
    let prepared = Restore::prepare(dir.path(), &file).unwrap();
    assert!(prepared.replaces());
    assert!(matches!(DirectoryLock::take(dir.path()), Err(SetupError::Running(_))));
    drop(prepared);
    assert_eq!(files_of(dir.path()), before, "nobody said yes");
}

#[test]
fn a_directory_that_others_may_read_is_not_restored_into() {
    let dir = manager("Example");
    let (kept, file) = backed_up(dir.path());
    let open = kept.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::write(open.join("something"), b"x").unwrap();
    let error = refusal(&open, &file);
    assert!(matches!(error, BackupError::Setup(SetupError::Exposed(_))), "{error}");
}

#[test]
fn what_was_there_is_kept_and_the_root_key_stays() {
    let dir = manager("Old");
    let (_kept, file) = backed_up(dir.path());
    let root = fs::read(dir.path().join("root.key")).unwrap();
    add_account(dir.path(), "Lost");
    let first = restore(dir.path(), &file).unwrap();
    let aside = first.replaced.unwrap();
    assert_eq!(fs::metadata(&aside).unwrap().mode() & 0o777, 0o700);
    assert_eq!(accounts(&aside), ["Old", "Lost"]);
    assert_eq!(accounts(dir.path()), ["Old"]);
    assert_eq!(fs::read(dir.path().join("root.key")).unwrap(), root);
    // Twice in a second, and with a damaged database: still above everything before.
    let second = restore(dir.path(), &file).unwrap();
    assert!(second.epoch > first.epoch);
    fs::write(dir.path().join(DATABASE), b"garbage").unwrap();
    let third = restore(dir.path(), &file).unwrap();
    assert!(third.epoch > second.epoch);
    assert_eq!(fs::read(third.replaced.unwrap().join(DATABASE)).unwrap(), b"garbage");
    assert_eq!(accounts(&second.replaced.unwrap()), ["Old"]);
    setup::check(dir.path()).unwrap();
}

/// The power fails after each of the steps by which files are moved, and again while that is finished.
#[test]
fn a_restore_that_is_cut_anywhere_is_finished_by_what_starts_next() {
    let original = manager("Old");
    let (_kept, file) = backed_up(original.path());
    add_account(original.path(), "Lost");
    fs::write(original.path().join(SIDE_FILES[0]), b"").unwrap();
    let mut all_steps = 0;
    for cut in 0.. {
        let dir = tempfile::tempdir().unwrap();
        files::private_directory(dir.path()).unwrap();
        copy(original.path(), dir.path());
        let mut prepared = Restore::prepare(dir.path(), &file).unwrap();
        let done = prepared.commit(&dir.path().join(NEW)).unwrap();
        let mut steps = 0;
        while steps < cut
            && let Some(step) = next_step(dir.path()).unwrap()
        {
            step.take(dir.path()).unwrap();
            steps += 1;
        }
        drop(prepared);
        let finished = next_step(dir.path()).unwrap().is_none();
        if !finished {
            let refused = setup::check(dir.path()).unwrap_err();
            assert!(matches!(refused, SetupError::Unfinished(_)), "{refused}");
            let refused = setup::init(dir.path(), &Settings::default()).unwrap_err();
            assert!(matches!(refused, SetupError::Unfinished(_)), "{refused}");
            let refused = backup(dir.path(), &dir.path().join("b")).unwrap_err();
            assert!(matches!(refused, BackupError::Setup(SetupError::Unfinished(_))), "{refused}");
        }
        finish_restore(dir.path()).unwrap();
        setup::check(dir.path()).unwrap();
        assert_eq!(accounts(dir.path()), ["Old"], "{cut}");
        assert_eq!(accounts(&done.replaced.unwrap()), ["Old", "Lost"], "{cut}");
        let names: Vec<PathBuf> = files_of(dir.path()).into_keys().collect();
        assert_eq!(names.len(), 2 * KEPT.len() + 1, "{cut}: {names:?}");
        if finished {
            all_steps = steps;
            break;
        }
    }
    assert_eq!(all_steps, 1 + KEPT.len() + 1 + KEPT.len() + 1, "each was cut after");
}

/// Before the rename that is the restore, the old manager goes on, and the next restore starts afresh.
#[test]
fn a_restore_that_is_cut_before_it_is_one_has_changed_nothing() {
    let dir = manager("Old");
    let (_kept, file) = backed_up(dir.path());
    add_account(dir.path(), "Later");
    let new = dir.path().join(NEW);
    let mut archive = Archive::open(&file).unwrap();
    let mode = |_: &str| Some(files::PRIVATE);
    for unpacked in [false, true] {
        fs::create_dir(&new).unwrap();
        if unpacked {
            archive.unpack(&new, mode).unwrap();
            begin(&new, archive.contents.made, 0).unwrap();
        }
        finish_restore(dir.path()).unwrap();
        setup::check(dir.path()).unwrap();
        assert_eq!(accounts(dir.path()), ["Old", "Later"]);
        let prepared = Restore::prepare(dir.path(), &file).unwrap();
        drop(prepared);
        remove(&new).unwrap();
    }
    fs::create_dir(&new).unwrap();
    fs::write(new.join("left"), b"x").unwrap();
    restore(dir.path(), &file).unwrap();
    assert_eq!(accounts(dir.path()), ["Old"]);
    assert!(!dir.path().join("left").exists() && !new.exists());
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files_of(from) {
        let mode = fs::metadata(from.join(&name)).unwrap().permissions();
        fs::write(to.join(&name), bytes).unwrap();
        fs::set_permissions(to.join(&name), mode).unwrap();
    }
}

#[test]
fn a_clock_that_is_behind_the_backup_is_told_and_nothing_is_restored() {
    let dir = manager("Example");
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join("backup");
    let names = KEPT.iter().map(|(name, _)| (*name, dir.path().join(name)));
    let sources: Vec<(&str, PathBuf)> = names.collect();
    let tomorrow = now().saturating_add(Duration::from_days(1));
    let mut file = File::create_new(&path).unwrap();
    super::super::archive::write(&mut file, tomorrow, &sources).unwrap();
    let before = files_of(dir.path());
    let error = refusal(dir.path(), &path);
    assert!(error.to_string().contains("The clock of this machine"), "{error}");
    assert_eq!(files_of(dir.path()).len(), before.len());
}

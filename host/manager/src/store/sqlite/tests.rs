use super::*;
use crate::testing::{Machine, STANDARD, World};
use rusqlite::Connection;
use std::os::unix::fs::MetadataExt;

/// A manager whose files are at rest: nobody has them open.
fn at_rest() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("manager.db");
    let mut world = World::new();
    world.buy(STANDARD, 7);
    let mut machine = Machine::registered(&mut world, "SN1");
    machine.report(&mut world, &[(STANDARD, 3)]);
    let from = world.path();
    Connection::open(&from)
        .unwrap()
        .execute_batch(&format!("VACUUM INTO '{}'", path.display()))
        .unwrap();
    (dir, path)
}

fn alter(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn why(path: &Path) -> StoreError {
    match SqliteStore::open_waiting(path, Duration::from_millis(20)) {
        Err(error) => error,
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

#[test]
fn a_database_is_made_private_and_opens_again_with_what_it_had() {
    let mut world = World::new();
    assert_eq!(fs::metadata(world.path()).unwrap().mode() & 0o777, 0o600);
    let wal = world.path().with_extension("db-wal");
    assert_eq!(fs::metadata(wal).unwrap().mode() & 0o777, 0o600);
    world.reopen();
    let found = world.view(|view| view.account_by_name("Example Account")).unwrap();
    assert_eq!(found.unwrap().id, world.account);
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    let (_dir, path) = at_rest();
    let whole = fs::read(&path).unwrap();
    let mut damaged = vec![b"<html>no database</html>".to_vec(), vec![0xAA; 8_192]];
    let cuts = (1..whole.len()).step_by(4_096).chain((512..whole.len()).step_by(8_192));
    for length in cuts.chain([4_096, whole.len() - 4_096, whole.len() - 1]) {
        damaged.push(whole[..length].to_vec());
    }
    // A page in the middle, overwritten.
    let mut page = whole.clone();
    let middle = page.len() / 8_192 * 4_096;
    page[middle..middle + 4_096].fill(0x5A);
    damaged.push(page);
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let error = why(&path);
        assert!(matches!(error, StoreError::Damaged { .. }), "{}: {error}", bytes.len());
        assert!(error.to_string().contains("restore the last backup"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "opening changed it");
    }
    fs::write(&path, &whole).unwrap();
    assert!(SqliteStore::open(&path).is_ok());
}

#[test]
fn the_file_of_another_program_or_a_newer_version_is_left_alone() {
    let dir = tempfile::TempDir::new().unwrap();
    let foreign = dir.path().join("foreign.db");
    alter(&foreign, "CREATE TABLE song (title TEXT)");
    let marked = dir.path().join("marked.db");
    alter(&marked, "PRAGMA application_id = 77");
    let (_kept, newer) = at_rest();
    alter(&newer, "INSERT INTO migration VALUES (4, 'x')");
    let (_kept, edited) = at_rest();
    alter(&edited, "UPDATE migration SET checksum = 'x'");
    let cases = [
        (foreign, "another program"),
        (marked, "another program"),
        (newer, "newer version"),
        (edited, "migration 1 differs"),
    ];
    for (path, detail) in cases {
        let tables = |path: &Path| -> i64 {
            let connection = Connection::open(path).unwrap();
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
                .unwrap()
        };
        let before = tables(&path);
        let error = why(&path);
        assert!(matches!(error, StoreError::OtherVersion { .. }), "{error}");
        assert!(error.to_string().contains(detail), "{error}");
        assert_eq!(tables(&path), before);
    }
}

#[test]
fn a_locked_database_is_named_and_works_when_the_lock_is_gone() {
    let (_dir, path) = at_rest();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(why(&path), StoreError::Locked(_)));
    other.execute_batch("ROLLBACK").unwrap();
    let store = SqliteStore::open_waiting(&path, Duration::from_millis(20)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Err(error) = store.begin() else { panic!("two write at once") };
    assert!(error.to_string().contains("locked by another process"), "{error}");
    assert!(store.view().unwrap().account_by_name("Example Account").unwrap().is_some());
    other.execute_batch("ROLLBACK").unwrap();
    store.begin().unwrap().commit().unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    // Nobody can make files there, not even the superuser.
    let error = why(Path::new("/sys/manager.db"));
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    let (_dir, path) = at_rest();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(&path, flags).unwrap();
    let error = connection.execute_batch("DELETE FROM usage").unwrap_err();
    assert!(matches!(store_error(&path, error), StoreError::ReadOnly(_)));
    let error = why(&path.join("below-a-file.db"));
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
}

#[test]
fn a_full_disk_loses_nothing_and_stops_nothing() {
    let (_dir, path) = at_rest();
    let store = SqliteStore::open(&path).unwrap();
    let pages = |limit: u32| {
        let connection = store.writer.lock().unwrap();
        connection.pragma_update(None, "max_page_count", limit).unwrap();
    };
    let fill = || -> Result<(), StoreError> {
        let mut tx = store.begin()?;
        for n in 0..2_000 {
            tx.set_meta(&format!("key {n}"), &"x".repeat(100))?;
        }
        tx.commit()
    };
    pages(1);
    let error = fill().unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    let view = store.view().unwrap();
    assert_eq!(view.meta("key 0").unwrap(), None);
    assert!(view.account_by_name("Example Account").unwrap().is_some());
    drop(view);
    pages(100_000);
    fill().unwrap();
    assert!(store.view().unwrap().meta("key 1999").unwrap().is_some());
}

#[test]
fn a_value_that_is_never_written_is_named() {
    let world = World::new();
    let device = "INSERT INTO user (name, password_hash, role, created) VALUES ('x', '', 9, 1)";
    alter(&world.path(), device);
    let error = world.view(|view| view.user_by_name("x")).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
}

use super::*;
use crate::domain::account;
use crate::store::{DeviceState, Filter, Page};
use crate::testing::{ALL, Machine, STANDARD, World};
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
    alter(&newer, "INSERT INTO migration VALUES (2, 'x')");
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

#[test]
fn a_transaction_that_is_dropped_leaves_no_trace_and_a_mark_goes_back_to_its_place() {
    let world = World::new();
    let mut tx = world.store.begin().unwrap();
    tx.set_meta("dropped", "1").unwrap();
    drop(tx);
    let mut tx = world.store.begin().unwrap();
    tx.set_meta("before", "1").unwrap();
    tx.mark().unwrap();
    tx.set_meta("undone", "1").unwrap();
    tx.undo().unwrap();
    tx.mark().unwrap();
    tx.set_meta("kept", "1").unwrap();
    tx.keep().unwrap();
    assert!(world.view(|view| view.meta("before")).unwrap().is_none(), "not committed yet");
    tx.commit().unwrap();
    let found = ["dropped", "before", "undone", "kept"]
        .map(|key| world.view(|view| view.meta(key)).unwrap().is_some());
    assert_eq!(found, [false, true, false, true]);
}

#[test]
fn devices_are_listed_searched_and_paged() {
    let mut world = World::new();
    let branch = world.add_place("Branch");
    let (_, token) = world.token_for(branch, None);
    for n in 0..5 {
        let mut machine = Machine::new(&format!("{}-{n}", if n < 3 { "AAA" } else { "BBB" }));
        let token = if n == 4 { token } else { world.token() };
        machine.register(&mut world, token, false);
        if n == 3 {
            machine.report(&mut world, &[]);
        }
    }
    let list = |world: &World, filter: Filter, page: Page| -> Vec<String> {
        let rows = world.view(|view| view.devices(&filter, page)).unwrap();
        rows.into_iter().map(|row| row.serial_number).collect()
    };
    let all = ["AAA-0", "AAA-1", "AAA-2", "BBB-3", "BBB-4"];
    assert_eq!(list(&world, Filter::default(), ALL), all);
    let first = world.devices()[1].id.0;
    assert_eq!(list(&world, Filter::default(), Page { after: first, limit: 2 }), all[2..4]);
    let only = Filter { virtual_account: Some(branch), ..Filter::default() };
    assert_eq!(list(&world, only, ALL), all[4..]);
    let search = |text: &str| Filter { search: Some(text.into()), ..Filter::default() };
    assert_eq!(list(&world, search("AAA"), ALL), all[..3]);
    assert_eq!(list(&world, search("pbx."), ALL), all[3..4], "by host name");
    assert_eq!(list(&world, search("%"), ALL), [""; 0]);
    let in_account = Filter { account: Some(world.account), ..search("BBB") };
    assert_eq!(list(&world, in_account, ALL), all[3..]);
}

#[test]
fn every_column_of_a_device_is_read_as_it_was_written() {
    let mut world = World::new();
    let machine = Machine::registered(&mut world, "SN1");
    let mut row = world.row(&machine);
    let key = |n| leasehold_core::crypto::PublicKey { bytes: [n; 32], ..row.public_key };
    let time = |n| leasehold_core::time::UnixTime::from_secs(n);
    row.uuid = None;
    row.state = DeviceState::Expired;
    (row.host_name, row.software_version) = ("host".into(), "version".into());
    (row.look_at, row.valid_until, row.registered, row.last_contact) =
        (time(1), time(2), time(3), time(4));
    let valid_until = time(5);
    row.next_key = Some(crate::store::NextKey { public_key: key(1), valid_until });
    row.public_key = key(2);
    (row.certificate_serial, row.epoch, row.sequence) = (6, u32::MAX, 7);
    (row.answer_sequence, row.reports_counted) = (8, 9);
    (row.out_of_compliance_since, row.duplicate_since) = (Some(time(10)), Some(time(11)));
    (row.export_controlled, row.silence_announced, row.usage_released) = (true, true, true);
    row.last_request = leasehold_core::crypto::Digest([12; 32]);
    row.last_answer = vec![13; 500];
    row.instance = leasehold_core::identity::InstanceId([14; 16]);
    world
        .change(|tx, _, _| {
            tx.save_contact(&row)?;
            Ok(tx.save_placement(&row)?)
        })
        .unwrap();
    assert_eq!(world.row(&machine), row);
    assert_eq!(world.view(|view| view.device_by_instance(row.instance)).unwrap(), Some(row));
    assert!(account::virtual_account(&*world.store.view().unwrap(), world.place).is_ok());
}

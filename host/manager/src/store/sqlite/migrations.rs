//! Numbered changes of the schema. Each runs once, in order, and is never edited afterwards: its
//! checksum is kept.

use super::{StoreError, store_error};
use leasehold_core::crypto::{Crypto, SoftwareCrypto};
use rusqlite::Connection;
use std::path::Path;

/// All migrations, the oldest first.
const MIGRATIONS: &[&str] =
    &[include_str!("schema_1.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];

/// Brings the database to the newest schema, in one transaction.
pub(super) fn run(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let failed = |error| store_error(path, error);
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let result = apply(path, connection);
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).map_err(failed)?;
    result
}

fn apply(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let failed = |error| store_error(path, error);
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS migration (
                 number INTEGER PRIMARY KEY, checksum TEXT NOT NULL
             ) STRICT",
        )
        .map_err(failed)?;
    let applied = applied(connection).map_err(failed)?;
    if applied.len() > MIGRATIONS.len() {
        return Err(other_version(path, "it was opened by a newer version".into()));
    }
    for (index, sql) in MIGRATIONS.iter().enumerate() {
        let number = index + 1;
        let checksum = checksum(sql);
        match applied.get(index) {
            Some((n, known)) if usize::try_from(*n) == Ok(number) && *known == checksum => {}
            Some(_) => {
                return Err(other_version(path, format!("migration {number} differs")));
            }
            None => {
                connection.execute_batch(sql).map_err(failed)?;
                connection
                    .execute(
                        "INSERT INTO migration (number, checksum) VALUES (?1, ?2)",
                        (i64::try_from(number).unwrap_or(i64::MAX), &checksum),
                    )
                    .map_err(failed)?;
            }
        }
    }
    Ok(())
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement =
        connection.prepare("SELECT number, checksum FROM migration ORDER BY number")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn checksum(sql: &str) -> String {
    crate::hex::encode(&SoftwareCrypto.digest(&[sql.as_bytes()]).0)
}

fn other_version(path: &Path, detail: String) -> StoreError {
    StoreError::OtherVersion { path: path.display().to_string(), detail }
}

#[cfg(test)]
mod tests {
    use super::super::SqliteStore;
    use super::*;
    use crate::store::{ReservationId, Store};

    /// The database of an earlier version: after the first so many migrations.
    fn at(path: &Path, migrations: usize) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE migration (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL)",
            )
            .unwrap();
        for (number, sql) in (1_i64..).zip(MIGRATIONS).take(migrations) {
            connection.execute_batch(sql).unwrap();
            let done = (number, checksum(sql));
            connection.execute("INSERT INTO migration VALUES (?1, ?2)", done).unwrap();
        }
        connection.pragma_update(None, "application_id", super::super::APPLICATION_ID).unwrap();
        connection
    }

    #[test]
    fn reservations_of_an_earlier_version_go_on_where_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("manager.db");
        at(&path, 2)
            .execute_batch(
                "INSERT INTO account VALUES (1, 'Example', 5);
                 INSERT INTO virtual_account VALUES (1, 1, NULL, 'Default', 1, 5, NULL);
                 INSERT INTO reservation (id, account, virtual_account, product_id, serial_number,
                     number, license_type, universal, confirmed, declined, state, generation,
                     last_generation, request_code, created, created_by, told)
                 VALUES (1, 1, 1, 'LH-CC', 'SN1', 7, 0, 0, zeroblob(16), zeroblob(16), 1, 2, 3,
                     'LHQ', 5, 'tester', 5);",
            )
            .unwrap();
        let store = SqliteStore::open(&path).unwrap();
        let row = store.view().unwrap().reservation(ReservationId(1)).unwrap().unwrap();
        assert_eq!((row.generation, row.last_generation, row.issued_up_to), (2, 3, 3));
        assert_eq!(
            (row.frozen, store.view().unwrap().frozen_reservations(None).unwrap()),
            (None, 0)
        );
    }
}

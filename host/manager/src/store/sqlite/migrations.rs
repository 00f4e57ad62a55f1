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

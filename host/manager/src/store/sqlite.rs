//! The store on SQLite: one file, a write-ahead log, every commit synchronised to the disk.
//!
//! One connection writes; readers have their own, and see what was committed when they began.

mod columns;
mod migrations;
mod read;
mod reservations;
#[cfg(test)]
mod tests;
mod write;

use super::{Store, StoreError, Transaction, View};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Marks the file as ours: "LHLD".
const APPLICATION_ID: i32 = 0x4C48_4C44;
/// How long a manager waits for another process that holds the database.
const BUSY: Duration = Duration::from_secs(5);
/// Files up to this size are checked through when they are opened; it takes well under a second.
const CHECK_UP_TO: u64 = 64 << 20;
/// Reading connections that are kept open.
const READERS_KEPT: usize = 8;
/// Statements kept prepared on each connection: more than there are.
const STATEMENTS: usize = 128;

/// A [`Store`] in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// How long to wait for another process that holds the database.
    busy: Duration,
}

impl SqliteStore {
    /// Opens the database at `path`; makes it when there is none, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened, is damaged, locked, or of another version. The file
    /// is then as it was.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_waiting(path, BUSY)
    }

    fn open_waiting(path: &Path, busy: Duration) -> Result<Self, StoreError> {
        create_private(path).map_err(|error| cannot_create(path, &error))?;
        let connection = open_connection(path, busy)?;
        let failed = |error| store_error(path, error);
        let owner = connection
            .query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0))
            .map_err(failed)?;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(failed)?;
        if owner != APPLICATION_ID && (owner != 0 || tables > 0) {
            return Err(StoreError::OtherVersion {
                path: path.display().to_string(),
                detail: "it belongs to another program".into(),
            });
        }
        quick_check(path, &connection)?;
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536;"
            ))
            .map_err(failed)?;
        migrations::run(path, &connection)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(connection),
            readers: Mutex::new(Vec::new()),
            busy,
        })
    }

    fn error(&self, error: rusqlite::Error) -> StoreError {
        store_error(&self.path, error)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = kept {
            return Ok(connection);
        }
        let connection = open_connection(&self.path, self.busy)?;
        connection
            .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")
            .map_err(|error| self.error(error))?;
        Ok(connection)
    }
}

impl Store for SqliteStore {
    fn view(&self) -> Result<Box<dyn View + '_>, StoreError> {
        let connection = self.reader()?;
        connection.execute_batch("BEGIN DEFERRED").map_err(|error| self.error(error))?;
        Ok(Box::new(SqliteView { store: self, connection: Some(connection) }))
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.is_autocommit() {
            // Left behind by a transaction whose roll-back failed.
            connection.execute_batch("ROLLBACK").map_err(|error| self.error(error))?;
        }
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.error(error))?;
        Ok(Box::new(SqliteTransaction { store: self, connection }))
    }
}

struct SqliteView<'a> {
    store: &'a SqliteStore,
    /// Taken when dropped, to be used again.
    connection: Option<Connection>,
}

impl Drop for SqliteView<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.execute_batch("ROLLBACK").is_err() {
            return;
        }
        let mut readers = self.store.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
    }
}

struct SqliteTransaction<'a> {
    store: &'a SqliteStore,
    connection: MutexGuard<'a, Connection>,
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        if !self.connection.is_autocommit() {
            // What fails here is undone when the next transaction begins.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// What reading needs, of a view and of a transaction.
trait Connected {
    fn connection(&self) -> Result<&Connection, StoreError>;
    fn path(&self) -> &Path;
}

impl Connected for SqliteView<'_> {
    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or(StoreError::Stopping)
    }
    fn path(&self) -> &Path {
        &self.store.path
    }
}

impl Connected for SqliteTransaction<'_> {
    fn connection(&self) -> Result<&Connection, StoreError> {
        Ok(&self.connection)
    }
    fn path(&self) -> &Path {
        &self.store.path
    }
}

/// Makes the file before SQLite does, so that it is private from its first moment; SQLite gives
/// its log the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let options =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(|_| ());
    match options {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn cannot_create(path: &Path, error: &std::io::Error) -> StoreError {
    let name = path.display().to_string();
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(name)
        }
        std::io::ErrorKind::StorageFull => StoreError::Full(name),
        _ => StoreError::Failed { path: name, detail: error.to_string() },
    }
}

/// Writes a consistent copy of the database `from`, which may be in use, into the empty file `to`, and
/// waits until it is on the disk. What was committed when it begins is in it.
///
/// # Errors
/// [`StoreError`] names the one of the two that is at fault. What is in `to` is then of no use.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let connection = open_connection(from, BUSY)?;
    let failed = |error| match store_error(from, error) {
        fault @ (StoreError::Damaged { .. } | StoreError::Locked(_)) => fault,
        StoreError::Full(_) => StoreError::Full(to.display().to_string()),
        StoreError::ReadOnly(_) => StoreError::ReadOnly(to.display().to_string()),
        other => other,
    };
    let name = to.to_str().ok_or_else(|| StoreError::Failed {
        path: to.display().to_string(),
        detail: "its name is not UTF-8".into(),
    })?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(failed)?;
    let synced = fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| cannot_create(to, &error))
}

fn open_connection(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| store_error(path, error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(busy).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;",
        )
        .map_err(failed)?;
    Ok(connection)
}

fn quick_check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let length = fs::metadata(path).map_or(u64::MAX, |file| file.len());
    let damaged = |detail| Err(StoreError::Damaged { path: path.display().to_string(), detail });
    let page: i64 = connection
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .map_err(|error| store_error(path, error))?;
    // SQLite takes what is missing of the last page for zeros, and one byte for an empty database.
    if !length.is_multiple_of(page.unsigned_abs()) && !has_log(path) {
        return damaged("its end is missing".into());
    }
    if length > CHECK_UP_TO {
        return Ok(());
    }
    let result: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| store_error(path, error))?;
    if result == "ok" {
        return Ok(());
    }
    damaged(result)
}

/// Whether there is a write-ahead log, from which pages that were cut short are written again.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|file| file.len() > 0)
}

fn store_error(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.display().to_string();
    let detail = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Locked(path),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                StoreError::Damaged { path, detail }
            }
            ErrorCode::DiskFull => StoreError::Full(path),
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                StoreError::ReadOnly(path)
            }
            _ => StoreError::Failed { path, detail },
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => {
            StoreError::Foreign("a column has another type or range")
        }
        _ => StoreError::Failed { path, detail },
    }
}

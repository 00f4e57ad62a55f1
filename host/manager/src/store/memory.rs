//! The store in memory: what a simulation of years runs on. It does no I/O, keeps nothing when
//! it is dropped, and copies only the rows that are asked for or touched.
//!
//! A transaction changes the tables in place and keeps what it replaced in a log per table, from
//! which an abandoned one is undone, the last change first. So a change costs its own row and
//! a commit next to nothing. Rejected: writing into a copy that is swapped in at the commit,
//! because it copies whole tables; an overlay of touched rows over what was committed, because
//! every read and every list would have to merge two sources; and persistent maps, which make
//! snapshots free but every write several times as dear, with nobody here who needs snapshots.
//!
//! The price is that views and a transaction exclude each other: each waits until the other has
//! ended, so that no thread may hold a view while it begins a transaction, nor the other way round.
//! Lists that only administrators ask for are searched from end to end. References
//! between rows are not checked: the domain makes none that lead nowhere.

mod journal;
mod read;
mod reservations;
mod table;
mod tables;
mod write;

use super::{Store, StoreError, Transaction, View};
use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tables::Tables;

/// A [`Store`] in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: RwLock<Tables>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn view(&self) -> Result<Box<dyn View + '_>, StoreError> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(Access(Shared(tables))))
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(Access(Exclusive(tables))))
    }
}

/// The tables, behind the lock of a view or of a transaction.
struct Access<T>(T);

struct Shared<'a>(RwLockReadGuard<'a, Tables>);

/// Whatever was not committed is undone when this is dropped.
struct Exclusive<'a>(RwLockWriteGuard<'a, Tables>);

impl Deref for Shared<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.0
    }
}

impl Deref for Exclusive<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.0
    }
}

impl DerefMut for Exclusive<'_> {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.0
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        self.each().into_iter().for_each(|table| table.roll_back());
    }
}

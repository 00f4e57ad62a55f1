//! One table in memory, and how to undo what was done to it.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

/// Rows in order of their key. What is replaced moves into a log, from which it is put back.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// What stood under a key before each change since the transaction began.
    log: Vec<(K, Option<V>)>,
    /// How long the log was at the mark.
    marked: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), log: Vec::new(), marked: 0 }
    }
}

impl<K: Clone + Ord, V> Table<K, V> {
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key)
    }

    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    /// The first row that `wanted` holds of, after a search through all of them.
    pub(super) fn find(&self, wanted: impl Fn(&V) -> bool) -> Option<&V> {
        self.rows.values().find(|row| wanted(row))
    }

    /// How many rows `wanted` holds of.
    pub(super) fn count(&self, wanted: impl Fn(&V) -> bool) -> u64 {
        self.rows.values().filter(|row| wanted(row)).count() as u64
    }

    /// The rows past a key.
    pub(super) fn after(&self, key: K) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.range((Bound::Excluded(key), Bound::Unbounded)).map(|(_, row)| row)
    }

    /// The rows of a range of keys.
    pub(super) fn range(
        &self,
        keys: impl RangeBounds<K>,
    ) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.range(keys)
    }

    pub(super) fn put(&mut self, key: K, row: V) {
        let old = self.rows.insert(key.clone(), row);
        self.log.push((key, old));
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some((key, old)) = self.rows.remove_entry(key) {
            self.log.push((key, Some(old)));
        }
    }

    /// Makes another row of the one under a key, when there is one.
    pub(super) fn update(&mut self, key: &K, change: impl FnOnce(&V) -> V) {
        if let Some(row) = self.rows.get_mut(key) {
            let changed = change(row);
            self.log.push((key.clone(), Some(core::mem::replace(row, changed))));
        }
    }

    /// Puts back what stood there when the log had `length` entries.
    fn undo_to(&mut self, length: usize) {
        while self.log.len() > length {
            match self.log.pop() {
                Some((key, Some(old))) => self.rows.insert(key, old),
                Some((key, None)) => self.rows.remove(&key),
                None => return,
            };
        }
    }
}

/// What a transaction does with every table alike.
pub(super) trait Undo {
    /// Remembers the place that [`Undo::undo`] goes back to.
    fn mark(&mut self);
    /// Undoes what was done since the mark.
    fn undo(&mut self);
    /// Undoes what was done since the transaction began.
    fn roll_back(&mut self);
    /// Begins a transaction: nothing done before can be undone.
    fn settle(&mut self);
}

impl<K: Clone + Ord, V> Undo for Table<K, V> {
    fn mark(&mut self) {
        self.marked = self.log.len();
    }

    fn undo(&mut self) {
        self.undo_to(self.marked);
    }

    fn roll_back(&mut self) {
        self.undo_to(0);
        self.marked = 0;
    }

    fn settle(&mut self) {
        self.log.clear();
        self.marked = 0;
    }
}

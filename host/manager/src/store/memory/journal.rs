//! A table to whose end rows are added, and from whose beginning they are removed: the history and
//! the event log, which grow with every report.

use super::table::Undo;
use std::collections::VecDeque;

/// Rows that are numbered from 1 on, without gaps.
#[derive(Debug)]
pub(super) struct Journal<V> {
    rows: VecDeque<V>,
    /// How many were removed from the beginning.
    removed: usize,
    /// Those that were removed since the transaction began, the oldest first.
    log: Vec<V>,
    begun: Place,
    marked: Place,
}

/// How far a journal went at a moment.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The number of its last row.
    last: usize,
    removed: usize,
}

impl<V> Default for Journal<V> {
    fn default() -> Self {
        let (begun, marked) = (Place::default(), Place::default());
        Self { rows: VecDeque::new(), removed: 0, log: Vec::new(), begun, marked }
    }
}

impl<V> Journal<V> {
    /// The number of the last row; 0 when there never was one.
    pub(super) fn last(&self) -> usize {
        self.removed + self.rows.len()
    }

    pub(super) fn last_row(&self) -> Option<&V> {
        self.rows.back()
    }

    pub(super) fn first_row(&self) -> Option<&V> {
        self.rows.front()
    }

    /// The rows with a number past `number`.
    pub(super) fn after(&self, number: i64) -> impl DoubleEndedIterator<Item = &V> {
        let first = usize::try_from(number).unwrap_or(0).saturating_sub(self.removed);
        self.rows.range(first.min(self.rows.len())..)
    }

    /// The rows with a number below `number`.
    pub(super) fn before(&self, number: i64) -> impl DoubleEndedIterator<Item = &V> {
        let end = usize::try_from(number).unwrap_or(0).saturating_sub(self.removed + 1);
        self.rows.range(..end.min(self.rows.len()))
    }

    pub(super) fn add(&mut self, row: V) {
        self.rows.push_back(row);
    }

    /// Removes the first row.
    pub(super) fn remove_first(&mut self) {
        if let Some(row) = self.rows.pop_front() {
            self.log.push(row);
            self.removed += 1;
        }
    }

    fn place(&self) -> Place {
        Place { last: self.last(), removed: self.removed }
    }

    /// Goes back to a place. Rows that were added after it and removed are not put back.
    fn go_back(&mut self, to: Place) {
        self.rows.truncate(to.last.saturating_sub(self.removed));
        while self.removed > to.removed {
            self.removed -= 1;
            if let Some(row) = self.log.pop()
                && self.removed < to.last
            {
                self.rows.push_front(row);
            }
        }
    }
}

impl<V> Undo for Journal<V> {
    fn mark(&mut self) {
        self.marked = self.place();
    }

    fn undo(&mut self) {
        self.go_back(self.marked);
    }

    fn roll_back(&mut self) {
        self.go_back(self.begun);
        self.settle();
    }

    fn settle(&mut self) {
        self.log.clear();
        self.begun = self.place();
        self.marked = self.begun;
    }
}

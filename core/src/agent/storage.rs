//! Where each record stands between memory and storage.

use crate::time::DeviceTime;

/// Where a record stands between memory and storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store {
    pub(super) generation: u32,
    pub(super) slot: usize,
    /// When it must be stored; `None` while storage has what memory has.
    pub(super) due: Option<DeviceTime>,
    /// No attempt before this: the last one failed.
    pub(super) not_before: Option<DeviceTime>,
    /// Handed to the host and not confirmed.
    pub(super) writing: bool,
}

impl Store {
    pub(super) const fn new() -> Self {
        Self { generation: 0, slot: 0, due: None, not_before: None, writing: false }
    }

    pub(super) fn save_by(&mut self, at: DeviceTime) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When the next write is handed out; `None` while there is nothing to write, or one is under
    /// way.
    pub(super) fn next_write(&self) -> Option<DeviceTime> {
        let due = self.due.filter(|_| !self.writing)?;
        Some(self.not_before.map_or(due, |not_before| due.max(not_before)))
    }

    pub(super) fn is_due(&self, now: DeviceTime) -> bool {
        self.next_write().is_some_and(|at| at <= now)
    }

    /// Whether storage holds all that had to be stored by `now`.
    pub(super) fn is_stored(&self, now: DeviceTime) -> bool {
        !self.writing && self.due.is_none_or(|due| due > now)
    }
}

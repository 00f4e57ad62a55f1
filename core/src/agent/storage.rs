//! Where each record stands between memory and storage.

use crate::time::DeviceTime;

/// Where a record stands between memory and storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store {
    /// That of the last write handed out.
    pub(super) generation: u32,
    /// That of the last write known to be durable.
    pub(super) stored_generation: u32,
    /// The slot that is written next (0 or 1).
    pub(super) slot: u8,
    /// When it must be stored; `None` while storage has what memory has.
    pub(super) due: Option<DeviceTime>,
    /// No attempt before this: the last one failed.
    pub(super) not_before: Option<DeviceTime>,
    /// Handed to the host and not confirmed.
    pub(super) writing: bool,
    /// Writes still to be done until neither slot holds what was erased.
    pub(super) erasing: u8,
}

impl Store {
    pub(super) const fn new() -> Self {
        Self {
            generation: 0,
            stored_generation: 0,
            slot: 0,
            due: None,
            not_before: None,
            writing: false,
            erasing: 0,
        }
    }

    // Not in line: it is called from so many places that it would cost kilobytes of flash.
    #[inline(never)]
    pub(super) fn save_by(&mut self, at: DeviceTime) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// A boot found this generation.
    pub(super) fn found(&mut self, generation: u32) {
        self.generation = generation;
        self.stored_generation = generation;
    }

    /// What was stored is to be gone from both slots.
    pub(super) fn erase(&mut self, now: DeviceTime) {
        self.save_by(now);
        // A write under way still holds it.
        self.erasing = if self.writing { 3 } else { 2 };
    }

    /// The write that was handed out is durable.
    pub(super) fn stored(&mut self, now: DeviceTime) {
        self.slot ^= 1;
        self.stored_generation = self.generation;
        self.not_before = None;
        self.erasing = self.erasing.saturating_sub(1);
        if self.erasing > 0 {
            self.save_by(now);
        }
    }

    /// Whether the last write failed.
    pub(super) const fn fails(&self) -> bool {
        self.not_before.is_some()
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

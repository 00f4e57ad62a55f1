//! What happened: the last events in memory for whoever asks, all of them in `events.log`.
//!
//! The log has one JSON object a line ([`Entry`]) and is turned over at [`LOG_MAX`] bytes to
//! `events.log.1`. Sequence numbers go on across restarts: a gap is a loss (SPEC M3).

use crate::disk::{Disk, DiskTrouble};
use crate::explain::Severity;
use crate::report::UnixSeconds;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Events kept in memory.
pub const KEPT: usize = 1_000;
/// The longest log before it is turned over, in bytes.
pub const LOG_MAX: u64 = 1 << 20;

const LOG: &str = "events.log";
const OLD_LOG: &str = "events.log.1";

/// Something that happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Its place, from 1.
    pub sequence: u64,
    /// When; `None` where the device did not know the time.
    pub time: Option<UnixSeconds>,
    /// Its name in every sink, such as `RegistrationSucceeded`.
    pub name: String,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, as a sentence.
    pub cause: String,
    /// What to do about it, as a sentence.
    pub remedy: String,
}

/// The events of one appliance.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    kept: VecDeque<Entry>,
    next: u64,
    length: u64,
    failing: bool,
}

impl Journal {
    /// Goes on where the log ends. A log that cannot be read is begun anew; lines in it that are
    /// no entries are passed over.
    pub(crate) fn open(disk: Arc<dyn Disk>) -> Self {
        let mut journal = Self { disk, kept: VecDeque::new(), next: 1, length: 0, failing: false };
        for name in [OLD_LOG, LOG] {
            let bytes = match journal.disk.read(name) {
                Ok(bytes) => bytes.unwrap_or_default(),
                Err(error) => {
                    let trouble = DiskTrouble::from(&error);
                    tracing::warn!("{name} cannot be read: {}. {}", trouble.cause, trouble.remedy);
                    continue;
                }
            };
            journal.read(&bytes);
            journal.length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            // A line that a power cut left without its end must not swallow the next one.
            if name == LOG && !bytes.is_empty() && !bytes.ends_with(b"\n") {
                journal.write(b"\n");
            }
        }
        journal
    }

    fn read(&mut self, log: &[u8]) {
        let lines = log.split(|byte| *byte == b'\n');
        for entry in lines.filter_map(|line| serde_json::from_slice::<Entry>(line).ok()) {
            if entry.sequence >= self.next {
                self.next = entry.sequence.saturating_add(1);
                self.keep(entry);
            }
        }
    }

    /// Notes an event: in memory, in the log file and in the program's own log.
    pub(crate) fn note(
        &mut self,
        time: Option<UnixSeconds>,
        name: &str,
        severity: Severity,
        cause: String,
        remedy: String,
    ) {
        match severity {
            Severity::Info => tracing::info!(event = name, "{cause}"),
            Severity::Warning => tracing::warn!(event = name, "{cause} {remedy}"),
            Severity::Error => tracing::error!(event = name, "{cause} {remedy}"),
        }
        let sequence = self.next;
        self.next = sequence.saturating_add(1);
        let entry = Entry { sequence, time, name: name.into(), severity, cause, remedy };
        if let Ok(mut line) = serde_json::to_vec(&entry) {
            line.push(b'\n');
            self.write(&line);
        }
        self.keep(entry);
    }

    /// The events after the one numbered `after`, at most `limit` of them, the oldest first.
    pub(crate) fn after(&self, after: u64, limit: usize) -> Vec<Entry> {
        self.kept.iter().filter(|entry| entry.sequence > after).take(limit).cloned().collect()
    }

    /// The number of the last event; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    fn keep(&mut self, entry: Entry) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(entry);
    }

    fn write(&mut self, line: &[u8]) {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let turned = if self.length.saturating_add(length) > LOG_MAX {
            self.length = 0;
            self.disk.rename(LOG, OLD_LOG)
        } else {
            Ok(())
        };
        self.length = self.length.saturating_add(length);
        match turned.and_then(|()| self.disk.append(LOG, line)) {
            Ok(()) => self.failing = false,
            Err(error) if !self.failing => {
                self.failing = true;
                let trouble = DiskTrouble::from(&error);
                tracing::error!("{LOG} cannot be written: {}. {}", trouble.cause, trouble.remedy);
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Directory;

    fn note(journal: &mut Journal, name: &str) {
        journal.note(Some(7), name, Severity::Info, "It happened.".into(), "Wait.".into());
    }

    fn open(disk: &Arc<Directory>) -> Journal {
        Journal::open(Arc::clone(disk) as Arc<dyn Disk>)
    }

    #[test]
    fn numbers_go_on_across_restarts_and_a_torn_line_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(Directory::take(dir.path()).unwrap());
        let mut journal = open(&disk);
        assert_eq!((journal.last(), journal.after(0, 9).len()), (0, 0));
        note(&mut journal, "A");
        note(&mut journal, "B");
        disk.append(LOG, b"not json\n{\"sequence\": 3, \"na").unwrap();
        let mut journal = open(&disk);
        assert_eq!(journal.last(), 2);
        note(&mut journal, "C");
        let mut journal = open(&disk);
        note(&mut journal, "D");
        let names: Vec<_> = journal.after(1, 9).into_iter().map(|e| (e.sequence, e.name)).collect();
        assert_eq!(names, [(2, "B".into()), (3, "C".into()), (4, "D".into())]);
        assert_eq!(journal.after(0, 2).len(), 2);
    }

    #[test]
    fn memory_and_log_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(Directory::take(dir.path()).unwrap());
        let mut journal = open(&disk);
        let long = "x".repeat(1_500);
        for _ in 0..2 * KEPT {
            journal.note(None, "A", Severity::Info, long.clone(), String::new());
        }
        let kept = journal.after(0, usize::MAX);
        assert_eq!((kept.len(), kept[0].sequence), (KEPT, 1_001));
        for name in [LOG, OLD_LOG] {
            let length = std::fs::metadata(dir.path().join(name)).unwrap().len();
            assert!(length > 0 && length <= LOG_MAX, "{name}: {length}");
        }
        assert_eq!(open(&disk).last(), 2_000);
    }
}

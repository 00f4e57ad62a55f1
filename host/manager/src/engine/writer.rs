//! The thread that writes: everything that waits in one transaction, and the work that nobody asks
//! for.

use super::Shared;
use super::job::Job;
use crate::domain::{Scene, SystemEntropy, housekeeping};
use crate::store::{StoreError, Transaction};
use leasehold_core::time::{Duration, UnixTime};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};

/// The most changes in one transaction: bounds how long the first of them waits.
const BATCH: usize = 512;
/// After housekeeping failed, when it is tried again.
const HOUSEKEEPING_RETRY: Duration = Duration::from_minutes(1);
/// Under this key, a number that no answer has passed (see [`Numbers`]).
const ANSWERS_RESERVED: &str = "answers_reserved";
/// How many answer numbers are reserved at a time: those of an hour, as they follow the time.
const RESERVED: u64 = 3_600 << 20;

/// Starts the thread.
pub(super) fn start(
    shared: Arc<Shared>,
    waiting: Receiver<Box<dyn Job>>,
) -> Result<JoinHandle<()>, StoreError> {
    let numbers = Numbers::open(&shared)?;
    let writer = Writer { shared, numbers };
    let started = thread::Builder::new().name("writer".into()).spawn(move || writer.run(&waiting));
    started.map_err(|error| StoreError::Failed {
        path: "of this manager".into(),
        detail: format!("no thread can be started to write it ({error})"),
    })
}

struct Writer {
    shared: Arc<Shared>,
    numbers: Numbers,
}

impl Writer {
    fn run(mut self, waiting: &Receiver<Box<dyn Job>>) {
        let mut next = self.shared.clock.now();
        loop {
            let now = self.shared.clock.now();
            if next <= now {
                next = self.keep_house(now);
            }
            let pause = std::time::Duration::from_secs(next.saturating_since(now).as_secs().into());
            let mut batch = match waiting.recv_timeout(pause) {
                Ok(first) => vec![first],
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            batch.extend(waiting.try_iter().take(BATCH - 1));
            let committed = self.commit(&mut batch);
            if let Err(error) = &committed {
                tracing::error!(%error, changes = batch.len(), "nothing of a batch was kept");
            }
            for job in batch {
                job.finish(committed.clone());
            }
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let Shared { store, authority, clock, .. } = &*self.shared;
        let mut tx = store.begin()?;
        for job in batch {
            tx.mark()?;
            // A database error may have ended the transaction; then there is no mark to go back
            // to, and nothing of the batch is kept.
            if job.run(&mut *tx, authority, clock.now()) { tx.keep()? } else { tx.undo()? }
        }
        self.numbers.cover(&mut *tx, &self.shared)?;
        tx.commit()?;
        self.numbers.covered(&self.shared);
        Ok(())
    }

    /// Says when to come again.
    fn keep_house(&mut self, now: UnixTime) -> UnixTime {
        let Shared { store, authority, .. } = &*self.shared;
        let run = || -> Result<UnixTime, StoreError> {
            let mut tx = store.begin()?;
            let crypto = &*authority.signer.crypto;
            let entropy = &mut SystemEntropy;
            let next =
                housekeeping::run(&mut *tx, &Scene { now, actor: "manager", crypto, entropy })?;
            tx.commit()?;
            Ok(next)
        };
        run().unwrap_or_else(|error| {
            tracing::error!(%error, "housekeeping failed");
            now.saturating_add(HOUSEKEEPING_RETRY)
        })
    }
}

/// Makes sure that the answers after a restart are numbered above all before it (SPEC T4), also
/// when the system's clock was set back in between. Numbers are reserved in blocks, as few
/// of them are stored otherwise: no answer leaves with a number above `Shared::numbers_reserved`.
struct Numbers {
    /// What is stored once the transaction under way is committed.
    next: u64,
}

impl Numbers {
    /// Goes on where the last run can at most have been.
    fn open(shared: &Shared) -> Result<Self, StoreError> {
        let mut tx = shared.store.begin()?;
        let stored = tx.meta(ANSWERS_RESERVED)?;
        let reserved = match stored {
            Some(text) => {
                text.parse().map_err(|_| StoreError::Foreign("the number of the last answer"))?
            }
            None => 0,
        };
        let answers = &shared.authority.answers;
        answers.raise(reserved);
        let mut numbers = Self { next: reserved };
        numbers.reserve(&mut *tx, answers.next(shared.clock.now(), 0))?;
        tx.commit()?;
        numbers.covered(shared);
        Ok(numbers)
    }

    /// Reserves more, when more were used than there are.
    fn cover(&mut self, tx: &mut dyn Transaction, shared: &Shared) -> Result<(), StoreError> {
        let last = shared.authority.answers.last();
        let reserved = shared.numbers_reserved.load(Ordering::Relaxed);
        if last <= reserved { Ok(()) } else { self.reserve(tx, last) }
    }

    fn reserve(&mut self, tx: &mut dyn Transaction, last: u64) -> Result<(), StoreError> {
        self.next = last.saturating_add(RESERVED);
        tx.set_meta(ANSWERS_RESERVED, &self.next.to_string())
    }

    /// The transaction was committed.
    fn covered(&self, shared: &Shared) {
        shared.numbers_reserved.store(self.next, Ordering::Relaxed);
    }
}

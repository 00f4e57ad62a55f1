//! The manager at work: requests come in, are judged in parallel, committed together, answered.
//!
//! Signatures are checked on several threads, which also answer who has proved nothing. One thread
//! writes: it takes everything that waits, runs each change between a mark and a decision to keep
//! it, commits once for all of them, and only then lets the answers go (group commit). No request
//! waits for another's disk flush, and no answer leaves before what it says is durable.

mod clock;
mod job;
mod limits;
mod look;
#[cfg(test)]
mod tests;
mod writer;

pub use clock::{Clock, SystemClock};
pub(crate) use limits::COME_BACK;

use crate::domain::{Authority, DomainError, Scene};
use crate::store::{Store, StoreError, Transaction, View};
use job::{Change, DeviceRequest, Job};
use leasehold_core::time::UnixTime;
use leasehold_core::wire::FrameError;
use limits::Limits;
use look::Looked;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{Semaphore, oneshot};

/// The most device requests that are worked on or wait at a time (SPEC L12).
const ADMITTED: usize = 4_096;
/// The most changes that wait for the writer: every device request, and as many of administrators.
const WAITING: usize = 2 * ADMITTED;

/// Why a device's bytes get no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeviceRequestError {
    /// They are no request.
    #[error("{}", frame_error(*.0))]
    Frame(FrameError),
    /// More is waiting than the manager takes on.
    #[error("The manager is busy. Try again in a few seconds.")]
    Overloaded,
    /// The address that sent them has sent too much that proved nothing.
    #[error(
        "Too many requests came from this address that no registered appliance has signed. \
         Wait a minute, and find out what sends them."
    )]
    TooMany,
    /// The database failed. Nothing was changed.
    #[error(transparent)]
    Store(StoreError),
    /// Something else that an answer needs failed. Nothing was changed.
    #[error(transparent)]
    Failed(DomainError),
}

impl From<StoreError> for DeviceRequestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DomainError> for DeviceRequestError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Store(error) => Self::Store(error),
            DomainError::Overloaded => Self::Overloaded,
            error => Self::Failed(error),
        }
    }
}

fn frame_error(error: FrameError) -> &'static str {
    match error {
        FrameError::NotAFrame => {
            "This is no request of an appliance. Send to this address with an appliance only."
        }
        FrameError::NewerVersion(_) => {
            "The appliance speaks a newer version of the protocol. Update the manager."
        }
        FrameError::WrongKind => {
            "This is an answer, not a request. Check that no proxy sends answers back."
        }
        FrameError::Malformed => {
            "The request is damaged. Check the connection and any proxy on the way, and try again."
        }
        FrameError::TooLong => {
            "The request is longer than any request is. Send requests of an appliance only."
        }
    }
}

/// A running manager, without its network side.
pub struct Engine {
    shared: Arc<Shared>,
    /// Taken when the engine stops: the writer ends when nobody can send any more.
    jobs: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    admitted: Semaphore,
    verifying: Arc<Semaphore>,
}

/// What every thread of the engine uses.
struct Shared {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// No answer leaves with a number above this one (see [`writer`]).
    numbers_reserved: AtomicU64,
}

impl Engine {
    /// Starts the writing thread.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read and written, or there is no thread.
    pub fn start(
        store: Arc<dyn Store>,
        authority: Arc<Authority>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let numbers_reserved = AtomicU64::new(0);
        let limits = Limits::new();
        let shared = Arc::new(Shared { store, authority, clock, limits, numbers_reserved });
        let (jobs, waiting) = sync_channel(WAITING);
        let writer = writer::start(Arc::clone(&shared), waiting)?;
        let verifiers = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            shared,
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(writer)),
            admitted: Semaphore::new(ADMITTED),
            verifying: Arc::new(Semaphore::new(verifiers)),
        })
    }

    /// The catalogue, the signing key and the rules.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.shared.authority
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> UnixTime {
        self.shared.clock.now()
    }

    /// Answers the bytes that a device sent from the address `peer`, with the bytes to send back.
    /// A refusal is an answer too. The answer is durable when it is given.
    ///
    /// # Errors
    /// [`DeviceRequestError`]; nothing was changed then.
    pub async fn device_request(
        &self,
        peer: IpAddr,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, DeviceRequestError> {
        self.shared.listen_to(peer)?;
        let _admitted = self.admitted.try_acquire().map_err(|_| DeviceRequestError::Overloaded)?;
        match self.look(peer, bytes).await? {
            (_, Looked::Answered(answer)) => {
                self.reserve_numbers().await?;
                Ok(answer)
            }
            (bytes, Looked::Proven(proof)) => {
                let (reply, answer) = oneshot::channel();
                self.send(Box::new(DeviceRequest::new(bytes, proof, reply)))?;
                answer.await.map_err(|_| StoreError::Stopping)?
            }
        }
    }

    /// Looks at a request on another thread, behind a limited number of others.
    async fn look(
        &self,
        peer: IpAddr,
        bytes: Vec<u8>,
    ) -> Result<(Vec<u8>, Looked), DeviceRequestError> {
        let looking = Arc::clone(&self.verifying).acquire_owned().await;
        let turn = looking.map_err(|_| StoreError::Stopping)?;
        let shared = Arc::clone(&self.shared);
        let looked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let looked = shared.look(peer, &bytes)?;
            Ok((bytes, looked))
        });
        looked.await.map_err(|_| StoreError::Stopping)?
    }

    /// Waits until the numbers of all answers so far are reserved, as those that the writing
    /// thread gives out always are (SPEC T4). That takes a commit once an hour at most.
    async fn reserve_numbers(&self) -> Result<(), DomainError> {
        let Shared { authority, numbers_reserved, .. } = &*self.shared;
        if authority.answers.last() <= numbers_reserved.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.change("manager".into(), |_, _, _| Ok(())).await
    }

    /// Makes a change: all of it or nothing. It is durable when its result is given.
    ///
    /// # Errors
    /// Those of `change`; [`DomainError::Store`] when the commit failed. Nothing was changed then.
    pub async fn change<R, F>(&self, actor: String, change: F) -> Result<R, DomainError>
    where
        R: Send + 'static,
        F: FnOnce(&mut dyn Transaction, &mut Scene<'_>, &Authority) -> Result<R, DomainError>
            + Send
            + 'static,
    {
        let (reply, result) = oneshot::channel();
        self.send(Box::new(Change::new(actor, change, reply)))?;
        result.await.map_err(|_| StoreError::Stopping)?
    }

    /// Reads what was committed so far, on another thread.
    ///
    /// # Errors
    /// Those of `read`; [`DomainError::Store`] when the database cannot be read.
    pub async fn read<R, F>(&self, read: F) -> Result<R, DomainError>
    where
        R: Send + 'static,
        F: FnOnce(&dyn View, UnixTime, &Authority) -> Result<R, DomainError> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let result = tokio::task::spawn_blocking(move || {
            let view = shared.store.view()?;
            read(&*view, shared.clock.now(), &shared.authority)
        });
        result.await.map_err(|_| StoreError::Stopping)?
    }

    /// Stops: what was sent so far is still done, and the writing thread has ended on return.
    /// Everything later gets [`StoreError::Stopping`].
    pub fn stop(&self) {
        drop(lock(&self.jobs).take());
        let writer = lock(&self.writer).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the writing thread ended by a fault");
        }
    }

    fn send(&self, job: Box<dyn Job>) -> Result<(), DomainError> {
        let jobs = lock(&self.jobs).clone().ok_or(StoreError::Stopping)?;
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => DomainError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Stopping.into(),
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

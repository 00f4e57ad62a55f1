//! The rules of the manager: pure functions of a transaction, the time and a source of
//! randomness. Nothing here knows HTTP, SQL, threads or the system's clock, so that a simulation
//! of years runs the same code as the server.

pub mod account;
pub mod catalogue;
pub mod compliance;
#[cfg(test)]
mod conservation;
pub mod device;
mod duplicate;
pub mod event;
pub mod housekeeping;
pub mod instance;
pub mod license;
pub mod overrides;
pub mod recovery;
pub mod reservation;
mod supply;
pub mod token;
pub mod user;

use crate::store::StoreError;
use leasehold_core::crypto::{Crypto, KeyHandle};
use leasehold_core::policy::Policy;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::SigningCertificate;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of unpredictable bytes; a simulation gives a seeded one.
pub trait Entropy {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`EntropyUnavailable`] when the system has none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable>;
}

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("The system gives no random numbers. Check that /dev/urandom exists and can be read.")]
pub struct EntropyUnavailable;

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        getrandom::fill(bytes).map_err(|_| EntropyUnavailable)
    }
}

/// Why a wish is not fulfilled. Each says its cause and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DomainError {
    /// There is nothing of that name or id.
    #[error("There is no {0} like that. List them to see which there are.")]
    NotFound(&'static str),
    /// The name is taken; by what, with its article.
    #[error("There is {0} of that name already. Choose another name.")]
    NameTaken(&'static str),
    /// An argument is out of its range.
    #[error("{0}")]
    Invalid(String),
    /// What is to be deleted is still in use.
    #[error("{0}")]
    InUse(String),
    /// The one who asks may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// More is waiting than the manager takes on.
    #[error("The manager is busy. Try again in a few seconds.")]
    Overloaded,
    /// Something about a reservation.
    #[error(transparent)]
    Reservation(#[from] reservation::ReservationError),
    /// The manager's signing key is not there.
    #[error(
        "The manager's signing key cannot be used. \
         Restore the key file from the backup and start the manager again."
    )]
    KeyUnusable,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Who acts, when, and with which tools: the part of every administrative function's arguments
/// that is the same for all.
pub struct Scene<'a> {
    /// The time.
    pub now: UnixTime,
    /// Who acts, for the event log.
    pub actor: &'a str,
    /// Digests.
    pub crypto: &'a dyn Crypto,
    /// Randomness.
    pub entropy: &'a mut dyn Entropy,
}

/// Checks a name that people give to something.
///
/// # Errors
/// [`DomainError::Invalid`] when it is empty, longer than `longest` bytes, begins or ends with a
/// space, or holds control characters.
pub(crate) fn check_name(name: &str, longest: usize) -> Result<(), DomainError> {
    let fits = !name.is_empty() && name.len() <= longest && name.trim() == name;
    if fits && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(DomainError::Invalid(format!(
        "A name has 1 to {longest} bytes, no control characters and no space at its ends. \
         Choose another name."
    )))
}

/// Numbers the answers so that each device sees them grow (SPEC T4).
///
/// A refusal to someone who proved nothing is numbered without any write; that is why numbers
/// come from the time as well as from what is stored, and why this is kept in memory.
#[derive(Debug, Default)]
pub struct AnswerClock {
    last: AtomicU64,
}

/// Two to this power answers can be numbered in a second before the numbers outrun the time.
const SECOND_BITS: u32 = 20;

impl AnswerClock {
    /// A clock that goes on after `last`, the highest number known to have been used.
    pub const fn after(last: u64) -> Self {
        Self { last: AtomicU64::new(last) }
    }

    /// Goes on after `last` at least.
    pub fn raise(&self, last: u64) {
        self.last.fetch_max(last, Ordering::Relaxed);
    }

    /// The highest number used so far.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The next number: above every earlier one, and above `at_least`.
    pub fn next(&self, now: UnixTime, at_least: u64) -> u64 {
        let floor = (now.as_secs() << SECOND_BITS).max(at_least.saturating_add(1));
        let step = |last: u64| Some(floor.max(last.saturating_add(1)));
        match self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(last) | Err(last) => floor.max(last.saturating_add(1)),
        }
    }
}

/// The manager's signing key and what may be said with it.
#[derive(Clone)]
pub struct Signer {
    /// Signatures and digests.
    pub crypto: Arc<dyn Crypto + Send + Sync>,
    /// The signing key.
    pub key: KeyHandle,
    /// The root's statement about it.
    pub certificate: SigningCertificate,
    /// The key that products pin for their reservations, where this manager has it.
    pub reservation_key: Option<KeyHandle>,
}

/// What a manager is made of, apart from its data.
pub struct Authority {
    /// The products it knows.
    pub catalogue: catalogue::Catalogue,
    /// What it signs with.
    pub signer: Signer,
    /// Rules other than the products' own (SPEC A8).
    pub overrides: overrides::PolicyOverrides,
    /// Which restore of the database this is; answers carry it.
    pub epoch: u32,
    /// Numbers the answers.
    pub answers: AnswerClock,
    /// Counts the codes that belong to no reservation.
    pub attempts: reservation::Attempts,
}

impl Authority {
    /// The policy that answers to devices of `product` carry: none when nothing was overridden.
    pub fn policy_sent(&self, product: &catalogue::Product) -> Option<Policy> {
        if self.overrides.is_empty() {
            return None;
        }
        Some(product.policy_bounds.clamp(self.overrides.apply(product.policy)))
    }

    /// The policy that devices of `product` run by.
    pub fn policy_in_force(&self, product: &catalogue::Product) -> Policy {
        self.policy_sent(product).unwrap_or(product.policy)
    }
}

//! Limits guessing: an account that enters many codes that belong to no reservation has to wait
//! (SPEC L12). A code that would free licences has 104 bits that only the device knows; this makes
//! trying them hopeless and visible.

use super::ReservationError;
use crate::store::AccountId;
use leasehold_core::time::{Duration, UnixTime};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// This many unknown codes are taken from an account in an hour.
pub const UNKNOWN_CODES_ALLOWED: u32 = 20;
/// How long unknown codes are remembered from the first one on.
const WINDOW: Duration = Duration::from_hours(1);

/// Counts the unknown codes of each account; those of people who work in all accounts together.
///
/// Kept in memory: what is refused changes nothing that is stored.
#[derive(Debug, Default)]
pub struct Attempts {
    unknown: Mutex<HashMap<Option<AccountId>, Unknown>>,
}

#[derive(Clone, Copy, Debug)]
struct Unknown {
    first: UnixTime,
    count: u32,
}

impl Attempts {
    /// Refuses an account that has to wait.
    pub(super) fn check(
        &self,
        account: Option<AccountId>,
        now: UnixTime,
    ) -> Result<(), ReservationError> {
        let unknown = self.lock();
        let found = unknown.get(&account).filter(|found| found.count >= UNKNOWN_CODES_ALLOWED);
        match found.map(|found| found.first.saturating_add(WINDOW)) {
            Some(over) if over > now => {
                let seconds = over.saturating_since(now).as_secs();
                Err(ReservationError::TooManyUnknown { seconds })
            }
            _ => Ok(()),
        }
    }

    /// Counts an unknown code.
    pub(super) fn unknown(&self, account: Option<AccountId>, now: UnixTime) {
        let mut unknown = self.lock();
        unknown.retain(|_, found| found.first.saturating_add(WINDOW) > now);
        let found = unknown.entry(account).or_insert(Unknown { first: now, count: 0 });
        found.count = found.count.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<AccountId>, Unknown>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_so_many_unknown_codes_an_account_waits_until_the_hour_is_over() {
        let attempts = Attempts::default();
        let at = |seconds: u64| UnixTime::from_secs(1_000_000 + seconds);
        let (account, other) = (Some(AccountId(1)), Some(AccountId(2)));
        for _ in 0..UNKNOWN_CODES_ALLOWED {
            assert_eq!(attempts.check(account, at(0)), Ok(()));
            attempts.unknown(account, at(0));
        }
        let wait = |seconds| Err(ReservationError::TooManyUnknown { seconds });
        assert_eq!(attempts.check(account, at(0)), wait(3_600));
        assert_eq!(attempts.check(account, at(3_599)), wait(1));
        assert_eq!(attempts.check(other, at(0)), Ok(()));
        assert_eq!(attempts.check(None, at(0)), Ok(()));
        assert_eq!(attempts.check(account, at(3_600)), Ok(()));
        attempts.unknown(account, at(3_600));
        assert_eq!(attempts.check(account, at(3_600)), Ok(()));
        assert_eq!(attempts.lock().len(), 1, "what is over is forgotten");
    }
}

//! Roll-backs: a record that was put back from a backup is told by a counter that only grows, which the
//! platform keeps elsewhere (SPEC S5, E5).

use super::registration::Standing;
use super::{Agent, EventKind, STORAGE_RETRY, UnregisteredReason};
use crate::code::Returned;
use crate::crypto::Crypto;

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// What went before must not come back: the record says so first, in both slots, because one may
    /// decay; then the platform's counter (SPEC S5).
    pub(super) fn raise_counter(&mut self) {
        self.identity.counter = self.identity.counter.saturating_add(1);
        self.identity_store.erase(self.clock.now());
    }

    /// After a boot (SPEC E5): where a term runs, no record from before this boot counts as new again, or
    /// putting one back now and then would let the term last for ever.
    pub(super) fn outdate_backups(&mut self) {
        let now = self.clock.now();
        let held = self.identity.reservation().filter(|held| held.has_running_term(now));
        if held.is_some() && self.counter.is_some() {
            self.raise_counter();
        }
    }

    /// After a boot: a record that the counter has overtaken was put back from a backup (SPEC S5).
    pub(super) fn check_counter(&mut self, stored: Option<u32>) {
        self.counter = stored;
        let Some(counter) = stored.filter(|&counter| counter > self.identity.counter) else {
            return;
        };
        let held = self.identity.request().is_some();
        if held {
            let at = self.clock.now();
            self.identity.last_return = self.proof_of_return(Returned::Everything);
            self.leave(Standing::Unregistered(UnregisteredReason::ReservationRolledBack { at }));
            self.tell(EventKind::ReservationRolledBack);
        }
        self.identity.counter = counter;
        if held {
            // The return code ends what was overtaken and the record that overtook it alike, and that
            // one may be put back too.
            self.raise_counter();
        }
        self.identity_store.save_by(self.clock.now());
    }

    /// Where the platform's counter has to be raised to now: once the record that says so is stored.
    pub(super) fn counter_due(&self) -> Option<u32> {
        let now = self.clock.now();
        let to = self.identity.counter;
        let waits = self.counter_asked.is_some() || self.counter_retry.is_some_and(|at| at > now);
        let behind = self.counter.is_some_and(|counter| counter < to);
        (behind && !waits && self.identity_store.is_stored(now)).then_some(to)
    }

    pub(super) fn counter_raised(&mut self, counter: u32) {
        if self.counter_asked.is_some_and(|asked| counter < asked) {
            return self.counter_failed();
        }
        if self.counter_asked.take().is_none() {
            return;
        }
        self.counter = Some(counter);
        if self.counter_retry.take().is_some() {
            self.tell(EventKind::CounterRestored);
        }
    }

    pub(super) fn counter_failed(&mut self) {
        if self.counter_asked.take().is_none() {
            return;
        }
        let retry = self.clock.now().saturating_add(STORAGE_RETRY);
        if self.counter_retry.replace(retry).is_none() {
            self.tell(EventKind::CounterFailed);
        }
    }

    /// Whether what the codes promise can no longer be undone: it is stored, and the platform's
    /// counter knows.
    pub(super) fn codes_hold(&self) -> bool {
        self.identity_store.is_stored(self.clock.now())
            && self.counter.is_none_or(|counter| counter >= self.identity.counter)
    }
}

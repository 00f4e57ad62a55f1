//! No instance gets more than its share (SPEC L12).

use leasehold_core::identity::InstanceId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Requests that an instance may send at once.
const BURST: u32 = 200;
/// How long one more takes to be allowed.
const EACH: Duration = Duration::from_millis(50);
/// How long an instance that sends too much is told to stay away, in seconds.
pub(super) const COME_BACK: u32 = 60;
/// Instances remembered before those that are quiet are forgotten.
const REMEMBERED: usize = 50_000;

/// For each instance that sent something lately: when its allowance is whole again.
#[derive(Debug, Default)]
pub(super) struct Limits {
    whole_again: HashMap<InstanceId, Instant>,
}

impl Limits {
    /// Counts a request of `instance`; says whether it is allowed.
    pub(super) fn allows(&mut self, instance: InstanceId, now: Instant) -> bool {
        if self.whole_again.len() >= REMEMBERED {
            self.whole_again.retain(|_, whole| *whole > now);
        }
        let whole = self.whole_again.entry(instance).or_insert(now);
        let next = (*whole).max(now) + EACH;
        if next.saturating_duration_since(now) > EACH * BURST {
            return false;
        }
        *whole = next;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate_and_others_are_not_touched() {
        let mut limits = Limits::default();
        let (loud, quiet) = (InstanceId([1; 16]), InstanceId([2; 16]));
        let start = Instant::now();
        let allowed = (0..1_000).filter(|_| limits.allows(loud, start)).count();
        assert_eq!(allowed, 200);
        assert!(limits.allows(quiet, start));
        let allowed = (0..100).filter(|_| limits.allows(loud, start + EACH * 10)).count();
        assert_eq!(allowed, 10);
        let allowed = (0..1_000).filter(|_| limits.allows(loud, start + EACH * 1_000)).count();
        assert_eq!(allowed, 200, "an allowance does not grow beyond the burst");
    }

    #[test]
    fn quiet_instances_are_forgotten() {
        let mut limits = Limits::default();
        let start = Instant::now();
        let id = |n: u64| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&n.to_be_bytes());
            InstanceId(id)
        };
        for n in 0..REMEMBERED as u64 {
            limits.allows(id(n), start);
        }
        limits.allows(id(u64::MAX), start + EACH * 2);
        assert_eq!(limits.whole_again.len(), 1);
    }
}

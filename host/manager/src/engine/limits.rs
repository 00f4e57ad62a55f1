//! Nobody gets more than their share (SPEC L12). The README's "Limits" says the numbers.
//!
//! An instance has an allowance of requests; beyond it, it gets a signed `RetryLater`. An address
//! is one site, with hundreds of appliances perhaps: what they prove to have sent counts against
//! each of them alone. What counts against the address is what anybody can send: bytes that are no
//! request, unknown tokens and instances, signatures of others. Once that is used up nothing of the
//! address is looked at, so that the manager spends neither a signature nor a turn on it.

use super::lock;
use crate::address::subscriber;
use leasehold_core::identity::InstanceId;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What each instance may send.
const INSTANCE: Allowance = Allowance { burst: 200, each: Duration::from_millis(50) };
/// What each address may send that proves nothing.
const ADDRESS: Allowance = Allowance { burst: 100, each: Duration::from_millis(500) };
/// How long who sends too much is told to stay away, in seconds: every allowance is whole by then.
pub(crate) const COME_BACK: u32 = 60;
/// Instances, and addresses, that are remembered at a time.
const REMEMBERED: usize = 50_000;

/// How much at once, and how long one more takes to be allowed.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    burst: u32,
    each: Duration,
}

/// What was used of all allowances.
#[derive(Debug)]
pub(super) struct Limits {
    instances: Mutex<Buckets<InstanceId>>,
    addresses: Mutex<Buckets<IpAddr>>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            instances: Mutex::new(Buckets::new(INSTANCE)),
            addresses: Mutex::new(Buckets::new(ADDRESS)),
        }
    }

    /// Counts a request that `instance` proved to have sent; says whether it is allowed.
    pub(super) fn allows(&self, instance: InstanceId, now: Instant) -> bool {
        let mut instances = lock(&self.instances);
        let allowed = instances.has_left(&instance, now);
        if allowed {
            instances.take(instance, now);
        }
        allowed
    }

    /// Whether anything of `peer` is looked at.
    pub(super) fn listens_to(&self, peer: IpAddr, now: Instant) -> bool {
        lock(&self.addresses).has_left(&subscriber(peer), now)
    }

    /// Counts a request of `peer` that proved nothing.
    pub(super) fn proved_nothing(&self, peer: IpAddr, now: Instant) {
        lock(&self.addresses).take(subscriber(peer), now);
    }
}

/// For each one that used something up lately: when its allowance is whole again.
#[derive(Debug)]
struct Buckets<K> {
    allowance: Allowance,
    whole_again: HashMap<K, Instant>,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, whole_again: HashMap::new() }
    }

    /// Whether `key` may take one more.
    fn has_left(&self, key: &K, now: Instant) -> bool {
        let Allowance { burst, each } = self.allowance;
        let whole = self.whole_again.get(key).map_or(now, |whole| (*whole).max(now));
        whole.saturating_duration_since(now) + each <= each * burst
    }

    fn take(&mut self, key: K, now: Instant) {
        if self.whole_again.len() >= REMEMBERED && !self.whole_again.contains_key(&key) {
            self.forget(now);
        }
        let whole = self.whole_again.entry(key).or_insert(now);
        *whole = (*whole).max(now) + self.allowance.each;
    }

    /// Makes room: forgets those that are whole; where that is not enough, the half that used up
    /// least. One shared allowance for the rest would let a flood silence everybody.
    fn forget(&mut self, now: Instant) {
        self.whole_again.retain(|_, whole| *whole > now);
        if self.whole_again.len() < REMEMBERED {
            return;
        }
        let mut ends: Vec<Instant> = self.whole_again.values().copied().collect();
        let (_, &mut median, _) = ends.select_nth_unstable(REMEMBERED / 2);
        self.whole_again.retain(|_, whole| *whole > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn a_burst_is_allowed_and_then_the_rate_and_others_are_not_touched() {
        let limits = Limits::new();
        let (loud, quiet) = (InstanceId([1; 16]), InstanceId([2; 16]));
        let start = Instant::now();
        let allowed = (0..1_000).filter(|_| limits.allows(loud, start)).count();
        assert_eq!(allowed, 200);
        assert!(limits.allows(quiet, start));
        let half_a_second = start + Duration::from_millis(500);
        let allowed = (0..100).filter(|_| limits.allows(loud, half_a_second)).count();
        assert_eq!(allowed, 10);
        let minute = start + Duration::from_secs(60);
        let allowed = (0..1_000).filter(|_| limits.allows(loud, minute)).count();
        assert_eq!(allowed, 200, "an allowance does not grow beyond the burst");
    }

    /// How much nonsense is listened to.
    fn nonsense(limits: &Limits, peer: IpAddr, now: Instant) -> usize {
        let listens = |_: &usize| {
            let listens = limits.listens_to(peer, now);
            if listens {
                limits.proved_nothing(peer, now);
            }
            listens
        };
        (0..1_000).take_while(listens).count()
    }

    #[test]
    fn an_address_is_not_listened_to_after_a_burst_until_it_was_quiet() {
        let limits = Limits::new();
        let start = Instant::now();
        let (peer, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        assert_eq!(nonsense(&limits, peer, start), 100);
        assert!(limits.listens_to(other, start));
        assert_eq!(nonsense(&limits, peer, start + Duration::from_secs(5)), 10);
        let back = start + Duration::from_secs(5 + u64::from(COME_BACK));
        assert_eq!(nonsense(&limits, peer, back), 100);
    }

    #[test]
    fn a_subscriber_cannot_change_address_to_go_on() {
        let limits = Limits::new();
        let now = Instant::now();
        let address =
            |network, host| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host));
        assert_eq!(nonsense(&limits, address(1, 1), now), 100);
        assert!(!limits.listens_to(address(1, 2), now));
        assert!(limits.listens_to(address(2, 1), now));
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into();
        assert_eq!(nonsense(&limits, mapped, now), 100);
        assert!(!limits.listens_to([192, 0, 2, 1].into(), now));
    }

    #[test]
    fn the_quiet_are_forgotten_and_in_a_flood_those_that_used_up_least() {
        let start = Instant::now();
        let mut buckets = Buckets::new(ADDRESS);
        let beyond = REMEMBERED * 2;
        for key in 0..REMEMBERED {
            buckets.take(key, start);
        }
        buckets.take(beyond, start + Duration::from_secs(1));
        assert_eq!(buckets.whole_again.len(), 1);

        for _ in 0..ADDRESS.burst {
            buckets.take(beyond, start);
        }
        for key in 0..beyond {
            buckets.take(key, start);
            assert!(buckets.whole_again.len() <= REMEMBERED);
        }
        assert!(!buckets.has_left(&beyond, start), "the loud one is still known");
    }
}

//! Slows down guessing: an address with too many wrong sign-ins has to wait (SPEC L12).

use crate::address::subscriber;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// This many wrong sign-ins are allowed in a [`WINDOW`].
const ALLOWED: u32 = 10;
/// How long wrong sign-ins are remembered from the first one on.
const WINDOW: Duration = Duration::from_secs(60);
/// The most addresses that are told apart; those beyond share one count.
const ADDRESSES_MAX: usize = 10_000;
/// Stands for all addresses beyond [`ADDRESSES_MAX`].
const ALL_OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Counts wrong sign-ins per address.
#[derive(Debug, Default)]
pub(crate) struct SignInGuard {
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    first: Instant,
    count: u32,
}

impl SignInGuard {
    /// Whether `peer` may try now.
    ///
    /// # Errors
    /// How long it has to wait.
    pub(crate) fn check(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let found = wrong.get(&subscriber(peer)).or_else(|| wrong.get(&ALL_OTHERS));
        match found {
            Some(found) if found.count >= ALLOWED => {
                let left = (found.first + WINDOW).saturating_duration_since(now);
                if left.is_zero() { Ok(()) } else { Err(left) }
            }
            _ => Ok(()),
        }
    }

    /// Counts a wrong sign-in from `peer`.
    pub(crate) fn failed(&self, peer: IpAddr, now: Instant) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = subscriber(peer);
        if !wrong.contains_key(&key) && wrong.len() >= ADDRESSES_MAX {
            wrong.retain(|_, entry| now < entry.first + WINDOW);
            if wrong.len() >= ADDRESSES_MAX {
                key = ALL_OTHERS;
            }
        }
        let entry = wrong.entry(key).or_insert(Wrong { first: now, count: 0 });
        if now >= entry.first + WINDOW {
            *entry = Wrong { first: now, count: 0 };
        }
        entry.count = entry.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn ten_wrong_sign_ins_are_followed_by_a_wait() {
        let guard = SignInGuard::default();
        let start = Instant::now();
        let (peer, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        for _ in 0..ALLOWED {
            assert_eq!(guard.check(peer, start), Ok(()));
            guard.failed(peer, start);
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(guard.check(peer, later), Err(Duration::from_secs(40)));
        assert_eq!(guard.check(other, later), Ok(()));
        let over = start + WINDOW;
        assert_eq!(guard.check(peer, over), Ok(()));
        guard.failed(peer, over);
        assert_eq!(guard.check(peer, over), Ok(()));
    }

    #[test]
    fn a_subscriber_cannot_change_address_to_go_on() {
        let guard = SignInGuard::default();
        let now = Instant::now();
        for host in 0..ALLOWED {
            let [_, low] = u32::to_be_bytes(host).map(u16::from)[2..] else { panic!() };
            guard.failed(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, low).into(), now);
        }
        let next = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9).into();
        assert_eq!(guard.check(next, now), Err(WINDOW));
        assert_eq!(guard.check(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1).into(), now), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_a_flood_of_addresses_gains_nothing() {
        let guard = SignInGuard::default();
        let now = Instant::now();
        let beyond = u32::try_from(ADDRESSES_MAX).unwrap() + ALLOWED;
        for address in 1..=beyond {
            guard.failed(Ipv4Addr::from_bits(address).into(), now);
        }
        assert_eq!(guard.wrong.lock().unwrap().len(), ADDRESSES_MAX + 1);
        assert_eq!(guard.check([192, 0, 2, 1].into(), now), Err(WINDOW));
    }
}

//! What being out of licence does, and when (SPEC section 5).

use crate::time::{DeviceTime, Duration};
use serde::Serialize;

/// The verdict of the core; the host acts on it (SPEC E1, E3).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Enforcement {
    /// Nothing is held back and nothing is about to be.
    None,
    /// Everything still works. The reason and the day are shown on which provisioning will be
    /// refused, unless the cause ends before: licences bought, authorization renewed, registered
    /// (SPEC E4). Where two periods run, the one that ends first is shown (SPEC X11).
    Overage {
        /// Why.
        reason: Reason,
        /// When it ends in enforcement.
        ends: DeviceTime,
    },
    /// Provisioning is refused: users and devices can be neither added, changed nor deleted; what
    /// runs keeps running. The reason is shown, and it ends the moment its cause does.
    Enforced {
        /// Why.
        reason: Reason,
        /// Since when.
        since: DeviceTime,
    },
}

/// Why there is overage or enforcement (SPEC X11).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Reason {
    /// More is used than owned, beyond the tolerance.
    OutOfCompliance,
    /// The manager has not answered for too long.
    AuthorizationExpired,
    /// Unregistered, and the evaluation is used up.
    EvaluationExpired,
    /// More is in use than is reserved.
    NotAuthorizedReserved,
}

/// What an appliance may ask about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// Adding, changing or deleting users and devices.
    Provision,
    /// Beginning to use something: signing in, placing a call.
    Use,
}

/// A cause that runs, and since when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cause {
    pub(super) reason: Reason,
    pub(super) since: DeviceTime,
}

/// The verdict for the causes that run now: the period that ends first decides (SPEC E2, X11).
pub(super) fn verdict(
    causes: impl Iterator<Item = Cause>,
    overage_period: Duration,
    now: DeviceTime,
) -> Enforcement {
    let ends = |cause: &Cause| match cause.reason {
        Reason::EvaluationExpired => cause.since,
        Reason::OutOfCompliance | Reason::AuthorizationExpired | Reason::NotAuthorizedReserved => {
            cause.since.saturating_add(overage_period)
        }
    };
    let Some(first) = causes.min_by_key(ends) else {
        return Enforcement::None;
    };
    let (reason, ends) = (first.reason, ends(&first));
    if ends <= now {
        Enforcement::Enforced { reason, since: ends }
    } else {
        Enforcement::Overage { reason, ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn day(days: u32) -> DeviceTime {
        DeviceTime::from_secs(days * 86_400)
    }

    #[test]
    fn the_period_that_ends_first_decides() {
        let out = Cause { reason: Reason::OutOfCompliance, since: day(10) };
        let silent = Cause { reason: Reason::AuthorizationExpired, since: day(5) };
        let period = Duration::from_days(90);
        let both = [out, silent];
        let at = |now| verdict(both.into_iter(), period, now);
        let reason = Reason::AuthorizationExpired;
        assert_eq!(at(day(11)), Enforcement::Overage { reason, ends: day(95) });
        assert_eq!(at(day(95)), Enforcement::Enforced { reason, since: day(95) });
        let alone = verdict([out].into_iter(), period, day(95));
        let reason = Reason::OutOfCompliance;
        assert_eq!(alone, Enforcement::Overage { reason, ends: day(100) });
    }

    #[test]
    fn an_expired_evaluation_is_enforced_at_once() {
        let cause = Cause { reason: Reason::EvaluationExpired, since: day(3) };
        let verdict = verdict([cause].into_iter(), Duration::from_days(90), day(3));
        let reason = Reason::EvaluationExpired;
        assert_eq!(verdict, Enforcement::Enforced { reason, since: day(3) });
    }
}

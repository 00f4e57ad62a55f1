//! What is told before something ends (SPEC A3, M2): the evaluation, the authorization, the
//! certificate, a period of overage.

use super::countdown::{self, Countdown};
use super::{Agent, Enforcement, EventKind};
use crate::crypto::Crypto;
use crate::time::{DeviceTime, Duration};

/// What was told of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Countdowns {
    pub(super) evaluation: Countdown,
    authorization: Countdown,
    certificate: Countdown,
    overage: Countdown,
}

impl Countdowns {
    pub(super) const fn new() -> Self {
        let none = Countdown::new();
        Self { evaluation: none, authorization: none, certificate: none, overage: none }
    }
}

/// What is left of a period, and how long it is.
type Left = (Duration, Duration);

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// After a boot: what was due by the checkpoint at `at` was told before.
    pub(super) fn resume_countdowns(&mut self, at: DeviceTime) {
        let told = |left: Option<Left>| match left {
            Some((left, _)) => Countdown::told_at(left),
            None => Countdown::new(),
        };
        let evaluation = self.ledger.evaluation.left(self.policy().evaluation_period);
        self.countdowns = Countdowns {
            evaluation: Countdown::told_at(evaluation),
            authorization: told(self.authorization_left(at)),
            certificate: told(self.certificate_left(at)),
            overage: told(self.overage_left(at)),
        };
    }

    /// Tells what has come near its end.
    pub(super) fn count_down(&mut self) {
        let now = self.clock.now();
        let left = self.authorization_left(now);
        if let Some(left) = reached(&mut self.countdowns.authorization, left) {
            self.tell(EventKind::AuthorizationExpiring { left });
        }
        let left = self.certificate_left(now);
        if let Some(left) = reached(&mut self.countdowns.certificate, left) {
            self.tell(EventKind::RegistrationExpiring { left });
        }
        let left = self.overage_left(now);
        if let Some(left) = reached(&mut self.countdowns.overage, left)
            && let Enforcement::Overage { reason, .. } = self.enforcement
        {
            self.tell(EventKind::OverageRunning { reason, left });
        }
    }

    /// When [`Agent::count_down`] has something to tell next.
    pub(super) fn next_warning(&self) -> Option<DeviceTime> {
        let now = self.clock.now();
        [self.authorization_left(now), self.certificate_left(now), self.overage_left(now)]
            .into_iter()
            .flatten()
            .map(|(left, _)| now.saturating_add(countdown::next_in(left)))
            .min()
    }

    /// Of the authorization, while it is not renewed as it should be.
    fn authorization_left(&self, now: DeviceTime) -> Option<Left> {
        let authorization = self.ledger.authorization.as_ref()?;
        let contact = &self.ledger.contact;
        let failing = contact.report_failure_told && !authorization.expired;
        failing.then_some(())?;
        left(authorization.deadline, now, self.policy().authorization_period)
    }

    /// Of the certificate, while it is not renewed as it should be.
    fn certificate_left(&self, now: DeviceTime) -> Option<Left> {
        let enrolment = self.identity.enrolment()?;
        let refused = enrolment.last_renewal.is_some_and(|last| last.is_err());
        let failing = refused || self.ledger.contact.outage_told;
        (failing && enrolment.renew_at <= now).then_some(())?;
        left(self.certificate_ends()?, now, self.policy().certificate_period)
    }

    fn overage_left(&self, now: DeviceTime) -> Option<Left> {
        match self.enforcement {
            Enforcement::Overage { ends, .. } => left(ends, now, self.policy().overage_period),
            Enforcement::None | Enforcement::Enforced { .. } => None,
        }
    }
}

fn left(ends: DeviceTime, now: DeviceTime, period: Duration) -> Option<Left> {
    let left = ends.saturating_since(now);
    (left > Duration::ZERO).then_some((left, period))
}

fn reached(countdown: &mut Countdown, left: Option<Left>) -> Option<Duration> {
    let Some((left, period)) = left else {
        *countdown = Countdown::new();
        return None;
    };
    countdown.reached(left, period).then_some(left)
}

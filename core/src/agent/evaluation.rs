//! The evaluation: once in a device's life, counted in time of use (SPEC A2, A3, X1).

use super::countdown::{self, Countdown};
use crate::time::{DeviceTime, Duration};
use serde::{Deserialize, Serialize};

/// How much of the evaluation is used. Nothing resets it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Evaluation {
    used: Duration,
    /// When it was used up.
    expired: Option<DeviceTime>,
    /// When the next reminder after expiry is due.
    remind: Option<DeviceTime>,
    /// Whether it was counting at the last moment noted: what a boot charges for.
    pub(super) counting: bool,
}

/// What counting brought about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Notice {
    Warning { left: Duration },
    Expired,
}

const REMINDER: Duration = Duration::from_hours(1);

impl Evaluation {
    pub(super) const fn new() -> Self {
        Self { used: Duration::ZERO, expired: None, remind: None, counting: false }
    }

    pub(super) fn left(&self, period: Duration) -> Duration {
        period.saturating_sub(self.used)
    }

    pub(super) const fn expired(&self) -> Option<DeviceTime> {
        self.expired
    }

    /// Counts `ran`, which ended at `now`, and says what is to be told.
    pub(super) fn count(
        &mut self,
        ran: Duration,
        now: DeviceTime,
        period: Duration,
        countdown: &mut Countdown,
    ) -> Option<Notice> {
        if self.expired.is_some() {
            return None;
        }
        let left_before = self.left(period);
        self.used = self.used.saturating_add(ran);
        let left = self.left(period);
        if left == Duration::ZERO {
            // The moment itself, not the moment it was noticed.
            let over = ran.saturating_sub(left_before);
            let expired = now.saturating_sub(over);
            self.expired = Some(expired);
            self.remind = Some(expired.saturating_add(REMINDER));
            return Some(Notice::Expired);
        }
        countdown.reached(left, period).then_some(Notice::Warning { left })
    }

    /// The hourly reminder after expiry, for as long as it is shown.
    pub(super) fn remind(&mut self, now: DeviceTime) -> Option<Notice> {
        if self.remind? > now {
            return None;
        }
        self.remind = Some(now.saturating_add(REMINDER));
        Some(Notice::Expired)
    }

    pub(super) const fn reminder_due(&self) -> Option<DeviceTime> {
        self.remind
    }

    /// Device time went back to `now`: what happened cannot lie ahead of it.
    pub(super) fn time_moved_back(&mut self, now: DeviceTime) {
        self.expired = self.expired.map(|at| at.min(now));
        self.remind = self.remind.map(|at| at.min(now.saturating_add(REMINDER)));
    }

    /// How long it may count until there is something to tell.
    pub(super) fn next_notice_in(&self, period: Duration) -> Duration {
        countdown::next_in(self.left(period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_days(90);

    #[test]
    fn expiry_is_dated_when_it_happened_not_when_it_was_noticed() {
        let mut evaluation = Evaluation::new();
        let late = Duration::from_days(91);
        let now = DeviceTime::from_secs(0).saturating_add(late);
        let notice = evaluation.count(late, now, PERIOD, &mut Countdown::new());
        assert_eq!(notice, Some(Notice::Expired));
        let expired = DeviceTime::from_secs(90 * 86_400);
        assert_eq!(evaluation.expired(), Some(expired));
        let hour = Duration::from_hours(1);
        assert_eq!(evaluation.remind(expired), None);
        assert_eq!(evaluation.remind(expired.saturating_add(hour)), Some(Notice::Expired));
    }
}

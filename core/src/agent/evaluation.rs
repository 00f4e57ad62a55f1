//! The evaluation: once in a device's life, counted in time of use (SPEC A2, A3, X1).

use crate::time::{DeviceTime, Duration};
use serde::{Deserialize, Serialize};

/// How much of the evaluation is used. Nothing resets it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Evaluation {
    used: Duration,
    /// What was left at the last warning.
    warned_at_left: Duration,
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

const DAY: u32 = 86_400;
const HOUR: u32 = 3_600;
/// What is left at the warnings before the daily ones, in days (SPEC A3).
const WARNING_DAYS: [u32; 4] = [60, 30, 21, 14];
const DAILY_FROM_DAYS: u32 = 7;
const REMINDER: Duration = Duration::from_hours(1);

impl Evaluation {
    pub(super) const fn new() -> Self {
        Self {
            used: Duration::ZERO,
            warned_at_left: Duration::MAX,
            expired: None,
            remind: None,
            counting: false,
        }
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
        let threshold = threshold_at_or_above(left);
        if threshold < self.warned_at_left && threshold < period {
            self.warned_at_left = threshold;
            return Some(Notice::Warning { left });
        }
        None
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
        let left = self.left(period);
        let next = next_threshold_below(left);
        left.saturating_sub(next)
    }
}

/// The warning threshold that a remainder of `left` has reached: the smallest at or above it.
fn threshold_at_or_above(left: Duration) -> Duration {
    let seconds = left.as_secs();
    if seconds <= DAY {
        return Duration::from_secs(seconds.div_ceil(HOUR).saturating_mul(HOUR));
    }
    if seconds <= DAILY_FROM_DAYS.saturating_mul(DAY) {
        return Duration::from_secs(seconds.div_ceil(DAY).saturating_mul(DAY));
    }
    let mut reached = Duration::MAX;
    for days in WARNING_DAYS {
        if left <= Duration::from_days(days) {
            reached = Duration::from_days(days);
        }
    }
    reached
}

/// The largest warning threshold below `left`; zero is the last.
fn next_threshold_below(left: Duration) -> Duration {
    let below = left.as_secs().saturating_sub(1);
    if below < DAY {
        return Duration::from_secs(below.saturating_sub(below.checked_rem(HOUR).unwrap_or(0)));
    }
    if below < DAILY_FROM_DAYS.saturating_add(1).saturating_mul(DAY) {
        return Duration::from_secs(below.saturating_sub(below.checked_rem(DAY).unwrap_or(0)));
    }
    for days in WARNING_DAYS {
        if Duration::from_days(days) < left {
            return Duration::from_days(days);
        }
    }
    Duration::from_days(DAILY_FROM_DAYS)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    const PERIOD: Duration = Duration::from_days(90);

    #[test]
    fn warnings_come_at_the_times_of_a3() {
        let mut expected: Vec<u32> = [60, 30, 21, 14, 7, 6, 5, 4, 3, 2, 1].map(|d| d * 24).to_vec();
        expected.extend((1..24).rev());
        let mut evaluation = Evaluation::new();
        let mut now = DeviceTime::from_secs(1_000);
        let mut warned = Vec::new();
        loop {
            let step = evaluation.next_notice_in(PERIOD);
            assert!(step > Duration::ZERO);
            now = now.saturating_add(step);
            match evaluation.count(step, now, PERIOD) {
                Some(Notice::Warning { left }) => {
                    assert_eq!(left.as_secs() % 3_600, 0);
                    warned.push(left.as_secs() / 3_600);
                }
                Some(Notice::Expired) => break,
                None => panic!("woken with nothing to tell at {:?}", evaluation.left(PERIOD)),
            }
        }
        assert_eq!(warned, expected);
        assert_eq!(now, DeviceTime::from_secs(1_000).saturating_add(PERIOD));
        assert_eq!(evaluation.expired(), Some(now));
        let hour = Duration::from_hours(1);
        assert_eq!(evaluation.remind(now), None);
        assert_eq!(evaluation.remind(now.saturating_add(hour)), Some(Notice::Expired));
    }

    #[test]
    fn expiry_is_dated_when_it_happened_not_when_it_was_noticed() {
        let mut evaluation = Evaluation::new();
        let late = Duration::from_days(91);
        let now = DeviceTime::from_secs(0).saturating_add(late);
        assert_eq!(evaluation.count(late, now, PERIOD), Some(Notice::Expired));
        assert_eq!(evaluation.expired(), Some(DeviceTime::from_secs(90 * 86_400)));
    }

    #[test]
    fn one_long_step_tells_one_warning_not_all_that_were_passed() {
        let mut evaluation = Evaluation::new();
        let step = Duration::from_days(80);
        let warned = evaluation.count(step, DeviceTime::from_secs(0), PERIOD);
        assert_eq!(warned, Some(Notice::Warning { left: Duration::from_days(10) }));
        assert_eq!(evaluation.count(Duration::ZERO, DeviceTime::from_secs(0), PERIOD), None);
    }
}

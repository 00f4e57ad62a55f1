//! Warnings before something ends: at 60, 30, 21, 14 and 7 days left, then daily, and hourly in the
//! last day (SPEC A3).
//!
//! Nothing of it is stored: what was told before a boot follows from what was left then.

use crate::time::Duration;

/// What was told last of one period that runs out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Countdown {
    /// The threshold that was told last, or did not need telling.
    told: Duration,
}

const DAY: u32 = 86_400;
const HOUR: u32 = 3_600;
/// What is left at the warnings before the daily ones, in days (SPEC A3).
const WARNING_DAYS: [u32; 4] = [60, 30, 21, 14];
const DAILY_FROM_DAYS: u32 = 7;

impl Countdown {
    /// A period of which nothing was told.
    pub(super) const fn new() -> Self {
        Self { told: Duration::MAX }
    }

    /// A period of which everything due at `left` was told, or is too late to tell.
    pub(super) fn told_at(left: Duration) -> Self {
        Self { told: threshold_at_or_above(left) }
    }

    /// Whether `left` of `period` is to be told. A period that is full again starts anew.
    pub(super) fn reached(&mut self, left: Duration, period: Duration) -> bool {
        let threshold = threshold_at_or_above(left);
        let due = threshold < self.told && threshold < period;
        self.told = threshold;
        due
    }
}

/// How long until a warning is due, or the end is reached.
pub(super) fn next_in(left: Duration) -> Duration {
    left.saturating_sub(next_threshold_below(left))
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

    #[test]
    fn warnings_come_at_the_times_of_a3() {
        let mut expected: Vec<u32> = [60, 30, 21, 14, 7, 6, 5, 4, 3, 2, 1].map(|d| d * 24).to_vec();
        expected.extend((1..24).rev());
        let period = Duration::from_days(90);
        let (mut countdown, mut left, mut told) = (Countdown::new(), period, Vec::new());
        assert!(!countdown.reached(left, period));
        loop {
            left = left.saturating_sub(next_in(left));
            if left == Duration::ZERO {
                break;
            }
            assert!(countdown.reached(left, period), "woken with nothing to tell at {left:?}");
            assert!(!countdown.reached(left, period), "told twice at {left:?}");
            assert_eq!(left.as_secs() % 3_600, 0);
            told.push(left.as_secs() / 3_600);
        }
        assert_eq!(told, expected);
    }

    #[test]
    fn one_long_step_tells_one_warning_not_all_that_were_passed() {
        let period = Duration::from_days(90);
        let mut countdown = Countdown::new();
        assert!(countdown.reached(Duration::from_days(10), period));
        assert!(!countdown.reached(Duration::from_days(9), period));
        assert!(countdown.reached(Duration::from_days(7), period));
    }

    #[test]
    fn a_renewed_period_and_one_known_from_before_a_boot_start_in_their_place() {
        let period = Duration::from_days(90);
        let mut countdown = Countdown::told_at(Duration::from_days(20));
        assert!(!countdown.reached(Duration::from_days(20), period));
        assert!(countdown.reached(Duration::from_days(14), period));
        assert!(!countdown.reached(period, period), "renewed");
        assert!(countdown.reached(Duration::from_days(60), period));
        // A period no longer than a threshold has no warning when it begins.
        let short = Duration::from_days(7);
        assert!(!Countdown::new().reached(short, short));
    }
}

//! The device's own time: how much of its life it knows to have passed (SPEC T1–T3, X15).
//!
//! While the device runs, its time follows the monotonic clock alone. Time spent off is added from
//! the real-time clock, forwards only; without one it passes unseen until the manager's next signed
//! time. What was added is remembered until then, so that a real-time clock that had been set ahead
//! is corrected by the manager as well.
//!
//! *Rejected:* keeping calendar time and comparing deadlines with it. Every step of a clock, the
//! manager's included, would then lengthen or shorten the periods that are running.

use crate::time::{DeviceTime, Duration, Instant, Now, UnixTime};
use serde::{Deserialize, Serialize};

/// The running clock of a booted device.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceClock {
    /// Device time at `booted`.
    base: DeviceTime,
    booted: Instant,
    /// The latest uptime seen: a monotonic clock that is not stands still instead.
    latest: Instant,
    calendar: Option<Calendar>,
    /// Time off that was added on the real-time clock's word since the last signed time.
    credited: Duration,
    /// Whether a boot since the last signed time may have hidden time off.
    time_off_unsure: bool,
}

/// Calendar time as an offset to device time. Wraps, so that it also holds where the calendar is
/// behind the device.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Calendar {
    offset: u64,
}

impl Calendar {
    const fn new(device: DeviceTime, unix: UnixTime) -> Self {
        Self { offset: unix.as_secs().wrapping_sub(device.as_secs()) }
    }

    const fn unix(self, device: DeviceTime) -> UnixTime {
        UnixTime::from_secs(device.as_secs().wrapping_add(self.offset))
    }
}

/// What survives a boot.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Checkpoint {
    at: DeviceTime,
    calendar: Option<Calendar>,
    credited: Duration,
}

impl Checkpoint {
    /// The device time of it.
    pub(super) const fn at(&self) -> DeviceTime {
        self.at
    }

    /// That of a device that lost what it had noted, and knows that it is at least this old.
    pub(super) const fn not_before(at: DeviceTime) -> Self {
        Self { at, ..Self::FIRST }
    }

    /// That of a device with no past. It starts well above zero, so that what a manager remembers
    /// of an earlier life (SPEC X6) has a place on the scale.
    pub(super) const FIRST: Self =
        Self { at: DeviceTime::from_secs(1 << 30), calendar: None, credited: Duration::ZERO };
}

/// What a boot learned about the time since the checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TimeOff {
    /// No real-time clock, or none at the checkpoint.
    Unknown,
    /// By the real-time clock, since the checkpoint.
    Measured(Duration),
    /// The real-time clock is behind the checkpoint; nothing is gained by it.
    ClockWentBack,
}

impl DeviceClock {
    pub(super) const fn unset() -> Self {
        Self {
            base: DeviceTime::from_secs(0),
            booted: Instant::from_secs(0),
            latest: Instant::from_secs(0),
            calendar: None,
            credited: Duration::ZERO,
            time_off_unsure: false,
        }
    }

    /// Goes on from `checkpoint` at the first moment of a boot.
    pub(super) fn boot(now: Now, checkpoint: Checkpoint) -> (Self, TimeOff) {
        let mut clock = Self {
            base: checkpoint.at,
            booted: now.uptime,
            latest: now.uptime,
            calendar: checkpoint.calendar,
            credited: checkpoint.credited,
            time_off_unsure: true,
        };
        let Some(real_time) = now.real_time else {
            return (clock, TimeOff::Unknown);
        };
        let Some(calendar) = checkpoint.calendar else {
            clock.calendar = Some(Calendar::new(checkpoint.at, real_time));
            return (clock, TimeOff::Unknown);
        };
        let expected = calendar.unix(checkpoint.at);
        if real_time < expected {
            return (clock, TimeOff::ClockWentBack);
        }
        let off = real_time.saturating_since(expected);
        clock.base = clock.base.saturating_add(off);
        clock.credited = clock.credited.saturating_add(off);
        (clock, TimeOff::Measured(off))
    }

    /// Notes the uptime; gives how long the device ran since the last call.
    pub(super) fn advance(&mut self, uptime: Instant) -> Duration {
        let ran = uptime.saturating_since(self.latest);
        self.latest = self.latest.max(uptime);
        ran
    }

    pub(super) const fn uptime(&self) -> Instant {
        self.latest
    }

    /// The uptime at which `at` comes; now, when it has passed.
    pub(super) const fn uptime_at(&self, at: DeviceTime) -> Instant {
        self.latest.saturating_add(at.saturating_since(self.now()))
    }

    pub(super) const fn now(&self) -> DeviceTime {
        self.base.saturating_add(self.latest.saturating_since(self.booted))
    }

    /// The calendar time of a device time, as far as it is known.
    pub(super) fn unix(&self, at: DeviceTime) -> Option<UnixTime> {
        self.calendar.map(|calendar| calendar.unix(at))
    }

    /// Takes the manager's signed time: it sets the calendar, and corrects what passed while the
    /// device was off (SPEC T2, T3). What ran on the monotonic clock since is not touched. Says
    /// whether device time went back by it.
    pub(super) fn set_signed_time(&mut self, signed: UnixTime) -> bool {
        let before = self.now();
        if let Some(expected) = self.unix(before)
            && self.time_off_unsure
        {
            let unseen = signed.saturating_since(expected);
            let overseen = expected.saturating_since(signed).min(self.credited);
            self.base = self.base.saturating_add(unseen).saturating_sub(overseen);
        }
        self.time_off_unsure = false;
        self.credited = Duration::ZERO;
        self.calendar = Some(Calendar::new(self.now(), signed));
        self.now() < before
    }

    pub(super) const fn checkpoint(&self) -> Checkpoint {
        Checkpoint { at: self.now(), calendar: self.calendar, credited: self.credited }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn now(uptime: u64, real_time: Option<u64>) -> Now {
        let real_time = real_time.map(UnixTime::from_secs);
        Now { uptime: Instant::from_secs(uptime), real_time }
    }

    fn life(seconds: u64) -> DeviceTime {
        DeviceTime::from_secs(Checkpoint::FIRST.at.as_secs() + seconds)
    }

    /// A clock that ran an hour, got a signed time, and was then switched off.
    fn checkpoint() -> Checkpoint {
        let (mut clock, _) = DeviceClock::boot(now(5, None), Checkpoint::FIRST);
        clock.advance(Instant::from_secs(3_605));
        clock.set_signed_time(SIGNED);
        clock.checkpoint()
    }

    #[test]
    fn time_off_is_measured_by_the_real_time_clock_forwards_only() {
        let day_later = now(0, Some(SIGNED.as_secs() + 86_400));
        let (clock, off) = DeviceClock::boot(day_later, checkpoint());
        assert_eq!(off, TimeOff::Measured(Duration::from_days(1)));
        assert_eq!(clock.now(), life(3_600 + 86_400));
        let day_earlier = now(0, Some(SIGNED.as_secs() - 86_400));
        let (clock, off) = DeviceClock::boot(day_earlier, checkpoint());
        assert_eq!(off, TimeOff::ClockWentBack);
        assert_eq!(clock.now(), life(3_600));
        assert_eq!(clock.unix(clock.now()), Some(SIGNED));
    }

    #[test]
    fn without_a_real_time_clock_time_off_passes_unseen_until_a_signed_time() {
        let (mut clock, off) = DeviceClock::boot(now(0, None), checkpoint());
        assert_eq!(off, TimeOff::Unknown);
        clock.advance(Instant::from_secs(60));
        assert_eq!(clock.now(), life(3_660));
        clock.set_signed_time(SIGNED.saturating_add(Duration::from_days(10)));
        assert_eq!(clock.now(), life(3_600 + 864_000));
    }

    #[test]
    fn a_real_time_clock_set_ahead_is_corrected_by_the_manager() {
        let year_ahead = now(0, Some(SIGNED.as_secs() + 365 * 86_400));
        let (mut clock, _) = DeviceClock::boot(year_ahead, checkpoint());
        clock.set_signed_time(SIGNED.saturating_add(Duration::from_days(2)));
        assert_eq!(clock.now(), life(3_600 + 2 * 86_400));
    }

    #[test]
    fn a_managers_clock_that_steps_moves_the_calendar_and_no_period() {
        let (mut clock, _) = DeviceClock::boot(now(0, None), checkpoint());
        clock.set_signed_time(SIGNED);
        for signed in [1_900_000_000, 1_700_000_000] {
            clock.set_signed_time(UnixTime::from_secs(signed));
            assert_eq!(clock.now(), life(3_600));
            assert_eq!(clock.unix(clock.now()), Some(UnixTime::from_secs(signed)));
        }
    }

    #[test]
    fn an_uptime_that_goes_back_stands_still() {
        let (mut clock, _) = DeviceClock::boot(now(100, None), Checkpoint::FIRST);
        assert_eq!(clock.advance(Instant::from_secs(160)), Duration::from_secs(60));
        assert_eq!(clock.advance(Instant::from_secs(130)), Duration::ZERO);
        assert_eq!(clock.advance(Instant::from_secs(161)), Duration::from_secs(1));
        assert_eq!(clock.now(), life(61));
    }
}

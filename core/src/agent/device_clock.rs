//! The device's own time: how much of its life it knows to have passed (SPEC T1–T3, X15).
//!
//! While the device runs, its time follows the monotonic clock alone. Time spent off is added from
//! the real-time clock, forwards only; without one it passes unseen until the manager's next signed
//! time. What was added is remembered until then, so that a real-time clock that had been set ahead
//! is corrected by the manager as well.
//!
//! A real-time clock is never believed for what it says, only for how far it went: its lead over the
//! calendar is noted, and a lead that jumps is a clock that was set.
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
    added: Added,
    /// Whether a boot since the last signed time may have hidden time off.
    time_off_unsure: bool,
    /// Whether there is a real-time clock now; without one its lead is the last known.
    real_time: bool,
}

/// Calendar time as an offset to device time, and the real-time clock as a lead over that.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Calendar {
    /// Wraps, so that it also holds where the calendar is behind the device.
    offset: u64,
    /// Whether a manager's signed time set it. Until then it follows the real-time clock.
    signed: bool,
    /// Seconds that it was moved since, because the real-time clock was put right.
    moved: i32,
    /// Seconds that the real-time clock is ahead.
    lead: i32,
    /// The same when the calendar was set: a clock that is wrong and was settled stays so.
    settled_lead: i32,
}

impl Calendar {
    const fn unix(self, device: DeviceTime) -> UnixTime {
        UnixTime::from_secs((device.as_secs() as u64).wrapping_add(self.offset))
    }

    /// What the real-time clock ought to say.
    // Not in line: it is called from many places, and each would cost flash.
    #[inline(never)]
    const fn real_time(self, device: DeviceTime) -> UnixTime {
        UnixTime::from_secs(self.unix(device).as_secs().saturating_add_signed(self.lead as i64))
    }

    /// What a real-time clock says, no farther off than `lead` can note: else the difference would be
    /// a step at every look, and be stored each time.
    fn nearest(self, device: DeviceTime, real_time: UnixTime) -> UnixTime {
        let unix = self.unix(device);
        real_time.max(unix.saturating_sub(LEAD_MAX)).min(unix.saturating_add(LEAD_MAX))
    }

    const fn set(&mut self, device: DeviceTime, unix: UnixTime) {
        self.offset = unix.as_secs().wrapping_sub(device.as_secs() as u64);
    }
}

/// What survives a boot.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Checkpoint {
    at: DeviceTime,
    calendar: Option<Calendar>,
    added: Added,
    /// How long the device may have run since without noting it; none after a stop in order.
    unnoted: Duration,
}

impl Checkpoint {
    /// The device time of it.
    pub(super) const fn at(&self) -> DeviceTime {
        self.at
    }

    /// How long the device may have run after it.
    pub(super) const fn unnoted(&self) -> Duration {
        self.unnoted
    }

    /// That of a device that lost what it had noted, and knows that it is at least this old.
    pub(super) const fn not_before(at: DeviceTime) -> Self {
        Self { at, ..Self::FIRST }
    }

    /// At least `at` has passed, whatever this says.
    pub(super) fn pass(&mut self, at: DeviceTime) {
        let more = at.saturating_since(self.at);
        self.at = self.at.saturating_add(more);
        self.unnoted = self.unnoted.saturating_sub(more);
    }

    /// That of a device with no past. It starts well above zero, so that what a manager remembers
    /// of an earlier life (SPEC X6) has a place on the scale.
    pub(super) const FIRST: Self = Self {
        at: DeviceTime::from_secs(1 << 30),
        calendar: None,
        added: Added::NOTHING,
        unnoted: Duration::ZERO,
    };
}

/// What was added to device time since the last signed time beside the monotonic clock. A signed
/// time takes back what was too much; nothing else does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Added {
    /// Time off, on the real-time clock's word.
    credited: Duration,
    /// What power cuts may have hidden.
    charged: Duration,
}

impl Added {
    const NOTHING: Self = Self { credited: Duration::ZERO, charged: Duration::ZERO };

    const fn total(self) -> Duration {
        self.credited.saturating_add(self.charged)
    }
}

/// What a boot learned about the time since the checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TimeOff {
    /// No real-time clock, or none at the checkpoint.
    Unknown,
    /// By the real-time clock, since the checkpoint; and whether it was set meanwhile.
    Measured(Duration, Option<Step>),
    /// The real-time clock is behind the checkpoint; nothing is gained by it.
    ClockWentBack(Step),
}

/// The real-time clock was set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Step {
    pub(super) back: bool,
    pub(super) by: Duration,
}

/// Differences up to this are clocks that run unevenly or are disciplined, not clocks that were
/// set.
const SLACK: Duration = Duration::from_secs(30);

/// Where time stands still, a hundred years on or after a clock that ran wild: early enough that what
/// waits from there on still lies ahead, and is not tried again and again at one moment.
const END: DeviceTime = DeviceTime::from_secs(u32::MAX - (1 << 27));
/// How far off a real-time clock can be noted to be, either way: 68 years.
const LEAD_MAX: Duration = Duration::from_secs(i32::MAX.unsigned_abs());
/// A clock that leads by so much is wrong, and did not drift there.
const WRONG: Duration = Duration::from_days(1);
/// A clock that trails by so much lost its battery. Less than that could hide the time that a device
/// was off from the periods that run (SPEC E5).
const DEAD: Duration = Duration::from_days(365);

impl Step {
    /// How far the real-time clock is from where it ought to be, if that is far.
    // Not in line: it is called from many places, and each would cost flash.
    #[inline(never)]
    fn between(expected: UnixTime, actual: UnixTime) -> Option<Self> {
        let back = actual < expected;
        let (earlier, later) = if back { (actual, expected) } else { (expected, actual) };
        let by = later.saturating_since(earlier);
        (by > SLACK).then_some(Self { back, by })
    }
}

impl DeviceClock {
    pub(super) const fn unset() -> Self {
        Self {
            base: DeviceTime::from_secs(0),
            booted: Instant::from_secs(0),
            latest: Instant::from_secs(0),
            calendar: None,
            added: Added::NOTHING,
            time_off_unsure: false,
            real_time: false,
        }
    }

    /// Goes on from `checkpoint` at the first moment of a boot. What the device may have run after the checkpoint is charged at
    /// least, whatever a clock says that can be set: a power cut gains nothing (SPEC E5, X1).
    pub(super) fn boot(now: Now, checkpoint: Checkpoint) -> (Self, TimeOff) {
        let mut clock = Self {
            base: checkpoint.at,
            booted: now.uptime,
            latest: now.uptime,
            calendar: checkpoint.calendar,
            added: checkpoint.added,
            time_off_unsure: true,
            real_time: false,
        };
        let off = match (now.real_time, checkpoint.calendar) {
            (Some(real_time), Some(calendar)) => calendar.time_off(checkpoint.at, real_time),
            _ => TimeOff::Unknown,
        };
        // What may have been run is charged, and the rest credited on the real-time clock's word: it
        // can take back no more than that (SPEC E5).
        let charged = checkpoint.unnoted;
        let credited = match off {
            TimeOff::Measured(off, _) => off.saturating_sub(charged),
            TimeOff::Unknown | TimeOff::ClockWentBack(_) => Duration::ZERO,
        };
        clock.base = clock.base.saturating_add(credited).saturating_add(charged);
        clock.added.credited = clock.added.credited.saturating_add(credited);
        clock.added.charged = clock.added.charged.saturating_add(charged);
        // What is left of the difference goes with the time off.
        let _ = clock.look_at(now.real_time);
        (clock, off)
    }

    /// Notes what the real-time clock says; tells a step of it (SPEC T1).
    pub(super) fn look_at(&mut self, real_time: Option<UnixTime>) -> Option<Step> {
        self.real_time = real_time.is_some();
        let (real_time, now) = (real_time?, self.now());
        let Some(calendar) = &mut self.calendar else {
            let (lead, settled_lead) = (0, 0);
            let mut calendar = Calendar { offset: 0, signed: false, moved: 0, lead, settled_lead };
            calendar.set(now, real_time);
            self.calendar = Some(calendar);
            return None;
        };
        let real_time = if calendar.signed { calendar.nearest(now, real_time) } else { real_time };
        let step = Step::between(calendar.real_time(now), real_time);
        if !calendar.signed {
            calendar.set(now, real_time);
        }
        calendar.lead = lead(real_time, calendar.unix(now));
        step
    }

    /// What the real-time clock says, and the same less what it was known to be wrong by when the
    /// calendar was set: a wrong clock may stay as it is, or be put right. `None` without one, and
    /// before a manager's time set the calendar.
    pub(super) fn claims(&self) -> Option<[UnixTime; 2]> {
        let calendar = self.calendar.filter(|calendar| calendar.signed && self.real_time)?;
        let now = self.now();
        let unix = calendar.unix(now).as_secs();
        let corrected = unix.saturating_add_signed(calendar.set_by().into());
        Some([calendar.real_time(now), UnixTime::from_secs(corrected)])
    }

    /// Takes `claimed` for the calendar: the real-time clock was put right (SPEC T2). The calendar
    /// never goes before what it would be without that clock's word, and no period moves by it.
    pub(super) fn follow_real_time(&mut self, claimed: UnixTime) {
        let now = self.now();
        let Some(calendar) = &mut self.calendar else {
            return;
        };
        let (before, real_time) = (calendar.unix(now), calendar.real_time(now));
        let unix = claimed.max(calendar.earliest(now, self.added.credited));
        calendar.set(now, unix);
        calendar.moved = calendar.moved.saturating_add(lead(unix, before));
        calendar.lead = lead(real_time, unix);
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

    /// How long the device had run at `at`.
    pub(super) const fn ran_until(&self, at: DeviceTime) -> Duration {
        at.saturating_since(self.base)
    }

    // Not in line: it is called from so many places that it would cost kilobytes of flash.
    #[inline(never)]
    pub(super) const fn now(&self) -> DeviceTime {
        let now = self.base.saturating_add(self.latest.saturating_since(self.booted));
        if now.as_secs() < END.as_secs() { now } else { END }
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
        if let Some(calendar) = self.calendar.filter(|calendar| calendar.signed)
            && self.time_off_unsure
        {
            // What was not run passed: no more of it than the manager says.
            let unseen = signed.saturating_since(calendar.earliest(before, self.added.total()));
            self.base = self.base.saturating_add(unseen).saturating_sub(self.added.total());
        }
        self.time_off_unsure = false;
        self.added = Added::NOTHING;
        let now = self.now();
        let real_time = self.calendar.map_or(signed, |calendar| calendar.real_time(before));
        let lead = lead(real_time, signed);
        let mut calendar = Calendar { offset: 0, signed: true, moved: 0, lead, settled_lead: lead };
        calendar.set(now, signed);
        self.calendar = Some(calendar);
        now < before
    }

    /// What to store; the device may run `unnoted` until it stores the next.
    pub(super) const fn checkpoint(&self, unnoted: Duration) -> Checkpoint {
        Checkpoint { at: self.now(), calendar: self.calendar, added: self.added, unnoted }
    }
}

impl Calendar {
    /// The earliest that it can be, where `added` may not have passed: the last signed time and what
    /// was run since.
    fn earliest(self, now: DeviceTime, added: Duration) -> UnixTime {
        let moved = self.moved.saturating_neg().into();
        let unix = self.unix(now).as_secs().saturating_add_signed(moved);
        UnixTime::from_secs(unix).saturating_sub(added)
    }

    /// The time off between a checkpoint and a boot: how far the real-time clock went. A clock that
    /// was known to be wrong may have been put right meanwhile: that is believed where it would
    /// otherwise have gone back, or forward by years (a dead battery that was replaced).
    fn time_off(self, checkpoint: DeviceTime, real_time: UnixTime) -> TimeOff {
        let (went_on, right) = (self.real_time(checkpoint), self.unix(checkpoint));
        let real_time = self.nearest(checkpoint, real_time);
        let since = |from| match Step::between(from, real_time) {
            Some(Step { back: true, .. }) => None,
            _ => Some(real_time.saturating_since(from)),
        };
        let (back, by) = (self.lead > 0, Duration::from_secs(self.lead.unsigned_abs()));
        let put_right = since(right).filter(|_| by >= if back { WRONG } else { DEAD });
        match (since(went_on), put_right) {
            (Some(off), None) => TimeOff::Measured(off, None),
            (Some(off), Some(_)) if back => TimeOff::Measured(off, None),
            (_, Some(put_right)) => TimeOff::Measured(put_right, Some(Step { back, by })),
            (None, None) => {
                let by = went_on.saturating_since(real_time);
                TimeOff::ClockWentBack(Step { back: true, by })
            }
        }
    }

    /// By how much the real-time clock was set since a signed time set the calendar.
    const fn set_by(self) -> i32 {
        self.lead.saturating_sub(self.settled_lead)
    }
}

/// Seconds that `real_time` is ahead of `calendar`; at most 68 years either way.
// Not in line: it is called from many places, and each would cost flash.
#[inline(never)]
fn lead(real_time: UnixTime, calendar: UnixTime) -> i32 {
    let ahead = real_time.saturating_since(calendar).as_secs();
    let behind = calendar.saturating_since(real_time).as_secs();
    let limit = |seconds| i32::try_from(seconds).unwrap_or(i32::MAX);
    limit(ahead).saturating_sub(limit(behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapless::Vec;

    const SIGNED: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn now(uptime: u32, real_time: Option<u64>) -> Now {
        let real_time = real_time.map(UnixTime::from_secs);
        Now { uptime: Instant::from_secs(uptime), real_time }
    }

    fn life(seconds: u32) -> DeviceTime {
        DeviceTime::from_secs(Checkpoint::FIRST.at.as_secs() + seconds)
    }

    /// A clock that ran an hour, got a signed time, and was then switched off.
    fn checkpoint() -> Checkpoint {
        let (mut clock, _) = DeviceClock::boot(now(5, None), Checkpoint::FIRST);
        clock.advance(Instant::from_secs(3_605));
        clock.set_signed_time(SIGNED);
        clock.checkpoint(Duration::ZERO)
    }

    #[test]
    fn time_off_is_measured_by_the_real_time_clock_forwards_only() {
        let day_later = now(0, Some(SIGNED.as_secs() + 86_400));
        let (clock, off) = DeviceClock::boot(day_later, checkpoint());
        assert_eq!(off, TimeOff::Measured(Duration::from_days(1), None));
        assert_eq!(clock.now(), life(3_600 + 86_400));
        let day_earlier = now(0, Some(SIGNED.as_secs() - 86_400));
        let (clock, off) = DeviceClock::boot(day_earlier, checkpoint());
        let step = Step { back: true, by: Duration::from_days(1) };
        assert_eq!(off, TimeOff::ClockWentBack(step));
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
    fn a_clock_that_is_set_is_told_and_moves_nothing() {
        let at = |uptime, ahead: i64| {
            let real_time = SIGNED.as_secs() + u64::from(uptime);
            now(uptime, Some(real_time.saturating_add_signed(ahead)))
        };
        let (mut clock, off) = DeviceClock::boot(at(0, 5), checkpoint());
        assert_eq!(off, TimeOff::Measured(Duration::from_secs(5), None));
        let mut told = Vec::<_, 8>::new();
        for (uptime, ahead) in [(10, 5), (20, 25), (30, -86_400), (40, -86_410), (50, 5)] {
            clock.advance(Instant::from_secs(uptime));
            told.push(clock.look_at(at(uptime, ahead).real_time)).unwrap();
        }
        let step = |back, by| Some(Step { back, by: Duration::from_secs(by) });
        assert_eq!(told, [None, None, step(true, 86_425), None, step(false, 86_415)]);
        assert_eq!(clock.now(), life(3_600 + 5 + 50));
    }

    #[test]
    fn a_wrong_clock_that_was_settled_measures_time_off_by_how_far_it_went() {
        let year = 365 * 86_400;
        let wrong = now(0, Some(SIGNED.as_secs() + year));
        let (mut clock, _) = DeviceClock::boot(wrong, Checkpoint::FIRST);
        clock.set_signed_time(SIGNED);
        assert_eq!(clock.claims().map(|[_, corrected]| corrected), Some(SIGNED));
        let checkpoint = clock.checkpoint(Duration::ZERO);
        let day_later = now(0, Some(SIGNED.as_secs() + year + 86_400));
        let (clock, off) = DeviceClock::boot(day_later, checkpoint);
        assert_eq!(off, TimeOff::Measured(Duration::from_days(1), None));
        assert_eq!(
            clock.claims().map(|[_, corrected]| corrected),
            Some(SIGNED.saturating_add(Duration::from_days(1)))
        );
    }

    #[test]
    fn a_wrong_clock_put_right_while_off_measures_the_time_off_all_the_same() {
        let year = 365 * 86_400;
        for wrong_by in [-26 * year, year] {
            let at = |seconds: u64, by| {
                now(0, Some((SIGNED.as_secs() + seconds).saturating_add_signed(by)))
            };
            let (mut clock, _) = DeviceClock::boot(at(0, wrong_by), Checkpoint::FIRST);
            clock.set_signed_time(SIGNED);
            let (_, off) = DeviceClock::boot(at(86_400, 0), clock.checkpoint(Duration::ZERO));
            let by = Duration::from_secs(u32::try_from(wrong_by.unsigned_abs()).unwrap());
            let step = Some(Step { back: wrong_by > 0, by });
            assert_eq!(off, TimeOff::Measured(Duration::from_days(1), step));
            // Or it went on being wrong.
            let (_, off) =
                DeviceClock::boot(at(86_400, wrong_by), clock.checkpoint(Duration::ZERO));
            assert_eq!(off, TimeOff::Measured(Duration::from_days(1), None));
        }
    }

    #[test]
    fn a_clock_put_right_takes_the_calendar_back_no_further_than_what_was_credited() {
        let year_ahead = now(0, Some(SIGNED.as_secs() + 365 * 86_400));
        for (put_to, calendar) in [(86_400, 86_400), (-86_400, 0)] {
            let (mut clock, _) = DeviceClock::boot(year_ahead, checkpoint());
            let device = clock.now();
            let right = UnixTime::from_secs(SIGNED.as_secs().saturating_add_signed(put_to));
            clock.look_at(Some(right)).unwrap();
            clock.follow_real_time(right);
            let expected = SIGNED.saturating_add(Duration::from_secs(calendar));
            assert_eq!(clock.unix(clock.now()), Some(expected));
            assert_eq!(clock.now(), device, "no period moves");
        }
    }

    #[test]
    fn a_stored_lead_that_no_clock_has_is_told_once() {
        let mut clock = DeviceClock::boot(now(0, Some(SIGNED.as_secs())), Checkpoint::FIRST).0;
        if let Some(calendar) = &mut clock.calendar {
            calendar.lead = 59;
        }
        let looks = [(); 2].map(|()| clock.look_at(Some(SIGNED)));
        assert_eq!(looks, [Some(Step { back: true, by: Duration::from_secs(59) }), None]);
    }

    #[test]
    fn at_the_end_of_time_what_waits_still_waits() {
        let last = DeviceTime::from_secs(u32::MAX);
        let (mut clock, _) = DeviceClock::boot(now(0, None), Checkpoint::not_before(last));
        for uptime in [0, u32::MAX] {
            clock.advance(Instant::from_secs(uptime));
            assert!(clock.now().saturating_add(Duration::from_days(400)) > clock.now());
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

//! Time as the agent sees it: whole seconds, three kinds of instant that cannot be mixed up, and
//! no operator that can overflow.
//!
//! | type | counts | who may change it |
//! |---|---|---|
//! | [`Instant`] | seconds since this boot | nobody; it only grows |
//! | [`DeviceTime`] | seconds the device knows to have passed in its life | the agent alone |
//! | [`UnixTime`] | seconds since 1970 | administrators, batteries, the manager |
//!
//! Every period of the licence (evaluation, overage, deadlines) is measured in [`DeviceTime`], so
//! that setting a calendar clock changes what is displayed and never how long anything lasts
//! (SPEC E5, T1, X15). `embedded-time` appears at the boundary only ([`uptime`]): its instants
//! compare by wrap-around and its addition panics, neither of which suits periods of years.

use core::num::NonZeroU32;
use embedded_time::Clock;
use embedded_time::duration::Seconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time in whole seconds, at most 136 years. All arithmetic saturates.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Duration(u32);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span; also what an overflow saturates to.
    pub const MAX: Self = Self(u32::MAX);

    /// A span of `seconds`.
    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds)
    }

    /// A span of `seconds`, at most [`Duration::MAX`].
    // Not in line: it is called from many places, and each would cost flash.
    #[inline(never)]
    const fn from_wide(seconds: u64) -> Self {
        if seconds > u32::MAX as u64 {
            return Self::MAX;
        }
        #[allow(clippy::cast_possible_truncation)] // bounded on the line above
        Self(seconds as u32)
    }

    /// A span of `minutes`.
    pub const fn from_minutes(minutes: u32) -> Self {
        Self(minutes.saturating_mul(60))
    }

    /// A span of `hours`.
    pub const fn from_hours(hours: u32) -> Self {
        Self(hours.saturating_mul(3_600))
    }

    /// A span of `days` of 24 hours.
    pub const fn from_days(days: u32) -> Self {
        Self(days.saturating_mul(86_400))
    }

    /// The span in seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// `self + other`, at most [`Duration::MAX`].
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self - other`, at least zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Twice the span, at most [`Duration::MAX`].
    pub const fn doubled(self) -> Self {
        Self(self.0.saturating_mul(2))
    }
}

macro_rules! instant {
    ($(#[$doc:meta])* $name:ident($seconds:ident), spans by $span:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[serde(transparent)]
        pub struct $name($seconds);

        impl $name {
            /// The instant `seconds` after zero of this scale.
            pub const fn from_secs(seconds: $seconds) -> Self {
                Self(seconds)
            }

            /// Seconds since zero of this scale.
            pub const fn as_secs(self) -> $seconds {
                self.0
            }

            /// The instant `span` later; saturates at the end of the scale.
            pub const fn saturating_add(self, span: Duration) -> Self {
                Self(self.0.saturating_add(span.0 as $seconds))
            }

            /// The instant `span` earlier; saturates at zero.
            pub const fn saturating_sub(self, span: Duration) -> Self {
                Self(self.0.saturating_sub(span.0 as $seconds))
            }

            /// How long after `earlier` this is: zero when it is not after it at all.
            pub const fn saturating_since(self, earlier: Self) -> Duration {
                Duration::$span(self.0.saturating_sub(earlier.0))
            }
        }
    };
}

instant! {
    /// Seconds since this boot, from a clock that only grows.
    Instant(u32), spans by from_secs
}
instant! {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    UnixTime(u64), spans by from_wide
}

/// Seconds that the device knows to have passed in its life: the scale of every period.
// One more than the seconds, so that `Option<DeviceTime>` takes no more memory than this: an agent
// holds dozens of them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DeviceTime(NonZeroU32);

impl DeviceTime {
    /// The instant `seconds` after zero of this scale, whose end is one before [`u32::MAX`].
    pub const fn from_secs(seconds: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(seconds))
    }

    /// Seconds since zero of this scale.
    pub const fn as_secs(self) -> u32 {
        self.0.get().saturating_sub(1)
    }

    /// The instant `span` later; saturates at the end of the scale.
    pub const fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The instant `span` earlier; saturates at zero.
    pub const fn saturating_sub(self, span: Duration) -> Self {
        Self::from_secs(self.as_secs().saturating_sub(span.0))
    }

    /// How long after `earlier` this is: zero when it is not after it at all.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for DeviceTime {
    fn default() -> Self {
        Self::from_secs(0)
    }
}

impl Serialize for DeviceTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_secs().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DeviceTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::from_secs)
    }
}

/// What the platform's clocks say at one moment (SPEC T1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    /// Seconds since this boot.
    pub uptime: Instant,
    /// The platform's real-time clock, where it has one that is set.
    pub real_time: Option<UnixTime>,
}

impl Now {
    /// A platform without a real-time clock (SPEC T3).
    pub const fn without_real_time(uptime: Instant) -> Self {
        Self { uptime, real_time: None }
    }

    /// A platform with a real-time clock.
    pub const fn with_real_time(uptime: Instant, real_time: UnixTime) -> Self {
        Self { uptime, real_time: Some(real_time) }
    }
}

/// The platform's clock could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClockUnreadable;

/// Reads the uptime from an `embedded-time` clock.
///
/// The bound `T = u64` is deliberate: a 32-bit millisecond clock wraps after 49 days and its
/// instants compare wrongly after 25, so such a clock must be widened by the platform first.
///
/// # Errors
/// [`ClockUnreadable`] when the clock reports an error or its unit does not convert to seconds.
pub fn uptime<C: Clock<T = u64>>(clock: &C) -> Result<Instant, ClockUnreadable> {
    let since_boot = clock.try_now().map_err(|_| ClockUnreadable)?.duration_since_epoch();
    let Seconds(seconds) = Seconds::<u64>::try_from(since_boot).map_err(|_| ClockUnreadable)?;
    Ok(Instant::from_secs(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::size_of;
    use embedded_time::fraction::Fraction;

    struct Milliseconds(u64);

    impl Clock for Milliseconds {
        type T = u64;
        const SCALING_FACTOR: Fraction = Fraction::new(1, 1_000);
        fn try_now(&self) -> Result<embedded_time::Instant<Self>, embedded_time::clock::Error> {
            Ok(embedded_time::Instant::new(self.0))
        }
    }

    #[test]
    fn a_clock_of_milliseconds_reads_ten_years() {
        let ten_years_ms = 10 * 365 * 86_400 * 1_000 + 999;
        assert_eq!(uptime(&Milliseconds(ten_years_ms)), Ok(Instant::from_secs(315_360_000)));
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = DeviceTime::from_secs(u32::MAX);
        assert_eq!(end.saturating_add(Duration::from_days(1)), end);
        assert_eq!(DeviceTime::default().saturating_sub(Duration::MAX), DeviceTime::default());
        let calendar = UnixTime::from_secs(u64::MAX);
        assert_eq!(calendar.saturating_since(UnixTime::default()), Duration::MAX);
        let beyond = UnixTime::from_secs((1 << 32) + 5);
        assert_eq!(beyond.saturating_since(UnixTime::default()), Duration::MAX);
        let longest = Duration::from_secs(u32::MAX - 1);
        assert_eq!(end.saturating_since(DeviceTime::default()), longest);
        assert_eq!(DeviceTime::default().saturating_since(end), Duration::ZERO);
        assert_eq!(Duration::from_days(u32::MAX), Duration::MAX);
    }

    #[test]
    fn device_time_is_stored_as_its_seconds_and_may_be_absent_for_nothing() {
        for seconds in [0, 1, 86_400, u32::MAX - 1] {
            let at = DeviceTime::from_secs(seconds);
            assert_eq!(at.as_secs(), seconds);
            let mut of_time = [0; 5];
            let mut of_seconds = [0; 5];
            let of_time = postcard::to_slice(&at, &mut of_time).unwrap();
            assert_eq!(of_time, postcard::to_slice(&seconds, &mut of_seconds).unwrap());
            assert_eq!(postcard::from_bytes(of_time), Ok(at));
        }
        assert_eq!(size_of::<Option<DeviceTime>>(), size_of::<DeviceTime>());
    }
}

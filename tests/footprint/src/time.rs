//! Time, and the platform's clock.

use embedded_time::Clock;
use embedded_time::clock::Error;
use embedded_time::fraction::Fraction;
use leasehold_core::time::{ClockUnreadable, DeviceTime, Duration, Instant, Now, UnixTime, uptime};

#[unsafe(no_mangle)]
pub fn proof_durations(a: u32, b: u32) -> ([Duration; 6], u32) {
    let (first, second) = (Duration::from_days(a), Duration::from_hours(b));
    let sums = [
        first,
        second,
        Duration::from_minutes(a),
        first.saturating_add(second),
        first.saturating_sub(Duration::from_secs(b)),
        first.doubled(),
    ];
    (sums, first.as_secs())
}

macro_rules! proof_of_instant {
    ($entry:ident, $instant:ident) => {
        #[unsafe(no_mangle)]
        pub fn $entry(at: $instant, span: Duration) -> ($instant, $instant, Duration) {
            let at = $instant::from_secs(at.as_secs());
            let (later, earlier) = (at.saturating_add(span), at.saturating_sub(span));
            (later, earlier, later.saturating_since(earlier))
        }
    };
}

proof_of_instant!(proof_instants, Instant);
proof_of_instant!(proof_device_times, DeviceTime);
proof_of_instant!(proof_unix_times, UnixTime);

#[unsafe(no_mangle)]
pub fn proof_now(uptime: Instant, real_time: UnixTime) -> [Now; 2] {
    [Now::without_real_time(uptime), Now::with_real_time(uptime, real_time)]
}

unsafe extern "Rust" {
    safe fn platform_clock_milliseconds() -> Option<u64>;
}

/// A platform's clock in milliseconds.
#[derive(Debug)]
pub struct PlatformClock;

impl Clock for PlatformClock {
    type T = u64;
    const SCALING_FACTOR: Fraction = Fraction::new(1, 1_000);

    fn try_now(&self) -> Result<embedded_time::Instant<Self>, Error> {
        let milliseconds = platform_clock_milliseconds().ok_or(Error::Unspecified)?;
        Ok(embedded_time::Instant::new(milliseconds))
    }
}

#[unsafe(no_mangle)]
pub fn proof_clock_uptime() -> Result<Instant, ClockUnreadable> {
    uptime(&PlatformClock)
}

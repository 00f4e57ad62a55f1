//! The platform's two clocks (SPEC T1).

use leasehold_core::time::{Instant, Now, UnixTime};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the daemon takes the time from.
pub trait Clock: Send + Sync {
    /// Both clocks at this moment. The uptime counts from the daemon's own start: to the agent
    /// each start of the daemon is a boot, and only differences within one matter.
    fn now(&self) -> Now;

    /// How long to sleep until the uptime `at`.
    fn until(&self, at: Instant) -> Duration;
}

/// The operating system's clocks. The uptime goes on while the machine is suspended
/// (`CLOCK_BOOTTIME`), so that a suspended machine gains nothing (SPEC E5).
#[derive(Debug)]
pub struct SystemClock {
    started: Duration,
}

impl SystemClock {
    /// A clock whose uptime starts at zero now.
    pub fn start() -> Self {
        Self { started: boot_time() }
    }

    fn running(&self) -> Duration {
        boot_time().saturating_sub(self.started)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let seconds = u32::try_from(self.running().as_secs()).unwrap_or(u32::MAX);
        let uptime = Instant::from_secs(seconds);
        Now { uptime, real_time: real_time(SystemTime::now()) }
    }

    fn until(&self, at: Instant) -> Duration {
        Duration::from_secs(at.as_secs().into()).saturating_sub(self.running())
    }
}

fn boot_time() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::try_from(time).unwrap_or_default()
}

/// 2024-01-01: a calendar before this software was written is one that was never set.
const EARLIEST: UnixTime = UnixTime::from_secs(1_704_067_200);

fn real_time(time: SystemTime) -> Option<UnixTime> {
    let since_epoch = time.duration_since(UNIX_EPOCH).ok()?;
    let time = UnixTime::from_secs(since_epoch.as_secs());
    (time >= EARLIEST).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_that_was_never_set_is_no_clock() {
        let at = |seconds| real_time(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), None);
        assert_eq!(at(1_704_067_199), None);
        assert_eq!(at(1_704_067_200), Some(EARLIEST));
        assert_eq!(real_time(UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    #[test]
    fn the_uptime_starts_at_zero_and_the_sleep_ends_with_its_second() {
        let clock = SystemClock::start();
        assert!(clock.now().uptime < Instant::from_secs(60));
        assert!(clock.until(Instant::from_secs(3_600)) <= Duration::from_secs(3_600));
        assert_eq!(clock.until(Instant::from_secs(0)), Duration::ZERO);
    }
}

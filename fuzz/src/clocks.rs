//! The clocks of a device and of its manager, in seconds.

use leasehold_core::time::{Instant, Now, UnixTime};

/// The manager's clock when a world begins.
pub const EPOCH: u64 = 1_800_000_000;
/// The end of time: uptimes have 32 bits.
const END: u64 = 4_000_000_000;

/// All of them.
pub struct Clocks {
    /// Since the world began.
    time: u64,
    booted_at: u64,
    /// How far the real-time clock is ahead, and whether there is one.
    real_time: (i64, bool),
}

impl Clocks {
    /// All agree.
    pub const fn new() -> Self {
        Self { time: 0, booted_at: 0, real_time: (0, true) }
    }

    /// Since the world began.
    pub const fn time(&self) -> u64 {
        self.time
    }

    /// What the manager's clock says.
    pub const fn managers(&self) -> u64 {
        EPOCH + self.time
    }

    /// What the device's clocks say.
    pub fn now(&self) -> Now {
        let uptime = u32::try_from(self.time - self.booted_at).unwrap_or(u32::MAX);
        let (ahead, there) = self.real_time;
        let real_time = UnixTime::from_secs(self.managers().saturating_add_signed(ahead));
        Now { uptime: Instant::from_secs(uptime), real_time: there.then_some(real_time) }
    }

    /// When that is, since the world began.
    pub fn at(&self, uptime: Instant) -> u64 {
        self.booted_at + u64::from(uptime.as_secs())
    }

    /// When so much time will have passed.
    pub fn after(&self, seconds: u64) -> u64 {
        self.time.saturating_add(seconds).min(END)
    }

    /// Time passes until then.
    pub const fn pass_to(&mut self, time: u64) {
        self.time = time;
    }

    /// The device's uptime begins.
    pub const fn boot(&mut self) {
        self.booted_at = self.time;
    }

    /// The real-time clock is set, relative to what it said.
    pub fn set(&mut self, by: i64) {
        self.real_time.0 = self.real_time.0.saturating_add(by);
    }

    /// Whether there is a real-time clock from now on.
    pub const fn set_there(&mut self, there: bool) {
        self.real_time.1 = there;
    }
}

impl Default for Clocks {
    fn default() -> Self {
        Self::new()
    }
}

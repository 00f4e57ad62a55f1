//! What switching off takes: the agent, its counters, and the time since boot.

use crate::simulate::crypto::StandIn;
use crate::simulate::fact::Scale;
use anyhow::anyhow;
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Buffer, CommandError, Device, Input, Output, Status, Stored,
};
use leasehold_core::code::CodeKind;
use leasehold_core::counters::Counters;
use leasehold_core::product::{ENTITLEMENTS_MAX, ProductDefinition};
use leasehold_core::time::{DeviceTime, Duration, Instant, Now};

/// Entitlements that an agent has room for.
const CAPACITY: usize = ENTITLEMENTS_MAX;
/// The memory that one boot counts in.
pub(in crate::simulate) type Memory<'a> = Counters<'a, CAPACITY>;

/// A machine that is on.
pub(super) struct Running<'a> {
    agent: Agent<'a, StandIn, CAPACITY>,
    counters: &'a Memory<'a>,
    /// When it booted, in seconds of the scenario.
    booted: u32,
    /// The uptime of the last input.
    latest: Instant,
    /// When the agent wants to be woken, in seconds of the scenario.
    wake: Option<u32>,
    buffer: Buffer,
}

impl<'a> Running<'a> {
    pub(super) const fn new(
        product: &'a ProductDefinition<'a>,
        device: &'a Device<'a>,
        counters: &'a Memory<'a>,
        t: u32,
    ) -> Self {
        Self {
            agent: Agent::new(product, counters, device, StandIn),
            counters,
            booted: t,
            latest: Instant::from_secs(0),
            wake: None,
            buffer: [0; BUFFER_MIN],
        }
    }

    pub(super) fn boot(&mut self, now: Now, stored: Stored<'_>) -> anyhow::Result<()> {
        self.latest = now.uptime;
        let booted = self.agent.boot(now, stored);
        booted.map_err(|error| {
            anyhow!("The agent refuses what it stored itself ({error:?}). Please report this.")
        })
    }

    pub(super) fn input(&mut self, now: Now, input: Input<'_>) -> Result<(), CommandError> {
        self.latest = now.uptime;
        self.agent.handle_input(now, input)
    }

    pub(super) fn poll(&mut self) -> Output {
        self.agent.poll_output(&mut self.buffer)
    }

    /// The first `length` bytes of what the agent wrote.
    pub(super) fn output(&self, length: usize) -> &[u8] {
        self.buffer.get(..length).unwrap_or_default()
    }

    pub(super) fn status(&self) -> Status<'_> {
        self.agent.status()
    }

    /// The last code of a kind that the device made.
    pub(super) fn code(&self, kind: CodeKind) -> Option<String> {
        Some(match kind {
            CodeKind::Request => self.agent.request_code()?.to_text().as_str().into(),
            CodeKind::Confirmation => self.agent.confirmation_code()?.to_text().as_str().into(),
            CodeKind::Return => self.agent.return_code()?.to_text().as_str().into(),
            // The manager's to make.
            CodeKind::Authorization => return None,
        })
    }

    /// When the next reserved term ends.
    pub(super) fn next_term_end(&self) -> Option<DeviceTime> {
        let now = self.agent.status().now;
        let ends = self.agent.reserved_lines().iter().filter_map(|line| line.ends);
        ends.filter(|&end| end > now).min()
    }

    pub(super) const fn counters(&self) -> &'a Memory<'a> {
        self.counters
    }

    pub(super) const fn booted(&self) -> u32 {
        self.booted
    }

    pub(super) const fn wake(&self) -> Option<u32> {
        self.wake
    }

    /// Notes when the agent wants to be woken: later than now, for everything now is done.
    pub(super) fn wake_at(&mut self, at: Option<Instant>, t: u32) {
        let at = at.map(|at| self.booted.saturating_add(at.as_secs()));
        self.wake = at.map(|at| at.max(t.saturating_add(1)));
    }

    /// How the device's time at the second `t` stands to the scenario's.
    pub(super) fn scale(&self, t: u32) -> Scale {
        let uptime = Instant::from_secs(t.saturating_sub(self.booted));
        let since: Duration = uptime.saturating_since(self.latest);
        Scale { t, device: self.agent.status().now.saturating_add(since) }
    }
}

//! When the device contacts its manager: back-off after failures, and one exchange at a time
//! (SPEC A5, X5).

use super::failure::{Failure, FailureReason};
use crate::crypto::Digest;
use crate::identity::DeviceFingerprint;
use crate::policy::Policy;
use crate::time::{DeviceTime, Duration, Instant};
use serde::{Deserialize, Serialize};

/// What survives a boot of the contact with the manager.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Contact {
    /// How the last exchange went: `Ok` with its time, or the failure.
    pub(super) last: Option<Result<DeviceTime, Failure>>,
    /// While the manager does not answer.
    pub(super) retry: Option<Retry>,
    /// While it answers, and refuses to renew the certificate.
    pub(super) renewal_retry: Option<Retry>,
    /// Whether `CommunicationFailed` was told and not yet taken back.
    pub(super) outage_told: bool,
    /// Whether `AuthorizationRenewalFailed` was told since the last answered report.
    pub(super) report_failure_told: bool,
}

/// The next attempt after a failed one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Retry {
    pub(super) at: DeviceTime,
    /// The interval before jitter; the next is twice as long.
    interval: Duration,
}

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) purpose: Purpose,
    pub(super) digest: Digest,
    pub(super) sent: Instant,
    /// Whether something was in use when it was made.
    pub(super) covers_use: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    Register,
    Report,
    RenewCertificate,
    Deregister,
}

/// Longer than any transport should take; after it the agent counts the request as failed.
pub(super) const EXCHANGE_TIMEOUT: Duration = Duration::from_minutes(2);

impl Contact {
    pub(super) const fn new() -> Self {
        Self {
            last: None,
            retry: None,
            renewal_retry: None,
            outage_told: false,
            report_failure_told: false,
        }
    }

    /// Notes a failure and sets the next attempt; says whether the outage is to be told.
    pub(super) fn failed(
        &mut self,
        reason: FailureReason,
        now: DeviceTime,
        policy: &Policy,
        device: DeviceFingerprint,
    ) -> bool {
        self.last = Some(Err(Failure { reason, at: now }));
        self.retry = Some(Retry::after(self.retry, now, policy, device));
        // Who answers can be reached, whatever the answer.
        let outage = matches!(
            reason,
            FailureReason::Transport(_) | FailureReason::Frame(_) | FailureReason::NotAccepted(_)
        );
        outage && !core::mem::replace(&mut self.outage_told, true)
    }

    /// Whether the end of an outage is to be told: the manager has answered.
    pub(super) fn reached(&mut self) -> bool {
        core::mem::take(&mut self.outage_told)
    }

    /// Notes that the manager asked to come back later.
    pub(super) fn postponed(&mut self, now: DeviceTime, wait: Duration, policy: &Policy) {
        let failure = Failure { reason: FailureReason::RetryLater, at: now };
        self.last = Some(Err(failure));
        let interval = wait.min(policy.retry_max);
        self.retry = Some(Retry { at: now.saturating_add(interval), interval: Duration::ZERO });
    }

    /// Notes that what was asked was answered.
    pub(super) fn succeeded(&mut self, now: DeviceTime) {
        self.last = Some(Ok(now));
        self.retry = None;
    }

    /// Notes that a renewal was refused. Reports go on as ever.
    pub(super) fn renewal_refused(
        &mut self,
        now: DeviceTime,
        policy: &Policy,
        device: DeviceFingerprint,
    ) {
        self.renewal_retry = Some(Retry::after(self.renewal_retry, now, policy, device));
    }

    /// Something new is to be said: it does not wait for the next try, unless the manager asked for
    /// the wait (SPEC X3, L12).
    pub(super) fn try_now(&mut self, now: DeviceTime) {
        if let Some(retry) = self.retry.as_mut().filter(|retry| retry.interval > Duration::ZERO) {
            retry.at = now;
        }
    }

    /// A command tries at once, and the back-off starts again (SPEC X5).
    pub(super) fn forget_retry(&mut self) {
        self.retry = None;
        self.renewal_retry = None;
    }
}

impl Retry {
    /// The next attempt after one that failed at `now`, and `before` it perhaps others.
    fn after(
        before: Option<Self>,
        now: DeviceTime,
        policy: &Policy,
        device: DeviceFingerprint,
    ) -> Self {
        let interval = match before {
            None => policy.retry_first,
            // The first after a wait that the manager asked for starts the ladder as well.
            Some(retry) => retry.interval.doubled().max(policy.retry_first),
        };
        let interval = interval.min(policy.retry_max);
        Self { at: now.saturating_add(jittered(interval, device)), interval }
    }
}

/// 0 to 50 % off a retry interval, derived from the device so that a fleet that failed in one
/// second does not come back in one (SPEC A5, X5). The interval takes part, so that two devices
/// that meet once do not meet at every retry.
fn jittered(interval: Duration, device: DeviceFingerprint) -> Duration {
    let mixed = mix(u64::from_le_bytes(device.0) ^ u64::from(interval.as_secs()));
    let half = u64::from(interval.as_secs()).saturating_add(1).wrapping_shr(1);
    // The upper 32 bits as a fraction of one, of half the interval.
    let off = mixed.wrapping_shr(32).saturating_mul(half).wrapping_shr(32);
    interval.saturating_sub(Duration::from_secs(u32::try_from(off).unwrap_or_default()))
}

/// How long a device waits with a report that is overdue when it boots: up to a minute, by device,
/// so that a site's power coming back is not a site's reports in one second (SPEC X4).
pub(super) fn boot_spread(device: DeviceFingerprint) -> Duration {
    let seconds = mix(u64::from_le_bytes(device.0)).wrapping_shr(32).saturating_mul(60);
    Duration::from_secs(u32::try_from(seconds.wrapping_shr(32)).unwrap_or_default())
}

/// The finaliser of splitmix64: every input bit reaches every output bit.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ value.wrapping_shr(30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value.wrapping_shr(27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value.wrapping_shr(31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::failure::TransportError;

    const REASON: FailureReason = FailureReason::Transport(TransportError::TimedOut);

    fn device(number: u64) -> DeviceFingerprint {
        DeviceFingerprint(mix(number).to_le_bytes())
    }

    #[test]
    fn the_back_off_doubles_from_15_minutes_to_8_hours_and_jitter_only_shortens() {
        let policy = Policy::DEFAULT;
        for number in 0..1_000 {
            let mut contact = Contact::new();
            let mut now = DeviceTime::from_secs(0);
            for minutes in [15, 30, 60, 120, 240, 480, 480, 480] {
                let told = contact.failed(REASON, now, &policy, device(number));
                assert_eq!(told, minutes == 15, "one event for each outage");
                let at = contact.retry.unwrap().at;
                let waited = at.saturating_since(now);
                assert!(waited <= Duration::from_minutes(minutes), "{waited:?} of {minutes} min");
                assert!(waited >= Duration::from_secs(minutes * 30), "{waited:?} of {minutes} min");
                now = at;
            }
            contact.succeeded(now);
            assert!(contact.reached());
            assert!(!contact.reached(), "the end of an outage is told once");
        }
    }

    #[test]
    fn the_mixing_is_that_of_splitmix64() {
        // The first output of the generator for the seeds 0 and 1.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(1), 0x910A_2DEC_8902_5CC1);
    }

    #[test]
    fn a_fleet_spreads_over_the_whole_jitter() {
        let first_retries =
            (0..1_000).map(|number| jittered(Duration::from_minutes(15), device(number)).as_secs());
        let mut seconds = [0_u32; 901];
        for retry in first_retries {
            seconds[usize::try_from(retry).unwrap()] += 1;
        }
        assert!(seconds.iter().all(|&count| count < 20), "no second takes 2 % of the fleet");
        assert!(seconds[450..500].iter().sum::<u32>() > 50);
        assert!(seconds[850..].iter().sum::<u32>() > 50);
    }

    #[test]
    fn a_wait_the_manager_asked_for_is_obeyed_up_to_the_longest() {
        let mut contact = Contact::new();
        let now = DeviceTime::from_secs(1_000);
        contact.postponed(now, Duration::from_secs(90), &Policy::DEFAULT);
        assert_eq!(contact.retry.unwrap().at, DeviceTime::from_secs(1_090));
        contact.postponed(now, Duration::MAX, &Policy::DEFAULT);
        assert_eq!(contact.retry.unwrap().at, now.saturating_add(Policy::DEFAULT.retry_max));
    }
}

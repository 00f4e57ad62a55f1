//! The input classes, and the time scales they are played on.

use leasehold_core::policy::Policy;
use leasehold_core::time::Duration;

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 86_400;

/// One input class.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// `register` with a token that the manager takes.
    Register,
    /// `register force` with a token that the manager refuses.
    RegisterRefused,
    /// `register force` with a token that the manager takes.
    RegisterForce,
    /// `register force`; the link breaks right after the answer.
    RegisterThenCut,
    /// `deregister`.
    Deregister,
    /// The manager's administrator removes the instance.
    Remove,
    /// The link goes down when it is up, and up when it is down.
    Link,
    /// Nothing, one, two seats in use, nothing again: the next of them.
    Use,
    /// The account owns one seat or none: the other of them.
    Pool,
    /// Time passes: to the end of the tolerance.
    Short,
    /// Time passes: longer than any period but evaluation and certificate.
    Long,
    /// The device is switched off in order and on again after [`OFF`]; its real-time clock runs on.
    /// (What a power cut is charged, and never gives, is for the properties of time.)
    Reboot,
}

/// How long a [`Step::Reboot`] lasts.
pub(crate) const OFF: u64 = 20 * MINUTE;

impl Step {
    pub(crate) const ALL: [Self; 12] = [
        Self::Register,
        Self::RegisterRefused,
        Self::RegisterForce,
        Self::RegisterThenCut,
        Self::Deregister,
        Self::Remove,
        Self::Link,
        Self::Use,
        Self::Pool,
        Self::Short,
        Self::Long,
        Self::Reboot,
    ];
}

/// The rules' numbers, and how long the two steps of time are under them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) policy: Policy,
    pub(crate) short: u64,
    pub(crate) long: u64,
}

/// A product whose years are days: six inputs cross every timer, and no step has many wake-ups.
/// Numbers that are equal by default differ here.
pub(crate) const QUICK: Scale = Scale {
    policy: Policy {
        evaluation_period: Duration::from_hours(18),
        report_interval: Duration::from_hours(4),
        authorization_renewal: Duration::from_hours(6),
        authorization_period: Duration::from_hours(12),
        overage_period: Duration::from_hours(10),
        breached_report_interval: Duration::from_hours(3),
        certificate_period: Duration::from_hours(38),
        certificate_renewal: Duration::from_hours(20),
        register_retry: Duration::from_hours(1),
        retry_max: Duration::from_hours(2),
        ..Policy::DEFAULT
    },
    short: 45 * MINUTE,
    long: 13 * HOUR,
};

/// The defaults of SPEC X16.
pub(crate) const DEFAULT: Scale =
    Scale { policy: Policy::DEFAULT, short: 45 * MINUTE, long: 125 * DAY };

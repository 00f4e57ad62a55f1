//! What a manager may set of the rules' numbers of the products that ship.

use crate::policy::{Policy, PolicyBounds};
use crate::time::Duration;

/// It can report more often and warn sooner, and can never give a longer evaluation, a longer
/// overage or a longer certificate than the product.
pub(super) const BOUNDS: PolicyBounds = PolicyBounds {
    min: Policy {
        evaluation_period: Duration::from_days(90),
        report_interval: Duration::from_secs(1),
        authorization_renewal: Duration::from_minutes(1),
        authorization_period: Duration::from_days(1),
        backdate: Duration::ZERO,
        overage_period: Duration::from_days(7),
        pending_warning: Duration::from_secs(1),
        pending_tolerance: Duration::from_secs(2),
        pending_report_interval: Duration::from_secs(1),
        breached_report_interval: Duration::from_secs(1),
        certificate_period: Duration::from_days(7),
        certificate_renewal: Duration::from_days(1),
        register_retry: Duration::from_secs(1),
        retry_first: Duration::from_secs(1),
        retry_max: Duration::from_secs(1),
        clock_grace: Duration::from_hours(1),
        consecutive_reports: 1,
        lock_usage: false,
    },
    max: Policy {
        report_interval: Duration::from_hours(24),
        pending_report_interval: Duration::from_hours(1),
        register_retry: Duration::from_hours(1),
        retry_first: Duration::from_hours(1),
        consecutive_reports: 10,
        ..Policy::DEFAULT
    },
};

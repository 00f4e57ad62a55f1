//! Every number of the licensing rules, as data (SPEC A8, X16).

use crate::time::Duration;
use serde::{Deserialize, Serialize};

macro_rules! policy {
    ($($(#[$doc:meta])* $field:ident: $default:expr;)*) => {
        /// The periods and intervals an agent runs by. Defaults are those of SPEC X16.
        ///
        /// A product definition gives one and a [`PolicyBounds`]; a manager may send another in a
        /// signed answer, which [`PolicyBounds::clamp`] brings within the bounds.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
        pub struct Policy {
            $($(#[$doc])* pub $field: Duration,)*
            /// Out of compliance only after this many over-use reports in a row (SPEC X7).
            pub consecutive_reports: u8,
            /// While out of compliance, report the highest use until it is covered (SPEC X7).
            pub lock_usage: bool,
        }

        impl Policy {
            /// The defaults of SPEC X16.
            pub const DEFAULT: Self =
                Self { $($field: $default,)* consecutive_reports: 1, lock_usage: false };
        }

        impl PolicyBounds {
            /// `policy` with each field brought to the nearest value allowed.
            pub fn clamp(&self, policy: Policy) -> Policy {
                Policy {
                    $($field: policy.$field.max(self.min.$field).min(self.max.$field),)*
                    consecutive_reports: policy
                        .consecutive_reports
                        .max(self.min.consecutive_reports)
                        .min(self.max.consecutive_reports),
                    lock_usage: policy.lock_usage,
                }
            }
        }
    };
}

policy! {
    /// How long an unregistered appliance may be used, once in its life (SPEC A2).
    evaluation_period: Duration::from_days(90);
    /// From one answered usage report to the next (SPEC A4).
    report_interval: Duration::from_hours(8);
    /// The longest time between two attempts to renew the authorization (SPEC A4).
    authorization_renewal: Duration::from_days(30);
    /// How long one answer authorizes (SPEC A4).
    authorization_period: Duration::from_days(90);
    /// By how much certificates and authorizations are dated back (SPEC X2).
    backdate: Duration::from_minutes(5);
    /// From the breach, or the end of authorization, to enforcement (SPEC E2).
    overage_period: Duration::from_days(90);
    /// From out of compliance to the stronger warning (SPEC A6).
    pending_warning: Duration::from_minutes(30);
    /// From out of compliance to the breach (SPEC A6).
    pending_tolerance: Duration::from_minutes(45);
    /// Between reports while pending (SPEC A6).
    pending_report_interval: Duration::from_minutes(15);
    /// The longest time between reports once breached (SPEC A6).
    breached_report_interval: Duration::from_hours(12);
    /// How long an ID certificate lasts (SPEC R2).
    certificate_period: Duration::from_days(365);
    /// From one certificate to the first attempt to renew it (SPEC R2).
    certificate_renewal: Duration::from_days(180);
    /// Between attempts to register when the manager cannot be reached (SPEC R3).
    register_retry: Duration::from_minutes(15);
    /// The first interval of the back-off (SPEC A5).
    retry_first: Duration::from_minutes(15);
    /// The longest interval of the back-off (SPEC A5).
    retry_max: Duration::from_hours(8);
    /// How long a clock outside the certificate's validity may be put right (SPEC T2).
    clock_grace: Duration::from_hours(1);
}

/// The least and the most of each [`Policy`] field that a manager may set.
///
/// The ends bind the manager, not the product: they are what an attacker who holds the manager's
/// key can reach at the worst.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PolicyBounds {
    /// Least allowed, field by field.
    pub min: Policy,
    /// Most allowed, field by field.
    pub max: Policy,
}

impl PolicyBounds {
    /// Bounds that hold the policy still: no manager can change it.
    pub const fn fixed(policy: Policy) -> Self {
        Self { min: policy, max: policy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_x16() {
        let p = Policy::DEFAULT;
        let seconds = [
            (p.evaluation_period, 90 * 86_400),
            (p.report_interval, 8 * 3_600),
            (p.authorization_renewal, 30 * 86_400),
            (p.authorization_period, 90 * 86_400),
            (p.backdate, 300),
            (p.overage_period, 90 * 86_400),
            (p.pending_warning, 1_800),
            (p.pending_tolerance, 2_700),
            (p.pending_report_interval, 900),
            (p.breached_report_interval, 12 * 3_600),
            (p.certificate_period, 365 * 86_400),
            (p.certificate_renewal, 180 * 86_400),
            (p.register_retry, 900),
            (p.retry_first, 900),
            (p.retry_max, 8 * 3_600),
            (p.clock_grace, 3_600),
        ];
        for (field, expected) in seconds {
            assert_eq!(field.as_secs(), expected);
        }
        assert_eq!((p.consecutive_reports, p.lock_usage), (1, false));
    }

    #[test]
    fn a_manager_cannot_leave_the_bounds() {
        let mut min = Policy::DEFAULT;
        min.overage_period = Duration::from_days(30);
        let bounds = PolicyBounds { min, max: Policy::DEFAULT };
        let mut sent = Policy::DEFAULT;
        sent.overage_period = Duration::from_days(1);
        sent.report_interval = Duration::MAX;
        let clamped = bounds.clamp(sent);
        assert_eq!(clamped.overage_period, Duration::from_days(30));
        assert_eq!(clamped.report_interval, Policy::DEFAULT.report_interval);
        assert_eq!(PolicyBounds::fixed(Policy::DEFAULT).clamp(sent), Policy::DEFAULT);
    }
}

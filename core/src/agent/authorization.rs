//! Authorization: what the manager's answers say about the use (SPEC A1, A4, A6, A7, X3, X6).

use crate::policy::Policy;
use crate::time::{DeviceTime, Duration};
use crate::wire::{EntitlementAnswer, Verdict};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What is known of the authorization while registered. A new one begins with each registration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Authorization<const N: usize> {
    /// Which registration it is of: a boot compares, because the two records are written one after
    /// the other.
    pub(super) registered_at: DeviceTime,
    /// When the last report was answered; the next is due one interval later (SPEC X4).
    pub(super) answered: Option<DeviceTime>,
    /// Use began after that answer: nothing is known about it yet (SPEC X3).
    pub(super) use_unanswered: bool,
    /// Registered again after that answer: a report is due for it (SPEC A4).
    pub(super) report_owed: bool,
    /// When the authorization ends without another answer (SPEC A4).
    pub(super) deadline: DeviceTime,
    /// Whether the deadline has passed (SPEC A7).
    pub(super) expired: bool,
    pub(super) compliance: Compliance,
    /// Whether another machine uses this device's identity, by the last answer (SPEC T5).
    pub(super) duplicate: bool,
    /// The last verdict per entitlement of the license type, in its order.
    pub(super) entitlements: Vec<EntitlementAnswer, N>,
}

/// Whether the use is covered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Compliance {
    Covered,
    /// Over-use reported, but not often enough in a row to count (SPEC X7).
    Counting {
        reports: u8,
    },
    /// Tolerated since then (SPEC A6).
    Pending {
        since: DeviceTime,
        warned: bool,
    },
    /// The tolerance has ended (SPEC A6).
    Breached {
        since: DeviceTime,
    },
}

/// What a change of compliance has to be told as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ComplianceChange {
    Started,
    Shortly,
    Breached,
    Ended,
}

impl Compliance {
    /// Since when out of compliance, and whether still pending.
    pub(super) const fn out_since(self) -> Option<(DeviceTime, bool)> {
        match self {
            Self::Covered | Self::Counting { .. } => None,
            Self::Pending { since, .. } => Some((since, true)),
            Self::Breached { since } => Some((since, false)),
        }
    }

    /// Takes the answer to a report: covered, or not covered since `since`.
    pub(super) fn answered(
        &mut self,
        out_since: Option<DeviceTime>,
        registered_at: DeviceTime,
        now: DeviceTime,
        policy: &Policy,
    ) -> Option<ComplianceChange> {
        match (*self, out_since) {
            (Self::Covered, None) => None,
            (Self::Counting { .. }, None) => {
                *self = Self::Covered;
                None
            }
            // The first compliant answer clears all (SPEC A6).
            (Self::Pending { .. } | Self::Breached { .. }, None) => {
                *self = Self::Covered;
                Some(ComplianceChange::Ended)
            }
            // More over-use leaves `since` as it was (SPEC X6).
            (Self::Pending { .. } | Self::Breached { .. }, Some(_)) => None,
            (Self::Covered | Self::Counting { .. }, Some(since)) => {
                let before = match *self {
                    Self::Counting { reports } => reports,
                    _ => 0,
                };
                let reports = before.saturating_add(1);
                if reports < policy.consecutive_reports {
                    *self = Self::Counting { reports };
                    return None;
                }
                // What the manager has seen since before this registration counts (SPEC X6); reports
                // that had to come first do not.
                let first = policy.consecutive_reports <= 1 || since < registered_at;
                let since = if first { since } else { now };
                *self = Self::Pending { since, warned: false };
                Some(ComplianceChange::Started)
            }
        }
    }

    /// The stages of the tolerance, on the device's own time (SPEC X6).
    pub(super) fn advance(&mut self, now: DeviceTime, policy: &Policy) -> Option<ComplianceChange> {
        let Self::Pending { since, warned } = *self else {
            return None;
        };
        if since.saturating_add(policy.pending_tolerance) <= now {
            *self = Self::Breached { since };
            return Some(ComplianceChange::Breached);
        }
        if !warned && since.saturating_add(policy.pending_warning) <= now {
            *self = Self::Pending { since, warned: true };
            return Some(ComplianceChange::Shortly);
        }
        None
    }

    /// When [`Compliance::advance`] has something to do next.
    pub(super) fn next_stage(self, policy: &Policy) -> Option<DeviceTime> {
        match self {
            Self::Pending { since, warned } => {
                let breach = since.saturating_add(policy.pending_tolerance);
                let warning = since.saturating_add(policy.pending_warning);
                Some(if warned { breach } else { warning.min(breach) })
            }
            Self::Covered | Self::Counting { .. } | Self::Breached { .. } => None,
        }
    }

    /// From one answered report to the next (SPEC A4, A6).
    pub(super) fn report_interval(self, policy: &Policy) -> Duration {
        let normal = policy.report_interval.min(policy.authorization_renewal);
        match self {
            Self::Covered | Self::Counting { .. } => normal,
            Self::Pending { .. } => normal.min(policy.pending_report_interval),
            Self::Breached { .. } => normal.min(policy.breached_report_interval),
        }
    }
}

impl<const N: usize> Authorization<N> {
    /// That of a device registered at `now`, with nothing answered yet.
    pub(super) const fn new(registered_at: DeviceTime, deadline: DeviceTime) -> Self {
        Self {
            registered_at,
            answered: None,
            use_unanswered: false,
            report_owed: false,
            deadline,
            expired: false,
            compliance: Compliance::Covered,
            duplicate: false,
            entitlements: Vec::new(),
        }
    }

    /// Whether a report is owed whatever the calendar of reports says: for a registration (SPEC A4),
    /// or for use that began (SPEC X3).
    pub(super) const fn owes_report(&self) -> bool {
        self.answered.is_none() || self.use_unanswered || self.report_owed
    }

    /// When the next report is due; at once where one is owed.
    pub(super) fn report_due(&self, policy: &Policy) -> DeviceTime {
        match self.answered {
            Some(at) if !self.owes_report() => {
                at.saturating_add(self.compliance.report_interval(policy))
            }
            _ => DeviceTime::from_secs(0),
        }
    }

    pub(super) fn verdict(&self, index: usize) -> Verdict {
        self.entitlements.get(index).map(|answer| answer.verdict).unwrap_or_default()
    }
}

/// The authorization as people see it (SPEC A1).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum AuthorizationState {
    /// Nothing is in use and nothing is owed. Use that begins makes it `Evaluation` where the
    /// device is not registered, else `Waiting` with a report at once.
    NoLicensesInUse,
    /// In use and not registered: all features work, and the evaluation counts down as shown, with
    /// warnings (SPEC A3). It pauses when use ends, and becomes `EvaluationExpired` at the end;
    /// registering and a first answer end the counting.
    Evaluation,
    /// The evaluation is used up, in use or not, and enforcement is in force at once; a reminder
    /// comes every hour. Only registering and the first answer to a report end it.
    EvaluationExpired,
    /// Registered, or use has just begun, and the manager has not yet said whether the use is
    /// covered. A report is on its way or is tried again; its answer leads to `Authorized` or
    /// `OutOfCompliance`. Without any answer it becomes `AuthorizationExpired` at the deadline.
    Waiting,
    /// The account covers the use. The next report and the deadline are shown; a report whose
    /// answer is not covered leads to `OutOfCompliance`, no answer by the deadline to
    /// `AuthorizationExpired`.
    Authorized,
    /// More is in use than the account owns, or a tag is not owned at all. While `pending` it is
    /// tolerated and reported every 15 min; after 45 min the tolerance is breached, and the overage
    /// period runs towards enforcement. Buying licences or using less ends it with the next
    /// answered report, whatever is in use by then; `since` stays until that moment, also across
    /// registrations (SPEC X6).
    OutOfCompliance {
        /// Since when.
        since: DeviceTime,
        /// Whether the tolerance still runs.
        pending: bool,
    },
    /// No answer came by the deadline: the overage period runs towards enforcement. Mend the way to
    /// the manager: the next signed answer leads straight back to what the use calls for. With a
    /// certificate that also ends, the device becomes unregistered.
    AuthorizationExpired,
    /// Licences are reserved for this device and cover what is in use, without any contact. The
    /// terms, and when they end, are shown.
    Reserved,
    /// More is in use than is reserved, because a term ended or an update gave less. The overage
    /// period runs towards enforcement. Using less ends it at once, as does an update with more.
    NotAuthorizedReserved,
}

//! What happened, for the host to tell people (SPEC M1, M3).

use super::enforcement::Reason;
use super::failure::FailureReason;
use super::record::{RecordError, RecordKind};
use crate::time::{DeviceTime, Duration};
use crate::wire::Refusal;
use heapless::Deque;
use serde::Serialize;

/// Something that happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Event {
    /// Grows by one with every event since boot: a gap is a loss.
    pub sequence: u32,
    /// When.
    pub at: DeviceTime,
    /// What.
    pub kind: EventKind,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty),* })?,)*) => {
        /// What happened. Append only.
        #[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$doc])* $name $({ $($(#[$field_doc])* $field: $type),* })?,)*
        }

        impl EventKind {
            /// The names of all events, in the order of their declaration.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// The event's name, the same in every sink.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name),)*
                }
            }
        }
    };
}

events! {
    /// The manager made this device a product instance.
    RegistrationSucceeded,
    /// The manager could not be reached to register; the attempt goes on (SPEC R3).
    RegistrationRetrying {
        /// Why.
        reason: FailureReason
    },
    /// The manager refused the registration; only a new command helps (SPEC R3).
    RegistrationFailed {
        /// Why.
        reason: FailureReason
    },
    /// The device left its account by command (SPEC R6).
    Deregistered {
        /// Whether the manager knows. If not, the stale instance must be removed there.
        manager_told: bool
    },
    /// The manager no longer has this instance (SPEC X14).
    InstanceRemoved {
        /// Whether it was removed, replaced, or its certificate ended.
        why: Refusal
    },
    /// The ID certificate ended before it could be renewed (SPEC R4).
    RegistrationExpired,
    /// So much is left of the ID certificate, and it could not be renewed yet.
    RegistrationExpiring {
        /// What is left.
        left: Duration
    },
    /// A longer ID certificate was received.
    CertificateRenewed,
    /// The ID certificate could not be renewed; it is tried again.
    CertificateRenewalFailed {
        /// Why.
        reason: FailureReason
    },
    /// The account covers everything in use.
    Authorized,
    /// More is in use than the account owns; tolerated for a while (SPEC A6).
    OutOfCompliancePending,
    /// Still not covered: the tolerance ends soon (SPEC A6).
    OutOfComplianceShortly,
    /// The tolerance ended; the overage period began (SPEC A6).
    OutOfComplianceBreached,
    /// Covered again.
    BackInCompliance,
    /// A usage report, and with it the authorization, could not be renewed. Told once until one is.
    AuthorizationRenewalFailed {
        /// Why.
        reason: FailureReason
    },
    /// So much is left of the authorization, and no answer renewed it.
    AuthorizationExpiring {
        /// What is left.
        left: Duration
    },
    /// No answer for so long that the authorization ended (SPEC A7).
    AuthorizationExpired,
    /// An answer ended an expired authorization (SPEC A7).
    AuthorizationRestored,
    /// Unregistered use began to count against the evaluation.
    EvaluationStarted,
    /// The evaluation no longer counts.
    EvaluationPaused,
    /// So much of the evaluation is left (SPEC A3).
    EvaluationWarning {
        /// What is left.
        left: Duration
    },
    /// The evaluation is used up; told again every hour (SPEC A3).
    EvaluationExpired,
    /// A period of overage began (SPEC E2).
    OverageStarted {
        /// Why.
        reason: Reason,
        /// When it ends.
        ends: DeviceTime
    },
    /// So much of the overage is left.
    OverageRunning {
        /// Why it runs.
        reason: Reason,
        /// What is left.
        left: Duration
    },
    /// Provisioning is to be refused (SPEC E3).
    EnforcementStarted {
        /// Why.
        reason: Reason
    },
    /// Neither overage nor enforcement any more (SPEC E4).
    EnforcementEnded,
    /// The manager does not answer: told once for each outage (SPEC A5).
    CommunicationFailed {
        /// Why.
        reason: FailureReason
    },
    /// The manager answers again.
    CommunicationRestored,
    /// A licence that must be owned is not (SPEC X10).
    RequiredLicenseMissing {
        /// Index of the entitlement.
        entitlement: u8
    },
    /// The manager does not know a tag.
    InvalidTag {
        /// Index of the entitlement.
        entitlement: u8
    },
    /// A tag that was unknown is known, or a licence that must be owned is.
    EntitlementAccepted {
        /// Index of the entitlement.
        entitlement: u8
    },
    /// The request's number had been used before; going on under a new epoch (SPEC T5).
    NumberConflict,
    /// Another machine uses this device's identity (SPEC T5).
    DuplicateInstance,
    /// This device is the only one with its identity again.
    DuplicateSettled,
    /// The real-time clock was set; no period was lengthened by it (SPEC T1).
    ClockChanged {
        /// Whether it went back.
        back: bool,
        /// By how much.
        by: Duration
    },
    /// The real-time clock is outside the dates of the ID certificate: it has until then to be put
    /// right (SPEC T2).
    ClockDisagrees {
        /// Whether it is past the end of the certificate; otherwise before its start.
        ahead: bool,
        /// When the device is unregistered, or the clock ignored.
        until: DeviceTime
    },
    /// The real-time clock stayed before the start of the certificate, and counts as absent
    /// (SPEC T2).
    ClockIgnored,
    /// The real-time clock was put right, or the manager's time settled it (SPEC T2).
    ClockSettled,
    /// The manager sent other rules, or took them back (SPEC A8).
    PolicyChanged,
    /// Another license type is in force: nothing is in use until it is acquired again.
    LicenseTypeChanged,
    /// An administrator changed the overage allowance or a limit (SPEC C4).
    LicenseControlChanged,
    /// Everything was erased but the evaluation used (SPEC X13).
    FactoryReset,
    /// Licences were asked for with a request code (SPEC S1).
    ReservationRequested {
        /// The reservation's number.
        number: u32
    },
    /// An authorization code was installed (SPEC S1, S2).
    ReservationInstalled {
        /// Which authorization: 0 the first, then its updates.
        generation: u8
    },
    /// An update was returned that was not installed, and never will be (SPEC S3).
    ReservationUpdateReturned {
        /// Which update.
        generation: u8
    },
    /// The request was dropped before an authorization was installed (SPEC S3).
    ReservationCancelled,
    /// Everything reserved was returned (SPEC S3).
    ReservationReturned,
    /// A backup was put back that holds a reservation which had ended: it holds no more (SPEC S5).
    ReservationRolledBack,
    /// More is in use than is reserved (SPEC X11).
    ReservationInsufficient,
    /// What is reserved covers the use again.
    ReservationSufficient,
    /// A reserved term ends soon (SPEC S7).
    ReservationTermEnding {
        /// Index of the entitlement.
        entitlement: u8,
        /// How many licences.
        count: u32,
        /// How many days are left, a begun one included: at most 90.
        days: u8
    },
    /// A reserved term ended: its licences count no more (SPEC S7).
    ReservationTermEnded {
        /// Index of the entitlement.
        entitlement: u8,
        /// How many licences.
        count: u32
    },
    /// The platform's counter could not be raised: codes that depend on it are held back.
    CounterFailed,
    /// The platform's counter works again.
    CounterRestored,
    /// More was acquired than can be counted; it was refused.
    CountingFailed,
    /// A stored record could not be used.
    RecordRejected {
        /// Which.
        record: RecordKind,
        /// Why.
        error: RecordError
    },
    /// State could not be stored; the device goes on with the last good state.
    StorageFailed,
    /// State can be stored again.
    StorageRestored,
    /// The queue was full: so many events are missing here (SPEC M3).
    EventsLost {
        /// How many.
        count: u32
    },
}

const QUEUE: usize = 8;

/// Events between the agent and its host. When it is full, what follows is counted, and the count
/// takes the place of the first event that fits again.
#[derive(Clone, Debug)]
pub(super) struct EventQueue {
    waiting: Deque<(DeviceTime, EventKind), QUEUE>,
    /// The number of the first that waits: the others follow it without a gap.
    first_sequence: u32,
    lost: u32,
}

impl EventQueue {
    pub(super) const fn new() -> Self {
        Self { waiting: Deque::new(), first_sequence: 0, lost: 0 }
    }

    pub(super) fn push(&mut self, at: DeviceTime, kind: EventKind) {
        if self.lost > 0 || self.waiting.push_back((at, kind)).is_err() {
            self.lost = self.lost.saturating_add(1);
        }
    }

    pub(super) fn pop(&mut self, now: DeviceTime) -> Option<Event> {
        let Some((at, kind)) = self.waiting.pop_front() else {
            return self.pop_loss(now);
        };
        let sequence = self.first_sequence;
        self.first_sequence = sequence.wrapping_add(1);
        Some(Event { sequence, at, kind })
    }

    /// How many were lost, in the place of the last of them.
    fn pop_loss(&mut self, at: DeviceTime) -> Option<Event> {
        let count = core::mem::take(&mut self.lost);
        if count == 0 {
            return None;
        }
        let sequence = self.first_sequence.wrapping_add(count);
        self.first_sequence = sequence.wrapping_add(1);
        Some(Event { sequence, at, kind: EventKind::EventsLost { count } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_says_how_many_it_dropped() {
        let mut queue = EventQueue::new();
        let now = DeviceTime::from_secs(7);
        for _ in 0..QUEUE + 5 {
            queue.push(now, EventKind::Authorized);
        }
        let drained: heapless::Vec<Event, 64> = core::iter::from_fn(|| queue.pop(now)).collect();
        assert_eq!(drained.len(), QUEUE + 1);
        let last = drained.last().unwrap();
        assert_eq!(last.kind, EventKind::EventsLost { count: 5 });
        assert_eq!(last.sequence, u32::try_from(QUEUE).unwrap() + 5);
        queue.push(now, EventKind::Authorized);
        assert_eq!(queue.pop(now).unwrap().sequence, last.sequence + 1);
    }

    #[test]
    fn what_comes_after_a_loss_waits_until_the_loss_is_told() {
        let mut queue = EventQueue::new();
        let now = DeviceTime::from_secs(7);
        for _ in 0..=QUEUE {
            queue.push(now, EventKind::Authorized);
        }
        queue.pop(now).unwrap();
        queue.push(now, EventKind::BackInCompliance);
        let drained: heapless::Vec<EventKind, 64> =
            core::iter::from_fn(|| queue.pop(now)).map(|event| event.kind).collect();
        assert_eq!(drained.len(), QUEUE);
        assert_eq!(drained.last(), Some(&EventKind::EventsLost { count: 2 }));
    }
}

//! What happened, as a line of the log.

use super::{Explanation, failure, span_text, time_text, unknown};
use leasehold_core::agent::{EventKind, Reason, RecordError, RecordKind};
use leasehold_core::product::LicenseType;
use leasehold_core::time::{DeviceTime, UnixTime};
use serde::{Deserialize, Serialize};

/// How much an event matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something must be done some time.
    Warning,
    /// Something must be done now.
    Error,
}

/// What events are worded with.
pub struct Words<'a> {
    /// Gives entitlements their names.
    pub license_type: &'a LicenseType<'a>,
    /// Gives moments their calendar time.
    pub unix: &'a dyn Fn(DeviceTime) -> Option<UnixTime>,
}

/// How much an event matters.
pub fn severity(kind: &EventKind) -> Severity {
    match kind {
        EventKind::RegistrationSucceeded
        | EventKind::Deregistered { manager_told: true }
        | EventKind::CertificateRenewed
        | EventKind::Authorized
        | EventKind::BackInCompliance
        | EventKind::AuthorizationRestored
        | EventKind::EvaluationStarted
        | EventKind::EvaluationPaused
        | EventKind::EnforcementEnded
        | EventKind::CommunicationRestored
        | EventKind::StorageRestored => Severity::Info,
        EventKind::RegistrationFailed { .. }
        | EventKind::InstanceRemoved
        | EventKind::RegistrationExpired
        | EventKind::OutOfComplianceBreached
        | EventKind::AuthorizationExpired
        | EventKind::EvaluationExpired
        | EventKind::OverageStarted { .. }
        | EventKind::EnforcementStarted { .. }
        | EventKind::RecordRejected { .. }
        | EventKind::StorageFailed => Severity::Error,
        _ => Severity::Warning,
    }
}

const NOTHING: &str = "Nothing needs to be done.";
const BUY_OR_RELEASE: &str =
    "Buy the licences that are missing, or use fewer; `show license status` says which.";

/// What an event means.
pub fn event(kind: &EventKind, words: &Words<'_>) -> Explanation {
    match *kind {
        EventKind::RegistrationSucceeded
        | EventKind::RegistrationRetrying { .. }
        | EventKind::RegistrationFailed { .. }
        | EventKind::Deregistered { .. }
        | EventKind::InstanceRemoved
        | EventKind::RegistrationExpired
        | EventKind::CertificateRenewed
        | EventKind::CertificateRenewalFailed { .. } => registration(kind),
        EventKind::EvaluationStarted => Explanation::new(
            "Licences are used without registration: the evaluation counts.",
            "Register the appliance before the evaluation is used up.",
        ),
        EventKind::EvaluationPaused => {
            Explanation::new("The evaluation no longer counts.", NOTHING)
        }
        EventKind::EvaluationWarning { left } => Explanation::new(
            format!("{} of the evaluation are left.", span_text(left)),
            "Register the appliance before the evaluation is used up.",
        ),
        EventKind::EvaluationExpired => Explanation::new(
            "The evaluation is used up, and the appliance is not registered.",
            "Register it: `license smart register idtoken -`.",
        ),
        EventKind::OverageStarted { reason, ends } => Explanation::new(
            format!(
                "{} Everything works until {}; then provisioning is refused.",
                because(reason),
                time_text((words.unix)(ends))
            ),
            way_out(reason),
        ),
        EventKind::EnforcementStarted { reason } => Explanation::new(
            format!("{} Provisioning is refused; what runs keeps running.", because(reason)),
            way_out(reason),
        ),
        EventKind::EnforcementEnded => {
            Explanation::new("Neither overage nor enforcement is in force any more.", NOTHING)
        }
        EventKind::RequiredLicenseMissing { entitlement } => Explanation::new(
            format!("The account owns no {}.", entitlement_name(words, entitlement)),
            "Buy it, or move one to this virtual account.",
        ),
        EventKind::InvalidTag { entitlement } => Explanation::new(
            format!(
                "The license manager does not know the tag of {}.",
                entitlement_name(words, entitlement)
            ),
            "Bring manager and appliance to versions that belong together.",
        ),
        _ => compliance(kind).or_else(|| platform(kind)).unwrap_or_else(|| unknown("an event")),
    }
}

fn registration(kind: &EventKind) -> Explanation {
    match *kind {
        EventKind::RegistrationSucceeded => {
            Explanation::new("The appliance is registered.", NOTHING)
        }
        EventKind::RegistrationRetrying { reason } => {
            prefixed("The registration did not get through and is tried again:", failure(reason))
        }
        EventKind::RegistrationFailed { reason } => {
            prefixed("The registration was refused:", failure(reason))
        }
        EventKind::Deregistered { manager_told: true } => {
            Explanation::new("The appliance is deregistered and its licences are free.", NOTHING)
        }
        EventKind::Deregistered { manager_told: false } => Explanation::new(
            "The appliance is deregistered, but the license manager could not be told.",
            "Remove the stale product instance in the license manager.",
        ),
        EventKind::InstanceRemoved => Explanation::new(
            "The license manager no longer has this appliance: it is unregistered.",
            "If that was not intended, register it again with a new token.",
        ),
        EventKind::RegistrationExpired => Explanation::new(
            "The ID certificate ended before it could be renewed: the appliance is unregistered.",
            "Register it again with a new token.",
        ),
        EventKind::CertificateRenewed => {
            Explanation::new("The ID certificate was renewed.", NOTHING)
        }
        EventKind::CertificateRenewalFailed { reason } => {
            prefixed("The ID certificate could not be renewed:", failure(reason))
        }
        _ => unknown("an event"),
    }
}

fn compliance(kind: &EventKind) -> Option<Explanation> {
    Some(match *kind {
        EventKind::Authorized => Explanation::new("The account covers everything in use.", NOTHING),
        EventKind::OutOfCompliancePending => Explanation::new(
            "More licences are used than the account owns; this is tolerated for a while.",
            BUY_OR_RELEASE,
        ),
        EventKind::OutOfComplianceShortly => Explanation::new(
            "More licences are still used than the account owns, and the tolerance ends soon.",
            BUY_OR_RELEASE,
        ),
        EventKind::OutOfComplianceBreached => Explanation::new(
            "The tolerance ended with more licences in use than the account owns.",
            BUY_OR_RELEASE,
        ),
        EventKind::BackInCompliance => {
            Explanation::new("The account covers everything in use again.", NOTHING)
        }
        EventKind::AuthorizationExpired => Explanation::new(
            "The license manager has not answered for so long that the authorization ended.",
            way_out(Reason::AuthorizationExpired),
        ),
        EventKind::AuthorizationRestored => Explanation::new(
            "The license manager answered: the authorization holds again.",
            NOTHING,
        ),
        _ => return None,
    })
}

fn platform(kind: &EventKind) -> Option<Explanation> {
    Some(match *kind {
        EventKind::CommunicationFailed { reason } => {
            prefixed("The license manager cannot be reached:", failure(reason))
        }
        EventKind::CommunicationRestored => {
            Explanation::new("The license manager answers again.", NOTHING)
        }
        EventKind::NumberConflict => Explanation::new(
            "The license manager had already seen a request with this number.",
            "If this machine was cloned or restored from an image, register one of the two with \
             `force`; otherwise nothing needs to be done.",
        ),
        EventKind::ClockChanged => Explanation::new(
            "The calendar clock went back; no licence period changed with it.",
            "Check the clock, its battery and its time server.",
        ),
        EventKind::RecordRejected { record: kind, error } => record(kind, error),
        EventKind::StorageFailed => Explanation::new(
            "State cannot be stored; the appliance goes on with what it stored last.",
            "Check the data directory: its space, its permissions and its disk.",
        ),
        EventKind::StorageRestored => Explanation::new("State is stored again.", NOTHING),
        EventKind::EventsLost { count } => Explanation::new(
            format!("{count} events came faster than they could be noted and are missing here."),
            "Look at `show license all` for the state they led to.",
        ),
        _ => return None,
    })
}

/// Why a stored record is not used.
pub fn record(kind: RecordKind, error: RecordError) -> Explanation {
    let what = match kind {
        RecordKind::Identity => "identity",
        RecordKind::Ledger => "ledger",
    };
    match error {
        RecordError::Damaged => Explanation::new(
            format!("A stored copy of the {what} is damaged and is not used."),
            "Check the disk; where no other copy was sound, the appliance starts as new there and \
             must perhaps be registered again.",
        ),
        RecordError::Foreign => Explanation::new(
            format!("A stored copy of the {what} belongs to another appliance."),
            "Give this appliance its own data directory: move the old one away, do not delete it.",
        ),
        RecordError::NewerVersion(version) => Explanation::new(
            format!("A stored copy of the {what} is of the newer format {version}."),
            "Start the newer software again, or move the data directory away to begin as new.",
        ),
        _ => unknown("a fault in a stored record"),
    }
}

fn prefixed(prefix: &str, Explanation { cause, remedy }: Explanation) -> Explanation {
    let mut letters = cause.chars();
    let lower: String = letters.next().map(|c| c.to_lowercase().collect()).unwrap_or_default();
    Explanation { cause: format!("{prefix} {lower}{}", letters.as_str()), remedy }
}

fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfCompliance => "More licences are used than the account owns.",
        Reason::AuthorizationExpired => "The license manager has not answered for too long.",
        Reason::EvaluationExpired => "The evaluation is used up.",
        _ => "A licence rule is not kept.",
    }
}

fn way_out(reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfCompliance => BUY_OR_RELEASE,
        Reason::AuthorizationExpired => {
            "Restore the connection to the license manager, then `license smart renew auth`."
        }
        Reason::EvaluationExpired => "Register the appliance.",
        _ => "Look at `show license status`.",
    }
}

fn entitlement_name<'w>(words: &Words<'w>, index: u8) -> &'w str {
    words.license_type.entitlement(index.into()).map_or("an entitlement", |found| found.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::agent::{FailureReason, TransportError};
    use leasehold_core::products::contact_center::FLEX;
    use leasehold_core::time::Duration;

    const REASON: FailureReason = FailureReason::Transport(TransportError::TimedOut);

    fn every_kind() -> Vec<EventKind> {
        let ends = DeviceTime::from_secs(5);
        let mut kinds = vec![
            EventKind::RegistrationSucceeded,
            EventKind::RegistrationRetrying { reason: REASON },
            EventKind::RegistrationFailed { reason: REASON },
            EventKind::Deregistered { manager_told: true },
            EventKind::Deregistered { manager_told: false },
            EventKind::InstanceRemoved,
            EventKind::RegistrationExpired,
            EventKind::CertificateRenewed,
            EventKind::CertificateRenewalFailed { reason: REASON },
            EventKind::Authorized,
            EventKind::OutOfCompliancePending,
            EventKind::OutOfComplianceShortly,
            EventKind::OutOfComplianceBreached,
            EventKind::BackInCompliance,
            EventKind::AuthorizationExpired,
            EventKind::AuthorizationRestored,
            EventKind::EvaluationStarted,
            EventKind::EvaluationPaused,
            EventKind::EvaluationWarning { left: Duration::from_days(7) },
            EventKind::EvaluationExpired,
            EventKind::EnforcementEnded,
            EventKind::CommunicationFailed { reason: REASON },
            EventKind::CommunicationRestored,
            EventKind::RequiredLicenseMissing { entitlement: 2 },
            EventKind::InvalidTag { entitlement: 0 },
            EventKind::NumberConflict,
            EventKind::ClockChanged,
            EventKind::StorageFailed,
            EventKind::StorageRestored,
            EventKind::EventsLost { count: 3 },
        ];
        for reason in
            [Reason::OutOfCompliance, Reason::AuthorizationExpired, Reason::EvaluationExpired]
        {
            kinds.push(EventKind::OverageStarted { reason, ends });
            kinds.push(EventKind::EnforcementStarted { reason });
        }
        for record in RecordKind::ALL {
            for error in [RecordError::Damaged, RecordError::Foreign, RecordError::NewerVersion(9)]
            {
                kinds.push(EventKind::RecordRejected { record, error });
            }
        }
        kinds
    }

    #[test]
    fn every_event_has_a_text_and_a_remedy_of_its_own() {
        let unix = |_: DeviceTime| Some(UnixTime::from_secs(1_800_000_000));
        let words = Words { license_type: &FLEX, unix: &unix };
        let kinds = every_kind();
        for name in EventKind::NAMES {
            assert!(kinds.iter().any(|kind| kind.name() == *name), "{name} is not tested");
        }
        let mut causes = Vec::new();
        for kind in &kinds {
            let Explanation { cause, remedy } = event(kind, &words);
            for sentence in [&cause, &remedy] {
                assert!(sentence.ends_with('.') && !sentence.contains("no words"), "{kind:?}");
                assert!(!sentence.contains('{') && !sentence.contains('('), "{sentence}");
                assert!(!sentence.contains(kind.name()), "{sentence}");
            }
            causes.push(cause);
        }
        causes.sort();
        causes.dedup();
        assert_eq!(causes.len(), kinds.len());
    }

    #[test]
    fn an_event_names_what_it_is_about() {
        let unix = |_: DeviceTime| Some(UnixTime::from_secs(1_800_000_000));
        let words = Words { license_type: &FLEX, unix: &unix };
        let text = |kind| event(&kind, &words).cause;
        let missing = text(EventKind::RequiredLicenseMissing { entitlement: 2 });
        assert!(missing.contains("CC Flex Server"), "{missing}");
        let reason = Reason::OutOfCompliance;
        let overage = text(EventKind::OverageStarted { reason, ends: DeviceTime::from_secs(1) });
        assert!(overage.contains("2027-01-15"), "{overage}");
        let refused = text(EventKind::RegistrationFailed { reason: REASON });
        assert!(refused.contains("refused: the license manager did not"), "{refused}");
    }

    #[test]
    fn what_needs_a_hand_is_no_information() {
        for kind in every_kind() {
            let unix = |_: DeviceTime| None;
            let words = Words { license_type: &FLEX, unix: &unix };
            let idle = event(&kind, &words).remedy == NOTHING;
            // Evaluation that starts is both: expected, and to be ended by registering.
            if kind != EventKind::EvaluationStarted {
                assert_eq!(idle, severity(&kind) == Severity::Info, "{kind:?}");
            }
        }
    }
}

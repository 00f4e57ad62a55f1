//! What happened, as a line of the log.

mod clock;
mod reservation;
#[cfg(test)]
mod tests;

use super::{Explanation, failure, refusal, span_text, time_text, unknown};
use crate::problem::Problem;
use leasehold_core::agent::{EventKind, Reason, RecordError, RecordKind};
use leasehold_core::product::{EnforcementMode, LicenseType};
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
        | EventKind::DuplicateSettled
        | EventKind::EntitlementAccepted { .. }
        | EventKind::ClockSettled
        | EventKind::PolicyChanged
        | EventKind::LicenseTypeChanged
        | EventKind::LicenseControlChanged
        | EventKind::ReservationInstalled { generation: 0 }
        | EventKind::ReservationSufficient
        | EventKind::CounterRestored
        | EventKind::StorageRestored => Severity::Info,
        EventKind::RegistrationFailed { .. }
        | EventKind::InstanceRemoved { .. }
        | EventKind::RegistrationExpired
        | EventKind::OutOfComplianceBreached
        | EventKind::AuthorizationExpired
        | EventKind::EvaluationExpired
        | EventKind::OverageStarted { .. }
        | EventKind::OverageRunning { .. }
        | EventKind::EnforcementStarted { .. }
        | EventKind::DuplicateInstance
        | EventKind::ClockDisagrees { ahead: true, .. }
        | EventKind::ReservationRolledBack
        | EventKind::ReservationInsufficient
        | EventKind::CounterFailed
        | EventKind::RecordRejected { .. }
        | EventKind::StorageFailed => Severity::Error,
        _ => Severity::Warning,
    }
}

const NOTHING: &str = "Nothing needs to be done.";
const BUY_OR_RELEASE: &str =
    "Buy the licences that are missing, or use fewer; `show license status` says which.";

/// What an event means, on a product whose enforcement refuses provisioning.
pub fn event(kind: &EventKind, words: &Words<'_>) -> Explanation {
    event_under(EnforcementMode::Provisioning, kind, words)
}

/// What an event means on a product of that mode of enforcement (SPEC E3).
pub fn event_under(mode: EnforcementMode, kind: &EventKind, words: &Words<'_>) -> Explanation {
    match *kind {
        EventKind::RegistrationSucceeded
        | EventKind::RegistrationRetrying { .. }
        | EventKind::RegistrationFailed { .. }
        | EventKind::Deregistered { .. }
        | EventKind::InstanceRemoved { .. }
        | EventKind::RegistrationExpired
        | EventKind::RegistrationExpiring { .. }
        | EventKind::CertificateRenewed
        | EventKind::CertificateRenewalFailed { .. }
        | EventKind::DuplicateInstance
        | EventKind::DuplicateSettled
        | EventKind::FactoryReset => registration(kind),
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
        EventKind::OverageStarted { .. }
        | EventKind::OverageRunning { .. }
        | EventKind::EnforcementStarted { .. } => enforcement(mode, kind, words),
        EventKind::EnforcementEnded => {
            Explanation::new("Neither overage nor enforcement is in force any more.", NOTHING)
        }
        EventKind::EntitlementAccepted { entitlement } => Explanation::new(
            format!(
                "The license manager knows {} now, and the account owns what it must.",
                entitlement_name(words, entitlement)
            ),
            NOTHING,
        ),
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
        EventKind::ClockChanged { .. }
        | EventKind::ClockDisagrees { .. }
        | EventKind::ClockIgnored
        | EventKind::ClockSettled => clock::event(kind, words),
        EventKind::LicenseTypeChanged => {
            Explanation::new(format!("The license type is {}.", words.license_type.name), NOTHING)
        }
        _ => compliance(kind)
            .or_else(|| platform(kind))
            .or_else(|| reservation::event(kind, words))
            .unwrap_or_else(|| unknown("an event")),
    }
}

/// A period of overage, or what follows it, on a product of that mode.
fn enforcement(mode: EnforcementMode, kind: &EventKind, words: &Words<'_>) -> Explanation {
    let then = match mode {
        EnforcementMode::Provisioning => "provisioning is refused",
        EnforcementMode::NewUse => "provisioning and new use are refused",
        EnforcementMode::Advisory => "this counts as enforced, but nothing is refused",
    };
    let (reason, happens) = match *kind {
        EventKind::OverageStarted { reason, ends } => {
            let ends = time_text((words.unix)(ends));
            (reason, format!("Everything works until {ends}; then {then}."))
        }
        EventKind::OverageRunning { reason, left } => {
            (reason, format!("Everything works for {} more; then {then}.", span_text(left)))
        }
        EventKind::EnforcementStarted { reason } => {
            (reason, format!("From now on {then}; what runs keeps running."))
        }
        _ => return unknown("an event"),
    };
    Explanation::new(format!("{} {happens}", because(reason)), way_out(reason))
}

/// Why nothing may be begun while this is enforced.
pub fn new_use_refused(reason: Reason) -> Problem {
    let cause = format!("{} New use is refused; what runs keeps running.", because(reason));
    Problem::new("enforced", cause, way_out(reason))
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
        EventKind::InstanceRemoved { why } => {
            prefixed("The appliance is unregistered:", refusal(why))
        }
        EventKind::RegistrationExpired => Explanation::new(
            "The ID certificate ended before it could be renewed: the appliance is unregistered.",
            "Register it again with a new token.",
        ),
        EventKind::RegistrationExpiring { left } => Explanation::new(
            format!(
                "The ID certificate could not be renewed yet and ends in {}; then the appliance \
                 is unregistered.",
                span_text(left)
            ),
            "Restore the connection to the license manager, then `license smart renew id`.",
        ),
        EventKind::DuplicateInstance => Explanation::new(
            "Two machines use this appliance's identity, and the account counts both.",
            "Stop the one that was cloned; or give it a serial number of its own, or register one \
             of the two again with `force`.",
        ),
        EventKind::DuplicateSettled => {
            Explanation::new("Only this machine uses the appliance's identity again.", NOTHING)
        }
        EventKind::FactoryReset => Explanation::new(
            "Registration and settings are erased; the evaluation that was used stays used.",
            "Choose the license type and set the transport again, then register.",
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
        EventKind::AuthorizationRenewalFailed { reason } => {
            prefixed("Usage could not be reported:", failure(reason))
        }
        EventKind::AuthorizationExpiring { left } => Explanation::new(
            format!(
                "The license manager does not answer, and the authorization ends in {}.",
                span_text(left)
            ),
            way_out(Reason::AuthorizationExpired),
        ),
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
        EventKind::PolicyChanged => {
            Explanation::new("The license manager changed the rules' numbers.", NOTHING)
        }
        EventKind::LicenseControlChanged => {
            Explanation::new("An administrator changed the overage allowance or a limit.", NOTHING)
        }
        EventKind::CountingFailed => Explanation::new(
            "More was acquired than can be counted; it was refused.",
            "Release what is not used; if the count is not real, look at what acquires.",
        ),
        EventKind::RecordRejected { record: kind, error } => record(kind, error),
        EventKind::StorageFailed => Explanation::new(
            "State cannot be stored; the appliance goes on with what it stored last.",
            "Check the data directory: its space, its permissions and its disk.",
        ),
        EventKind::StorageRestored => Explanation::new("State is stored again.", NOTHING),
        EventKind::CounterFailed => Explanation::new(
            "The counter that tells a backup which was put back cannot be raised; codes are held back.",
            "Check the storage or the chip that the counter is in.",
        ),
        EventKind::CounterRestored => Explanation::new(
            "The counter that tells a backup which was put back works again.",
            NOTHING,
        ),
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
        RecordError::RolledBack => Explanation::new(
            format!("A stored copy of the {what} is older than the appliance knows it to be."),
            "Do not put back single files of the data directory; where a whole backup was put \
             back, let the appliance reach its license manager.",
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
        Reason::NotAuthorizedReserved => "More licences are used than are reserved.",
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
        Reason::NotAuthorizedReserved => reservation::RESERVE_OR_RELEASE,
        _ => "Look at `show license status`.",
    }
}

pub(super) fn entitlement_name<'w>(words: &Words<'w>, index: u8) -> &'w str {
    words.license_type.entitlement(index.into()).map_or("an entitlement", |found| found.name)
}

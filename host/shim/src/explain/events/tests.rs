use super::*;
use leasehold_core::agent::{FailureReason, TransportError};
use leasehold_core::product::EnforcementMode;
use leasehold_core::products::contact_center::FLEX;
use leasehold_core::time::Duration;
use leasehold_core::wire::Refusal;

const REASON: FailureReason = FailureReason::Transport(TransportError::TimedOut);

fn every_kind() -> Vec<EventKind> {
    let (ends, left) = (DeviceTime::from_secs(5), Duration::from_days(7));
    let mut kinds = vec![
        EventKind::RegistrationSucceeded,
        EventKind::RegistrationRetrying { reason: REASON },
        EventKind::RegistrationFailed { reason: REASON },
        EventKind::Deregistered { manager_told: true },
        EventKind::Deregistered { manager_told: false },
        EventKind::InstanceRemoved { why: Refusal::InstanceReplaced },
        EventKind::EntitlementAccepted { entitlement: 0 },
        EventKind::RegistrationExpired,
        EventKind::RegistrationExpiring { left },
        EventKind::CertificateRenewed,
        EventKind::CertificateRenewalFailed { reason: REASON },
        EventKind::Authorized,
        EventKind::OutOfCompliancePending,
        EventKind::OutOfComplianceShortly,
        EventKind::OutOfComplianceBreached,
        EventKind::BackInCompliance,
        EventKind::AuthorizationRenewalFailed { reason: REASON },
        EventKind::AuthorizationExpiring { left },
        EventKind::AuthorizationExpired,
        EventKind::AuthorizationRestored,
        EventKind::EvaluationStarted,
        EventKind::EvaluationPaused,
        EventKind::EvaluationWarning { left },
        EventKind::EvaluationExpired,
        EventKind::EnforcementEnded,
        EventKind::CommunicationFailed { reason: REASON },
        EventKind::CommunicationRestored,
        EventKind::RequiredLicenseMissing { entitlement: 2 },
        EventKind::InvalidTag { entitlement: 0 },
        EventKind::NumberConflict,
        EventKind::DuplicateInstance,
        EventKind::DuplicateSettled,
        EventKind::ClockChanged { back: true, by: left },
        EventKind::ClockChanged { back: false, by: left },
        EventKind::ClockDisagrees { ahead: true, until: ends },
        EventKind::ClockDisagrees { ahead: false, until: ends },
        EventKind::ClockIgnored,
        EventKind::ClockSettled,
        EventKind::PolicyChanged,
        EventKind::LicenseTypeChanged,
        EventKind::LicenseControlChanged,
        EventKind::FactoryReset,
        EventKind::CountingFailed,
        EventKind::StorageFailed,
        EventKind::StorageRestored,
        EventKind::EventsLost { count: 3 },
        EventKind::ReservationRequested { number: 7 },
        EventKind::ReservationInstalled { generation: 0 },
        EventKind::ReservationInstalled { generation: 2 },
        EventKind::ReservationUpdateReturned { generation: 2 },
        EventKind::ReservationCancelled,
        EventKind::ReservationReturned,
        EventKind::ReservationRolledBack,
        EventKind::ReservationInsufficient,
        EventKind::ReservationSufficient,
        EventKind::ReservationTermEnding { entitlement: 1, count: 4, days: 90 },
        EventKind::ReservationTermEnded { entitlement: 1, count: 4 },
        EventKind::CounterFailed,
        EventKind::CounterRestored,
    ];
    for reason in [
        Reason::OutOfCompliance,
        Reason::AuthorizationExpired,
        Reason::EvaluationExpired,
        Reason::NotAuthorizedReserved,
    ] {
        kinds.push(EventKind::OverageStarted { reason, ends });
        kinds.push(EventKind::OverageRunning { reason, left });
        kinds.push(EventKind::EnforcementStarted { reason });
    }
    for record in RecordKind::ALL {
        for error in [
            RecordError::Damaged,
            RecordError::Foreign,
            RecordError::NewerVersion(9),
            RecordError::RolledBack,
        ] {
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

#[test]
fn what_enforcement_refuses_is_said_as_it_is() {
    let unix = |_: DeviceTime| Some(UnixTime::from_secs(1_800_000_000));
    let words = Words { license_type: &FLEX, unix: &unix };
    for kind in every_kind() {
        let ordinary = event(&kind, &words);
        let harder = event_under(EnforcementMode::NewUse, &kind, &words);
        let advice = event_under(EnforcementMode::Advisory, &kind, &words);
        assert_eq!((&harder.remedy, &advice.remedy), (&ordinary.remedy, &ordinary.remedy));
        if ordinary.cause.contains("provisioning") {
            assert!(harder.cause.contains("provisioning and new use are refused"), "{harder:?}");
            assert!(advice.cause.contains("nothing is refused"), "{advice:?}");
            assert!(!advice.cause.contains("provisioning"), "{advice:?}");
        } else {
            assert_eq!((&harder, &advice), (&ordinary, &ordinary));
        }
    }
    let refused = new_use_refused(Reason::EvaluationExpired);
    assert!(refused.cause.starts_with("The evaluation is used up. New use is refused"));
}

//! Reports of devices whose licences travel as codes.

use super::{DAY, HOUR, NOW, evaluation, in_use, never_registered};
use leasehold_shim::report::*;

pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("reservation-cancelled", ended("ReservationCancelled")),
        ("reservation-enabled", enabled()),
        ("reservation-requested", requested()),
        ("reservation-returned", ended("ReservationReturned")),
        ("reservation-rolled-back", ended("ReservationRolledBack")),
        ("reserved", reserved()),
        ("reserved-everything", everything()),
        ("reserved-insufficient", insufficient()),
        ("reserved-limit-reached", limit_reached()),
        ("reserved-term-ending", term_ending()),
        ("reserved-updated", updated()),
    ]
}

fn enabled() -> Report {
    let mut report = never_registered();
    report.reservation.enabled = true;
    report
}

fn requested() -> Report {
    let mut report = evaluation();
    report.registration.state = "ReservationInProgress".into();
    report.registration.unregistered = None;
    report.reservation = Reservation {
        enabled: true,
        request: Some(ReservationRequest { number: 1_704_211, universal: false }),
        installed: None,
        lines: Vec::new(),
        codes: ReservationCodes {
            request: Some("LHQ0:LH-CC:8F41C2D07A19:7KQ4M-0VXGE-F3ZTP".into()),
            confirmation: None,
            returned: Some("LHR0-4S9DM-0VXGE-F3ZTP-Q21WK-8TB6N-HA".into()),
            returns: vec![
                ReturnedCode {
                    code: "LHR0-8TB6N-Q21WK-0VXGE-F3ZTP-4S9DM-HA".into(),
                    at: Some(NOW - 90 * DAY),
                    request: Some(1_704_209),
                    update: Some(2),
                },
                ReturnedCode {
                    code: "LHR0-4S9DM-0VXGE-F3ZTP-Q21WK-8TB6N-HA".into(),
                    at: Some(NOW - DAY),
                    request: Some(1_704_210),
                    update: None,
                },
            ],
        },
        rollback_protection: true,
    };
    report
}

fn line(report: &Report, index: usize, count: u32, ends: Option<UnixSeconds>) -> ReservedLine {
    let Entitlement { tag, name, feature, in_use, .. } = &report.entitlements[index];
    ReservedLine {
        tag: tag.clone(),
        name: name.clone(),
        feature: feature.clone(),
        count,
        perpetual: ends.is_none(),
        ends,
        ended: ends.is_some_and(|ends| ends <= NOW),
        in_use: *in_use,
    }
}

fn holding(standard: u32, premium: u32, state: AuthorizationState) -> Report {
    let mut report = in_use(requested(), standard, premium, state);
    report.registration.state = "Reserved".into();
    report.evaluation.counting = false;
    let installed =
        InstalledReservation { generation: 0, at: Some(NOW - 10 * DAY), short_since: None };
    report.reservation.installed = Some(installed);
    for (index, most) in [(0, 14), (1, 4)] {
        let limit = Limit { most, set_by: "reservation".into() };
        report.entitlements[index].limit = Some(limit);
    }
    report
}

/// 10 standard seats for ever, 4 premium seats for a year.
fn reserved() -> Report {
    let mut report = holding(5, 2, AuthorizationState::Reserved);
    report.reservation.lines =
        vec![line(&report, 0, 10, None), line(&report, 1, 4, Some(NOW + 355 * DAY))];
    report
}

fn updated() -> Report {
    let mut report = reserved();
    report.reservation.installed.as_mut().unwrap().generation = 3;
    report.reservation.codes.confirmation = Some("LHC0-Q21WK-8TB6N-4S9DM-0VXGE-F3ZTP-HA".into());
    report.evaluation = Evaluation { left: 0, counting: false, expired: Some(NOW - 20 * DAY) };
    report
}

fn everything() -> Report {
    let mut report = holding(5, 2, AuthorizationState::Reserved);
    report.reservation.request.as_mut().unwrap().universal = true;
    report.reservation.rollback_protection = false;
    report.entitlements.iter_mut().for_each(|entitlement| entitlement.limit = None);
    report
}

fn term_ending() -> Report {
    let mut report = reserved();
    report.reservation.lines[1].ends = Some(NOW + 3 * DAY - HOUR);
    report
}

fn limit_reached() -> Report {
    let mut report = holding(11, 3, AuthorizationState::Reserved);
    report.reservation.lines = vec![line(&report, 0, 10, None), line(&report, 1, 4, None)];
    report
}

/// The term of the premium seats has ended, and two of them are in use.
fn insufficient() -> Report {
    let mut report = holding(9, 2, AuthorizationState::NotAuthorizedReserved);
    let since = NOW - 2 * DAY;
    report.reservation.lines = vec![line(&report, 0, 10, None), line(&report, 1, 4, Some(since))];
    report.reservation.installed.as_mut().unwrap().short_since = Some(since);
    report.enforcement = Enforcement::Overage {
        reason: "NotAuthorizedReserved".into(),
        ends: Some(since + 90 * DAY),
    };
    for (index, most) in [(0, 10), (1, 0)] {
        report.entitlements[index].limit = Some(Limit { most, set_by: "reservation".into() });
    }
    report
}

fn ended(reason: &str) -> Report {
    let mut report = requested();
    report.registration.state = "Unregistered".into();
    let at = Some(NOW - DAY);
    report.registration.unregistered =
        Some(Unregistered { reason: reason.into(), at, manager_told: None });
    report.reservation.request = None;
    report.reservation.codes.request = None;
    report
}

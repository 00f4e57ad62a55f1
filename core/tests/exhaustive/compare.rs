//! The device against the model.

use crate::model::{Attempt, AuthorizationIs, Model, Range, Standing, Verdict};
use crate::world::World;
use core::fmt::Debug;
use leasehold_core::agent::{
    AuthorizationState, Enforcement, Operation, Reason, RegistrationState, Status,
    UnregisteredReason,
};
use leasehold_core::time::DeviceTime;

/// Tells the device's times in seconds since the world began.
#[derive(Clone, Copy)]
struct Times {
    device_now: i64,
    world_now: i64,
}

impl Times {
    fn seconds(self, at: DeviceTime) -> u64 {
        let ahead = i64::from(at.as_secs()) - self.device_now;
        u64::try_from(self.world_now + ahead).unwrap_or_default()
    }
}

/// Holds the device against the model, and lets the model take over what the device chose where it
/// had a choice. Gives every difference in words.
pub(crate) fn differences(world: &World<'_>, model: &mut Model) -> Vec<String> {
    let status = world.agent.status();
    let times = Times { device_now: i64::from(status.now.as_secs()), world_now: world.time as i64 };
    let mut found = Vec::new();
    found.extend(model.fault.take());
    let mut check = |same: bool, what: &str, device: &dyn Debug, model: &dyn Debug| {
        if !same {
            found.push(format!("{what}: the device says {device:?}, the rules {model:?}"));
        }
    };
    // What a boot cost comes first: the rest follows from it.
    let left = u64::from(status.evaluation_left.as_secs());
    check(model.evaluation_left.holds(left), "evaluation left", &left, &model.evaluation_left);
    let over = status.evaluation_expired.map(|at| times.seconds(at));
    model.learn_evaluation(left, over);

    let registration = registration(status.registration);
    let expected = model.registration();
    check(registration == expected, "registration", &registration, &expected);
    let reason_fits = match (status.unregistered, model.standing) {
        (None, Standing::Registered { .. } | Standing::Expired) => true,
        (Some(UnregisteredReason::Never), Standing::Never) => true,
        (Some(UnregisteredReason::Removed { .. }), Standing::Removed) => true,
        (
            Some(UnregisteredReason::Deregistered { manager_told, .. }),
            Standing::Deregistered { told },
        ) => manager_told == told,
        _ => false,
    };
    check(reason_fits, "why unregistered", &status.unregistered, &model.standing);
    let attempt = status.attempt.map(|attempt| match attempt.retry_at {
        Some(at) => Attempt::Waiting { at: times.seconds(at) },
        None => Attempt::Refused,
    });
    check(attempt == model.attempt, "attempt", &attempt, &model.attempt);
    if let (Some(enrolment), Standing::Registered { ends, .. }) = (status.enrolment, model.standing)
    {
        let device = times.seconds(enrolment.certificate_ends);
        check(device == ends, "end of the certificate", &device, &ends);
    }

    let authorization = authorization(status.authorization, times);
    let expected = model.authorization_state();
    check(authorization == expected, "authorization", &authorization, &expected);
    let deadline = status.deadline.map(|at| times.seconds(at));
    let expected = model.authorization.map(|authorization| authorization.deadline);
    check(deadline == expected, "deadline", &deadline, &expected);

    let enforcement = verdict(status.enforcement, times);
    let expected = model.verdict();
    let same = match (enforcement, expected) {
        (
            Verdict::Enforced { reason, since },
            Verdict::Enforced { reason: expected, since: allowed },
        ) => reason == expected && allowed.holds(since.low),
        _ => enforcement == expected,
    };
    check(same, "enforcement", &enforcement, &expected);
    let permits = world.agent.permits(Operation::Provision);
    check(permits == model.permits(), "permits provisioning", &permits, &model.permits());

    let report = next(status.next_report, &status, times);
    let expected = model.next_report();
    check(fits(report, expected), "next report", &report, &expected);
    let renewal = next(status.next_renewal, &status, times);
    let expected = model.next_renewal();
    check(fits(renewal, expected), "next renewal", &renewal, &expected);
    if model.is_registered() {
        let peak = u64::from(world.agent.entitlement(0).unwrap().peak);
        check(model.peak.holds(peak), "peak", &peak, &model.peak);
        model.learn_contact(report.unwrap_or_default(), peak);
    }
    found
}

/// What goes next; what is due already goes now.
fn next(at: Option<DeviceTime>, status: &Status<'_>, times: Times) -> Option<u64> {
    at.map(|at| times.seconds(at.max(status.now)))
}

fn fits(device: Option<u64>, model: Option<Range>) -> bool {
    match (device, model) {
        (None, None) => true,
        (Some(device), Some(range)) => range.holds(device),
        _ => false,
    }
}

const fn registration(state: RegistrationState) -> &'static str {
    match state {
        RegistrationState::Unregistered => "Unregistered",
        RegistrationState::Registering => "Registering",
        RegistrationState::Retrying => "Retrying",
        RegistrationState::Failed => "Failed",
        RegistrationState::Registered => "Registered",
        RegistrationState::Expired => "Expired",
        _ => "a state that no input here leads to",
    }
}

fn authorization(state: AuthorizationState, times: Times) -> AuthorizationIs {
    match state {
        AuthorizationState::NoLicensesInUse => AuthorizationIs::NoLicensesInUse,
        AuthorizationState::Evaluation => AuthorizationIs::Evaluation,
        AuthorizationState::EvaluationExpired => AuthorizationIs::EvaluationExpired,
        AuthorizationState::Waiting => AuthorizationIs::Waiting,
        AuthorizationState::Authorized => AuthorizationIs::Authorized,
        AuthorizationState::OutOfCompliance { since, pending } => {
            AuthorizationIs::OutOfCompliance { since: times.seconds(since), pending }
        }
        AuthorizationState::AuthorizationExpired => AuthorizationIs::AuthorizationExpired,
        other => panic!("{other:?}: no input here leads to it"),
    }
}

fn verdict(enforcement: Enforcement, times: Times) -> Verdict {
    match enforcement {
        Enforcement::None => Verdict::None,
        Enforcement::Overage { reason, ends } => {
            Verdict::Overage { reason: name(reason), ends: times.seconds(ends) }
        }
        Enforcement::Enforced { reason, since } => {
            let since = Range::exactly(times.seconds(since));
            Verdict::Enforced { reason: name(reason), since }
        }
    }
}

const fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfCompliance => "OutOfCompliance",
        Reason::AuthorizationExpired => "AuthorizationExpired",
        Reason::EvaluationExpired => "EvaluationExpired",
        _ => "a reason that no input here leads to",
    }
}

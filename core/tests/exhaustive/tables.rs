//! The transitions that the sequences show, held against those that the core declares.

use crate::world::Device1;
use leasehold_core::agent::transitions::{
    AUTHORIZATION, Cause, ENFORCEMENT, REGISTRATION, Transition,
};
use leasehold_core::agent::{AuthorizationState, Enforcement, Reason, RegistrationState};
use leasehold_core::time::DeviceTime;
use std::collections::HashSet;

/// The three states by name.
type Names = [&'static str; 3];

/// Every transition seen so far, by machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    seen: [HashSet<Transition>; 3],
}

/// The state before an input, and the moments at which time alone would change it.
pub(crate) struct Causes {
    names: Names,
    registered: bool,
    deadline: Option<DeviceTime>,
    breach: Option<DeviceTime>,
    overage_ends: Option<DeviceTime>,
    evaluation_over: bool,
}

impl Causes {
    pub(crate) fn of(agent: &Device1<'_>) -> Self {
        let status = agent.status();
        let breach = match status.authorization {
            AuthorizationState::OutOfCompliance { since, pending: true } => {
                Some(since.saturating_add(status.policy.pending_tolerance))
            }
            _ => None,
        };
        let overage_ends = match status.enforcement {
            Enforcement::Overage { ends, .. } => Some(ends),
            Enforcement::None | Enforcement::Enforced { .. } => None,
        };
        Self {
            names: names(status.registration, status.authorization, status.enforcement),
            registered: status.enrolment.is_some(),
            deadline: status.deadline,
            breach,
            overage_ends,
            evaluation_over: status.evaluation_expired.is_some(),
        }
    }
}

impl Observed {
    /// Notes what changed from `before`: by time where a period has ended since, else by `cause`.
    pub(crate) fn note(&mut self, before: &Causes, cause: Option<Cause>, agent: &Device1<'_>) {
        let status = agent.status();
        let after = names(status.registration, status.authorization, status.enforcement);
        if after == before.names {
            return;
        }
        let passed = |at: Option<DeviceTime>| at.is_some_and(|at| at <= status.now);
        let certificate = before.registered && status.certificate_ended.is_some();
        for ((seen, from), to) in self.seen.iter_mut().zip(before.names).zip(after) {
            if from == to {
                continue;
            }
            let by_time = match to {
                _ if certificate => Some(Cause::CertificateEnded),
                "EvaluationExpired" | "Enforced EvaluationExpired"
                    if !before.evaluation_over && status.evaluation_expired.is_some() =>
                {
                    Some(Cause::EvaluationEnded)
                }
                "OutOfCompliance breached" | "Overage OutOfCompliance" if passed(before.breach) => {
                    Some(Cause::ToleranceEnded)
                }
                "AuthorizationExpired" | "Overage AuthorizationExpired"
                    if passed(before.deadline) =>
                {
                    Some(Cause::DeadlinePassed)
                }
                "Enforced OutOfCompliance" | "Enforced AuthorizationExpired"
                    if passed(before.overage_ends) =>
                {
                    Some(Cause::OverageEnded)
                }
                _ => None,
            };
            let on = by_time.or(cause);
            let on = on.unwrap_or_else(|| panic!("{from} became {to} without a cause"));
            seen.insert(Transition { from, on, to });
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (seen, more) in self.seen.iter_mut().zip(other.seen) {
            seen.extend(more);
        }
    }
}

fn names(
    registration: RegistrationState,
    authorization: AuthorizationState,
    enforcement: Enforcement,
) -> Names {
    let registration = match registration {
        RegistrationState::Unregistered => "Unregistered",
        RegistrationState::Registering => "Registering",
        RegistrationState::Retrying => "Retrying",
        RegistrationState::Failed => "Failed",
        RegistrationState::Registered => "Registered",
        RegistrationState::Expired => "Expired",
        other => panic!("{other:?}: no input here leads to it"),
    };
    let authorization = match authorization {
        AuthorizationState::NoLicensesInUse => "NoLicensesInUse",
        AuthorizationState::Evaluation => "Evaluation",
        AuthorizationState::EvaluationExpired => "EvaluationExpired",
        AuthorizationState::Waiting => "Waiting",
        AuthorizationState::Authorized => "Authorized",
        AuthorizationState::OutOfCompliance { pending: true, .. } => "OutOfCompliance pending",
        AuthorizationState::OutOfCompliance { pending: false, .. } => "OutOfCompliance breached",
        AuthorizationState::AuthorizationExpired => "AuthorizationExpired",
        other => panic!("{other:?}: no input here leads to it"),
    };
    let enforcement = match enforcement {
        Enforcement::None => "None",
        Enforcement::Overage { reason: Reason::OutOfCompliance, .. } => "Overage OutOfCompliance",
        Enforcement::Overage { reason: Reason::AuthorizationExpired, .. } => {
            "Overage AuthorizationExpired"
        }
        Enforcement::Enforced { reason: Reason::OutOfCompliance, .. } => "Enforced OutOfCompliance",
        Enforcement::Enforced { reason: Reason::AuthorizationExpired, .. } => {
            "Enforced AuthorizationExpired"
        }
        Enforcement::Enforced { reason: Reason::EvaluationExpired, .. } => {
            "Enforced EvaluationExpired"
        }
        other => panic!("{other:?}: no input here leads to it"),
    };
    [registration, authorization, enforcement]
}

/// Every transition seen is declared, and every one declared was seen.
pub(crate) fn check(observed: &Observed) {
    let declared = [REGISTRATION, AUTHORIZATION, ENFORCEMENT];
    let mut wrong = Vec::new();
    for (seen, declared) in observed.seen.iter().zip(declared) {
        let table: HashSet<Transition> = declared.iter().copied().collect();
        for Transition { from, on, to } in seen.difference(&table) {
            wrong.push(format!("seen, not declared: on({from:?}, Cause::{on:?}, {to:?}),"));
        }
        for Transition { from, on, to } in table.difference(seen) {
            wrong.push(format!("declared, never seen: on({from:?}, Cause::{on:?}, {to:?}),"));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

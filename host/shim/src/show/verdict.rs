//! What the manager's last answer said, in half a sentence.

use super::shortage::{Shortage, shortages};
use super::text::{date, plain};
use crate::report::{AuthorizationState, Entitlement, Report};

/// What the last report brought, as it stands after a colon: `the account covers everything in
/// use`. `None` where no answer holds.
pub fn verdict(report: &Report) -> Option<String> {
    report.registration.enrolment.as_ref()?;
    Some(match report.authorization.state {
        AuthorizationState::NoLicensesInUse => "nothing is in use".to_owned(),
        AuthorizationState::Authorized => "the account covers everything in use".to_owned(),
        AuthorizationState::OutOfCompliance { since, pending } => {
            let ends = since.map(|at| at.saturating_add(report.policy.pending_tolerance.into()));
            let tolerated = match ends {
                _ if !pending => "the tolerance is over".to_owned(),
                Some(ends) => format!("tolerated until {}", date(ends)),
                None => "tolerated for a while".to_owned(),
            };
            format!("out of compliance, {}; {tolerated}", lacks(&report.entitlements).join(", "))
        }
        AuthorizationState::Evaluation
        | AuthorizationState::EvaluationExpired
        | AuthorizationState::Waiting
        | AuthorizationState::AuthorizationExpired
        | AuthorizationState::Reserved
        | AuthorizationState::NotAuthorizedReserved => return None,
    })
}

fn lacks(entitlements: &[Entitlement]) -> Vec<String> {
    let not_owned = entitlements
        .iter()
        .filter(|entitlement| entitlement.verdict.as_deref() == Some("NotOwned"))
        .map(|entitlement| format!("{} is not owned", plain(&entitlement.name)));
    shortages(entitlements).iter().map(lack).chain(not_owned).collect()
}

fn lack(shortage: &Shortage<'_>) -> String {
    let name = plain(&shortage.entitlement.name);
    match shortage.missing {
        0 => format!("other devices use the rest of {name}"),
        1 => format!("1 {name} is missing"),
        missing => format!("{missing} {name} are missing"),
    }
}

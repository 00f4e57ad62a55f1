//! What the states are called and what they forbid.

use super::{Attempt, Model, Out, Range, Standing};

/// E1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    None,
    Overage { reason: &'static str, ends: u64 },
    Enforced { reason: &'static str, since: Range },
}

impl Model {
    /// E2, X11: the period that ends first decides.
    pub(crate) fn verdict(&self) -> Verdict {
        let (mut first, mut ends) = (None, u64::MAX);
        let mut consider = |reason: &'static str, end: Range| {
            if end.low < ends {
                (first, ends) = (Some((reason, end)), end.low);
            }
        };
        if let Some(authorization) = &self.authorization {
            if let Some(Out { since, breached: true }) = authorization.out {
                let end = since + self.rules.tolerance + self.rules.overage;
                consider("OutOfCompliance", Range::exactly(end));
            }
            if authorization.expired {
                let end = authorization.deadline + self.rules.overage;
                consider("AuthorizationExpired", Range::exactly(end));
            }
        }
        if let Some(over) = self.evaluation_over
            && self.before_first_answer()
        {
            consider("EvaluationExpired", over);
        }
        match first {
            None => Verdict::None,
            Some((reason, end)) if end.low > self.now => Verdict::Overage { reason, ends: end.low },
            Some((reason, since)) => Verdict::Enforced { reason, since },
        }
    }

    /// E3
    pub(crate) fn permits(&self) -> bool {
        !matches!(self.verdict(), Verdict::Enforced { .. })
    }

    /// R1, X12: a registration that holds is shown, with the attempt beside it.
    pub(crate) const fn registration(&self) -> &'static str {
        match (self.standing, self.attempt) {
            (Standing::Registered { .. }, _) => "Registered",
            (_, Some(Attempt::Waiting { .. })) => "Retrying",
            (_, Some(Attempt::Refused)) => "Failed",
            (Standing::Expired, None) => "Expired",
            (Standing::Never | Standing::Deregistered { .. } | Standing::Removed, None) => {
                "Unregistered"
            }
        }
    }

    /// A1, X1, X3, X11.
    pub(crate) fn authorization_state(&self) -> AuthorizationIs {
        let over = self.evaluation_over.is_some();
        let Some(authorization) = &self.authorization else {
            return match (over, self.in_use) {
                (true, _) => AuthorizationIs::EvaluationExpired,
                (false, 0) => AuthorizationIs::NoLicensesInUse,
                (false, _) => AuthorizationIs::Evaluation,
            };
        };
        if authorization.expired {
            return AuthorizationIs::AuthorizationExpired;
        }
        if let Some(Out { since, breached }) = authorization.out {
            return AuthorizationIs::OutOfCompliance { since, pending: !breached };
        }
        match (authorization.answered, self.in_use, authorization.new_use) {
            (None, _, _) if over => AuthorizationIs::EvaluationExpired,
            (None, _, _) | (Some(_), 1.., true) => AuthorizationIs::Waiting,
            (Some(_), 0, _) => AuthorizationIs::NoLicensesInUse,
            (Some(_), 1.., false) => AuthorizationIs::Authorized,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AuthorizationIs {
    NoLicensesInUse,
    Evaluation,
    EvaluationExpired,
    Waiting,
    Authorized,
    OutOfCompliance { since: u64, pending: bool },
    AuthorizationExpired,
}

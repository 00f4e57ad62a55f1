//! Questions before what cannot be undone.

use crate::failure::UsageError;
use std::io::{self, BufRead, IsTerminal, Write};

/// A question, answered by yes or no.
pub(super) struct Question<'q> {
    pub(super) asked: &'q str,
    /// What is said where nobody can answer.
    pub(super) unanswered: &'static str,
}

pub(super) const DEREGISTER: Question<'_> = Question {
    asked: "The licences of this appliance become free. Deregister?",
    unanswered: "There is nobody to ask here. Add --yes to deregister.",
};

pub(super) const RESET: Question<'_> = Question {
    asked: "The appliance leaves its account, and registration, limits and transport settings are \
            erased. Reset?",
    unanswered: "There is nobody to ask here. Add --yes to reset.",
};

pub(super) const CANCEL: Question<'_> = Question {
    asked: "What the manager authorizes for this request cannot be installed after that. Cancel?",
    unanswered: "There is nobody to ask here. Add --yes to cancel.",
};

pub(super) const RETURN: Question<'_> = Question {
    asked: "Everything reserved is given back, for good, and the appliance is unregistered. Return?",
    unanswered: "There is nobody to ask here. Add --yes to return everything.",
};

pub(super) const RETURN_AUTHORIZATION: Question<'_> = Question {
    asked: "This authorization cannot be installed after that. Return it?",
    unanswered: "There is nobody to ask here. Add --yes to return the authorization.",
};

impl Question<'_> {
    /// Asks whether to go on.
    ///
    /// # Errors
    /// A [`UsageError`] where nobody can answer.
    pub(super) fn answered_yes(&self) -> anyhow::Result<bool> {
        if !io::stdin().is_terminal() {
            return Err(UsageError(self.unanswered).into());
        }
        let mut ask = io::stderr().lock();
        write!(ask, "{} [yes/no]: ", self.asked)?;
        ask.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

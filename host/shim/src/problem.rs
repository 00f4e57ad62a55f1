//! Why something was not done, in the words an administrator gets.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One sentence of cause and one of remedy, with a name that scripts can rely on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// What kind it is, such as `unknown-feature`.
    pub code: String,
    /// What happened.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem of the kind `code`.
    pub fn new(code: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.into(), cause: cause.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cause, self.remedy)
    }
}

impl std::error::Error for Problem {}

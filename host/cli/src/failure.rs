//! How a command that failed says so: sentences on standard error, with `--json` one object on
//! standard output too.

use crate::output;
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::Outcome;
use serde::Serialize;
use std::fmt;
use std::process::ExitCode;

/// A command line that says two things that do not go together: a sentence of cause and one of
/// remedy.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) &'static str);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for UsageError {}

/// A command that came to something else than what was wanted.
#[derive(Debug)]
pub(crate) struct NotDone {
    pub(crate) outcome: Outcome,
    pub(crate) problem: Problem,
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for NotDone {}

#[derive(Serialize)]
struct Failed<'e> {
    #[serde(flatten)]
    outcome: Option<&'e Outcome>,
    error: Problem,
}

/// Says it; gives the exit code.
pub(crate) fn tell(error: &anyhow::Error, json: bool) -> ExitCode {
    output::say(&error.to_string());
    if json {
        let outcome = error.downcast_ref::<NotDone>().map(|not_done| &not_done.outcome);
        let failed = Failed { outcome, error: problem(error) };
        if let Err(unwritable) = output::json(&failed) {
            output::say(&unwritable.to_string());
        }
    }
    ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
}

fn problem(error: &anyhow::Error) -> Problem {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return problem.clone();
    }
    if let Some(NotDone { problem, .. }) = error.downcast_ref() {
        return problem.clone();
    }
    let code = if error.is::<UsageError>() { "command-line" } else { "failed" };
    let text = error.to_string();
    match text.split_once(". ") {
        Some((cause, remedy)) => Problem::new(code, format!("{cause}."), remedy),
        None => Problem::new(code, text, ""),
    }
}

//! Questions before what cannot be undone.

use crate::failure::UsageError;
use anyhow::Result;
use std::io::{self, BufRead, IsTerminal, Write};

/// Asks whether to go on; `unanswered` is said where nobody can answer.
///
/// # Errors
/// A [`UsageError`] where nobody can answer.
pub(super) fn answered_yes(question: &str, unanswered: &'static str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Err(UsageError(unanswered).into());
    }
    let mut ask = io::stderr().lock();
    write!(ask, "{question} [yes/no]: ")?;
    ask.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

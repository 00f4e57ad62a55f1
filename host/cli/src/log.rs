//! The log on standard error of what runs until it is stopped.

use leasehold_shim::problem::Problem;
use std::env;
use tracing_subscriber::EnvFilter;

/// The environment variable that sets how much is logged.
const VARIABLE: &str = "LEASEHOLD_LOG";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Starts it; `LEASEHOLD_LOG` sets how much is logged, `level` when it is not set.
///
/// # Errors
/// A [`Problem`] when the variable says nothing that is understood.
pub(crate) fn start(level: &str) -> Result<(), Problem> {
    let log = tracing_subscriber::fmt().with_env_filter(filter(level)?);
    log.with_writer(std::io::stderr).with_ansi(false).init();
    Ok(())
}

/// The same, with a JSON object a line, for programs that collect logs.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_json(level: &str) -> Result<(), Problem> {
    let log = tracing_subscriber::fmt().with_env_filter(filter(level)?);
    log.with_writer(std::io::stderr).json().init();
    Ok(())
}

fn filter(level: &str) -> Result<EnvFilter, Problem> {
    let text = env::var_os(VARIABLE).unwrap_or_default().to_string_lossy().into_owned();
    let text = if text.is_empty() { level } else { text.as_str() };
    // The filter itself takes any word for the name of a part, and logs nothing else then.
    let understood = text.split(',').all(is_understood);
    EnvFilter::try_new(text).ok().filter(|_| understood).ok_or_else(|| {
        Problem::new(
            "log-level",
            format!("{VARIABLE} is {text:?}, which says no level."),
            format!("Set it to {}, or to PART=LEVEL,PART=LEVEL.", LEVELS.join(", ")),
        )
    })
}

/// `LEVEL` or `PART=LEVEL`.
fn is_understood(directive: &str) -> bool {
    let (part, level) = directive.split_once('=').unwrap_or(("all", directive));
    !part.is_empty() && LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known))
}

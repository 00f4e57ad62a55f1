//! The log on standard error of what runs until it is stopped.

use tracing_subscriber::EnvFilter;

/// Starts it; `LEASEHOLD_LOG` sets how much is logged, `level` when it is not set.
pub(crate) fn start(level: &str) {
    let log = tracing_subscriber::fmt().with_env_filter(filter(level));
    log.with_writer(std::io::stderr).with_ansi(false).init();
}

/// The same, with a JSON object a line, for programs that collect logs.
pub(crate) fn start_json(level: &str) {
    let log = tracing_subscriber::fmt().with_env_filter(filter(level));
    log.with_writer(std::io::stderr).json().init();
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_from_env("LEASEHOLD_LOG").unwrap_or_else(|_| level.into())
}

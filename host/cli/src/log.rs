//! The log on standard error of what runs until it is stopped.

use tracing_subscriber::EnvFilter;

/// Starts it; `LEASEHOLD_LOG` sets how much is logged, `level` when it is not set.
pub(crate) fn start(level: &str) {
    let filter = EnvFilter::try_from_env("LEASEHOLD_LOG").unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}

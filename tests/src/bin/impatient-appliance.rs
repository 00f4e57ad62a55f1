//! The appliance daemon of the shim, with one number of its product definition changed: it tries
//! to register again after a second, not after fifteen minutes. A test that kills a manager in the
//! middle of a registration would otherwise wait that long.
//!
//! The data directory comes from `LEASEHOLD_DATA`, as for the real binary.

use leasehold_core::time::Duration;
use leasehold_shim::config::Config;
use leasehold_shim::daemon::{Daemon, StopSignals};
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let data = PathBuf::from(std::env::var("LEASEHOLD_DATA")?);
    let signals = StopSignals::listen()?;
    let mut config = Config::load(&data, None, None)?;
    config.product.policy.register_retry = Duration::from_secs(1);
    Daemon::start(config)?.run_until_signal(signals)?;
    Ok(())
}

//! `appliance serve`: the shim as a daemon.

use crate::data::DataArgs;
use crate::{log, output};
use clap::{Args, Subcommand};
use leasehold_shim::config::{self, Config};
use leasehold_shim::daemon::{Daemon, StopSignals};
use std::path::PathBuf;

/// Runs an appliance.
#[derive(Args, Debug)]
pub(crate) struct ApplianceArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the licensing of an appliance until it is told to stop. LEASEHOLD_TOKEN may hold a
    /// token to register with; LEASEHOLD_LOG sets how much is logged
    Serve {
        /// What the appliance is [default: appliance.toml in the data directory]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &ApplianceArgs) -> anyhow::Result<()> {
    let Command::Serve { config } = &args.command;
    log::start("info")?;
    // Heard before anybody is told that it runs.
    let signals = StopSignals::listen()?;
    let token = config::token_from_environment();
    let config = Config::load(&args.data.directory, config.as_deref(), token)?;
    let daemon = Daemon::start(config)?;
    output::say(&format!("The appliance takes commands at {}.", daemon.socket_path().display()));
    Ok(daemon.run_until_signal(signals)?)
}

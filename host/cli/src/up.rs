//! `up`: a license manager and one appliance in one process, ready to be looked at.

mod appliance;
mod directory;
mod guide;

use crate::manager::Example;
use crate::{log, output};
use anyhow::anyhow;
use clap::Args;
use directory::Place;
use leasehold_manager::config::{Config, FILE, Settings};
use leasehold_manager::serve::{ServeError, Server};
use leasehold_manager::setup;
use leasehold_shim::daemon::StopSignals;
use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The port when none is given.
const DEFAULT_PORT: u16 = 8443;

/// Runs a license manager and one appliance: licences bought, registered, in use.
#[derive(Args, Debug)]
pub(crate) struct UpArgs {
    /// Keep everything in this directory, for the next run too; without it, everything is in a
    /// temporary directory that is removed at the end
    #[arg(long, env = "LEASEHOLD_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port that the manager listens on; 0 takes any [default: 8443, or that of the last run]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

pub(crate) fn run(args: &UpArgs) -> anyhow::Result<()> {
    let began = Instant::now();
    log::start("warn")?;
    // Heard from now on, so that nothing is left behind whenever one comes.
    let mut signals = step("Listening for signals", StopSignals::listen())?;
    let place = Place::choose(args.data.as_deref())?;
    let data = place.path();
    let settings = settings(data, args.port);
    let made = step("Setting up the license manager", setup::init(data, &settings))?;
    let config = step("Reading the license manager's settings", Config::load(data, &settings))?;
    let manager = start_manager(&config)?;
    let example = step("Buying licences", Example::prepare(data))?;
    let url = config.local_url(manager.address());
    let daemon = appliance::start(data, &made.root)?;
    let told = appliance::bring_into_use(data, &url, &made.tls_certificate, &example)
        .map(|report| guide::text(&report, &place, &url, manager.setup_link(), began.elapsed()))
        .and_then(|guide| output::data(&guide));
    if told.is_ok() {
        signals.wait();
        output::say("Stopping.");
    }
    let stopped = daemon.stop();
    manager.stop();
    told?;
    Ok(stopped?)
}

/// Only this machine is listened to. What the last run was told holds until something else is.
fn settings(data: &Path, port: Option<u16>) -> Settings {
    let known = data.join(FILE).exists();
    let port = port.or_else(|| (!known).then_some(DEFAULT_PORT));
    let listen = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    Settings { listen, ..Settings::default() }
}

fn start_manager(config: &Config) -> anyhow::Result<Server> {
    let step_name = "Starting the license manager";
    Server::start(config).map_err(|error| match error {
        ServeError::Listen { address, source } => anyhow!(
            "{step_name} failed: port {} cannot be used: {source}. Stop what uses it, or choose \
             another with --port.",
            address.port()
        ),
        error => anyhow!("{step_name} failed: {error}"),
    })
}

/// Says which step it was that failed.
fn step<T, E: Display>(name: &str, result: Result<T, E>) -> anyhow::Result<T> {
    result.map_err(|error| anyhow!("{name} failed: {error}"))
}

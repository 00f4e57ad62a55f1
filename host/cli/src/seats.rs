//! `login`, `logout`, `acquire`, `release`: what the appliance's users hold.

use crate::data::DataArgs;
use crate::output::{OutputArgs, say};
use clap::Args;
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::Count;

/// Signs an agent in at the appliance; the skills decide which seat it takes.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Who
    name: String,
    /// What they work on: inbound-voice, outbound-direct-preview (a standard seat under flex); chat,
    /// email, outbound-predictive, outbound-progressive (a premium seat). Without skills it is a
    /// standard seat
    #[arg(long, value_delimiter = ',', value_name = "SKILL,SKILL")]
    skills: Vec<String>,
    /// They supervise others, which takes a premium seat under flex
    #[arg(long)]
    supervisor: bool,
}

/// Signs an agent out.
#[derive(Args, Debug)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Who
    name: String,
}

/// So many licences of a feature.
#[derive(Args, Debug)]
pub(crate) struct CountArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// One of the license type: standard-seat, premium-seat, agent-seat, inbound-port,
    /// outbound-port, outbound-seat, ivr-port, server or standby-server; for a gateway, opc-ua,
    /// modbus, vpn, edge-analytics, ports-8, ports-24 or throughput-100m, -1g, -10g
    feature: String,
    /// How many
    #[arg(allow_hyphen_values = true, value_parser = whole_number)]
    n: u32,
}

pub(crate) fn login(args: &LoginArgs) -> anyhow::Result<()> {
    let seat = args.data.connect()?.login(&args.name, &args.skills, args.supervisor)?;
    warn(seat.not_stored.as_ref());
    args.output.show(&seat, |seat| format!("{} is signed in: {}.\n", seat.name, seat.feature))
}

pub(crate) fn logout(args: &LogoutArgs) -> anyhow::Result<()> {
    let seat = args.data.connect()?.logout(&args.name)?;
    warn(seat.not_stored.as_ref());
    args.output.show(&seat, |seat| format!("{} is signed out: {}.\n", seat.name, seat.feature))
}

pub(crate) fn acquire(args: &CountArgs) -> anyhow::Result<()> {
    args.show(&args.data.connect()?.acquire(&args.feature, args.n)?)
}

pub(crate) fn release(args: &CountArgs) -> anyhow::Result<()> {
    args.show(&args.data.connect()?.release(&args.feature, args.n)?)
}

/// What was done holds, but a restart would forget it.
fn warn(not_stored: Option<&Problem>) {
    if let Some(problem) = not_stored {
        say(&problem.to_string());
    }
}

fn whole_number(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|n| *n > 0).ok_or("N is a whole number from 1")
}

impl CountArgs {
    fn show(&self, count: &Count) -> anyhow::Result<()> {
        warn(count.not_stored.as_ref());
        self.output.show(count, |count| format!("{} in use: {}.\n", count.feature, count.in_use))
    }
}

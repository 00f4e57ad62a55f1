//! `login`, `logout`, `acquire`, `release`: what the appliance's users hold.

use crate::data::DataArgs;
use crate::output::OutputArgs;
use clap::Args;
use leasehold_shim::protocol::Count;

/// Signs an agent in at the appliance; the skills decide which seat it takes.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Who
    name: String,
    /// What they work on: inbound-voice, outbound-direct-preview (a standard seat); chat, email,
    /// outbound-predictive, outbound-progressive (a premium seat)
    #[arg(long, value_delimiter = ',', value_name = "SKILL,SKILL")]
    skills: Vec<String>,
    /// They supervise others, which takes a premium seat
    #[arg(long)]
    supervisor: bool,
}

/// Signs an agent out.
#[derive(Args, Debug)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Who
    name: String,
}

/// So many licences of a feature.
#[derive(Args, Debug)]
pub(crate) struct CountArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// standard-seat, premium-seat, server, inbound-port or outbound-port
    feature: String,
    /// How many
    n: u32,
}

pub(crate) fn login(args: &LoginArgs) -> anyhow::Result<()> {
    let seat = args.data.connect()?.login(&args.name, &args.skills, args.supervisor)?;
    args.output.show(&seat, |seat| format!("{} is signed in: {}.\n", seat.name, seat.feature))
}

pub(crate) fn logout(args: &LogoutArgs) -> anyhow::Result<()> {
    let seat = args.data.connect()?.logout(&args.name)?;
    args.output.show(&seat, |seat| format!("{} is signed out: {}.\n", seat.name, seat.feature))
}

pub(crate) fn acquire(args: &CountArgs) -> anyhow::Result<()> {
    args.show(&args.data.connect()?.acquire(&args.feature, args.n)?)
}

pub(crate) fn release(args: &CountArgs) -> anyhow::Result<()> {
    args.show(&args.data.connect()?.release(&args.feature, args.n)?)
}

impl CountArgs {
    fn show(&self, count: &Count) -> anyhow::Result<()> {
        self.output.show(count, |count| format!("{} in use: {}.\n", count.feature, count.in_use))
    }
}

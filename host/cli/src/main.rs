//! The one binary of Leasehold: reads arguments, calls the shim or the manager, prints.
//!
//! Exit codes: 0 done; 1 refused or failed, with one sentence of cause and one of remedy on
//! standard error; 2 the command line itself is wrong, and nothing was tried.

mod appliance;
mod codes;
mod data;
mod failure;
mod license;
mod log;
mod manager;
mod output;
mod replay;
mod seats;
mod show;
mod simulate;
mod up;

use clap::{Parser, Subcommand};
use output::OutputArgs;
use std::process::ExitCode;

/// Smart licensing that anyone can run.
#[derive(Parser)]
#[command(name = "leasehold", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(up::UpArgs),
    Manager(manager::ManagerArgs),
    Appliance(appliance::ApplianceArgs),
    License(license::LicenseArgs),
    Show(show::ShowArgs),
    Login(seats::LoginArgs),
    Logout(seats::LogoutArgs),
    /// Takes licences of a feature, apart from sign-ins
    Acquire(seats::CountArgs),
    /// Gives back licences that `acquire` took
    Release(seats::CountArgs),
    Replay(replay::ReplayArgs),
    Simulate(simulate::SimulateArgs),
}

impl Command {
    /// How it prints; `None` for those that print no state.
    const fn output(&self) -> Option<OutputArgs> {
        match self {
            // A scenario with a mistake in it prints nothing at all.
            Self::Up(_) | Self::Appliance(_) | Self::Simulate(_) => None,
            Self::Manager(args) => Some(args.output.args),
            Self::License(args) => Some(args.output),
            Self::Show(args) => Some(args.output),
            Self::Login(args) => Some(args.output),
            Self::Logout(args) => Some(args.output),
            Self::Acquire(args) | Self::Release(args) => Some(args.output),
            Self::Replay(args) => Some(args.output),
        }
    }
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let json = command.output().is_some_and(|output| output.json);
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::tell(&error, json),
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => up::run(&args),
        Command::Manager(args) => manager::run(args),
        Command::Appliance(args) => appliance::run(&args),
        Command::License(args) => license::run(args),
        Command::Show(args) => show::run(&args),
        Command::Login(args) => seats::login(&args),
        Command::Logout(args) => seats::logout(&args),
        Command::Acquire(args) => seats::acquire(&args),
        Command::Release(args) => seats::release(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Simulate(args) => simulate::run(&args),
    }
}

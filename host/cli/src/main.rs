//! The one binary of Leasehold: reads arguments, calls the shim or the manager, prints.
//!
//! Exit codes: 0 done; 1 refused or failed, with one sentence of cause and one of remedy on
//! standard error; 2 the command line itself is wrong, and nothing was tried.

mod appliance;
mod data;
mod license;
mod log;
mod manager;
mod output;
mod replay;
mod seats;
mod show;
mod up;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
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
}

/// A command line that says two things that do not go together.
#[derive(Debug)]
struct UsageError(String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<UsageError>() {
            Some(usage) => Arguments::command().error(ErrorKind::ArgumentConflict, usage).exit(),
            None => {
                output::say(&format!("{error}"));
                ExitCode::FAILURE
            }
        },
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
    }
}

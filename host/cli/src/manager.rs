//! `leasehold manager …`: sets a license manager up, runs it, and administers it over its API.

mod accounts;
mod backups;
mod client;
mod events;
mod example;
mod instances;
mod licenses;
mod lookup;
mod output;
mod people;
mod question;
mod reservations;
mod secrets;
mod server;
mod tokens;

pub(crate) use example::Example;

use clap::{Args, Subcommand};
use client::{Client, Connection};
use output::Output;

/// Sets a license manager up, runs it, and administers it.
#[derive(Args, Debug)]
pub(crate) struct ManagerArgs {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the data directory of a license manager: keys, certificate, database, secrets
    #[command(args = client::not_offered())]
    Init(server::ServerArgs),
    /// Runs the license manager of a data directory until it is told to stop
    #[command(args = client::not_offered())]
    Serve(server::ServeArgs),
    /// Writes a backup of the manager into one file, while it runs
    #[command(args = client::not_offered())]
    Backup(backups::BackupArgs),
    /// Restores a backup: the manager goes on from there, and reservations are frozen until reconciled
    #[command(args = client::not_offered())]
    Restore(backups::RestoreArgs),
    /// Shows the manager's version, keys and the licences it knows
    Status,
    /// Smart accounts: customers
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// Virtual accounts: pools of licences within an account
    #[command(subcommand)]
    VirtualAccount(accounts::PoolCommand),
    /// Registration tokens: what appliances register with
    #[command(subcommand)]
    Token(tokens::TokenCommand),
    /// Licences: what an account owns
    #[command(subcommand)]
    License(licenses::LicenseCommand),
    /// Product instances: the appliances that are registered
    #[command(subcommand)]
    Instance(instances::InstanceCommand),
    /// Reservations: licences set aside for appliances without a network, by codes
    #[command(subcommand)]
    Reservation(reservations::ReservationCommand),
    /// Users: people who sign in with a password
    #[command(subcommand)]
    User(people::UserCommand),
    /// API clients: programs that sign in with a secret
    #[command(subcommand)]
    Client(people::ClientCommand),
    /// Shows the event log, the newest first, or checks it
    Events(events::EventsArgs),
}

impl Command {
    /// Whether it works on a data directory of this machine.
    const fn is_local(&self) -> bool {
        matches!(self, Self::Init(_) | Self::Serve(_) | Self::Backup(_) | Self::Restore(_))
    }
}

/// Does what the arguments say.
///
/// # Errors
/// One sentence of cause and one of remedy.
pub(crate) fn run(args: ManagerArgs) -> anyhow::Result<()> {
    let ManagerArgs { connection, output, command } = args;
    let connect = || Client::connect(&connection);
    if command.is_local() {
        connection.must_be_local()?;
    }
    match command {
        Command::Init(args) => server::init(&connection.data, &args, output),
        Command::Serve(args) => server::serve(&connection.data, &args),
        Command::Backup(args) => backups::backup(&connection.data, &args, output),
        Command::Restore(args) => backups::restore(&connection.data, &args, output),
        Command::Status => events::status(&connect()?, output),
        Command::Account(command) => accounts::account(&connect()?, output, command),
        Command::VirtualAccount(command) => accounts::pool(&connect()?, output, command),
        Command::Token(command) => tokens::run(&connect()?, output, command),
        Command::License(command) => licenses::run(&connect()?, output, command),
        Command::Instance(command) => instances::run(&connect()?, output, command),
        Command::Reservation(command) => reservations::run(&connect()?, output, command),
        Command::User(command) => people::user(&connect()?, output, command),
        Command::Client(command) => people::client(&connect()?, output, command),
        Command::Events(args) => events::run(&connect()?, output, &args),
    }
}

//! `license smart …`.

mod control;
mod question;
mod reservation;
mod transport;

use crate::data::{AFTER_ITS_OWN, DataArgs};
use crate::failure::{NotDone, UsageError};
use crate::output::{OutputArgs, say};
use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use leasehold_shim::client::Client;
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::{Outcome, Renewal, WAIT_MAX_SECONDS};
use leasehold_shim::report::UnixSeconds;
use leasehold_shim::settings::Secret;
use leasehold_shim::show;
use question::{DEREGISTER, RESET};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Administers the licensing of the appliance.
#[derive(Args, Debug)]
pub(crate) struct LicenseArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// How long to wait for the manager's answer, in seconds; 0 does not wait
    #[arg(
        long,
        global = true,
        display_order = AFTER_ITS_OWN + 1,
        default_value_t = 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(..=i64::from(WAIT_MAX_SECONDS))
    )]
    wait: u32,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Smart licensing
    #[command(subcommand)]
    Smart(Smart),
}

#[derive(Debug, Subcommand)]
enum Smart {
    /// Registers the appliance at its license manager
    #[command(subcommand)]
    Register(Register),
    /// Leaves the account: its licences are free, and evaluation goes on
    Deregister {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Reports, or renews the ID certificate, now
    #[command(subcommand)]
    Renew(Renew),
    /// Chooses how the product is licensed, before it is registered
    Type {
        /// flex, perpetual-premium, perpetual-enhanced, ip-ivr, non-production or not-for-resale;
        /// for a gateway, subscription or lab
        name: String,
    },
    /// Whether over-use is denied, and the limits
    #[command(subcommand)]
    Control(control::ControlCommand),
    /// Licences without a network: codes that are carried by hand
    #[command(subcommand)]
    Reservation(reservation::ReservationCommand),
    /// How the license manager is reached
    #[command(subcommand)]
    Transport(transport::TransportCommand),
    /// Leaves the account and erases registration and settings; the evaluation used stays used
    FactoryReset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Register {
    /// With a token that was made in the license manager
    Idtoken(Idtoken),
}

#[derive(Args, Debug)]
struct Idtoken {
    /// The token, and `force` to replace an instance with the same UDI. `-` reads the token from
    /// standard input, where other users of the machine do not see it
    #[arg(value_name = "TOKEN [force]", num_args = 0..=2)]
    words: Vec<String>,
    /// A file that holds the token; `-` is standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Renew {
    /// Reports what is in use, and is told whether it is covered
    Auth,
    /// Renews the ID certificate
    #[command(alias = "ID")]
    Id,
}

pub(crate) fn run(args: LicenseArgs) -> anyhow::Result<()> {
    let LicenseArgs { data, output, wait, what: What::Smart(what) } = args;
    let wait = Duration::from_secs(wait.into());
    match what {
        Smart::Register(Register::Idtoken(idtoken)) => {
            let (token, force) = idtoken.token_and_force()?;
            let mut appliance = data.connect()?;
            let outcome = appliance.register(token.expose(), force, wait)?;
            tell(&mut appliance, output, outcome, Wanted::Registration)
        }
        Smart::Deregister { yes } => {
            if !yes && !DEREGISTER.answered_yes()? {
                say("Nothing was changed.");
                return Ok(());
            }
            let mut appliance = data.connect()?;
            let outcome = appliance.deregister(wait)?;
            tell(&mut appliance, output, outcome, Wanted::Deregistration)
        }
        Smart::Renew(what) => {
            let (what, wanted) = match what {
                Renew::Auth => (Renewal::Authorization, Wanted::Report),
                Renew::Id => (Renewal::Certificate, Wanted::Certificate),
            };
            let mut appliance = data.connect()?;
            let outcome = appliance.renew(what, wait)?;
            tell(&mut appliance, output, outcome, wanted)
        }
        Smart::Type { name } => control::set_type(&data, output, &name),
        Smart::Control(command) => control::run(&data, output, &command),
        Smart::Reservation(command) => reservation::run(&data, output, wait, command),
        Smart::Transport(command) => transport::run(&data, output, command),
        Smart::FactoryReset { yes } => {
            if !yes && !RESET.answered_yes()? {
                say("Nothing was changed.");
                return Ok(());
            }
            let mut appliance = data.connect()?;
            let outcome = appliance.factory_reset(wait)?;
            tell(&mut appliance, output, outcome, Wanted::FactoryReset)
        }
    }
}

/// What came of a command that succeeded.
#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    outcome: Outcome,
    /// What the last report brought, where that was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
}

/// Prints what came of a command, and fails if that is not what was wanted.
fn tell(
    appliance: &mut Client,
    output: OutputArgs,
    outcome: Outcome,
    wanted: Wanted,
) -> anyhow::Result<()> {
    let mut verdict = None;
    let said = match &outcome {
        Outcome::Succeeded => {
            if wanted.brings_verdict() {
                verdict = show::verdict(&appliance.status()?);
            }
            match &verdict {
                Some(verdict) => format!("{}: {verdict}.", wanted.done()),
                None => format!("{}.", wanted.done()),
            }
        }
        Outcome::Deregistered { manager_told: true }
        | Outcome::Reset { manager_told: None | Some(true) } => format!("{}.", wanted.done()),
        Outcome::Reset { manager_told: Some(false) } => stale_instance(appliance, wanted)?,
        Outcome::Deregistered { manager_told: false } => stale_instance(appliance, wanted)?,
        // No step of a reservation comes here.
        Outcome::Stored { .. } => "Done.".to_owned(),
        Outcome::Underway => "Under way: `leasehold show license status` shows it.".to_owned(),
        Outcome::Dropped => "The registration under way is dropped.".to_owned(),
        Outcome::Removed | Outcome::Refused { .. } | Outcome::Retrying { .. } => {
            let problem = not_done(&outcome);
            return Err(NotDone { outcome, problem }.into());
        }
    };
    output.show(&Done { outcome, verdict }, |_| format!("{said}\n"))
}

/// What a command was given for.
#[derive(Clone, Copy)]
enum Wanted {
    Registration,
    Deregistration,
    FactoryReset,
    Report,
    Certificate,
}

impl Wanted {
    /// That it was done, without the full stop.
    const fn done(self) -> &'static str {
        match self {
            Self::Registration => "Registered",
            Self::Deregistration => "Deregistered",
            Self::FactoryReset => "Reset: registration and settings are erased",
            Self::Report => "Reported",
            Self::Certificate => "The ID certificate is renewed",
        }
    }

    /// Whether the manager answers it with whether the account covers the use.
    const fn brings_verdict(self) -> bool {
        matches!(self, Self::Registration | Self::Report)
    }
}

/// Why what was wanted was not done.
fn not_done(outcome: &Outcome) -> Problem {
    match outcome {
        Outcome::Refused { failure } => Problem::new("refused", &failure.cause, &failure.remedy),
        Outcome::Retrying { failure, retry } => {
            let remedy = format!("{}{}", failure.remedy, again(*retry));
            Problem::new("retrying", &failure.cause, remedy)
        }
        _ => Problem::new(
            "removed",
            "The manager no longer has this product instance.",
            "Register again, with a token of the manager.",
        ),
    }
}

/// SPEC R6
fn stale_instance(appliance: &mut Client, wanted: Wanted) -> anyhow::Result<String> {
    Ok(format!(
        "{}, but the manager could not be told. Remove the stale product instance there with \
         `leasehold manager instance remove {}`.",
        wanted.done(),
        appliance.status()?.device.serial_number
    ))
}

fn again(retry: Option<UnixSeconds>) -> String {
    retry
        .and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok())
        .map(|at| format!(" It is tried again at {at}."))
        .unwrap_or_default()
}

impl Idtoken {
    fn token_and_force(&self) -> anyhow::Result<(Secret, bool)> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let (source, force) = match (&self.token_file, &words[..]) {
            (Some(file), []) => (Source::of(file), false),
            (Some(file), ["force"]) => (Source::of(file), true),
            (None, [token]) => (Source::Argument(token), false),
            (None, [token, "force"]) => (Source::Argument(token), true),
            _ => {
                return Err(UsageError(
                    "One token is needed, and after it may stand `force` and nothing else. Give \
                     the token, `-` to be asked for it, or --token-file.",
                )
                .into());
            }
        };
        Ok((source.read()?, force))
    }
}

/// Where a token comes from.
enum Source<'a> {
    Argument(&'a str),
    File(&'a Path),
    StandardInput,
}

/// More than any token, however it is spaced.
const TOKEN_FILE_MAX: u64 = 4_096;

impl<'a> Source<'a> {
    fn of(file: &'a Path) -> Self {
        if file == Path::new("-") { Self::StandardInput } else { Self::File(file) }
    }

    fn read(self) -> anyhow::Result<Secret> {
        let mut text = String::new();
        let (name, read) = match self {
            Self::Argument("-") | Self::StandardInput => {
                ("Standard input".to_owned(), read_token(&mut text))
            }
            Self::Argument(token) => return Ok(Secret::new(token)),
            Self::File(path) => (
                path.display().to_string(),
                File::open(path)
                    .and_then(|file| file.take(TOKEN_FILE_MAX).read_to_string(&mut text)),
            ),
        };
        read.map_err(|error| {
            anyhow!("{name} cannot be read: {error}. Give a text file that holds the token.")
        })?;
        Ok(Secret::new(text))
    }
}

/// Everything that comes; where somebody types, they are asked for one line.
fn read_token(text: &mut String) -> io::Result<usize> {
    let mut input = io::stdin().lock().take(TOKEN_FILE_MAX);
    if !io::stdin().is_terminal() {
        return input.read_to_string(text);
    }
    let mut ask = io::stderr().lock();
    write!(ask, "Token: ")?;
    ask.flush()?;
    input.read_line(text)
}

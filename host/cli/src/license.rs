//! `license smart …`.

mod transport;

use crate::UsageError;
use crate::data::DataArgs;
use crate::output::{OutputArgs, say};
use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use leasehold_shim::client::Client;
use leasehold_shim::protocol::{Outcome, Renewal, WAIT_MAX_SECONDS};
use leasehold_shim::report::{Failure, UnixSeconds};
use leasehold_shim::settings::Secret;
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
    output: OutputArgs,
    /// How long to wait for the manager's answer, in seconds; 0 does not wait
    #[arg(
        long,
        global = true,
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
    /// How the license manager is reached
    #[command(subcommand)]
    Transport(transport::TransportCommand),
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
            tell(&mut appliance, output, &outcome, "Registered.")
        }
        Smart::Deregister { yes } => {
            if !yes && !confirmed()? {
                say("Nothing was changed.");
                return Ok(());
            }
            let mut appliance = data.connect()?;
            let outcome = appliance.deregister(wait)?;
            tell(&mut appliance, output, &outcome, "Deregistered.")
        }
        Smart::Renew(what) => {
            let (what, done) = match what {
                Renew::Auth => (Renewal::Authorization, "Reported, and answered."),
                Renew::Id => (Renewal::Certificate, "The ID certificate is renewed."),
            };
            let mut appliance = data.connect()?;
            let outcome = appliance.renew(what, wait)?;
            tell(&mut appliance, output, &outcome, done)
        }
        Smart::Transport(command) => transport::run(&data, output, command),
    }
}

/// Prints what came of a command, and fails if that is not what was wanted.
fn tell(
    appliance: &mut Client,
    output: OutputArgs,
    outcome: &Outcome,
    done: &str,
) -> anyhow::Result<()> {
    let said = match outcome {
        Outcome::Succeeded | Outcome::Deregistered { manager_told: true } => done.to_owned(),
        Outcome::Underway => "Under way: `leasehold show license status` shows it.".to_owned(),
        Outcome::Dropped => "The registration under way is dropped.".to_owned(),
        Outcome::Deregistered { manager_told: false } => stale_instance(appliance)?,
        Outcome::Removed | Outcome::Refused { .. } | Outcome::Retrying { .. } => String::new(),
    };
    if output.json || !said.is_empty() {
        output.show(outcome, |_| format!("{said}\n"))?;
    }
    match outcome {
        Outcome::Removed => bail!(
            "The manager no longer has this product instance. Register again, with a token of \
             the manager."
        ),
        Outcome::Refused { failure } => bail!("{}", sentences(failure)),
        Outcome::Retrying { failure, retry } => bail!("{}{}", sentences(failure), again(*retry)),
        Outcome::Succeeded
        | Outcome::Underway
        | Outcome::Dropped
        | Outcome::Deregistered { .. } => Ok(()),
    }
}

/// SPEC R6
fn stale_instance(appliance: &mut Client) -> anyhow::Result<String> {
    Ok(format!(
        "Deregistered, but the manager could not be told. Remove the stale product instance there \
         with `leasehold manager instance remove {}`.",
        appliance.status()?.device.serial_number
    ))
}

fn sentences(failure: &Failure) -> String {
    format!("{} {}", failure.cause, failure.remedy)
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
                let problem = "give one token, or --token-file, and after it nothing but `force`";
                return Err(UsageError(problem.to_owned()).into());
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
            Self::Argument("-") | Self::StandardInput => (
                "Standard input".to_owned(),
                io::stdin().lock().take(TOKEN_FILE_MAX).read_to_string(&mut text),
            ),
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

/// Asks whether to go on.
fn confirmed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        let problem = "there is nobody to ask here: add --yes to deregister";
        return Err(UsageError(problem.to_owned()).into());
    }
    let mut ask = io::stderr().lock();
    write!(ask, "The licences of this appliance become free. Deregister? [yes/no]: ")?;
    ask.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

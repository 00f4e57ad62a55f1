//! `license smart reservation …`.

use super::question::{CANCEL, Question, RETURN, RETURN_AUTHORIZATION};
use crate::codes::{CodeArgs, CodeInput, PictureArgs};
use crate::data::DataArgs;
use crate::output::{OutputArgs, say};
use clap::{Args, Subcommand};
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::{Outcome, ReservationStep};
use leasehold_shim::show;
use std::io::{self, IsTerminal};
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(super) enum ReservationCommand {
    /// Get licences by codes from now on; only while the appliance is not registered
    Enable,
    /// Get licences from a license manager again
    Disable,
    /// Asks for licences: prints the request code, the same again while it stands
    #[command(subcommand)]
    Request(RequestCommand),
    /// Installs the authorization code that the license manager gave
    Install(InstallArgs),
    /// Drops the request before anything was installed
    Cancel {
        #[command(flatten)]
        code: CodeArgs,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Gives everything back: prints the return code
    Return(ReturnArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum RequestCommand {
    /// For licences that are chosen at the manager
    Specific(CodeArgs),
    /// For everything that the product can use
    Universal(CodeArgs),
}

#[derive(Args, Debug)]
pub(super) struct InstallArgs {
    #[command(flatten)]
    code: CodeInput,
    #[command(flatten)]
    picture: PictureArgs,
    /// Do not ask, even if it takes licences away
    #[arg(long)]
    yes: bool,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ReturnArgs {
    #[command(flatten)]
    code: CodeArgs,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(subcommand)]
    what: Option<Returned>,
}

#[derive(Debug, Subcommand)]
enum Returned {
    /// Gives an authorization back that was never installed
    Authorization {
        #[command(flatten)]
        code: CodeInput,
        #[command(flatten)]
        picture: PictureArgs,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(
    data: &DataArgs,
    output: OutputArgs,
    wait: Duration,
    command: ReservationCommand,
) -> anyhow::Result<()> {
    let session = Session { data, output, wait };
    match command {
        ReservationCommand::Enable => session.take(
            ReservationStep::Enable,
            |_| Ok(String::new()),
            "Reservation is enabled: licences come by codes.\n\
             Next: `leasehold license smart reservation request specific` makes the request code.\n",
        ),
        ReservationCommand::Disable => session.take(
            ReservationStep::Disable,
            |_| Ok(String::new()),
            "Reservation is disabled: licences come from a license manager.\n\
             Next: `leasehold license smart register idtoken -` registers there.\n",
        ),
        ReservationCommand::Request(RequestCommand::Specific(code)) => {
            session.request(&code, false)
        }
        ReservationCommand::Request(RequestCommand::Universal(code)) => {
            session.request(&code, true)
        }
        ReservationCommand::Install(install) => session.install(&install),
        ReservationCommand::Cancel { code, yes } => session.take_if(
            yes,
            &CANCEL,
            ReservationStep::Cancel,
            |text| code.keep(text),
            "The request is dropped. If licences were set aside for it, enter this return code at the \
             license manager: `leasehold manager reservation return`.\nIf it was only redeemed, \
             cancel it there: `leasehold manager reservation cancel`.\n",
        ),
        ReservationCommand::Return(ReturnArgs { what: None, code, yes }) => session.take_if(
            yes,
            &RETURN,
            ReservationStep::Return,
            |text| code.keep(text),
            "Everything is returned. Enter this return code at the license manager: `leasehold \
             manager reservation return`.\nUntil then the licences stay set aside there.\n",
        ),
        ReservationCommand::Return(ReturnArgs { what: Some(authorization), .. }) => {
            let Returned::Authorization { code, picture, yes } = authorization;
            let code = code.read()?;
            session.take_if(
                yes,
                &RETURN_AUTHORIZATION,
                ReservationStep::ReturnAuthorization { code },
                |text| picture.keep(text),
                "The authorization is returned. Enter this return code at the license manager: \
                 `leasehold manager reservation return`.\nUntil then its licences stay set aside \
                 there.\n",
            )
        }
    }
}

/// Where the first authorization covers the use.
const DONE: &str = "Nothing more needs to be done.";

/// How the steps of one command are taken and told.
struct Session<'s> {
    data: &'s DataArgs,
    output: OutputArgs,
    wait: Duration,
}

impl Session<'_> {
    fn request(&self, code: &CodeArgs, universal: bool) -> anyhow::Result<()> {
        self.take(
            ReservationStep::Request { universal },
            |text| code.keep(text),
            "Enter this request code at the license manager: `leasehold manager reservation \
             redeem`.\nThen install the authorization code that it gives: `leasehold license smart \
             reservation install`.\n",
        )
    }

    /// An authorization that takes licences away is asked about first.
    fn install(&self, install: &InstallArgs) -> anyhow::Result<()> {
        let code = install.code.read()?;
        let mut appliance = self.data.connect()?;
        let mut step = |accept_fewer| {
            let code = code.clone();
            appliance.reservation(ReservationStep::Install { code, accept_fewer }, self.wait)
        };
        let outcome = match step(install.yes) {
            Err(Problem { code, cause, .. })
                if ["takes-away", "not-covered"].contains(&code.as_str())
                    && io::stdin().is_terminal() =>
            {
                let asked = format!("{cause} Install it?");
                let question = Question { asked: &asked, unanswered: "" };
                if !question.answered_yes()? {
                    say("Nothing was changed.");
                    return Ok(());
                }
                step(true)?
            }
            outcome => outcome?,
        };
        let report = appliance.status()?;
        let told = match &outcome {
            Outcome::Stored { code: Some(_), already } => format!(
                "{} Enter this confirmation code at the license manager: `leasehold manager \
                 reservation confirm`.\nUntil then old and new licences stay set aside \
                 there.\nReserved: {}\n",
                if *already {
                    "The update is in force already."
                } else {
                    "The update is installed."
                },
                show::installed(&report, ""),
            ),
            Outcome::Stored { already: true, .. } => {
                format!("It is in force already; reserved: {}\n", show::installed(&report, DONE))
            }
            _ => format!(
                "Installed; reserved: {}\n`leasehold show license reservation` shows terms and \
                 codes.\n",
                show::installed(&report, DONE)
            ),
        };
        self.tell(&outcome, |text| install.picture.keep(text), &told)
    }

    /// Takes a step, after a question unless that is answered already.
    fn take_if(
        &self,
        yes: bool,
        question: &Question<'_>,
        step: ReservationStep,
        keep: impl FnOnce(&str) -> anyhow::Result<String>,
        told: &str,
    ) -> anyhow::Result<()> {
        if !yes && !question.answered_yes()? {
            say("Nothing was changed.");
            return Ok(());
        }
        self.take(step, keep, told)
    }

    fn take(
        &self,
        step: ReservationStep,
        keep: impl FnOnce(&str) -> anyhow::Result<String>,
        told: &str,
    ) -> anyhow::Result<()> {
        let outcome = self.data.connect()?.reservation(step, self.wait)?;
        self.tell(&outcome, keep, told)
    }

    /// Prints the code that came of a step, if one did, and then what is `told` of it.
    fn tell(
        &self,
        outcome: &Outcome,
        keep: impl FnOnce(&str) -> anyhow::Result<String>,
        told: &str,
    ) -> anyhow::Result<()> {
        let shown = match outcome {
            Outcome::Stored { code: Some(code), .. } => format!("{code}\n{}", keep(code)?),
            _ => String::new(),
        };
        self.output.show(outcome, |_| shown)?;
        if !self.output.json {
            let told = match outcome {
                Outcome::Stored { .. } => told.trim_end(),
                _ => {
                    "Under way: `leasehold show license reservation` shows the code once it is stored."
                }
            };
            say(told);
        }
        Ok(())
    }
}

//! `show license …`.

use crate::codes::CodeArgs;
use crate::data::DataArgs;
use crate::output::OutputArgs;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use leasehold_shim::journal::Entry;
use leasehold_shim::problem::Problem;
use leasehold_shim::report::Report;
use leasehold_shim::show;
use serde_json::json;

/// Shows the state of the appliance.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    what: Shown,
}

#[derive(Debug, Subcommand)]
enum Shown {
    /// Shows licences, registration and authorization
    #[command(subcommand)]
    License(Page),
}

#[derive(Clone, Debug, Subcommand)]
enum Page {
    /// Every state with its dates, and what happens next
    Status,
    /// The states in short, and the licences in use
    Summary,
    /// Everything about the licences in use
    Usage,
    /// Everything in one page
    All,
    /// Product id and serial number
    Udi,
    /// What is reserved, with counts and terms, and the last codes
    Reservation {
        #[command(subcommand)]
        code: Option<OneCode>,
    },
    /// What happened, the oldest first
    Eventlog,
}

#[derive(Clone, Debug, Subcommand)]
enum OneCode {
    /// Only the request code
    #[command(name = "request-code")]
    Request(CodeArgs),
    /// Only the confirmation code of the update that is installed
    #[command(name = "confirmation-code")]
    Confirmation(CodeArgs),
    /// Only the last return code
    #[command(name = "return-code")]
    Return(CodeArgs),
}

pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<()> {
    let Shown::License(page) = &args.what;
    let render: fn(&Report) -> String = match page {
        Page::Status => show::status,
        Page::Summary => show::summary,
        Page::Usage => show::usage,
        Page::All => show::all,
        Page::Udi => show::udi,
        Page::Reservation { code: None } => show::reservation,
        Page::Reservation { code: Some(code) } => return one_code(args, code),
        Page::Eventlog => return event_log(args),
    };
    args.output.show(&args.data.connect()?.status()?, render)
}

fn one_code(args: &ShowArgs, which: &OneCode) -> anyhow::Result<()> {
    let codes = args.data.connect()?.status()?.reservation.codes;
    let (code, keep, name, makes_one) = match which {
        OneCode::Request(keep) => (
            codes.request,
            keep,
            "request",
            "`license smart reservation request specific` makes one",
        ),
        OneCode::Confirmation(keep) => (
            codes.confirmation,
            keep,
            "confirmation",
            "Installing an update of a reservation makes one",
        ),
        OneCode::Return(keep) => {
            (codes.returned, keep, "return", "`license smart reservation return` makes one")
        }
    };
    let Some(code) = code else {
        return Err(Problem::new(
            "no-code",
            format!("There is no {name} code."),
            format!("{makes_one}."),
        )
        .into());
    };
    let picture = keep.keep(&code)?;
    let shown = format!("{code}\n{picture}");
    args.output.show(&json!({ "code": code }), |_| shown)
}

fn event_log(args: &ShowArgs) -> anyhow::Result<()> {
    let mut appliance = args.data.connect()?;
    let mut after = 0;
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let part = appliance.events(after)?;
        let Some(newest) = part.events.last().map(|entry| entry.sequence) else { break };
        after = newest;
        all.extend(part.events);
    }
    args.output.show(&all, |all| all.iter().map(line).collect())
}

fn line(entry: &Entry) -> String {
    let time = entry
        .time
        .and_then(|time| Timestamp::from_second(i64::try_from(time).ok()?).ok())
        .map_or_else(|| "time unknown".to_owned(), |time| time.to_string());
    format!("{time} {} {} {}\n", entry.name, entry.cause, entry.remedy)
}

//! `manager reservation`.

mod code;
mod text;

use super::client::{Client, escaped};
use super::lookup::{self, Place};
use super::output::Output;
use super::question::answered_yes;
use crate::codes::{CodeInput, PictureArgs};
use crate::output::say;
use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use code::{GivenCode, Kind};
use leasehold_manager::http::types::{
    LicenseChoice, Licenses, PoolLine, PoolSummary, Reconciliation, RequestToRedeem, Reservation,
    ReservationCode, ReservationWithCodes, Status,
};
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use ureq::http::Method;

#[derive(Debug, Subcommand)]
pub(super) enum ReservationCommand {
    /// Takes the request code of an appliance, and shows what can be reserved for it
    Redeem {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        code: CodeInput,
    },
    /// Sets licences aside and prints the authorization code to be installed on the appliance
    Authorize(IssueArgs),
    /// Issues another authorization code: everything that the appliance is to have from then on
    Update(IssueArgs),
    /// Takes the confirmation code of an appliance: what was before the update is free
    Confirm(EntryArgs),
    /// Takes the return code of an appliance: what it gave back is free
    Return(EntryArgs),
    /// Drops a request for which no authorization was issued
    Cancel {
        /// Its number, or the serial number of the appliance
        reservation: String,
    },
    /// Moves the licences of a dead appliance to its replacement, and prints the authorization code
    Rehost {
        /// Its number, or the serial number of the dead appliance
        reservation: String,
        /// The request code of the replacement
        #[command(flatten)]
        code: CodeInput,
        #[command(flatten)]
        out: OutArgs,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Settles what became of a reservation that is frozen, since the manager was restored
    Reconcile {
        /// Its number, or the serial number of the appliance
        reservation: String,
        /// The last confirmation or return code that the appliance shows
        #[command(flatten)]
        code: CodeInput,
        /// Your word, which is logged, that the appliance holds what the reservation says and that no
        /// authorization was issued and no code entered since the backup
        #[arg(long, conflicts_with_all = ["words", "file"])]
        unchanged: bool,
    },
    /// Lists reservations
    List {
        #[command(flatten)]
        place: Place,
        /// Only those in this state
        #[arg(long)]
        state: Option<State>,
        /// The beginning of a serial number
        #[arg(long)]
        search: Option<String>,
        /// Also those that ended
        #[arg(long)]
        ended: bool,
        /// Only those that are frozen until reconciled
        #[arg(long)]
        frozen: bool,
    },
    /// Shows one reservation: all of its codes, what it sets aside, and what is next
    Show {
        /// Its number, or the serial number of the appliance
        reservation: String,
        /// Of the newest authorization code, or of the request code while there is none
        #[command(flatten)]
        picture: PictureArgs,
    },
}

/// What is to be set aside.
#[derive(Args, Debug)]
pub(super) struct IssueArgs {
    /// Its number, or the serial number of the appliance
    reservation: String,
    /// A feature or tag and how many, such as premium-seat=5; none for an appliance that asked for
    /// everything it can use
    #[arg(value_name = "LICENSE=COUNT", value_parser = choice)]
    licenses: Vec<LicenseChoice>,
    #[command(flatten)]
    out: OutArgs,
}

/// Where an authorization code goes.
#[derive(Args, Debug)]
pub(super) struct OutArgs {
    /// Write the authorization code to a file instead, as text
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    picture: PictureArgs,
}

/// A code that an appliance made.
#[derive(Args, Debug)]
pub(super) struct EntryArgs {
    #[command(flatten)]
    code: CodeInput,
    /// The reservation that it has to belong to: its number, or the serial number of the appliance
    #[arg(long)]
    reservation: Option<String>,
}

/// How far a reservation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum State {
    Requested,
    Authorized,
    UpdatePending,
    Returned,
    Cancelled,
    Rehosted,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Authorized => "authorized",
            Self::UpdatePending => "update-pending",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
            Self::Rehosted => "rehosted",
        }
    }

    const fn is_end(self) -> bool {
        matches!(self, Self::Returned | Self::Cancelled | Self::Rehosted)
    }
}

fn choice(text: &str) -> Result<LicenseChoice> {
    let parsed = text.rsplit_once('=').and_then(|(license, count)| {
        let count = count.parse().ok()?;
        (!license.is_empty()).then(|| LicenseChoice { license: license.into(), count })
    });
    parsed.ok_or_else(|| {
        anyhow!("{text:?} is not a licence and how many. Write it like premium-seat=5.")
    })
}

pub(super) fn run(client: &Client, output: Output, command: ReservationCommand) -> Result<()> {
    match command {
        ReservationCommand::Redeem { place, code } => redeem(client, output, &place, &code),
        ReservationCommand::Authorize(args) => issue(client, output, "authorize", args),
        ReservationCommand::Update(args) => issue(client, output, "update", args),
        ReservationCommand::Confirm(args) => confirm(client, output, args),
        ReservationCommand::Return(args) => give_back(client, output, args),
        ReservationCommand::Cancel { reservation } => {
            let id = lookup::reservation(client, &reservation)?.id;
            let path = format!("/reservations/{id}/cancel");
            let whole: ReservationWithCodes = client.act(Method::POST, &path)?;
            output.show(&whole, |whole| told("The request is dropped", whole))
        }
        ReservationCommand::Rehost { reservation, code, out, yes } => {
            let old = lookup::reservation(client, &reservation)?;
            if !yes && !answered_yes(&rehost_question(&old), UNANSWERED)? {
                say("Nothing was changed.");
                return Ok(());
            }
            let code = GivenCode::read(&code, Kind::Request)?;
            let body = RequestToRedeem { request: code.text.clone() };
            let path = format!("/reservations/{}/rehost", old.id);
            let new: ReservationWithCodes = hand_in(client, output, &path, &code, &body)?;
            print_code(output, &new, &out)
        }
        ReservationCommand::Reconcile { reservation, code, unchanged } => {
            let id = lookup::reservation(client, &reservation)?.id;
            reconcile(client, output, id, (!unchanged).then_some(&code))
        }
        ReservationCommand::List { place, state, search, ended, frozen } => {
            let search = escaped(search.as_deref().unwrap_or_default());
            let ended = ended || state.is_some_and(State::is_end);
            let query = format!("with_ended={ended}&search={search}&{}", place.query(client)?);
            let mut found: Vec<Reservation> =
                client.all("/reservations", query.trim_end_matches('&'))?;
            found.retain(|found| state.is_none_or(|state| found.state == state.name()));
            found.retain(|found| !frozen || found.frozen.is_some());
            output.list(&found, text::HEADS, text::row)
        }
        ReservationCommand::Show { reservation, picture } => {
            let id = lookup::reservation(client, &reservation)?.id;
            let whole: ReservationWithCodes = client.get(&format!("/reservations/{id}"))?;
            let picture = picture.keep(issued(&whole).unwrap_or(&whole.request_code))?;
            output.args.show(&whole, |whole| format!("{}\n{picture}", text::everything(whole)))
        }
    }
}

/// A request that was redeemed, and what can be reserved for it.
#[derive(Serialize)]
struct Redeemed {
    #[serde(flatten)]
    reservation: ReservationWithCodes,
    available: Vec<PoolLine>,
}

fn redeem(client: &Client, output: Output, place: &Place, code: &CodeInput) -> Result<()> {
    let code = GivenCode::read(code, Kind::Request)?;
    let path = format!("/virtual-accounts/{}/reservations", place.pool(client)?.id);
    let body = RequestToRedeem { request: code.text.clone() };
    let whole: ReservationWithCodes = hand_in(client, output, &path, &code, &body)?;
    let pool = whole.reservation.virtual_account;
    let summary: PoolSummary = client.get(&format!("/virtual-accounts/{pool}/summary"))?;
    let status: Status = client.get("/status")?;
    let redeemed = Redeemed { reservation: whole, available: summary.licenses };
    output.show(&redeemed, |Redeemed { reservation, available }| {
        text::redeemed(reservation, available, &status.licenses)
    })
}

/// Issues an authorization: the first, or an update.
fn issue(client: &Client, output: Output, deed: &str, args: IssueArgs) -> Result<()> {
    let IssueArgs { reservation, licenses, out } = args;
    let id = lookup::reservation(client, &reservation)?.id;
    let wanted = Licenses { licenses };
    let path = format!("/reservations/{id}/{deed}");
    let whole: ReservationWithCodes = client.ask(Method::POST, &path, &wanted)?;
    print_code(output, &whole, &out)
}

/// The newest authorization code.
fn issued(whole: &ReservationWithCodes) -> Option<&str> {
    whole.update_code.as_deref().or(whole.authorization_code.as_deref())
}

/// The authorization code alone, so that it can be piped; what it is and what is next is talk.
fn print_code(output: Output, whole: &ReservationWithCodes, to: &OutArgs) -> Result<()> {
    let Reservation { id, serial_number, .. } = &whole.reservation;
    let code = issued(whole).unwrap_or_default();
    if let Some(file) = &to.out {
        fs::write(file, format!("{code}\n")).map_err(|error| {
            anyhow!(
                "The authorization was issued, but {} cannot be written: {error}. \
                 Show the code again with `leasehold manager reservation show {id}`.",
                file.display()
            )
        })?;
    }
    let picture = to.picture.keep(code)?;
    output.args.show(whole, |_| match &to.out {
        Some(file) => format!("The authorization code is in {}.\n{picture}", file.display()),
        None => format!("{code}\n{picture}"),
    })?;
    if !output.args.json {
        let (licenses, next) = (text::licenses(whole), text::next(&whole.reservation));
        say(&format!("Reservation {id}, for the appliance {serial_number}:\n{licenses}{next}"));
    }
    Ok(())
}

fn confirm(client: &Client, output: Output, args: EntryArgs) -> Result<()> {
    let whole = enter(client, output, "confirm", Kind::Confirmation, args)?;
    output.show(&whole, |whole| told("The update is confirmed", whole))
}

fn give_back(client: &Client, output: Output, args: EntryArgs) -> Result<()> {
    let whole = enter(client, output, "return", Kind::Return, args)?;
    output.show(&whole, |whole| match whole.reservation.ended {
        Some(_) => told("Everything is returned", whole),
        None => told("The update is returned", whole),
    })
}

/// Settles a frozen reservation by a code, or by the word of whoever gives the command.
fn reconcile(client: &Client, output: Output, id: i64, code: Option<&CodeInput>) -> Result<()> {
    let path = format!("/reservations/{id}/reconcile");
    let whole: ReservationWithCodes = match code {
        None => client.ask(Method::POST, &path, &Reconciliation { code: None, unchanged: true })?,
        Some(code) => {
            let code = GivenCode::read_of_appliance(code)?;
            let body = Reconciliation { code: Some(code.text.clone()), unchanged: false };
            hand_in(client, output, &path, &code, &body)?
        }
    };
    output.show(&whole, |whole| {
        let done = match whole.reservation.frozen {
            None => "Reconciled",
            Some(_) => "Not reconciled yet",
        };
        told(done, whole)
    })
}

/// Hands a code in that the appliance made, for the reservation named or for whichever it is of.
fn enter(
    client: &Client,
    output: Output,
    deed: &str,
    kind: Kind,
    args: EntryArgs,
) -> Result<ReservationWithCodes> {
    let path = match args.reservation {
        Some(name) => format!("/reservations/{}/{deed}", lookup::reservation(client, &name)?.id),
        None => format!("/reservations/{deed}"),
    };
    let code = GivenCode::read(&args.code, kind)?;
    let body = ReservationCode { code: code.text.clone() };
    hand_in(client, output, &path, &code, &body)
}

/// Sends a code, and points at what is wrong in one that is refused for that.
fn hand_in(
    client: &Client,
    output: Output,
    path: &str,
    code: &GivenCode,
    body: &impl Serialize,
) -> Result<ReservationWithCodes> {
    client.ask(Method::POST, path, body).inspect_err(|refused| {
        if let Some(pointed) = code.pointed_at(refused).filter(|_| !output.args.json) {
            say(&pointed);
        }
    })
}

fn told(done: &str, whole: &ReservationWithCodes) -> String {
    let Reservation { id, serial_number, .. } = &whole.reservation;
    let licenses = text::licenses(whole);
    let next = text::next(&whole.reservation);
    format!("{done}: reservation {id}, of the appliance {serial_number}.\n{licenses}{next}")
}

/// Asked before licences move from an appliance that could still be using them.
fn rehost_question(old: &Reservation) -> String {
    format!(
        "The licences of {} move for good, and reservation {} ends. Is that appliance dead?",
        old.serial_number, old.id
    )
}

const UNANSWERED: &str = "There is nobody to ask here. Add --yes to rehost.";

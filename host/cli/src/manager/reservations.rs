//! `manager reservation`.

mod arguments;
mod code;
mod issue;
mod text;

use super::client::{Client, escaped};
use super::lookup::{self, Place};
use super::output::Output;
use super::question::answered_yes;
use crate::codes::CodeInput;
use crate::output::say;
use anyhow::Result;
use arguments::{CodeName, EntryArgs, IssueArgs, OutArgs, State, UpdateArgs};
use clap::Subcommand;
use code::{GivenCode, Kind};
use leasehold_manager::http::types::{
    List, Offer, Reconciliation, RequestToRedeem, Reservation, ReservationCode,
    ReservationWithCodes,
};
use serde::Serialize;
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
    Update(UpdateArgs),
    /// Takes the confirmation code of an appliance: what was before the update is free
    Confirm(EntryArgs),
    /// Takes the return code of an appliance: what it gave back is free
    Return(EntryArgs),
    /// Drops a request for which no authorization was issued
    Cancel {
        /// Its number, or the appliance's serial number, UDI or request number
        reservation: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Moves the licences of a dead appliance to its replacement, and prints the authorization code
    Rehost {
        /// Its number, or the dead appliance's serial number, UDI or request number
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
        /// Its number, or the appliance's serial number, UDI or request number
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
        /// The beginning of a serial number, or a request number
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
        /// Its number, or the appliance's serial number, UDI or request number
        reservation: String,
        /// Only this code; files and QR codes are of the newest that was issued where none is named, or
        /// of the request code
        #[arg(value_enum)]
        code: Option<CodeName>,
        #[command(flatten)]
        out: OutArgs,
    },
}

pub(super) fn run(client: &Client, output: Output, command: ReservationCommand) -> Result<()> {
    match command {
        ReservationCommand::Redeem { place, code } => redeem(client, output, &place, &code),
        ReservationCommand::Authorize(args) => issue::authorize(client, output, args),
        ReservationCommand::Update(args) => issue::update(client, output, args),
        ReservationCommand::Confirm(args) => confirm(client, output, args),
        ReservationCommand::Return(args) => give_back(client, output, args),
        ReservationCommand::Cancel { reservation, yes } => {
            cancel(client, output, &lookup::reservation(client, &reservation)?, yes)
        }
        ReservationCommand::Rehost { reservation, code, out, yes } => {
            let id = lookup::reservation(client, &reservation)?.id;
            let old: ReservationWithCodes = client.get(&format!("/reservations/{id}"))?;
            // Without a rehost left there is nothing to ask: the manager says when there is one again.
            let asks = !yes && old.rehosts_left > 0;
            if asks && !answered_yes(&text::rehost_question(&old), UNANSWERED)? {
                say("Nothing was changed.");
                return Ok(());
            }
            let code = GivenCode::read(&code, Kind::Request)?;
            let body = RequestToRedeem { request: code.text.clone() };
            let path = format!("/reservations/{id}/rehost");
            let new: ReservationWithCodes = hand_in(client, output, &path, &code, &body)?;
            issue::print_code(output, &new, &out)?;
            if !output.args.json {
                say(&text::rehosted(&old, &new));
            }
            Ok(())
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
        ReservationCommand::Show { reservation, code, out } => {
            let id = lookup::reservation(client, &reservation)?.id;
            let whole: ReservationWithCodes = client.get(&format!("/reservations/{id}"))?;
            match code {
                Some(name) => issue::one_code(output, &whole, name, &out),
                None => {
                    let kept = out.keep(&code::newest(&whole))?;
                    output.args.show(&whole, |whole| format!("{}\n{kept}", text::everything(whole)))
                }
            }
        }
    }
}

const UNANSWERED: &str = "There is nobody to ask here. Add --yes to rehost.";
const NOT_CANCELLED: &str = "There is nobody to ask here. Add --yes to drop the request.";

/// Drops a request; one that is dropped already stays that.
fn cancel(client: &Client, output: Output, found: &Reservation, yes: bool) -> Result<()> {
    let path = format!("/reservations/{}", found.id);
    if found.state == "cancelled" {
        let whole: ReservationWithCodes = client.get(&path)?;
        return output.show(&whole, |whole| told("The request was dropped before", whole));
    }
    let question = format!(
        "The request of {} can never be authorized after that. Drop reservation {}?",
        found.serial_number, found.id
    );
    if !yes && !answered_yes(&question, NOT_CANCELLED)? {
        say("Nothing was changed.");
        return Ok(());
    }
    let whole: ReservationWithCodes = client.act(Method::POST, &format!("{path}/cancel"))?;
    output.show(&whole, |whole| told("The request is dropped", whole))
}

/// A request that was redeemed, and what can be reserved for it.
#[derive(Serialize)]
struct Redeemed {
    #[serde(flatten)]
    reservation: ReservationWithCodes,
    available: Vec<Offer>,
}

fn redeem(client: &Client, output: Output, place: &Place, code: &CodeInput) -> Result<()> {
    let code = GivenCode::read(code, Kind::Request)?;
    let path = format!("/virtual-accounts/{}/reservations", place.pool(client)?.id);
    let body = RequestToRedeem { request: code.text.clone() };
    let whole: ReservationWithCodes = hand_in(client, output, &path, &code, &body)?;
    let id = whole.reservation.id;
    let offers: List<Offer> = client.get(&format!("/reservations/{id}/offers"))?;
    let redeemed = Redeemed { reservation: whole, available: offers.items };
    output.show(&redeemed, |redeemed| text::redeemed(&redeemed.reservation, &redeemed.available))
}

fn confirm(client: &Client, output: Output, args: EntryArgs) -> Result<()> {
    let whole = enter(client, output, "confirm", Kind::Confirmation, args)?;
    output.show(&whole, |whole| {
        taken(whole, || "The update is confirmed, and what was before is free".into())
    })
}

fn give_back(client: &Client, output: Output, args: EntryArgs) -> Result<()> {
    let whole = enter(client, output, "return", Kind::Return, args)?;
    output.show(&whole, |whole| taken(whole, || text::given_back(&whole.reservation)))
}

/// What came of a code: what is `done`, or that it was done before.
fn taken(whole: &ReservationWithCodes, done: impl FnOnce() -> String) -> String {
    let before = |on| format!("This code was entered before, on {on}, and has done its work");
    told(&whole.entered_before.map_or_else(done, before), whole)
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
    let next = text::next(whole);
    format!("{done}: reservation {id}, of the appliance {serial_number}.\n{licenses}{next}")
}

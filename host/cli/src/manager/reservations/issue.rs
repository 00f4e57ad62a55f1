//! Authorizations: issued, and shown again.

use super::arguments::{CodeName, IssueArgs, OutArgs, UpdateArgs};
use super::code::{newest, one};
use super::text;
use crate::manager::client::Client;
use crate::manager::lookup;
use crate::manager::output::Output;
use crate::manager::question::answered_yes;
use crate::output::say;
use anyhow::Result;
use leasehold_manager::http::types::{Difference, Licenses, Reservation, ReservationWithCodes};
use serde_json::json;
use ureq::http::Method;

/// Issues the first authorization.
pub(super) fn authorize(client: &Client, output: Output, args: IssueArgs) -> Result<()> {
    let IssueArgs { reservation, licenses, out } = args;
    let id = lookup::reservation(client, &reservation)?.id;
    let path = format!("/reservations/{id}/authorize");
    let whole: ReservationWithCodes = client.ask(Method::POST, &path, &Licenses { licenses })?;
    print_code(output, &whole, &out)
}

const UNANSWERED: &str = "The update takes licences away, and there is nobody to ask here. \
                          Add --yes to issue it.";

/// Issues an update, once it is shown what that changes: what takes licences away is asked about.
pub(super) fn update(client: &Client, output: Output, args: UpdateArgs) -> Result<()> {
    let UpdateArgs { issue: IssueArgs { reservation, licenses, out }, yes } = args;
    let Reservation { id, serial_number, .. } = lookup::reservation(client, &reservation)?;
    let wanted = Licenses { licenses };
    let path = format!("/reservations/{id}/update");
    let difference: Difference = client.ask(Method::POST, &format!("{path}/preview"), &wanted)?;
    if !output.args.json {
        say(&text::difference(&difference));
    }
    let question = format!("{serial_number} is to have fewer licences than now. Issue the update?");
    if difference.takes_away && !yes && !answered_yes(&question, UNANSWERED)? {
        say("Nothing was changed.");
        return Ok(());
    }
    let whole: ReservationWithCodes = client.ask(Method::POST, &path, &wanted)?;
    print_code(output, &whole, &out)
}

/// The authorization code alone, so that it can be piped; what it is and what is next is talk.
pub(super) fn print_code(output: Output, whole: &ReservationWithCodes, to: &OutArgs) -> Result<()> {
    let Reservation { id, serial_number, .. } = &whole.reservation;
    let code = newest(whole);
    let kept = to.keep(&code)?;
    output.args.show(whole, |_| match to.out {
        Some(_) => kept,
        None => format!("{}\n{kept}", code.text),
    })?;
    if !output.args.json {
        let (licenses, next) = (text::licenses(whole), text::next(whole));
        say(&format!("Reservation {id}, for the appliance {serial_number}:\n{licenses}{next}"));
    }
    Ok(())
}

/// One code alone.
pub(super) fn one_code(
    output: Output,
    whole: &ReservationWithCodes,
    name: CodeName,
    to: &OutArgs,
) -> Result<()> {
    let code = one(whole, name)?;
    let kept = to.keep(&code)?;
    output.args.show(&json!({ "code": code.text }), |_| match to.out {
        Some(_) => kept,
        None => format!("{}\n{kept}", code.text),
    })
}

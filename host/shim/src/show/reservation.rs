//! What is shown of a reservation (SPEC section 6).

use super::block::Block;
use super::state::is_universal;
use super::text::{date, dated, plain};
use crate::report::{Entitlement, Report, ReservationCodes, ReservedLine};

const NONE: &str = "<none>";

/// The line that scripts look for, without indentation.
pub(super) fn is_enabled(report: &Report) -> String {
    format!("License Reservation is {}\n", word(report))
}

pub(super) fn word(report: &Report) -> &'static str {
    if report.reservation.enabled { "ENABLED" } else { "DISABLED" }
}

/// How it stands.
pub(super) fn block(report: &Report) -> Block {
    let reservation = &report.reservation;
    let number = reservation.request.as_ref().map(|request| request.number.to_string());
    let authorization =
        reservation.installed.as_ref().map(|installed| match installed.generation {
            0 => "FIRST".to_owned(),
            generation => format!("UPDATE {generation}"),
        });
    let counted = reservation.installed.is_some() && !is_universal(report);
    let next_end = counting(&reservation.lines).filter_map(|line| line.ends).min();
    let protection = if reservation.rollback_protection { "COUNTER" } else { "NONE" };
    Block::new("License Reservation")
        .field("Reservation Status", status(report))
        .optional("Reservation Number", number)
        .optional("Authorization", authorization)
        .optional("Total Reserved Count", counted.then(|| total(&reservation.lines).to_string()))
        .optional("Next Term End", next_end.map(date))
        .field("Rollback protection", protection)
}

fn status(report: &Report) -> String {
    let reservation = &report.reservation;
    let kind = if is_universal(report) { "UNIVERSAL" } else { "SPECIFIC" };
    match (&reservation.installed, &reservation.request) {
        (Some(installed), _) => dated(&format!("{kind} INSTALLED"), installed.at),
        (None, Some(_)) => format!("{kind} REQUESTED"),
        (None, None) => "NOT INSTALLED".to_owned(),
    }
}

/// Every line, with its count and its term.
pub(super) fn lines(report: &Report) -> Block {
    let block = Block::new("Reserved Licenses");
    let reservation = &report.reservation;
    if reservation.installed.is_some() && is_universal(report) {
        return block.line("Everything that the product can use");
    }
    if reservation.lines.is_empty() {
        return block.line(NONE);
    }
    reservation.lines.iter().fold(block, |block, line| {
        block
            .line(&format!("{} - {}", plain(&line.name), plain(&line.feature)))
            .nested("Entitlement tag", plain(&line.tag))
            .nested("Count", line.count.to_string())
            .nested("In use", line.in_use.to_string())
            .nested("Term", term(line))
    })
}

fn term(line: &ReservedLine) -> String {
    match (line.perpetual, line.ended) {
        (true, _) => "PERPETUAL".to_owned(),
        (false, true) => dated("ENDED", line.ends),
        (false, false) => dated("ENDS", line.ends),
    }
}

/// The last codes: none of them is ever lost (SPEC S5).
pub(super) fn codes(codes: &ReservationCodes) -> Block {
    let shown = |code: &Option<String>| code.as_deref().map_or(NONE.to_owned(), plain);
    Block::new("Codes")
        .field("Last request code", shown(&codes.request))
        .field("Last confirmation code", shown(&codes.confirmation))
        .field("Last return code", shown(&codes.returned))
}

/// What `usage` says of a licence in use, where there is a reservation.
pub(super) fn of_entry(block: Block, report: &Report, used: &Entitlement) -> Block {
    let reservation = &report.reservation;
    if reservation.installed.is_none() {
        return block;
    }
    let kind = if is_universal(report) { "UNIVERSAL" } else { "SPECIFIC" };
    let block =
        block.line("Reservation:").nested("Reservation status", format!("{kind} INSTALLED"));
    if is_universal(report) {
        return block;
    }
    let of_tag = reservation.lines.iter().filter(|line| line.tag == used.tag);
    block.nested("Total reserved count", total(of_tag).to_string())
}

fn counting<'l>(
    lines: impl IntoIterator<Item = &'l ReservedLine>,
) -> impl Iterator<Item = &'l ReservedLine> {
    lines.into_iter().filter(|line| !line.ended)
}

fn total<'l>(lines: impl IntoIterator<Item = &'l ReservedLine>) -> u64 {
    counting(lines).map(|line| u64::from(line.count)).sum()
}

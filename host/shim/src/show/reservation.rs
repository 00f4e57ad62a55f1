//! What is shown of a reservation (SPEC section 6).

use super::block::Block;
use super::coverage::{counting, reserved, total, uncovered};
use super::state::is_universal;
use super::text::{date, dated, plain};
use crate::report::{Entitlement, Report, ReservationCodes, ReservedLine, ReturnedCode};

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
        .optional("Request Number", number)
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

/// Every licence that is reserved, with its count and its terms, and every one that is in use.
pub(super) fn lines(report: &Report) -> Block {
    let block = Block::new("Reserved Licenses");
    let reservation = &report.reservation;
    if reservation.installed.is_some() && is_universal(report) {
        return block.line("Everything that the product can use");
    }
    let is_installed = reservation.installed.is_some();
    let shown: Vec<&Entitlement> = report
        .entitlements
        .iter()
        .filter(|one| {
            let in_use = is_installed && one.reporting == "peak" && one.in_use > 0;
            in_use || reservation.lines.iter().any(|line| line.tag == one.tag)
        })
        .collect();
    if shown.is_empty() {
        return block.line(NONE);
    }
    let uncovered = uncovered(report);
    shown.into_iter().fold(block, |block, one| {
        let covered =
            if uncovered.iter().any(|short| short.is_of(&one.tag)) { " - NOT COVERED" } else { "" };
        let block = block
            .line(&format!("{} - {}", plain(&one.name), plain(&one.feature)))
            .nested("Entitlement tag", plain(&one.tag))
            .nested("Count", reserved(report, one).to_string())
            .nested("In use", format!("{}{covered}", one.in_use));
        terms(block, reservation.lines.iter().filter(|line| line.tag == one.tag).collect())
    })
}

/// How long each of the lines of one licence runs; how many they are, unless it is said already.
fn terms(block: Block, lines: Vec<&ReservedLine>) -> Block {
    match lines[..] {
        [one] if !one.ended => block.nested("Term", term(one)),
        _ => lines.into_iter().fold(block, |block, line| {
            block.nested("Term", format!("{} - {}", line.count, term(line)))
        }),
    }
}

fn term(line: &ReservedLine) -> String {
    match (line.perpetual, line.ended) {
        (true, _) => "PERPETUAL".to_owned(),
        (false, true) => dated("ENDED", line.ends),
        (false, false) => dated("ENDS", line.ends),
    }
}

/// What is reserved, in one sentence's part: `20 CC Flex Standard Seat until DATE`.
pub(super) fn reserved_words(report: &Report) -> String {
    if is_universal(report) {
        return "everything that the product can use".to_owned();
    }
    let one = |line: &ReservedLine| {
        let term = match (line.perpetual, line.ends) {
            (true, _) => " for ever".to_owned(),
            (false, Some(ends)) => format!(" until {}", date(ends)),
            (false, None) => " for a term".to_owned(),
        };
        format!("{} {}{term}", line.count, plain(&line.name))
    };
    let lines: Vec<String> = counting(&report.reservation.lines).map(one).collect();
    if lines.is_empty() { "nothing any more".to_owned() } else { lines.join(", ") }
}

/// The last codes, and the return codes before: none of them is ever lost (SPEC S5).
pub(super) fn codes(codes: &ReservationCodes) -> Block {
    let shown = |code: &Option<String>| code.as_deref().map_or(NONE.to_owned(), plain);
    let block = Block::new("Codes")
        .field("Last request code", shown(&codes.request))
        .field("Last confirmation code", shown(&codes.confirmation))
        .field("Last return code", shown(&codes.returned));
    if codes.returns.is_empty() {
        return block;
    }
    let block = block.line("Return codes made so far, the last first:");
    codes
        .returns
        .iter()
        .rev()
        .fold(block, |block, code| block.nested(&plain(&code.code), returned_words(code)))
}

/// What a return code gives back, and when it was made: `update 2 of request 17, on DATE`.
pub fn returned_words(code: &ReturnedCode) -> String {
    let what = code.update.map_or("everything".to_owned(), |update| format!("update {update}"));
    let request = code.request.map(|number| format!(" of request {number}"));
    let at = code.at.map(|at| format!(", on {}", date(at)));
    format!("{what}{}{}", request.unwrap_or_default(), at.unwrap_or_default())
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
    block.nested("Total reserved count", reserved(report, used).to_string())
}

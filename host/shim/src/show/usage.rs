//! The licences in use: the table of `summary`, the entries of `usage` and `all`.
//!
//! Listed is what is reported with a count and has at least one in use, with the count of exactly
//! that tier. A licence that only has to be owned is reported as 0 (SPEC C7): it is not listed, and
//! the outlook of `status` says when it is missing.

use super::block::Block;
use super::coverage::counting;
use super::reservation;
use super::state::state_word;
use super::text::plain;
use crate::report::{AuthorizationState, Entitlement, Report};

pub(super) const NOTHING: &str = "No licenses in use";

/// How much an entry says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Detail {
    /// The five lines that `all` may hold.
    Short,
    /// All nine of `usage`.
    Full,
}

pub(super) fn table(report: &Report) -> Block {
    let mut rows = listed(report).peekable();
    let block = Block::new("License Usage");
    if rows.peek().is_none() {
        return block.line(NOTHING);
    }
    let heading = row("License", "Entitlement tag", "Count", "Status");
    rows.fold(block.line(&heading).line(&"-".repeat(TABLE_WIDTH)), |block, used| {
        let tag = format!("({})", short_tag(report, used));
        block.line(&row(&plain(&used.name), &tag, &used.in_use.to_string(), status(used)))
    })
}

/// Columns after the indentation: licence from 0, tag from 24, count up to 58, status from 60.
fn row(name: &str, tag: &str, count: &str, status: &str) -> String {
    let name = cut(name);
    let room = COUNT_END.saturating_sub(TAG_START + tag.chars().count());
    // One blank at least, whatever the lengths: parsers split at blanks.
    let count = format!("{count:>width$}", width = room.max(count.len() + 1));
    format!("{name:<TAG_START$}{tag}{count} {status}")
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_WIDTH {
        return name.to_owned();
    }
    name.chars().take(NAME_WIDTH - 3).chain("...".chars()).collect()
}

pub(super) fn entries(report: &Report, detail: Detail) -> impl Iterator<Item = Block> {
    listed(report).map(move |used| entry(report, used, detail))
}

fn entry(report: &Report, used: &Entitlement, detail: Detail) -> Block {
    let description = plain(&used.description);
    let block = Block::new(&format!("{} ({})", plain(&used.name), short_tag(report, used)))
        .field("Description", &description)
        .field("Count", used.in_use.to_string())
        .field("Version", plain(&used.version))
        .field("Status", status(used))
        .field("Export status", "NOT RESTRICTED");
    if detail == Detail::Short {
        return block;
    }
    let block = block
        .field("Feature Name", plain(&used.feature))
        .field("Feature Description", description)
        .field("Enforcement type", enforcement_type(used))
        .field("License type", license_term(report, used));
    reservation::of_entry(block, report, used)
}

fn listed(report: &Report) -> impl Iterator<Item = &Entitlement> {
    report.entitlements.iter().filter(|used| used.reporting == "peak" && used.in_use > 0)
}

fn status(used: &Entitlement) -> &'static str {
    match (used.state, used.verdict.as_deref()) {
        (AuthorizationState::OutOfCompliance { .. }, Some("InvalidTag")) => "INVALID TAG",
        (state, _) => state_word(state),
    }
}

/// Whether taking more than a limit is denied.
fn enforcement_type(used: &Entitlement) -> &'static str {
    if used.limit.is_some() { "ENFORCED" } else { "NOT ENFORCED" }
}

/// Where it is reserved, what its terms are says it; else the license type does.
fn license_term(report: &Report, used: &Entitlement) -> &'static str {
    let of_tag = report.reservation.lines.iter().filter(|line| line.tag == used.tag);
    let mut counting = counting(of_tag).peekable();
    let perpetual = match counting.peek() {
        Some(_) => counting.all(|line| line.perpetual),
        None => report.device.license_type.starts_with("perpetual"),
    };
    if perpetual { "Perpetual" } else { "Subscription" }
}

/// The name inside a tag: `CC_FLEX_STANDARD` of `regid.2026-01.org.leasehold.CC_FLEX_STANDARD,1.0`.
/// Parsers tell rows apart by it, so that a tag whose name is not unique is shown whole; and they
/// take a colon after a parenthesis for the end of a heading.
fn short_tag(report: &Report, used: &Entitlement) -> String {
    let name = tag_name(&used.tag);
    let namesakes = report.entitlements.iter().filter(|other| tag_name(&other.tag) == name);
    let tag = if name.is_empty() || namesakes.count() > 1 { &used.tag } else { name };
    plain(tag).replace([' ', ':'], "_")
}

fn tag_name(tag: &str) -> &str {
    let unversioned = tag.split(',').next().unwrap_or(tag);
    unversioned.rsplit('.').next().unwrap_or(unversioned)
}

const NAME_WIDTH: usize = 23;
const TAG_START: usize = 24;
/// One past the last digit of the count.
const COUNT_END: usize = 59;
const TABLE_WIDTH: usize = 77;

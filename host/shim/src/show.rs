//! `show license …`: a [`Report`] as the text that administrators know and that existing parsers
//! read.
//!
//! The layout is a contract with programs that were not written for this project: which lines a
//! block may hold, in which order, and what no line may look like. Everything that comes from
//! outside (account names, causes, host names) therefore goes through `text::plain`.
//!
//! `all` must hold nothing that a parser does not know: what has no place there stands in
//! `status`, in its last block, the outlook.

mod block;
mod control;
mod coverage;
mod outlook;
mod reservation;
mod shortage;
mod state;
mod text;
mod usage;
mod verdict;

pub use reservation::returned_words;
pub use verdict::verdict;

use crate::report::Report;
use block::{Block, framed};

const ENABLED: &str = "Smart Licensing is ENABLED\n";

/// `show license status`: every state with its dates, and what happens next.
pub fn status(report: &Report) -> String {
    let blocks = [
        utility(),
        state::privacy(&report.device),
        state::transport(&report.transport),
        state::registration(report),
        state::authorization(report),
        control::block(report),
        reservation::block(report),
        export_key(),
        Block::new("Miscellaneous").field("Custom Id", "<empty>"),
        outlook::block(report),
    ];
    document(&format!("{ENABLED}{}", reservation::is_enabled(report)), &blocks)
}

/// `show license summary`: the states in short, and one line for each licence in use.
pub fn summary(report: &Report) -> String {
    let blocks = [
        state::registration_summary(report),
        state::authorization_summary(report),
        control::head(report),
        usage::table(report),
    ];
    document(ENABLED, &blocks)
}

/// `show license usage`: everything about each licence in use.
pub fn usage(report: &Report) -> String {
    let mut blocks = vec![Block::new("License Authorization").field("Status", state::word(report))];
    blocks.extend(usage::entries(report, usage::Detail::Full));
    document("", &blocks).trim_start().to_owned()
}

/// `show license all`: exactly what the strictest parser knows, and no other line.
pub fn all(report: &Report) -> String {
    let states = [
        state::registration(report),
        state::authorization(report),
        export_key(),
        utility(),
        state::privacy(&report.device),
        Block::new("Transport").field("Type", state::TRANSPORT_TYPE),
    ];
    let entries: Vec<Block> = usage::entries(report, usage::Detail::Short).collect();
    let used = if entries.is_empty() {
        format!("{}\n", usage::NOTHING)
    } else {
        document("", &entries).trim_start().to_owned()
    };
    let version = text::plain(&report.device.agent_version);
    [
        framed("Smart Licensing Status", &document(ENABLED, &states)),
        framed("License Usage", &used),
        framed("Product Information", &udi(report)),
        framed("Agent Version", &format!("Smart Agent for Licensing: {version}\n")),
        framed(
            "Reservation Info",
            &format!("License reservation: {}\n", reservation::word(report)),
        ),
    ]
    .join("\n")
}

/// `show license reservation`: every reserved line with its count and term, and the last codes.
pub fn reservation(report: &Report) -> String {
    let blocks = [
        reservation::block(report),
        reservation::lines(report),
        reservation::codes(&report.reservation.codes),
    ];
    document(&reservation::is_enabled(report), &blocks)
}

/// What is reserved, with terms, as it stands after a colon, and whether that covers the use; `covered`
/// is said where it does.
pub fn installed(report: &Report, covered: &str) -> String {
    let reserved = reservation::reserved_words(report);
    let uncovered = coverage::uncovered(report);
    if uncovered.is_empty() {
        return format!("{reserved}. {covered}").trim_end().to_owned();
    }
    let short: Vec<String> = uncovered.iter().map(coverage::Uncovered::words).collect();
    let then = outlook::then_refused(report);
    format!(
        "{reserved}. But {}: {then}. Use fewer, or reserve more at the manager.",
        short.join(", ")
    )
}

/// `show license udi`: the identity, without the UUID, which parsers would take for a part of the
/// serial number.
pub fn udi(report: &Report) -> String {
    let device = &report.device;
    let (pid, sn) = (text::plain(&device.product_id), text::plain(&device.serial_number));
    format!("UDI: PID:{pid},SN:{sn}\n")
}

fn utility() -> Block {
    Block::new("Utility").field("Status", "DISABLED")
}

fn export_key() -> Block {
    Block::new("Export Authorization Key").line("Features Authorized:").nested_line("<none>")
}

/// `first`, then the blocks, each after a blank line.
fn document(first: &str, blocks: &[Block]) -> String {
    blocks.iter().fold(first.to_owned(), |mut text, block| {
        text.push('\n');
        text.push_str(block.as_str());
        text
    })
}

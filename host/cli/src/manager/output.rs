//! What commands print: tables for people, JSON for programs.

use anyhow::Result;
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// How results are printed.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Output {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Output {
    /// Prints `value` as JSON, or as `text` has it.
    pub(super) fn show<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> Result<()> {
        let printed = if self.json { serde_json::to_string_pretty(value)? } else { text(value) };
        print(printed.trim_end())
    }

    /// Prints a list as JSON, or as a table with a row for each.
    pub(super) fn list<T: Serialize, const N: usize>(
        self,
        items: &[T],
        heads: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<()> {
        self.show(&items, |items| match items.is_empty() {
            true => "There are none.".into(),
            false => table(heads, items.iter().map(row)),
        })
    }

    /// Says what was done, where there is nothing to show.
    pub(super) fn done(self, sentence: &str) -> Result<()> {
        self.show(&serde_json::json!({ "done": sentence }), |_| sentence.into())
    }
}

/// Prints a text and a line end. A reader that has seen enough is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A table with a head.
pub(super) fn table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heads);
    table.add_rows(rows);
    table.trim_fmt()
}

/// A value, or a dash where there is none.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

/// `yes` or `no`.
pub(super) fn yes_no(flag: bool) -> String {
    (if flag { "yes" } else { "no" }).into()
}

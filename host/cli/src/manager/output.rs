//! What commands print: tables for people, JSON for programs.

use crate::output::{OutputArgs, data};
use anyhow::Result;
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// How results are printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    #[command(flatten)]
    pub(crate) args: OutputArgs,
}

impl Output {
    /// Prints `value` as JSON, or as `text` has it.
    pub(super) fn show<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<()> {
        self.args.show(value, |value| format!("{}\n", text(value)))
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

/// Prints a text and a line end.
pub(super) fn print(text: &str) -> Result<()> {
    data(&format!("{text}\n"))
}

/// A table with a head.
pub(super) fn table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heads.map(str::to_uppercase));
    table.add_rows(rows);
    table.trim_fmt()
}

/// Facts, each on a line of its own, with the values one below the other.
pub(super) fn facts<const N: usize>(facts: [(&str, String); N]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    facts.map(|(name, value)| format!("{name:width$}  {value}\n")).concat()
}

/// A value, or a dash where there is none.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

/// `yes` or `no`.
pub(super) fn yes_no(flag: bool) -> String {
    (if flag { "yes" } else { "no" }).into()
}

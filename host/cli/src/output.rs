//! Data on standard output, talk on standard error.

use clap::Args;
use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// How state is printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct OutputArgs {
    /// Print JSON
    #[arg(long, global = true, display_order = crate::data::LAST)]
    pub(crate) json: bool,
}

impl OutputArgs {
    /// Prints `value` as JSON, or as `text` has it.
    ///
    /// # Errors
    /// When the output cannot take it.
    pub(crate) fn show<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        if self.json { json(value) } else { data(&text(value)) }
    }
}

/// Prints `value` as JSON.
///
/// # Errors
/// When the output cannot take it.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    data(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes data as it is. A reader that has seen enough is no error.
///
/// # Errors
/// When the output cannot take it.
pub(crate) fn data(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(anyhow::anyhow!(
            "Standard output cannot be written: {error}. Give the command one that can be."
        )),
        _ => Ok(()),
    }
}

/// Says something that is no data. Nobody listening is no error.
pub(crate) fn say(text: &str) {
    // Talk that cannot be said is not worth failing for.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

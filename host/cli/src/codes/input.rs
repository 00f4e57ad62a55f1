//! Codes that are typed, pasted, piped or read from a file.

use crate::output::say;
use anyhow::anyhow;
use clap::Args;
use leasehold_core::code::TEXT_MAX;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;

/// Where a code comes from.
#[derive(Args, Clone, Debug)]
pub(crate) struct CodeInput {
    /// The code; it may be spread over several words. `-`, or nothing, reads it from standard input
    #[arg(value_name = "CODE", allow_hyphen_values = false)]
    words: Vec<String>,
    /// A file that holds the code; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    file: Option<PathBuf>,
}

/// What is read of a file: what is longer than any code is told as that.
const READ_MAX: u64 = TEXT_MAX as u64 + 1;

impl CodeInput {
    /// The code, as it was given.
    ///
    /// # Errors
    /// When a file or standard input cannot be read, or hold no text.
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        let standard = |path: &PathBuf| path.as_os_str() == "-";
        let file = self.file.as_ref().filter(|path| !standard(path));
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match (file, &words[..]) {
            (Some(path), _) => {
                let read = File::open(path).and_then(text_of);
                read.map_err(|error| unreadable(&path.display().to_string(), &error))
            }
            (None, [] | ["-"]) => {
                from_standard_input().map_err(|error| unreadable("Standard input", &error))
            }
            (None, words) => Ok(words.join(" ")),
        }
    }
}

/// Everything that comes; where somebody types, all lines up to an empty one.
fn from_standard_input() -> io::Result<String> {
    let input = io::stdin().lock();
    if !io::stdin().is_terminal() {
        return text_of(input);
    }
    say("Give the code, and an empty line after it:");
    let mut text = String::new();
    let mut lines = input.take(READ_MAX);
    loop {
        let before = text.len();
        let read = lines.read_line(&mut text)?;
        if read == 0 || text.get(before..).is_some_and(|line| line.trim().is_empty()) {
            return Ok(text);
        }
    }
}

fn text_of(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.take(READ_MAX).read_to_end(&mut bytes)?;
    // What is no text becomes characters that no code has, and is told by their places.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unreadable(name: &str, error: &io::Error) -> anyhow::Error {
    anyhow!(
        "{name} cannot be read: {error}. Give a text file that holds the code, or the code itself."
    )
}

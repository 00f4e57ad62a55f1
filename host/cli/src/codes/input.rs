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
                let name = path.display().to_string();
                let read = File::open(path).and_then(bytes_of);
                code_in(&name, &read.map_err(|error| unreadable(&name, &error))?)
            }
            (None, [] | ["-"]) => {
                let name = "Standard input";
                let read = from_standard_input();
                code_in(name, &read.map_err(|error| unreadable(name, &error))?)
            }
            (None, words) => code_in("The command", words.join(" ").as_bytes()),
        }
    }
}

/// How images and documents begin.
const PICTURES: [&[u8]; 4] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF"];

/// The code in what `source` gave.
///
/// # Errors
/// When there is none, for a reason that the code's own checks could not name.
fn code_in(source: &str, bytes: &[u8]) -> anyhow::Result<String> {
    if PICTURES.iter().any(|picture| bytes.starts_with(picture)) {
        return Err(anyhow!(
            "{source} is a picture. Scan its QR code, and give the text that the scanner reads."
        ));
    }
    let text = text_of(bytes);
    let text = without_label(&text);
    if text.trim().is_empty() {
        return Err(anyhow!("{source} gave no code. Give the code, or a file that holds it."));
    }
    // As mail quotes it.
    let lines = text.lines().map(|line| line.trim_start_matches(['>', ' ']));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// What is no text becomes characters that no code has, and is told by their places.
fn text_of(bytes: &[u8]) -> String {
    // Some editors write text in UTF-16.
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return String::from_utf8_lossy(bytes).into_owned(),
    };
    let units = bytes.chunks_exact(2).skip(1).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The text after `Request code:` or the like, as it stands before codes that are shown.
fn without_label(text: &str) -> &str {
    let upper = text.to_ascii_uppercase();
    let prefixes = ["LHQ", "LHA", "LHC", "LHR"];
    let begins = prefixes.iter().filter_map(|prefix| upper.find(prefix)).min();
    match begins.and_then(|at| text.split_at_checked(at)) {
        Some((label, code)) if label.trim_end().ends_with(':') => code,
        _ => text,
    }
}

/// Everything that comes; where somebody types, all lines up to an empty one.
fn from_standard_input() -> io::Result<Vec<u8>> {
    let input = io::stdin().lock();
    if !io::stdin().is_terminal() {
        return bytes_of(input);
    }
    say("Give the code, and an empty line after it:");
    let mut text = String::new();
    let mut lines = input.take(READ_MAX);
    loop {
        let before = text.len();
        let read = lines.read_line(&mut text)?;
        if read == 0 || text.get(before..).is_some_and(|line| line.trim().is_empty()) {
            return Ok(text.into_bytes());
        }
    }
}

fn bytes_of(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(READ_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> anyhow::Error {
    anyhow!(
        "{name} cannot be read: {error}. Give a text file that holds the code, or the code itself."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_as_mail_editors_and_pages_give_it() {
        let code = "LHQ0:LH-CC:CC-0001:ABCDE-FGHJK";
        let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(code.encode_utf16()).flat_map(bytes).collect()
        };
        let given = [
            code.as_bytes().to_vec(),
            format!("Request code: {code}").into_bytes(),
            format!("Request code (redeemed):\n{code}").into_bytes(),
            format!("> {code}").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ];
        for bytes in given {
            assert_eq!(code_in("It", &bytes).unwrap().trim(), code);
        }
        assert_eq!(code_in("It", b"> LHA03\n> 80AY1").unwrap(), "LHA03\n80AY1");
        // A code that is wrong in its beginning stays as it is: its own checks say what is wrong.
        assert_eq!(code_in("It", b"to: LH-CC").unwrap(), "to: LH-CC");
    }

    #[test]
    fn nothing_and_pictures_are_told_as_that() {
        for nothing in [&b""[..], b"\n \n", b"\xff\xfe"] {
            let told = code_in("Standard input", nothing).unwrap_err().to_string();
            assert!(told.starts_with("Standard input gave no code."), "{told}");
        }
        for picture in [&b"\x89PNG\r\n\x1a\n\0\0"[..], b"\xff\xd8\xff\xe0", b"GIF89a", b"%PDF-1.7"]
        {
            let told = code_in("a.png", picture).unwrap_err().to_string();
            assert!(told.starts_with("a.png is a picture."), "{told}");
        }
    }
}

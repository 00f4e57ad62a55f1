//! Passwords and secrets: from a file, from standard input, or typed unseen; never an argument,
//! which every process on the machine could read.

use anyhow::{Result, anyhow, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use std::fs;
use std::io::{BufRead, Write, stderr, stdin};
use std::path::Path;

/// A password from `file`; without one, the first line of standard input, which is typed twice
/// and unseen at a terminal.
pub(super) fn password(file: Option<&Path>) -> Result<String> {
    if let Some(file) = file {
        let text = fs::read_to_string(file).map_err(|error| {
            anyhow!("{} cannot be read: {error}. Give a file with the password.", file.display())
        })?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if !isatty(stdin()) {
        return read_line();
    }
    let password = typed_unseen("Password: ")?;
    if typed_unseen("The same again: ")? != password {
        bail!("The two passwords differ. Type the same one twice.");
    }
    Ok(password)
}

fn typed_unseen(prompt: &str) -> Result<String> {
    write!(stderr(), "{prompt}")?;
    stderr().flush()?;
    let _echo = EchoOff::new()?;
    let line = read_line();
    writeln!(stderr())?;
    line
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    if stdin().lock().read_line(&mut line)? == 0 {
        bail!("No password was given. Give it on standard input, or in a file.");
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// The terminal shows nothing that is typed while this is there.
struct EchoOff(Termios);

impl EchoOff {
    fn new() -> Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        // A terminal that is gone has nothing to restore.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.0);
    }
}

//! Codes of reservations as people carry them: as text, as a QR code on the terminal, in files.

mod input;
mod png;
mod qr;

pub(crate) use input::CodeInput;

use crate::output::say;
use anyhow::anyhow;
use clap::Args;
use qr::Picture;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// How a code is shown besides its text.
#[derive(Args, Clone, Debug)]
pub(crate) struct PictureArgs {
    /// Show the code as a QR code too
    #[arg(long)]
    qr: bool,
    /// Write the code to a file, as an image of a QR code in SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the code to a file, as an image of a QR code in PNG
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

/// The same, and a file for the text, where no other file is named.
#[derive(Args, Clone, Debug)]
pub(crate) struct CodeArgs {
    /// Write the code to a file, as text
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    picture: PictureArgs,
}

impl PictureArgs {
    /// Writes the images that are wanted; gives what follows the text of the code on the terminal:
    /// its QR code where that is wanted, else nothing.
    ///
    /// # Errors
    /// When a file cannot be written: the code itself can be shown again.
    pub(crate) fn keep(&self, code: &str) -> anyhow::Result<String> {
        let Self { qr, svg, png } = self;
        if !qr && svg.is_none() && png.is_none() {
            return Ok(String::new());
        }
        let picture = Picture::new(code)?;
        if let Some(file) = svg {
            write(file, picture.svg().as_bytes())?;
        }
        if let Some(file) = png {
            write(file, &picture.png())?;
        }
        Ok(if *qr { picture.text(io::stdout().is_terminal()) } else { String::new() })
    }
}

impl CodeArgs {
    /// As [`PictureArgs::keep`], with the text in a file too.
    ///
    /// # Errors
    /// As [`PictureArgs::keep`].
    pub(crate) fn keep(&self, code: &str) -> anyhow::Result<String> {
        if let Some(file) = &self.out {
            write(file, format!("{code}\n").as_bytes())?;
        }
        self.picture.keep(code)
    }
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(file, bytes).map_err(|error| {
        anyhow!(
            "The code is made, but {} cannot be written: {error}. Show the code again, with another \
             file.",
            file.display()
        )
    })?;
    say(&format!("Written to {}.", file.display()));
    Ok(())
}

//! What the commands about reservations are given.

use super::code::Issued;
use crate::codes::{CodeInput, PictureArgs};
use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use leasehold_manager::http::types::LicenseChoice;
use std::fs;
use std::path::PathBuf;

/// What is to be set aside.
#[derive(Args, Debug)]
pub(in crate::manager) struct IssueArgs {
    /// Its number, or the appliance's serial number, UDI or request number
    pub(super) reservation: String,
    /// A feature or tag and how many, such as premium-seat=5, each once; none for an appliance that asked
    /// for everything it can use
    #[arg(value_name = "LICENSE=COUNT", value_parser = choice)]
    pub(super) licenses: Vec<LicenseChoice>,
    #[command(flatten)]
    pub(super) out: OutArgs,
}

/// The same in place of what is in force.
#[derive(Args, Debug)]
pub(in crate::manager) struct UpdateArgs {
    #[command(flatten)]
    pub(super) issue: IssueArgs,
    /// Do not ask, also where the appliance is to have fewer licences than now
    #[arg(long)]
    pub(super) yes: bool,
}

/// Where a code goes.
#[derive(Args, Debug)]
pub(in crate::manager) struct OutArgs {
    /// Write the code to a file instead, as text
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    picture: PictureArgs,
}

impl OutArgs {
    /// Writes the files that are wanted of a code; gives what is said of that, and the QR code for the
    /// terminal where that is wanted.
    ///
    /// # Errors
    /// When a file cannot be written: the code itself is kept by the manager.
    pub(super) fn keep(&self, code: &Issued<'_>) -> Result<String> {
        let Issued { label, text, reservation, name } = code;
        let mut said = String::new();
        if let Some(file) = &self.out {
            fs::write(file, format!("{text}\n")).map_err(|error| {
                let (file, name) = (file.display(), name.value());
                anyhow!(
                    "The {label} is not lost, but {file} cannot be written: {error}. Show the code \
                     again with `leasehold manager reservation show {reservation} {name}`."
                )
            })?;
            said += &format!("The {label} is written to {}.\n", file.display());
        }
        let picture = self.picture.keep(text)?;
        if !picture.is_empty() {
            said += &format!("QR code of the {label}:\n{picture}");
        }
        Ok(said)
    }
}

/// A code that an appliance made.
#[derive(Args, Debug)]
pub(in crate::manager) struct EntryArgs {
    #[command(flatten)]
    pub(super) code: CodeInput,
    /// The reservation that it has to belong to: its number, or the appliance's serial number, UDI or
    /// request number
    #[arg(long)]
    pub(super) reservation: Option<String>,
}

/// The codes that a manager can show one by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::manager) enum CodeName {
    #[value(name = "request-code")]
    Request,
    #[value(name = "authorization-code")]
    Authorization,
    #[value(name = "update-code")]
    Update,
}

impl CodeName {
    /// As it is given on the command line.
    pub(super) const fn value(self) -> &'static str {
        match self {
            Self::Request => "request-code",
            Self::Authorization => "authorization-code",
            Self::Update => "update-code",
        }
    }
}

/// How far a reservation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::manager) enum State {
    Requested,
    Authorized,
    #[value(alias = "pending")]
    UpdatePending,
    Returned,
    Cancelled,
    Rehosted,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Authorized => "authorized",
            Self::UpdatePending => "update-pending",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
            Self::Rehosted => "rehosted",
        }
    }

    pub(super) const fn is_end(self) -> bool {
        matches!(self, Self::Returned | Self::Cancelled | Self::Rehosted)
    }
}

fn choice(text: &str) -> Result<LicenseChoice> {
    let parsed = text.rsplit_once('=').and_then(|(license, count)| {
        let count = count.parse().ok()?;
        (!license.is_empty()).then(|| LicenseChoice { license: license.into(), count })
    });
    parsed.ok_or_else(|| {
        anyhow!("{text:?} is not a licence and how many. Write it like premium-seat=5.")
    })
}

//! `manager backup` and `manager restore`.

use super::output::Output;
use super::question::answered_yes;
use crate::output::say;
use anyhow::Result;
use clap::Args;
use leasehold_manager::http::types::Time;
use leasehold_manager::setup::{self, BackedUp, Restore, RestoredTo};
use serde_json::json;
use std::path::{Path, PathBuf};

/// `manager backup`.
#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    /// The file to write; there must be none of that name
    file: PathBuf,
}

/// `manager restore`.
#[derive(Args, Debug)]
pub(super) struct RestoreArgs {
    /// A file that `leasehold manager backup` has written
    file: PathBuf,
    /// Take the place of the manager that is in the directory, without asking
    #[arg(long)]
    yes: bool,
}

/// Writes a backup of the manager of `data`, which may be running.
pub(super) fn backup(data: &Path, args: &BackupArgs, output: Output) -> Result<()> {
    let done = setup::backup(data, &args.file)?;
    let BackedUp { size, files, root_key_left_out } = &done;
    let shown = json!({
        "file": args.file, "size": size, "files": files, "root_key_left_out": root_key_left_out,
    });
    output.show(&shown, |_| backed_up(&args.file, &done))
}

fn backed_up(file: &Path, done: &BackedUp) -> String {
    let BackedUp { size, files, root_key_left_out } = done;
    let mut text = format!(
        "Backed up to {} ({size} bytes): {}.\n\
         There are secrets in it, the keys of this manager: keep it where only you can read it.",
        file.display(),
        files.join(", ")
    );
    if *root_key_left_out {
        text += "\nroot.key is not in it. Keep that key offline, in two places: nobody can make it \
                 again, and the signing certificate cannot be renewed without it.";
    }
    if !files.contains(&"tls.key") {
        text +=
            "\nThe TLS certificate and key that manager.toml names are not in it: keep them, too.";
    }
    text
}

/// Restores a backup into `data`, where no manager may be running.
pub(super) fn restore(data: &Path, args: &RestoreArgs, output: Output) -> Result<()> {
    let restore = Restore::prepare(data, &args.file)?;
    let made = Time(restore.backed_up());
    if restore.replaces() && !args.yes {
        let question = format!(
            "{} holds a manager, and this backup of {made} takes its place. What happened since is \
             lost to the new one; the old one is kept beside it. Restore?",
            data.display()
        );
        let unanswered = "There is a manager in the directory, and nobody to ask here. \
                          Add --yes to put the backup in its place.";
        if !answered_yes(&question, unanswered)? {
            say("Nothing was changed.");
            return Ok(());
        }
    }
    let done = restore.restore()?;
    let RestoredTo { epoch, frozen, replaced, .. } = &done;
    let shown = json!({
        "data": data, "backed_up": made, "epoch": epoch, "frozen_reservations": frozen,
        "replaced": replaced,
    });
    output.show(&shown, |_| restored(data, made, &done))
}

fn restored(data: &Path, made: Time, done: &RestoredTo) -> String {
    let RestoredTo { frozen, replaced, .. } = done;
    let place = data.display();
    let mut text = format!("Restored the manager as it was on {made} into {place}.\n");
    if let Some(replaced) = replaced {
        let old = replaced.display();
        text += &format!("What was there before is in {old}, with its secrets.\n");
    }
    text += &match frozen {
        0 => "No reservation was open then.".to_owned(),
        1 => "1 reservation is frozen".to_owned() + FROZEN,
        many => format!("{many} reservations are frozen{FROZEN}"),
    };
    text += &format!(
        "\nWhat was reserved, bought or registered after {made} is not known to it: see \"Back up and \
         restore the manager\" in the README.\n\
         Check listen and names in {}, and start it with `leasehold manager serve --data {place}`.",
        data.join("manager.toml").display()
    );
    text
}

const FROZEN: &str = " until reconciled: list them with `leasehold manager reservation list \
                      --frozen`, and settle each with `leasehold manager reservation reconcile`.";

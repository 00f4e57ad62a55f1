//! `manager events` and `manager status`.

use super::client::Client;
use super::lookup::Place;
use super::output::{Output, or_dash, table};
use anyhow::Result;
use clap::Args;
use leasehold_manager::http::types::{Event, List, Status, VerifiedLog};

/// Events shown when nothing is said.
const SHOWN: u32 = 50;

/// `manager events`.
#[derive(Args, Debug)]
pub(super) struct EventsArgs {
    #[command(flatten)]
    place: Place,
    /// How many to show at most
    #[arg(long, default_value_t = SHOWN)]
    limit: u32,
    /// Check that no entry was changed, removed or put in between
    #[arg(long, conflicts_with_all = ["account", "pool", "limit"])]
    verify: bool,
}

pub(super) fn run(client: &Client, output: Output, args: &EventsArgs) -> Result<()> {
    if args.verify {
        let verified: VerifiedLog = client.get("/events/verify")?;
        return output.show(&verified, |verified| {
            let VerifiedLog { entries, hash } = verified;
            format!(
                "All {entries} entries are as they were written. Their last hash is {hash}; keep \
                 it elsewhere, to compare later."
            )
        });
    }
    list(client, output, args.limit, &args.place.query(client)?)
}

/// Prints the newest events of what `query` narrows them to.
pub(super) fn show(client: &Client, output: Output, query: &str) -> Result<()> {
    list(client, output, SHOWN, query)
}

fn list(client: &Client, output: Output, limit: u32, query: &str) -> Result<()> {
    let path = format!("/events?limit={limit}&{query}");
    let events: List<Event> = client.get(path.trim_end_matches('&'))?;
    let heads = ["number", "time", "by", "event", "instance", "detail"];
    output.list(&events.items, heads, |event| {
        [
            event.number.to_string(),
            event.time.to_string(),
            event.actor.clone(),
            event.name.clone(),
            or_dash(event.device),
            event.detail.to_string(),
        ]
    })
}

pub(super) fn status(client: &Client, output: Output) -> Result<()> {
    let status: Status = client.get("/status")?;
    output.show(&status, |status| {
        let tags = status
            .licenses
            .iter()
            .map(|tag| [tag.feature.clone(), tag.name.clone(), tag.tag.clone()]);
        format!(
            "License manager {}\nTime: {}\nRoot key: {}\nCertificate SHA-256: {}\n\
             Signing certificate ends: {}\n{}Signed in as: {}\n{}",
            status.version,
            status.time,
            status.root,
            status.certificate_sha256,
            status.signing_certificate_ends,
            restored(status),
            status.signed_in_as,
            table(["feature", "licence", "tag"], tags)
        )
    })
}

/// That the manager was restored, and what is left to do; nothing where it was not.
fn restored(status: &Status) -> String {
    let Some(restored) = &status.restored else { return String::new() };
    let left = match status.frozen_reservations {
        0 => "All reservations are reconciled.".into(),
        many => format!(
            "{many} frozen until reconciled: see `leasehold manager reservation list --frozen`."
        ),
    };
    format!(
        "Restored: {}, from a backup of {}\nReservations: {left}\n",
        restored.at, restored.backed_up
    )
}

//! `manager instance`.

use super::client::Client;
use super::lookup::{self, Place};
use super::output::{Output, facts, or_dash, table, yes_no};
use super::{client, events};
use anyhow::Result;
use clap::Subcommand;
use leasehold_manager::http::types::{
    Account, HistoryPoint, Instance, InstanceWithUsage, Transfer, Usage,
};
use ureq::http::Method;

#[derive(Debug, Subcommand)]
pub(super) enum InstanceCommand {
    /// Lists product instances
    List {
        #[command(flatten)]
        place: Place,
        /// The beginning of a serial number or host name
        #[arg(long)]
        search: Option<String>,
        /// Also those that are registered no more
        #[arg(long)]
        removed: bool,
    },
    /// Shows one instance and what it uses
    Show {
        /// Its serial number or id
        instance: String,
    },
    /// Shows what an instance reported over time
    History {
        /// Its serial number or id
        instance: String,
    },
    /// Moves an instance, with what it uses, to another virtual account
    Transfer {
        /// Its serial number or id
        instance: String,
        /// The virtual account to move it to, by name or id
        #[arg(long, value_name = "VIRTUAL")]
        to: String,
    },
    /// Removes an instance; it learns of it at its next contact
    Remove {
        /// Its serial number or id
        instance: String,
    },
    /// Shows the events of an instance, the newest first
    Events {
        /// Its serial number or id
        instance: String,
    },
}

pub(super) fn run(client: &Client, output: Output, command: InstanceCommand) -> Result<()> {
    match command {
        InstanceCommand::List { place, search, removed } => {
            let search = client::escaped(search.as_deref().unwrap_or_default());
            let place = place.query(client)?;
            let query = format!("with_removed={removed}&search={search}&{place}");
            let instances: Vec<Instance> = client.all("/instances", query.trim_end_matches('&'))?;
            output.list(&instances, HEADS, row)
        }
        InstanceCommand::Show { instance } => {
            let id = lookup::instance(client, &instance)?.id;
            let detail: InstanceWithUsage = client.get(&format!("/instances/{id}"))?;
            output.show(&detail, detail_text)
        }
        InstanceCommand::History { instance } => {
            let id = lookup::instance(client, &instance)?.id;
            let points: Vec<HistoryPoint> = client.all(&format!("/instances/{id}/history"), "")?;
            output.list(&points, ["reported", "tag", "peak", "over seconds"], |point| {
                [
                    point.reported.to_string(),
                    point.tag.clone(),
                    point.peak.to_string(),
                    point.covers_seconds.to_string(),
                ]
            })
        }
        InstanceCommand::Transfer { instance, to } => {
            let instance = lookup::instance(client, &instance)?;
            let account = account_of(client, &instance)?;
            let to = lookup::pool(client, &account, &to)?;
            let path = format!("/instances/{}/transfer", instance.id);
            let moved = Transfer { virtual_account: to.id };
            show(output, &client.ask(Method::POST, &path, &moved)?)
        }
        InstanceCommand::Remove { instance } => {
            let id = lookup::instance(client, &instance)?.id;
            show(output, &client.act(Method::DELETE, &format!("/instances/{id}"))?)
        }
        InstanceCommand::Events { instance } => {
            let id = lookup::instance(client, &instance)?.id;
            events::show(client, output, &format!("instance={id}"))
        }
    }
}

fn account_of(client: &Client, instance: &Instance) -> Result<Account> {
    lookup::account(client, Some(&instance.account.to_string()))
}

const HEADS: [&str; 7] =
    ["id", "product", "serial number", "host name", "virtual", "state", "last contact"];

fn row(instance: &Instance) -> [String; 7] {
    [
        instance.id.to_string(),
        instance.product_id.clone(),
        instance.serial_number.clone(),
        instance.host_name.clone(),
        instance.virtual_account.to_string(),
        instance.state.clone(),
        instance.last_contact.to_string(),
    ]
}

fn show(output: Output, instance: &Instance) -> Result<()> {
    output.show(instance, |instance| table(HEADS, [row(instance)]))
}

fn detail_text(detail: &InstanceWithUsage) -> String {
    let instance = &detail.instance;
    let facts = facts([
        ("UDI", format!("PID:{},SN:{}", instance.product_id, instance.serial_number)),
        ("UUID", or_dash(instance.uuid.as_ref())),
        ("Host name", instance.host_name.clone()),
        ("Software version", instance.software_version.clone()),
        ("State", instance.state.clone()),
        ("Account", instance.account.to_string()),
        ("Virtual account", instance.virtual_account.to_string()),
        ("Registered", instance.registered.to_string()),
        ("Last contact", instance.last_contact.to_string()),
        ("Certificate ends", instance.valid_until.to_string()),
        ("Export-controlled allowed", yes_no(instance.export_controlled)),
        ("Reports counted", instance.reports_counted.to_string()),
        ("Out of compliance since", or_dash(instance.out_of_compliance_since)),
        ("Two machines since", or_dash(instance.duplicate_since)),
    ]);
    let usage =
        |usage: &Usage| [usage.name.clone(), usage.peak.to_string(), usage.highest.to_string()];
    if detail.usage.is_empty() {
        return facts + "It has reported nothing yet.";
    }
    let heads = ["licence", "last peak at or above", "highest ever"];
    facts + &table(heads, detail.usage.iter().map(usage))
}

//! `manager license`.

use super::client::Client;
use super::lookup::Place;
use super::output::{Output, table, yes_no};
use anyhow::{Result, anyhow};
use clap::Subcommand;
use leasehold_manager::http::types::{
    License, NewLicense, PoolLine, PoolSummary, Time, VirtualAccount,
};
use ureq::http::Method;

#[derive(Debug, Subcommand)]
pub(super) enum LicenseCommand {
    /// Lists licence lines
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Deposits licences; only the vendor may
    #[command(visible_alias = "deposit")]
    Add {
        #[command(flatten)]
        place: Place,
        /// A feature, such as premium-seat; where several license types have it, the type before
        /// it, such as perpetual-premium/server; or a tag
        license: String,
        /// How many
        quantity: u32,
        /// When they begin to count: a date (from its beginning, UTC) or a time
        #[arg(long, value_name = "DATE", value_parser = time)]
        term_start: Option<Time>,
        /// When they stop to count; perpetual when left out
        #[arg(long, value_name = "DATE", value_parser = time)]
        term_end: Option<Time>,
        /// The order they came with
        #[arg(long, default_value = "")]
        order: String,
    },
    /// Ends a licence line now; only the vendor may
    End {
        /// Its id
        id: i64,
    },
    /// Shows what a virtual account owns and uses
    Summary {
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn run(client: &Client, output: Output, command: LicenseCommand) -> Result<()> {
    match command {
        LicenseCommand::List { place } => {
            let lines: Vec<License> = client.all("/licenses", &place.query(client)?)?;
            output.list(&lines, HEADS, row)
        }
        LicenseCommand::Add { place, license, quantity, term_start, term_end, order } => {
            let new = NewLicense {
                virtual_account: place.pool(client)?.id,
                license,
                quantity,
                start: term_start,
                end: term_end,
                order,
            };
            show(output, &client.ask(Method::POST, "/licenses", &new)?)
        }
        LicenseCommand::End { id } => {
            show(output, &client.act(Method::POST, &format!("/licenses/{id}/end"))?)
        }
        LicenseCommand::Summary { place } => {
            let pool = place.pool(client)?;
            output.show(&summary(client, &pool)?, |summary| summary_text(&pool, summary))
        }
    }
}

/// A date, which means its beginning in UTC, or a time.
fn time(text: &str) -> Result<Time> {
    let time = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse());
    time.map_err(|_| anyhow!("{text:?} is no date since 1970. Write it like 2027-01-31."))
}

const HEADS: [&str; 7] = ["id", "virtual", "licence", "quantity", "state", "ends", "order"];

fn row(line: &License) -> [String; 7] {
    [
        line.id.to_string(),
        line.virtual_account.to_string(),
        line.name.clone(),
        line.quantity.to_string(),
        line.state.clone(),
        line.end.map_or_else(|| "never".into(), |end| end.to_string()),
        line.order.clone(),
    ]
}

fn show(output: Output, line: &License) -> Result<()> {
    output.show(line, |line| table(HEADS, [row(line)]))
}

fn summary(client: &Client, pool: &VirtualAccount) -> Result<PoolSummary> {
    client.get(&format!("/virtual-accounts/{}/summary", pool.id))
}

/// Prints the summaries of several virtual accounts.
pub(super) fn summaries(client: &Client, output: Output, pools: &[VirtualAccount]) -> Result<()> {
    let all: Result<Vec<PoolSummary>> = pools.iter().map(|pool| summary(client, pool)).collect();
    output.show(&all?, |all| {
        let texts = pools.iter().zip(all).map(|(pool, summary)| summary_text(pool, summary));
        texts.collect::<Vec<_>>().join("\n\n")
    })
}

fn summary_text(pool: &VirtualAccount, summary: &PoolSummary) -> String {
    let heads =
        ["licence", "purchased", "in use", "reserved", "substituted", "balance", "in compliance"];
    let row = |line: &PoolLine| {
        [
            line.name.clone(),
            line.purchased.to_string(),
            line.in_use.to_string(),
            line.reserved.to_string(),
            line.substituted.to_string(),
            line.balance.to_string(),
            yes_no(line.in_compliance),
        ]
    };
    let verdict = if summary.in_compliance { "in compliance" } else { "OUT OF COMPLIANCE" };
    if summary.licenses.is_empty() {
        return format!("Virtual account {}: no licences.", pool.name);
    }
    let lines = table(heads, summary.licenses.iter().map(row));
    format!("Virtual account {}: {verdict}\n{lines}", pool.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_begins_at_midnight_utc_and_a_time_is_itself() {
        assert_eq!(time("2027-01-31").unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(time("2027-01-31T12:00:00+02:00").unwrap().to_string(), "2027-01-31T10:00:00Z");
        assert!(time("31.1.2027").unwrap_err().to_string().contains("2027-01-31"));
        assert!(time("1969-01-01").is_err());
    }
}

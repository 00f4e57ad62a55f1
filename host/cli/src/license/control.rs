//! `license smart type`, `license smart control …`, `license smart factory-reset`.

use crate::data::DataArgs;
use crate::output::{OutputArgs, say};
use clap::{Subcommand, ValueEnum};
use leasehold_shim::protocol::{Control, ControlField, TypeChange};

#[derive(Debug, Subcommand)]
pub(super) enum ControlCommand {
    /// Whether more may be used than the account owns
    Overage {
        /// `off` denies it, once registered; what is in use already stays
        allowed: Switch,
    },
    /// The most of a feature that may be in use, while over-use is off
    Limit {
        /// A seat or port that the license type limits; `show license status` lists them
        feature: String,
        /// How many, or `none` for as many as the account owns
        #[arg(allow_hyphen_values = true, value_name = "N|none", value_parser = limit)]
        limit: Most,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Switch {
    /// Allow it
    On,
    /// Deny it
    Off,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most(Option<u32>);

fn limit(text: &str) -> Result<Most, &'static str> {
    match text {
        "none" => Ok(Most(None)),
        _ => text.parse().map(|n| Most(Some(n))).map_err(|_| "give a whole number, or `none`"),
    }
}

pub(super) fn run(
    data: &DataArgs,
    output: OutputArgs,
    command: &ControlCommand,
) -> anyhow::Result<()> {
    let mut appliance = data.connect()?;
    let control = match command {
        ControlCommand::Overage { allowed } => {
            appliance.allow_overage(matches!(allowed, Switch::On))?
        }
        ControlCommand::Limit { feature, limit: Most(limit) } => {
            appliance.limit(feature, *limit)?
        }
    };
    output.show(&control, described)
}

fn described(control: &Control) -> String {
    let overage = match (control.control.overage_allowed, control.control.applies) {
        _ if control.fields.is_empty() => "License control does not apply to this license type.",
        (true, _) => "Over-use is allowed: no limit of an administrator is in force.",
        (false, true) => "Over-use is denied.",
        (false, false) => "Over-use will be denied once the appliance is registered.",
    };
    let fields = control.fields.iter().map(field);
    std::iter::once(format!("{overage}\n")).chain(fields).collect()
}

fn field(field: &ControlField) -> String {
    let set = match field.configured_limit {
        Some(limit) => format!("limited to {limit}"),
        None => "limited to what the account owns".to_owned(),
    };
    let now = match &field.limit {
        Some(limit) => format!("; now at most {}, higher tiers included", limit.most),
        None => String::new(),
    };
    format!("{}: {set}{now}\n", field.feature)
}

/// Counts by another license type.
pub(super) fn set_type(data: &DataArgs, output: OutputArgs, name: &str) -> anyhow::Result<()> {
    let change = data.connect()?.set_license_type(name)?;
    if let Some(problem) = &change.not_stored {
        say(&problem.to_string());
    }
    output.show(&change, chosen)
}

fn chosen(change: &TypeChange) -> String {
    let seats = change.seats.iter().map(|(feature, n)| format!("{n} {feature}"));
    let seats: Vec<String> = seats.collect();
    let signed_in = if seats.is_empty() {
        String::new()
    } else {
        format!(" Signed in under it: {}.", seats.join(", "))
    };
    format!("The license type is {}.{signed_in}\n", change.license_type)
}

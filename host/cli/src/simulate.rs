//! `simulate`: what happens when, on a virtual clock: the real agent and the real manager domain.

mod crypto;
mod device;
mod document;
mod fact;
mod lines;
mod manager;
mod scenario;
mod timeline;
mod world;

use crate::output;
use anyhow::anyhow;
use clap::Args;
use scenario::Scenario;
use std::fs;
use std::path::{Path, PathBuf};
use timeline::Timeline;

/// Runs a scenario on a virtual clock and prints what happens when.
#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// A JSON file: licences, rules, steps and their times
    #[arg(value_name = "SCENARIO.json")]
    scenario: PathBuf,
    /// Print one JSON object a line, for programs
    #[arg(long)]
    json: bool,
}

/// Text that is gathered before it is written.
const GATHERED: usize = 1 << 16;

pub(crate) fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let scenario = read(&args.scenario)?;
    let mut text = String::new();
    let mut timeline = (!args.json).then(|| Timeline::begin(&scenario, &mut text));
    let outlook = world::run(&scenario, &mut |fact| {
        match &mut timeline {
            Some(timeline) => timeline.add(fact, &mut text),
            None => text += &lines::line(&fact)?,
        }
        if text.len() > GATHERED {
            output::data(&text)?;
            text.clear();
        }
        Ok(())
    })?;
    if let Some(timeline) = timeline {
        timeline.end(&outlook, &mut text);
    }
    output::data(&text)
}

fn read(file: &Path) -> anyhow::Result<Scenario> {
    let text = fs::read_to_string(file).map_err(|error| {
        anyhow!("{} cannot be read: {error}. Name a JSON file with a scenario.", file.display())
    })?;
    Scenario::parse(&text).map_err(|fault| anyhow!("{}, {fault}", file.display()))
}

//! `replay`: a day of sign-ins and sign-outs, through the running appliance.

mod counted;
mod trace;

use crate::data::DataArgs;
use crate::output::{OutputArgs, say};
use anyhow::anyhow;
use clap::Args;
use counted::{Counted, Peaks};
use leasehold_core::products::contact_center::Skill;
use leasehold_shim::client::Client;
use leasehold_shim::problem::Problem;
use leasehold_shim::report::Report;
use serde::Serialize;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use trace::{Entry, Event};

/// Feeds a day of sign-ins and sign-outs through the appliance.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// A CSV file: time,agent,event,skills
    #[arg(value_name = "TRACE.csv")]
    trace: PathBuf,
    /// How many seconds of the day go by in one: 3600 is an hour a second
    #[arg(
        long,
        default_value_t = 3_600,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    speed: u32,
    /// As fast as it goes
    #[arg(long, conflicts_with = "speed")]
    instant: bool,
}

/// What a replay came to.
#[derive(Debug, Serialize)]
struct Summary {
    events: usize,
    logins: usize,
    logouts: usize,
    signed_in: usize,
    /// The most in use at once, at or above each tier, as the appliance counted.
    peaks: Vec<Peaks>,
}

pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<()> {
    let text = read(&args.trace)?;
    let before = args.data.connect()?.status()?;
    let entries = check(&args.trace, &text, &before)?;
    let mut counted = Counted::default();
    counted.see(&before);
    let speed = (!args.instant).then_some(args.speed);
    let pace = Pace { speed, began: Instant::now(), from: entries.first().map(|e| e.at) };
    let progress = Progress::new(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        pace.wait_for(entry.at);
        // The daemon closes connections that are idle, and a day may go by slowly.
        let mut appliance = args.data.connect()?;
        apply(&mut appliance, entry).map_err(|problem| {
            anyhow!("{}, line {}: {problem}", args.trace.display(), entry.line)
        })?;
        counted.see(&appliance.status()?);
        progress.show(index + 1, entry.at);
    }
    progress.end();
    let logins = entries.iter().filter(|entry| entry.event != Event::Logout).count();
    let summary = Summary {
        events: entries.len(),
        logins,
        logouts: entries.len() - logins,
        signed_in: args.data.connect()?.status()?.device.signed_in.len(),
        peaks: counted.peaks(),
    };
    args.output.show(&summary, text_of)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).map_err(|error| {
        anyhow!(
            "{} cannot be read: {error}. Name a CSV file with time,agent,event,skills.",
            file.display()
        )
    })
}

/// The whole file is checked before anything is changed.
fn check(file: &Path, text: &str, before: &Report) -> anyhow::Result<Vec<Entry>> {
    let at_work = before.device.signed_in.iter().map(|person| person.name.as_str());
    trace::parse(text, at_work).map_err(|error| {
        anyhow!("{}, {error}. Correct it there; nothing was changed.", file.display())
    })
}

fn apply(appliance: &mut Client, entry: &Entry) -> Result<(), Problem> {
    match &entry.event {
        Event::Login { skills, supervisor } => {
            let skills: Vec<String> =
                skills.iter().copied().map(Skill::name).map(Into::into).collect();
            appliance.login(&entry.agent, &skills, *supervisor)?;
        }
        Event::Logout => {
            appliance.logout(&entry.agent)?;
        }
    }
    Ok(())
}

/// Lets the day go by.
struct Pace {
    /// Seconds of the day in a second; `None` does not wait.
    speed: Option<u32>,
    began: Instant,
    from: Option<u32>,
}

impl Pace {
    fn wait_for(&self, at: u32) {
        let (Some(speed), Some(from)) = (self.speed, self.from) else { return };
        let due = Duration::from_secs(at.saturating_sub(from).into()) / speed;
        thread::sleep(due.saturating_sub(self.began.elapsed()));
    }
}

/// One line that is written over, where somebody looks.
struct Progress {
    shown: bool,
    events: usize,
}

impl Progress {
    fn new(events: usize) -> Self {
        Self { shown: io::stderr().is_terminal(), events }
    }

    fn show(&self, done: usize, at: u32) {
        if self.shown {
            let mut line = io::stderr().lock();
            // Progress that cannot be shown is not worth failing for.
            let _ = write!(line, "\r{}  {done} of {} events", trace::clock(at), self.events);
            let _ = line.flush();
        }
    }

    fn end(&self) {
        if self.shown {
            say("");
        }
    }
}

fn text_of(summary: &Summary) -> String {
    let Summary { events, logins, logouts, signed_in, peaks } = summary;
    let mut text = format!(
        "{events} events: {logins} sign-ins, {logouts} sign-outs; {signed_in} are signed in now.\n\
         Most in use at once, at or above each tier:\n"
    );
    for Peaks { name, peak, .. } in peaks {
        text += &format!("  {name}: {peak}\n");
    }
    text
}

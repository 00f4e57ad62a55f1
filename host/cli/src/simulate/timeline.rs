//! The course of a scenario for people: what happened, why, what comes next, and what to do.

use super::fact::{Event, Fact, Next};
use super::scenario::{Amount, Scenario, Step};
use serde_json::Value;
use std::iter::Peekable;
use std::vec;

/// The widest line.
const WIDTH: usize = 100;
/// Where what is said of a moment begins.
const INDENT: usize = 19;
/// Where the sentences begin.
const SENTENCES: usize = INDENT + LABEL;
const LABEL: usize = 6;
/// The most that is named of what comes.
const NEXT_MAX: usize = 2;
/// What is counted down by the hour is told once a day.
const COUNTDOWN: u32 = 86_400;
/// What [`explain`](leasehold_shim::explain) says where there is nothing to do.
const NOTHING_TO_DO: &str = "Nothing needs to be done.";

/// What was told so far, as far as what follows depends on it.
pub(super) struct Timeline {
    /// The steps that are still to come.
    steps: Peekable<vec::IntoIter<(u32, String)>>,
    until: u32,
    device: Told,
    clone: Told,
}

/// What was told of one machine.
#[derive(Default)]
struct Told {
    last: Option<Fact>,
    /// What was told in full since the last change of a state.
    in_full: Vec<(u32, Event)>,
    /// What was said again since the last that was told in full: its name, how often, and when last.
    again: Vec<(&'static str, u64, u32)>,
}

impl Timeline {
    /// Says what the scenario is about.
    pub(super) fn begin(scenario: &Scenario, text: &mut String) -> Self {
        let name = |Amount { feature, n }: &Amount| format!("{n} {feature}");
        let owned: Vec<String> = scenario.owned.iter().map(name).collect();
        let owned = if owned.is_empty() { "nothing".into() } else { owned.join(", ") };
        *text += &format!(
            "{}, {}; the account owns {owned}.\n\
             Day 0 begins on 2026-01-01 at 00:00 UTC. All times are by a clock that is right.\n\n",
            scenario.product.name, scenario.license_type.name
        );
        let step = |step: &Step| (step.at, format!("{} {}", step.name, step.text));
        let steps: Vec<_> = scenario.steps.iter().map(step).collect();
        let (device, clone) = (Told::default(), Told::default());
        Self { steps: steps.into_iter().peekable(), until: scenario.until, device, clone }
    }

    /// Tells a fact, and the steps before it.
    pub(super) fn add(&mut self, fact: Fact, text: &mut String) {
        if self.device.last.is_some() {
            self.add_steps(fact.t, text);
        }
        let told = if fact.of_clone { &mut self.clone } else { &mut self.device };
        told.add(fact, text);
    }

    /// Tells the steps up to the second `t`.
    fn add_steps(&mut self, t: u32, text: &mut String) {
        if self.steps.peek().is_none_or(|(at, _)| *at > t) {
            return;
        }
        self.device.count_reminders(text);
        self.clone.count_reminders(text);
        while let Some((at, step)) = self.steps.next_if(|(at, _)| *at <= t) {
            wrapped(&at_day(at), INDENT, &format!("-> {step}"), text);
        }
        text.push('\n');
    }

    /// Says how it all stands at the end.
    pub(super) fn end(mut self, outlook: &[Fact], text: &mut String) {
        self.add_steps(self.until, text);
        self.device.count_reminders(text);
        self.clone.count_reminders(text);
        for fact in outlook {
            title(self.until, "End", fact.of_clone, text);
            sentence("state", &states(fact), text);
            match fact.next.first() {
                Some(next) => sentence("next", &coming_text(next), text),
                None => sentence("next", "nothing by itself", text),
            }
        }
        if outlook.is_empty() {
            title(self.until, "End, with the device off", false, text);
        }
    }
}

impl Told {
    fn add(&mut self, fact: Fact, text: &mut String) {
        if fact.changed {
            self.in_full.clear();
        }
        match &fact.event {
            Some(event) if self.is_reminder(fact.t, event) => self.remind(fact.t, event.name),
            event => {
                self.in_full.extend(event.clone().map(|event| (fact.t, event)));
                self.count_reminders(text);
                tell(&fact, self.last.as_ref(), text);
            }
        }
        self.last = Some(fact);
    }

    /// Whether it only says again, or counts further down, what was told in full before.
    fn is_reminder(&self, t: u32, event: &Event) -> bool {
        let earlier = self.in_full.iter().rev().find(|(_, earlier)| earlier.name == event.name);
        let counts_down = ["left", "days"].iter().any(|field| event.fields.contains_key(*field));
        earlier.is_some_and(|(told, earlier)| {
            earlier.words == event.words || (counts_down && t - told < COUNTDOWN)
        })
    }

    fn remind(&mut self, t: u32, name: &'static str) {
        match self.again.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, times, last)) => (*times, *last) = (*times + 1, t),
            None => self.again.push((name, 1, t)),
        }
    }

    fn count_reminders(&mut self, text: &mut String) {
        for (name, times, last) in self.again.drain(..) {
            let count = if times == 1 { "once" } else { &format!("{times} times") };
            let until = if times == 1 { "at" } else { "until" };
            sentence("again", &format!("{name} {count} more, {until} {}", day(last)), text);
            text.push('\n');
        }
    }
}

/// Tells a fact that came after `last`.
fn tell(fact: &Fact, last: Option<&Fact>, text: &mut String) {
    let name = match (&fact.event, last) {
        (Some(event), _) => match event.fields.get("step").and_then(Value::as_str) {
            Some(step) => format!("{}: {step}", event.name),
            None => event.name.to_owned(),
        },
        (None, Some(_)) => "New state".to_owned(),
        (None, None) => "Begin".to_owned(),
    };
    title(fact.t, &name, fact.of_clone, text);
    if fact.changed || fact.event.is_none() {
        sentence("state", &states(fact), text);
    }
    if let Some(event) = &fact.event {
        sentence("why", &event.words.cause, text);
    }
    let next: Vec<String> = fact.next.iter().take(NEXT_MAX).map(coming_text).collect();
    if !next.is_empty() && last.is_none_or(|last| last.next != fact.next) {
        sentence("next", &next.join("; "), text);
    }
    if let Some(event) = fact.event.as_ref().filter(|event| event.words.remedy != NOTHING_TO_DO) {
        sentence("do", &event.words.remedy, text);
    }
    text.push('\n');
}

fn title(t: u32, name: &str, of_clone: bool, text: &mut String) {
    let who = if of_clone { " (clone)" } else { "" };
    *text += &format!("{}{name}{who}\n", at_day(t));
}

/// The moment, where it stands before what is said of it.
fn at_day(t: u32) -> String {
    format!("{:>width$}  ", day(t), width = INDENT - 2)
}

fn coming_text(next: &Next) -> String {
    format!("{}: {}", day(next.t), next.what)
}

/// `day 90 00:45:00`
fn day(t: u32) -> String {
    let (day, hour, minute, second) = (t / 86_400, t / 3_600 % 24, t / 60 % 60, t % 60);
    format!("day {day} {hour:02}:{minute:02}:{second:02}")
}

fn states(fact: &Fact) -> String {
    let [registration, authorization, enforcement] =
        [&fact.registration, &fact.authorization, &fact.enforcement].map(state);
    let enforcement = if enforcement == "None" { "no enforcement" } else { &enforcement };
    format!("{registration}, {authorization}, {enforcement}")
}

/// A state with its data, which are moments, reasons and flags.
fn state(value: &Value) -> String {
    let Some((name, data)) = value.as_object().and_then(|state| state.iter().next()) else {
        return value.as_str().unwrap_or_default().to_owned();
    };
    let shown = |(key, value): (&String, &Value)| match value {
        Value::Bool(set) => set.then(|| key.clone()),
        Value::String(reason) => Some(reason.clone()),
        moment => {
            let t = moment.as_i64().and_then(|t| u32::try_from(t).ok());
            Some(format!("{key} {}", t.map_or_else(|| "before the begin".into(), day)))
        }
    };
    let data: Vec<String> = data.as_object().into_iter().flatten().filter_map(shown).collect();
    format!("{name} ({})", data.join(", "))
}

/// A sentence behind its label.
fn sentence(label: &str, words: &str, text: &mut String) {
    wrapped(&format!("{:INDENT$}{label:<LABEL$}", ""), SENTENCES, words, text);
}

/// Words behind a prefix of `indent` characters, broken at spaces.
fn wrapped(prefix: &str, indent: usize, words: &str, text: &mut String) {
    *text += prefix;
    let mut column = indent;
    for (index, word) in words.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            *text += &format!("\n{:indent$}", "");
            column = indent;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

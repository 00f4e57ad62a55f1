//! Runs a scenario and reads what it tells.

use leasehold_tests::binary;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 86_400;

/// What a scenario told, line by line.
pub(crate) struct Course {
    lines: Vec<Value>,
}

/// Runs a scenario as it stands; gives what the process left.
pub(crate) fn output(scenario: &str, arguments: &[&str]) -> Output {
    let folder = binary::private_folder();
    let file = folder.path().join("scenario.json");
    fs::write(&file, scenario).expect("a scenario");
    let file = file.to_str().expect("a path of text");
    binary::run(folder.path(), &[&["simulate", file], arguments].concat())
}

/// Runs a scenario that must go through; gives what it printed.
pub(crate) fn printed(scenario: &str, arguments: &[&str]) -> String {
    let output = output(scenario, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// A scenario of `tests/scenarios`, as it stands.
pub(crate) fn shipped(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    fs::read_to_string(folder.join(name).with_extension("json")).expect("a scenario that ships")
}

/// The course of a scenario of a contact centre that owns 40 standard and 10 premium seats.
pub(crate) fn seats(steps: &Value, until: &str) -> Course {
    let owned = json!({ "standard-seat": 40, "premium-seat": 10 });
    Course::of(&json!({ "owned": owned, "steps": steps, "until": until }))
}

impl Course {
    pub(crate) fn of(scenario: &Value) -> Self {
        Self::read(&scenario.to_string())
    }

    /// Reads every line, and checks what holds for all of them.
    pub(crate) fn read(scenario: &str) -> Self {
        let text = printed(scenario, &["--json"]);
        let read = |line: &str| serde_json::from_str::<Value>(line).expect("JSON on each line");
        let lines: Vec<Value> = text.lines().map(read).collect();
        let mut before = 0;
        for line in &lines {
            let fields = line.as_object().expect("an object on each line");
            for field in ["registration", "authorization", "enforcement", "event"] {
                assert!(fields.contains_key(field), "{line} has no {field}");
            }
            let t = line["t"].as_u64().expect("seconds");
            assert!(t >= before, "{line} goes back from {before}");
            before = t;
        }
        let start = &lines[0];
        assert_eq!((&start["t"], &start["event"]), (&json!(0), &Value::Null));
        Self { lines }
    }

    /// The lines of the device, not of its clone.
    pub(crate) fn device(&self) -> impl Iterator<Item = &Value> {
        self.lines.iter().filter(|line| line.get("device").is_none())
    }

    /// That of its clone alone.
    pub(crate) fn clone_only(&self) -> Self {
        let lines = self.lines.iter().filter(|line| line["device"] == "clone");
        Self { lines: lines.map(without_device).collect() }
    }

    /// When an event of that name was told of the device.
    pub(crate) fn times(&self, name: &str) -> Vec<u64> {
        self.events(name).map(|line| line["t"].as_u64().unwrap()).collect()
    }

    /// When the only event of that name was told.
    pub(crate) fn only(&self, name: &str) -> u64 {
        let times = self.times(name);
        assert_eq!(times.len(), 1, "{name} at {times:?}");
        times[0]
    }

    /// That no event of that name was told.
    pub(crate) fn never(&self, name: &str) {
        assert!(self.times(name).is_empty(), "{name} at {:?}", self.times(name));
    }

    /// The lines of the events of that name.
    pub(crate) fn events<'c>(&'c self, name: &str) -> impl Iterator<Item = &'c Value> {
        self.device().filter(move |line| line["event"]["name"] == name)
    }

    /// The first event of that name.
    pub(crate) fn event(&self, name: &str) -> &Value {
        &self.events(name).next().unwrap_or_else(|| panic!("no {name} was told"))["event"]
    }

    /// The three states that hold at `t`, after all that happens in that second.
    pub(crate) fn states(&self, t: u64) -> [Value; 3] {
        let last = self.device().take_while(|line| line["t"].as_u64().unwrap() <= t).last();
        let last = last.expect("the device was told of by then");
        ["registration", "authorization", "enforcement"].map(|state| last[state].clone())
    }

    /// Why steps were refused, with their times and names.
    pub(crate) fn denied(&self) -> Vec<(u64, String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        self.events("Denied")
            .map(|line| {
                let event = &line["event"];
                (line["t"].as_u64().unwrap(), text(&event["step"]), text(&event["reason"]))
            })
            .collect()
    }
}

fn without_device(line: &Value) -> Value {
    let mut line = line.clone();
    line.as_object_mut().expect("an object").remove("device");
    line
}

pub(crate) fn out_of_compliance(since: u64, pending: bool) -> Value {
    json!({ "OutOfCompliance": { "since": since, "pending": pending } })
}

pub(crate) fn overage(reason: &str, ends: u64) -> Value {
    json!({ "Overage": { "reason": reason, "ends": ends } })
}

pub(crate) fn enforced(reason: &str, since: u64) -> Value {
    json!({ "Enforced": { "reason": reason, "since": since } })
}

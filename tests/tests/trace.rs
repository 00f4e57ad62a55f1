//! The trace kept in the repository: where it comes from, and what it should lead to.

use leasehold_tests::trace::{self, Count, Peaks};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// The seed that `tests/traces/README.md` names.
const SEED: u64 = 2026;
const TRACE: &str = include_str!("../traces/day-60-agents.csv");

fn peaks(peaks: Peaks) -> Value {
    json!({ "premium": peaks.premium, "standard_or_above": peaks.standard_or_above })
}

#[test]
fn the_generator_still_makes_the_file() {
    assert!(trace::generate(SEED) == TRACE, "see tests/traces/README.md for how it is made");
    assert!(trace::generate(SEED + 1) != TRACE);
}

#[test]
fn two_independent_counts_agree() {
    let Count { day, intervals } = trace::count(&trace::parse(TRACE).unwrap()).unwrap();
    let counted = json!({ "day": peaks(day), "intervals": intervals.map(peaks) });

    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let output = Command::new("python3")
        .arg(traces.join("count.py"))
        .arg(traces.join("day-60-agents.csv"))
        .output()
        .expect("python3 is needed: apt-get install python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let by_python: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counted, by_python);
}

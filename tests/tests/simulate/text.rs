//! The timeline for people, and what holds for every output.

use super::course::{printed, shipped};
use serde_json::json;

const SHIPPED: [&str; 6] = [
    "unregistered-90-days",
    "link-down-four-months",
    "overuse-bought-on-day-80",
    "certificate-expiry",
    "clock-rolled-back",
    "cloned-machine",
];

#[test]
fn the_same_scenario_gives_the_same_bytes() {
    for name in SHIPPED {
        let scenario = shipped(name);
        for arguments in [&["--json"][..], &[]] {
            assert_eq!(printed(&scenario, arguments), printed(&scenario, arguments), "{name}");
        }
    }
}

#[test]
fn no_line_is_told_twice() {
    for name in SHIPPED {
        let text = printed(&shipped(name), &["--json"]);
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            assert_ne!(pair[0], pair[1], "{name}");
        }
    }
}

#[test]
fn the_timeline_fits_a_hundred_columns_and_ends_with_what_comes() {
    for name in SHIPPED {
        let text = printed(&shipped(name), &[]);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
            assert!(!line.contains("no words"), "{name}: {line}");
            assert_eq!(line, line.trim_end(), "{name}");
        }
        let end: Vec<&str> = text.lines().skip_while(|line| !line.ends_with("  End")).collect();
        assert!(end.len() >= 3, "{name}: {end:?}");
        assert!(end[1].trim_start().starts_with("state"), "{name}: {end:?}");
        assert!(end[2..].iter().any(|line| line.trim_start().starts_with("next")), "{end:?}");
    }
}

#[test]
fn the_timeline_says_when_why_what_next_and_what_to_do() {
    let text = printed(&shipped("overuse-bought-on-day-80"), &[]);
    for part in [
        "contact-center, flex; the account owns 40 standard-seat, 10 premium-seat, 1 server.",
        "day 1 08:00:00  OutOfCompliancePending",
        "state Registered, OutOfCompliance (pending, since day 1 08:00:00), no enforcement",
        "why   More licences are used than the account owns",
        "day 1 08:45:00: the tolerance ends",
        "do    Buy the licences that are missing",
        "day 80 00:00:00  -> buy {\"premium-seat\": 5}",
        "day 80 00:45:00  BackInCompliance",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn what_is_told_again_and_again_is_told_once_and_counted() {
    let text = printed(&shipped("unregistered-90-days"), &[]);
    // At the expiry, and with the new state of day 91.
    assert_eq!(text.matches("  EvaluationExpired\n").count(), 2);
    assert!(text.contains("EvaluationExpired 23 times more, until day 90 23:00:00"), "{text}");
    assert!(text.contains("EvaluationWarning 23 times more, until day 89 23:00:00"), "{text}");
    let clone = printed(&shipped("cloned-machine"), &[]);
    assert!(clone.contains("InstanceRemoved (clone)"), "{clone}");
}

#[test]
fn a_refused_step_and_a_device_that_is_off_are_told() {
    let steps = json!([
        {"at": "1h", "renew": "auth"},
        {"at": "2h", "reboot": {"off_for": "1d"}},
    ]);
    let text = printed(&json!({"steps": steps, "until": "3h"}).to_string(), &[]);
    for part in [
        "day 0 01:00:00  -> renew \"auth\"",
        "day 0 01:00:00  Denied: renew",
        "why   This appliance is not registered.",
        "do    Register it first",
        "day 0 02:00:00  -> reboot {\"off_for\":\"1d\"}",
        "day 0 03:00:00  End, with the device off",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

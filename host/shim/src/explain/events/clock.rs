//! What happened to the real-time clock.

use super::{Explanation, NOTHING, Words, span_text, time_text};
use leasehold_core::agent::EventKind;

pub(super) fn event(kind: &EventKind, words: &Words<'_>) -> Explanation {
    const SET_RIGHT: &str = "Set the clock right, and check its battery and its time server.";
    match *kind {
        EventKind::ClockChanged { back, by } => Explanation::new(
            format!(
                "The real-time clock was set {} by {}; no licence period changed with it.",
                if back { "back" } else { "forward" },
                span_text(by)
            ),
            "Check the clock, its battery and its time server, unless it was set on purpose.",
        ),
        EventKind::ClockDisagrees { ahead: true, until } => Explanation::new(
            format!(
                "The real-time clock is past the end of the ID certificate. Unless it is put \
                 right, or the license manager answers, the appliance is unregistered at {}.",
                time_text((words.unix)(until))
            ),
            SET_RIGHT,
        ),
        EventKind::ClockDisagrees { ahead: false, until } => Explanation::new(
            format!(
                "The real-time clock is before the start of the ID certificate. Unless it is put \
                 right, it is ignored from {} on.",
                time_text((words.unix)(until))
            ),
            SET_RIGHT,
        ),
        EventKind::ClockIgnored => Explanation::new(
            "The real-time clock stayed before the start of the ID certificate and is ignored; \
             time goes on from what the appliance knows.",
            SET_RIGHT,
        ),
        _ => Explanation::new("The real-time clock and the ID certificate agree again.", NOTHING),
    }
}

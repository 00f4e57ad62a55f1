//! Every reason of the core in words for administrators: one sentence of cause, one of remedy.
//!
//! The core has numbers, not words, so that firmware carries no text. Here is their one wording,
//! for the command line, the log and the alerts alike.

mod codes;
mod commands;
mod events;
mod failures;
mod reservation;
mod stage;

pub use codes::{code, code_name, grant};
pub(crate) use commands::at_or_above;
pub use commands::{choice, command, count, sign_in};
pub use events::{Severity, Words, event, event_under, new_use_refused, record, severity};
pub use failures::{accept, failure, frame, refusal, transport};
pub use reservation::{Fewer, Uncovered, code_held_back, reservation, step_not_stored, unwanted};
pub use stage::{
    Stage, Wanted, command_at, in_force, overtaken, return_code_at_risk, was_returned,
};

use leasehold_core::time::{Duration, UnixTime};
use serde::Serialize;
use serde_json::Value;

/// What happened, and what to do about it. Both are whole sentences.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// What happened.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl Explanation {
    fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause: cause.into(), remedy: remedy.into() }
    }
}

/// For values that a newer core may have and this wording has not.
fn unknown(what: &str) -> Explanation {
    Explanation::new(
        format!("There is {what} that this version has no words for."),
        "Update the appliance's licensing software.",
    )
}

/// The innermost name in a value of the core: `Refused(TokenExpired)` is `TokenExpired`.
pub fn name_of<T: Serialize>(value: &T) -> String {
    fn innermost(value: &Value) -> Option<String> {
        match value {
            Value::String(name) => Some(name.clone()),
            Value::Object(fields) => {
                let (name, inner) = fields.iter().next()?;
                let deeper = match inner {
                    Value::String(_) => innermost(inner),
                    Value::Object(fields) if fields.len() == 1 => innermost(inner),
                    _ => None,
                };
                deeper.or_else(|| Some(name.clone()))
            }
            _ => None,
        }
    }
    serde_json::to_value(value).ok().as_ref().and_then(innermost).unwrap_or_default()
}

/// A calendar time for people.
pub(crate) fn time_text(time: Option<UnixTime>) -> String {
    time.and_then(|time| i64::try_from(time.as_secs()).ok())
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(
            || "a time that is not known".into(),
            |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        )
}

/// A span for people, in its largest unit.
pub(crate) fn span_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "days"),
        7_200.. => (seconds / 3_600, "hours"),
        120.. => (seconds / 60, "minutes"),
        1 => (1, "second"),
        _ => (seconds, "seconds"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::agent::{FailureReason, TransportError};
    use leasehold_core::wire::Refusal;

    #[test]
    fn the_innermost_name_is_the_reasons() {
        assert_eq!(name_of(&FailureReason::Conflict), "Conflict");
        assert_eq!(name_of(&FailureReason::Refused(Refusal::TokenExpired)), "TokenExpired");
        let status = FailureReason::Transport(TransportError::HttpStatus(503));
        assert_eq!(name_of(&status), "HttpStatus");
    }

    #[test]
    fn times_and_spans_read_well() {
        let time = Some(UnixTime::from_secs(1_800_000_000));
        assert_eq!(time_text(time), "2027-01-15 08:00 UTC");
        assert_eq!(time_text(None), "a time that is not known");
        for (span, text) in [
            (Duration::from_days(30), "30 days"),
            (Duration::from_hours(47), "47 hours"),
            (Duration::from_minutes(119), "119 minutes"),
            (Duration::from_secs(1), "1 second"),
            (Duration::ZERO, "0 seconds"),
        ] {
            assert_eq!(span_text(span), text);
        }
    }
}

//! The course of a scenario for programs: one JSON object a line.

use super::fact::Fact;
use serde::Serialize;
use serde_json::{Map, Value};

/// A line, in the order of its fields.
#[derive(Serialize)]
struct Line<'f> {
    t: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'static str>,
    registration: &'f Value,
    authorization: &'f Value,
    enforcement: &'f Value,
    event: Option<Event<'f>>,
}

#[derive(Serialize)]
struct Event<'f> {
    name: &'static str,
    #[serde(flatten)]
    fields: &'f Map<String, Value>,
}

/// The line of a fact.
///
/// # Errors
/// Never for facts of a simulation.
pub(super) fn line(fact: &Fact) -> serde_json::Result<String> {
    let line = Line {
        t: fact.t,
        device: fact.of_clone.then_some("clone"),
        registration: &fact.registration,
        authorization: &fact.authorization,
        enforcement: &fact.enforcement,
        event: fact.event.as_ref().map(|told| Event { name: told.name, fields: &told.fields }),
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

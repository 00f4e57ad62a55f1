//! What there is to tell at one moment: the three states, what happened, and what comes next.

use super::manager::{Notice, moment};
use leasehold_core::agent::{
    AuthorizationState, Enforcement, EventKind, RegistrationState, Status,
};
use leasehold_core::product::{EnforcementMode, LicenseType};
use leasehold_core::time::{DeviceTime, UnixTime};
use leasehold_shim::explain::{self, Explanation, Words};
use leasehold_shim::problem::Problem;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The three states of a device, as the scenario sees them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct States {
    registration: RegistrationState,
    authorization: AuthorizationState,
    enforcement: Enforcement,
    /// How far the device's time is ahead of the scenario's, where a state holds a moment of it: time
    /// off that passed unseen moves those moments.
    ahead: i64,
}

impl States {
    pub(super) fn new(status: &Status<'_>, scale: Scale) -> Self {
        let Status { registration, authorization, enforcement, .. } = *status;
        let dated = matches!(authorization, AuthorizationState::OutOfCompliance { .. })
            || enforcement != Enforcement::None;
        let ahead = i64::from(scale.device.as_secs()) - i64::from(scale.t);
        Self { registration, authorization, enforcement, ahead: if dated { ahead } else { 0 } }
    }
}

/// Something to tell.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    /// When, in seconds.
    pub(super) t: u32,
    /// Whether it is about the clone.
    pub(super) of_clone: bool,
    /// Whether one of the states is another than when last told.
    pub(super) changed: bool,
    pub(super) registration: Value,
    pub(super) authorization: Value,
    pub(super) enforcement: Value,
    pub(super) event: Option<Event>,
    pub(super) next: Vec<Next>,
}

/// An event, with its words.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) fields: Map<String, Value>,
    pub(super) words: Explanation,
}

/// Something that comes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Next {
    /// When, in seconds.
    pub(super) t: u32,
    pub(super) what: &'static str,
}

/// Turns a device's time into the scenario's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) t: u32,
    pub(super) device: DeviceTime,
}

/// Fields of states and events that are moments of the device's time.
const MOMENTS: [&str; 3] = ["since", "ends", "until"];

impl Scale {
    /// Seconds of the scenario; negative for what was before its begin.
    fn seconds(self, at: DeviceTime) -> i64 {
        let ago = i64::from(self.device.as_secs()) - i64::from(at.as_secs());
        i64::from(self.t) - ago
    }

    fn coming(self, at: DeviceTime) -> u32 {
        u32::try_from(self.seconds(at).max(0)).unwrap_or(u32::MAX)
    }

    /// True calendar time, whatever the device takes it for.
    fn unix(self, at: DeviceTime) -> UnixTime {
        moment(self.coming(at))
    }

    /// A value of the core with its moments in seconds of the scenario.
    fn shown<T: Serialize>(self, value: &T) -> Value {
        let mut shown = serde_json::to_value(value).unwrap_or_default();
        self.rescale(&mut shown);
        shown
    }

    fn rescale(self, value: &mut Value) {
        let Value::Object(fields) = value else { return };
        for (key, field) in fields {
            match field.as_u64().and_then(|at| u32::try_from(at).ok()) {
                Some(at) if MOMENTS.contains(&key.as_str()) => {
                    *field = self.seconds(DeviceTime::from_secs(at)).into();
                }
                _ => self.rescale(field),
            }
        }
    }
}

impl Fact {
    /// The states of a device, and nothing that happened. The next term of a reservation ends at
    /// `term_end`.
    pub(super) fn new(
        status: &Status<'_>,
        term_end: Option<DeviceTime>,
        scale: Scale,
        of_clone: bool,
    ) -> Self {
        Self {
            t: scale.t,
            of_clone,
            changed: false,
            registration: scale.shown(&status.registration),
            authorization: scale.shown(&status.authorization),
            enforcement: scale.shown(&status.enforcement),
            event: None,
            next: next(status, term_end, scale),
        }
    }
}

impl Event {
    /// An event of an agent. Reasons go by their innermost name, entitlements by their tag.
    pub(super) fn of_agent(
        kind: &EventKind,
        scale: Scale,
        mode: EnforcementMode,
        license_type: &LicenseType<'_>,
    ) -> Self {
        let unix = |at| Some(scale.unix(at));
        let words = explain::event_under(mode, kind, &Words { license_type, unix: &unix });
        let mut fields = match scale.shown(kind) {
            Value::Object(variant) => match variant.into_iter().next() {
                Some((_, Value::Object(fields))) => fields,
                _ => Map::new(),
            },
            _ => Map::new(),
        };
        for reason in ["reason", "error"] {
            if let Some(field) = fields.get_mut(reason) {
                *field = explain::name_of(field).into();
            }
        }
        if let Some(field) = fields.get_mut("entitlement") {
            let index = field.as_u64().and_then(|index| usize::try_from(index).ok());
            let known = index.and_then(|index| license_type.entitlement(index));
            *field = known.map_or(Value::Null, |entitlement| entitlement.tag.into());
        }
        Self { name: kind.name(), fields, words }
    }

    /// A step that was refused.
    pub(super) fn denied(step: &str, problem: Problem) -> Self {
        let Problem { code, cause, remedy } = problem;
        let fields = json!({ "step": step, "reason": cause, "remedy": remedy, "code": code });
        let words = Explanation { cause, remedy };
        Self { name: "Denied", fields: object(fields), words }
    }

    /// Something that the manager noticed.
    pub(super) fn notice(notice: Notice) -> Self {
        let check = "Look why the appliance does not report: its power, its link, its manager.";
        match notice {
            Notice::DeviceSilent { days } => Self {
                name: "DeviceSilent",
                fields: object(json!({ "days": days })),
                words: Explanation {
                    cause: format!("The manager has not heard of the appliance for {days} days."),
                    remedy: check.into(),
                },
            },
            Notice::UsageReleased => Self {
                name: "UsageReleased",
                fields: Map::new(),
                words: Explanation {
                    cause: "The manager frees for others what the silent appliance used.".into(),
                    remedy: check.into(),
                },
            },
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What comes, the soonest first.
fn next(status: &Status<'_>, term_end: Option<DeviceTime>, scale: Scale) -> Vec<Next> {
    let mut all = Vec::new();
    let mut comes = |at: Option<DeviceTime>, what| {
        all.extend(at.map(|at| Next { t: scale.coming(at).max(scale.t), what }));
    };
    let retry = status.attempt.and_then(|attempt| attempt.retry_at);
    comes(retry, "registering is tried again");
    let evaluation = status.now.saturating_add(status.evaluation_left);
    comes(status.evaluation_counting.then_some(evaluation), "the evaluation is used up");
    if let AuthorizationState::OutOfCompliance { since, pending: true } = status.authorization {
        let breach = since.saturating_add(status.policy.pending_tolerance);
        comes(Some(breach), "the tolerance ends and the overage period begins");
    }
    if let Enforcement::Overage { ends, .. } = status.enforcement {
        comes(Some(ends), "the overage ends and enforcement begins");
    }
    comes(term_end, "a reserved term ends");
    let failing = matches!(status.last_contact, Some(Err(_)));
    let contact = if failing { "the manager is asked again" } else { "usage is reported" };
    comes(status.next_report, contact);
    let expired = status.authorization == AuthorizationState::AuthorizationExpired;
    let deadline = status.deadline.filter(|_| failing && !expired);
    comes(deadline, "the authorization ends if no answer comes");
    all.sort_unstable();
    all
}

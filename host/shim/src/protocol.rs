//! What is said over the command socket: one JSON object a line there, one back.
//!
//! ```text
//! {"command": "login", "name": "ann", "skills": ["chat"], "supervisor": false}
//! {"ok": {"name": "ann", "feature": "premium-seat"}}
//! {"error": {"code": "unknown-skill", "cause": "…", "remedy": "…"}}
//! ```

use crate::journal::Entry;
use crate::problem::Problem;
use crate::report::{Failure, LicenseControl, Limit, UnixSeconds};
use crate::settings::{Secret, TransportChange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest request line, in bytes.
pub const REQUEST_MAX: u64 = 64 << 10;
/// The longest answer line, in bytes.
pub const ANSWER_MAX: u64 = 8 << 20;
/// The longest that a command waits for its outcome.
pub const WAIT_MAX_SECONDS: u32 = 300;
/// The most events in one answer.
pub const EVENTS_MAX: u32 = 1_000;

/// A command.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// The whole state: a [`Report`](crate::report::Report).
    Status {},
    /// Register with a token: an [`Outcome`].
    Register {
        /// As pasted.
        token: Secret,
        /// Replace an instance with this UDI, or register again (SPEC R5, X12).
        #[serde(default)]
        force: bool,
        /// How long to wait for the outcome; 0 does not wait.
        #[serde(default)]
        wait_seconds: u32,
    },
    /// Leave the account: an [`Outcome`].
    Deregister {
        /// How long to wait for the outcome; 0 does not wait.
        #[serde(default)]
        wait_seconds: u32,
    },
    /// Report or renew now: an [`Outcome`].
    Renew {
        /// Which of the two.
        what: Renewal,
        /// How long to wait for the outcome; 0 does not wait.
        #[serde(default)]
        wait_seconds: u32,
    },
    /// Count by another license type (SPEC C7): a [`TypeChange`].
    LicenseType {
        /// Its name.
        name: String,
    },
    /// Allow over-use, or deny it (SPEC C4): a [`Control`].
    AllowOverage {
        /// Whether it is allowed.
        allowed: bool,
    },
    /// Limit a field of license control, or take the limit back (SPEC C4): a [`Control`].
    Limit {
        /// The feature's name.
        feature: String,
        /// The most at a time; none for what the account owns.
        limit: Option<u32>,
    },
    /// Leave the account and erase everything but the evaluation used (SPEC X13): an [`Outcome`].
    FactoryReset {
        /// How long to wait for the outcome; 0 does not wait.
        #[serde(default)]
        wait_seconds: u32,
    },
    /// A step of a reservation (SPEC section 6): an [`Outcome`].
    Reservation {
        /// Which.
        step: ReservationStep,
        /// How long to wait until it is stored; 0 does not wait.
        #[serde(default)]
        wait_seconds: u32,
    },
    /// How the manager is reached: [`TransportSettings`](crate::settings::TransportSettings)
    /// without the proxy's password.
    TransportGet {},
    /// Change how the manager is reached; gives the settings then in force.
    TransportSet {
        /// What is to change.
        change: TransportChange,
    },
    /// Sign somebody in: a [`Seat`].
    Login {
        /// Who.
        name: String,
        /// What they work on.
        #[serde(default)]
        skills: Vec<String>,
        /// Whether they supervise.
        #[serde(default)]
        supervisor: bool,
    },
    /// Sign somebody out: a [`Seat`].
    Logout {
        /// Who.
        name: String,
    },
    /// Take so many of a feature: a [`Count`].
    Acquire {
        /// Its name.
        feature: String,
        /// How many.
        n: u32,
    },
    /// Give so many of a feature back: a [`Count`].
    Release {
        /// Its name.
        feature: String,
        /// How many.
        n: u32,
    },
    /// What happened: [`Events`].
    Events {
        /// Only what came after this number.
        #[serde(default)]
        after: u64,
        /// At most so many.
        #[serde(default = "events_max")]
        limit: u32,
    },
    /// Whether the appliance may do something (SPEC E3): a [`Permission`].
    Permits {
        /// What.
        #[serde(default)]
        operation: Operation,
    },
}

const fn events_max() -> u32 {
    EVENTS_MAX
}

/// What is renewed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// `renew auth`: report now.
    Authorization,
    /// `renew id`: a longer certificate.
    Certificate,
}

/// What an appliance may ask about.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Adding, changing or deleting users and devices.
    #[default]
    Provision,
    /// Beginning to use something: signing in, acquiring.
    Use,
}

/// A step of a reservation (SPEC S1–S3).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReservationStep {
    /// Get licences by codes from now on.
    Enable,
    /// Get them from a manager again.
    Disable,
    /// Ask for licences: makes the request code.
    Request {
        /// Everything the product can use, not chosen licences.
        #[serde(default)]
        universal: bool,
    },
    /// Install an authorization code; makes a confirmation code where it is an update.
    Install {
        /// As pasted.
        code: String,
        /// Whether it may take licences away; otherwise such a one is refused as `takes-away`.
        #[serde(default)]
        accept_fewer: bool,
    },
    /// Drop the request; makes a return code, for licences that were set aside meanwhile.
    Cancel,
    /// Give everything back: makes the return code.
    Return,
    /// Give an authorization back that was never installed: makes a return code.
    ReturnAuthorization {
        /// As pasted.
        code: String,
    },
}

/// What came of a command that takes its time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is under way; nobody waited, or not long enough.
    Underway,
    /// It succeeded.
    Succeeded,
    /// The manager refused for good.
    Refused {
        /// Why.
        failure: Failure,
    },
    /// It did not get through; it is tried again.
    Retrying {
        /// Why.
        failure: Failure,
        /// When it is tried again.
        retry: Option<UnixSeconds>,
    },
    /// The device left its account.
    Deregistered {
        /// Whether the manager knows. If not, a stale instance is left there.
        manager_told: bool,
    },
    /// There was only a registration under way; it is dropped.
    Dropped,
    /// The manager no longer has this device: it is unregistered now (SPEC X14).
    Removed,
    /// The step of a reservation is done and stored.
    Stored {
        /// The code that it made, to be carried to the manager.
        code: Option<String>,
        /// Whether it had been done before: nothing has changed, and the code is the one made then.
        #[serde(default)]
        already: bool,
    },
    /// Everything is erased but the evaluation used.
    Reset {
        /// Whether the manager knows that the device left its account; `None` where it was in none.
        manager_told: Option<bool>,
    },
}

/// The license type in force, and who was signed in anew under it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TypeChange {
    /// Its name.
    pub license_type: String,
    /// How many sign-ins took which feature.
    pub seats: BTreeMap<String, u32>,
    /// Why a restart would forget it: it could not be stored.
    pub not_stored: Option<Problem>,
}

/// License control after a change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Control {
    /// What is in force.
    #[serde(flatten)]
    pub control: LicenseControl,
    /// Its fields, in the order of the license type.
    pub fields: Vec<ControlField>,
}

/// A field of license control.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ControlField {
    /// The feature's name.
    pub feature: String,
    /// The limit that an administrator set for it; `None` for what the account owns.
    pub configured_limit: Option<u32>,
    /// What it and its higher tiers may have in use together now.
    pub limit: Option<Limit>,
}

/// What a sign-in took, or gave back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Seat {
    /// Who.
    pub name: String,
    /// The feature.
    pub feature: String,
    /// Why a restart would forget it: it could not be stored.
    pub not_stored: Option<Problem>,
}

/// A feature's count after a change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Count {
    /// The feature.
    pub feature: String,
    /// How many are in use now, sign-ins included.
    pub in_use: u32,
    /// Why a restart would forget it: it could not be stored.
    pub not_stored: Option<Problem>,
}

/// Events, the oldest first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Events {
    /// Those asked for. A first number that is not the one after `after` is a gap.
    pub events: Vec<Entry>,
    /// The number of the last event there is.
    pub last: u64,
}

/// Whether something may be done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Permission {
    /// Whether it may.
    pub permitted: bool,
    /// Why not, if not: the reason's name (SPEC X11).
    pub reason: Option<String>,
}

/// An answer line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// What was asked for.
    Ok(serde_json::Value),
    /// Nothing was done.
    Error(Problem),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_as_documented() {
        let read = |text: &str| serde_json::from_str::<Request>(text);
        let login = read(r#"{"command": "login", "name": "ann", "skills": ["chat"]}"#).unwrap();
        let skills = vec!["chat".into()];
        assert_eq!(login, Request::Login { name: "ann".into(), skills, supervisor: false });
        assert_eq!(read(r#"{"command": "status"}"#).unwrap(), Request::Status {});
        let limit = read(r#"{"command": "limit", "feature": "agent-seat", "limit": null}"#);
        let feature = "agent-seat".into();
        assert_eq!(limit.unwrap(), Request::Limit { feature, limit: None });
        let install = r#"{"command": "reservation", "step": {"install": {"code": "LHA"}}}"#;
        let step = ReservationStep::Install { code: "LHA".into(), accept_fewer: false };
        let reservation = Request::Reservation { step, wait_seconds: 0 };
        assert_eq!(read(install).unwrap(), reservation);
        let back = r#"{"command": "reservation", "step": "return", "wait_seconds": 5}"#;
        let step = ReservationStep::Return;
        assert_eq!(read(back).unwrap(), Request::Reservation { step, wait_seconds: 5 });
        for bad in [
            r#"{"command": "reservation", "step": {"install": {"code": "LHA", "force": true}}}"#,
            r#"{"command": "reservation", "step": "instal"}"#,
            r#"{"command": "status", "x": 1}"#,
            r#"{"command": "login", "name": "ann", "skill": "chat"}"#,
            r#"{"command": "acquire", "feature": "server", "n": -1}"#,
            r#"{"command": "acquire", "feature": "server", "n": 4294967296}"#,
            r#"{"command": "dance"}"#,
            r#"{"name": "ann"}"#,
            "[]",
            "1",
            "",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_shown_for_debugging_hides_its_token() {
        let text = r#"{"command": "register", "token": "LHTSECRET"}"#;
        let request: Request = serde_json::from_str(text).unwrap();
        assert!(!format!("{request:?}").contains("LHTSECRET"));
    }
}

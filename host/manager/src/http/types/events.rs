//! The event log, and the manager itself.

use super::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of the event log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// When it happened.
    pub time: Time,
    /// The account it belongs to.
    pub account: Option<i64>,
    /// The virtual account it belongs to.
    pub virtual_account: Option<i64>,
    /// The device it belongs to.
    pub device: Option<i64>,
    /// Who did it.
    pub actor: String,
    /// What happened, such as `InstanceRegistered`.
    pub name: String,
    /// More about it.
    pub detail: Value,
    /// The digest of the entry before and of this one: 64 hexadecimal digits.
    pub hash: String,
}

/// An event log whose chain holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct VerifiedLog {
    /// How many entries it has.
    pub entries: i64,
    /// The hash of the last: keep it elsewhere, to compare later.
    pub hash: String,
}

/// A tag that the manager knows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tag {
    /// The tag.
    pub tag: String,
    /// Its name for people.
    pub name: String,
    /// The feature that consumes it.
    pub feature: String,
}

/// A restore of the manager from a backup.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restored {
    /// What the manager's answers are numbered under since.
    pub epoch: u32,
    /// When it was.
    pub at: Time,
    /// When the backup was made: what happened between the two is lost.
    pub backed_up: Time,
}

/// The manager itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// The manager's time.
    pub time: Time,
    /// The vendor's public root key, which products pin: 64 hexadecimal digits.
    pub root: String,
    /// The SHA-256 of the manager's TLS certificate, which appliances may pin: 64 hexadecimal
    /// digits.
    pub certificate_sha256: String,
    /// When the signing certificate ends.
    pub signing_certificate_ends: Time,
    /// The last restore from a backup; `null` where there was none.
    pub restored: Option<Restored>,
    /// How many reservations are frozen since, of those that may be looked at.
    pub frozen_reservations: u64,
    /// Who asks, as the event log would name them.
    pub signed_in_as: String,
    /// What licences can be deposited for.
    pub licenses: Vec<Tag>,
}

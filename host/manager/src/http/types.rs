//! What the REST API takes and gives: one definition, used by the server and by the commands.

mod time;

pub use time::Time;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Part of a list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct List<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// What to pass as `after` for the next part; `null` at the end.
    pub next: Option<i64>,
}

/// A smart account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Account {
    /// Its id.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// When it was made.
    pub created: Time,
}

/// A name to give to something.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The name.
    pub name: String,
}

/// A virtual account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct VirtualAccount {
    /// Its id.
    pub id: i64,
    /// The account it is in.
    pub account: i64,
    /// The virtual account it stands under.
    pub parent: Option<i64>,
    /// Its name, unique in the account.
    pub name: String,
    /// Whether it came with the account and cannot be deleted.
    pub is_default: bool,
    /// When it was made.
    pub created: Time,
}

/// A virtual account to make.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewVirtualAccount {
    /// The account it is to be in.
    pub account: i64,
    /// The virtual account it is to stand under.
    #[serde(default)]
    pub parent: Option<i64>,
    /// Its name.
    pub name: String,
}

/// A registration token, without its text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// The account it registers into.
    pub account: i64,
    /// The virtual account it registers into.
    pub virtual_account: i64,
    /// What it is for.
    pub description: String,
    /// `valid`, `expired`, `used-up` or `revoked`.
    pub state: String,
    /// When it was made.
    pub created: Time,
    /// When it stops working.
    pub expires: Time,
    /// How many registrations it is good for; `null` for any number.
    pub max_uses: Option<u32>,
    /// How many it was used for.
    pub uses: u32,
    /// Whether export-controlled functions are allowed to what registers with it.
    pub export_controlled: bool,
    /// Who made it.
    pub created_by: String,
}

/// A registration token to make.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Where devices are to register with it.
    pub virtual_account: i64,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// For how many days it is good.
    pub days: u32,
    /// How many registrations it is good for; absent or `null` for any number.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// Whether export-controlled functions are allowed to what registers with it.
    #[serde(default)]
    pub export_controlled: bool,
}

/// A registration token and the text that is pasted into an appliance.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TokenWithText {
    /// The token.
    #[serde(flatten)]
    pub token: Token,
    /// Its text: a secret.
    pub text: String,
}

/// A licence line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct License {
    /// Its id.
    pub id: i64,
    /// The account that owns it.
    pub account: i64,
    /// The pool it is in.
    pub virtual_account: i64,
    /// What it is a licence for.
    pub tag: String,
    /// The tag's name for people.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// `in force`, `not begun` or `ended`.
    pub state: String,
    /// From when it counts.
    pub start: Time,
    /// From when it no longer counts; `null` is perpetual.
    pub end: Option<Time>,
    /// The order it came with.
    pub order: String,
    /// When it was deposited.
    pub created: Time,
    /// Who deposited it.
    pub created_by: String,
}

/// Licences to deposit.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewLicense {
    /// Into which pool.
    pub virtual_account: i64,
    /// Licences for what: a tag, or the feature that consumes it, such as `premium-seat`.
    pub license: String,
    /// How many.
    pub quantity: u32,
    /// From when; absent or `null` for at once.
    #[serde(default)]
    pub start: Option<Time>,
    /// Until when; absent or `null` is perpetual.
    #[serde(default)]
    pub end: Option<Time>,
    /// The order they came with.
    #[serde(default)]
    pub order: String,
}

/// One tag of a virtual account's pool.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PoolLine {
    /// The tag.
    pub tag: String,
    /// Its name for people.
    pub name: String,
    /// Owned now.
    pub purchased: u64,
    /// In use of exactly this tier.
    pub in_use: u64,
    /// Set aside for instances without a network.
    pub reserved: u64,
    /// Covered by a higher tier when positive, lent to lower tiers when negative.
    pub substituted: i64,
    /// What is left; negative when too much is in use.
    pub balance: i64,
    /// Whether this tier is covered.
    pub in_compliance: bool,
}

/// A virtual account's pool.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PoolSummary {
    /// The virtual account.
    pub virtual_account: i64,
    /// Every tag it owns or uses.
    pub licenses: Vec<PoolLine>,
    /// Whether everything is covered.
    pub in_compliance: bool,
}

/// A product instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Instance {
    /// The id of the device.
    pub id: i64,
    /// The id that stands in its certificate: 32 hexadecimal digits.
    pub instance: String,
    /// Product id of its UDI.
    pub product_id: String,
    /// Serial number of its UDI.
    pub serial_number: String,
    /// UUID of its UDI: 32 hexadecimal digits.
    pub uuid: Option<String>,
    /// The account it is or last was in.
    pub account: i64,
    /// The virtual account it is or last was in.
    pub virtual_account: i64,
    /// `registered`, `deregistered`, `removed` or `expired`.
    pub state: String,
    /// Host name it last reported; empty where kept private.
    pub host_name: String,
    /// Software version it last reported.
    pub software_version: String,
    /// When it was registered.
    pub registered: Time,
    /// When it was last heard of.
    pub last_contact: Time,
    /// When its certificate ends.
    pub valid_until: Time,
    /// Whether export-controlled functions are allowed.
    pub export_controlled: bool,
    /// Distinct reports that were counted.
    pub reports_counted: u64,
    /// Since when it is out of compliance.
    pub out_of_compliance_since: Option<Time>,
    /// Since when two machines are known to use its identity.
    pub duplicate_since: Option<Time>,
    /// Whether its usage was released because of its silence.
    pub usage_released: bool,
}

/// What an instance last reported of one tag.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// The tag.
    pub tag: String,
    /// Its name for people.
    pub name: String,
    /// The last peak: at or above this tier.
    pub peak: u32,
    /// The highest peak since it was registered for the first time.
    pub highest: u32,
}

/// A product instance and what it uses.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InstanceWithUsage {
    /// The instance.
    #[serde(flatten)]
    pub instance: Instance,
    /// What it last reported.
    pub usage: Vec<Usage>,
}

/// One point in an instance's history of use.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HistoryPoint {
    /// Its id.
    pub id: i64,
    /// The tag.
    pub tag: String,
    /// When it was reported.
    pub reported: Time,
    /// The peak.
    pub peak: u32,
    /// Seconds the peak is taken over.
    pub covers_seconds: u32,
}

/// Where to move an instance.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The virtual account.
    pub virtual_account: i64,
}

/// A user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// The name to sign in with, unique.
    pub name: String,
    /// `vendor`, `administrator`, `user` or `viewer`.
    pub role: String,
    /// Only in this account.
    pub account: Option<i64>,
    /// Only in this virtual account.
    pub virtual_account: Option<i64>,
    /// When it was made.
    pub created: Time,
}

/// A user to make.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// The password.
    pub password: String,
    /// `vendor`, `administrator`, `user` or `viewer`.
    pub role: String,
    /// Only in this account.
    #[serde(default)]
    pub account: Option<i64>,
    /// Only in this virtual account.
    #[serde(default)]
    pub virtual_account: Option<i64>,
}

/// A password to set.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// The password.
    pub password: String,
}

/// A program that signs in with a secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Client {
    /// Its id.
    pub id: i64,
    /// A name for people.
    pub name: String,
    /// `vendor`, `administrator`, `user` or `viewer`.
    pub role: String,
    /// Only in this account.
    pub account: Option<i64>,
    /// When it was made.
    pub created: Time,
}

/// An API client to make.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// A name for people.
    pub name: String,
    /// `vendor`, `administrator`, `user` or `viewer`.
    pub role: String,
    /// Only in this account.
    #[serde(default)]
    pub account: Option<i64>,
}

/// An API client and its secret, which is shown this once.
#[derive(Clone, Deserialize, Serialize)]
pub struct ClientWithSecret {
    /// The client.
    #[serde(flatten)]
    pub client: Client,
    /// Its secret.
    pub secret: String,
}

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

/// The manager itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// The manager's time.
    pub time: Time,
    /// The vendor's public root key, which products pin: 64 hexadecimal digits.
    pub root: String,
    /// When the signing certificate ends.
    pub signing_certificate_ends: Time,
    /// Who asks, as the event log would name them.
    pub signed_in_as: String,
    /// What licences can be deposited for.
    pub licenses: Vec<Tag>,
}

/// Why a request was not fulfilled (RFC 9457).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What kind of problem it is.
    pub title: String,
    /// The cause: a sentence.
    pub detail: String,
    /// What to do about it: a sentence.
    pub remedy: String,
}

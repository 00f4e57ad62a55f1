//! Product instances, and what they use.

use super::Time;
use serde::{Deserialize, Serialize};

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

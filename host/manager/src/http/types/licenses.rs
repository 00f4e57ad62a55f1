//! Licences, and what they add up to.

use super::Time;
use serde::{Deserialize, Serialize};

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
    /// `in-force`, `not-begun` or `ended`.
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

//! Registration tokens.

use super::Time;
use serde::{Deserialize, Serialize};

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

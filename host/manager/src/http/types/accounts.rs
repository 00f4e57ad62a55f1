//! Accounts and virtual accounts.

use super::Time;
use serde::{Deserialize, Serialize};

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

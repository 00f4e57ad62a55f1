//! Users and API clients.

use super::Time;
use serde::{Deserialize, Serialize};

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

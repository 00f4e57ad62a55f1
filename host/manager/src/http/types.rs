//! What the REST API takes and gives: one definition, used by the server and by the commands.

mod accounts;
mod events;
mod instances;
mod licenses;
mod people;
mod reservations;
mod time;
mod tokens;

pub use accounts::{Account, Name, NewVirtualAccount, VirtualAccount};
pub use events::{Event, Restored, Status, Tag, VerifiedLog};
pub use instances::{HistoryPoint, Instance, InstanceWithUsage, Transfer, Usage};
pub use licenses::{License, NewLicense, PoolLine, PoolSummary};
pub use people::{Client, ClientWithSecret, NewClient, NewUser, Password, User};
pub use reservations::{
    Difference, EnteredCode, Frozen, LicenseChoice, Licenses, Offer, Reconciliation,
    RequestToRedeem, Reservation, ReservationCode, ReservationWithCodes, ReservedLicense, Term,
};
pub use time::{NotATime, Time};
pub use tokens::{NewToken, Token, TokenWithText};

use serde::{Deserialize, Serialize};

/// Part of a list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct List<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// What to pass as `after` for the next part; `null` at the end.
    pub next: Option<i64>,
}

/// Why a request was not fulfilled (RFC 9457).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// What kind of problem it is, for programs: a name that never changes. `about:blank` where the
    /// status says it all.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// What kind of problem it is.
    pub title: String,
    /// The cause: a sentence.
    pub detail: String,
    /// What to do about it: a sentence.
    pub remedy: String,
}

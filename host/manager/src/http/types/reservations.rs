//! Reservations, and the codes that they travel as.

use super::Time;
use serde::{Deserialize, Serialize};

/// A reservation: licences set aside for one appliance without a network.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reservation {
    /// Its id.
    pub id: i64,
    /// The account that owns the licences.
    pub account: i64,
    /// The pool they are in.
    pub virtual_account: i64,
    /// Product id of the appliance.
    pub product_id: String,
    /// Serial number of the appliance.
    pub serial_number: String,
    /// The number of the appliance's request.
    pub number: u32,
    /// The appliance's license type.
    pub license_type: String,
    /// Whether everything that the appliance can use is asked for.
    pub universal: bool,
    /// `requested`, `authorized`, `update-pending`, `returned`, `cancelled` or `rehosted`.
    pub state: String,
    /// Which authorization is in force: 0 the first, then its updates. `null` while there is none.
    pub generation: Option<u8>,
    /// The update that waits for its confirmation.
    pub pending: Option<u8>,
    /// The reservation that has the licences now.
    pub rehosted_to: Option<i64>,
    /// When the request was redeemed.
    pub created: Time,
    /// Who redeemed it.
    pub created_by: String,
    /// When it ended.
    pub ended: Option<Time>,
    /// That it waits to be reconciled, since the manager was restored from a backup.
    pub frozen: Option<Frozen>,
}

/// A reservation of a restored manager, of which nobody has said yet what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Frozen {
    /// When the manager was restored.
    pub since: Time,
    /// The update that the appliance has proved to have installed, and that was issued after the
    /// backup.
    pub ahead: Option<u8>,
}

/// What became of a frozen reservation: a code, or that nothing has changed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reconciliation {
    /// The last confirmation or return code that the appliance shows.
    pub code: Option<String>,
    /// The word of an administrator that the appliance holds what the reservation says, and that no
    /// authorization was issued and no code entered since the backup.
    #[serde(default)]
    pub unchanged: bool,
}

/// Licences that an authorization sets aside.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReservedLicense {
    /// The authorization: 0 the first, then its updates.
    pub generation: u8,
    /// The tag.
    pub tag: String,
    /// Its name for people.
    pub name: String,
    /// How many.
    pub count: u32,
    /// From when they no longer count; `null` is perpetual.
    pub until: Option<Time>,
}

/// A confirmation or return code that was entered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EnteredCode {
    /// The code.
    pub code: String,
    /// When it was entered.
    pub entered: Time,
    /// By whom.
    pub entered_by: String,
}

/// A reservation, what it sets aside, and all of its codes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReservationWithCodes {
    /// The reservation.
    #[serde(flatten)]
    pub reservation: Reservation,
    /// What it sets aside; while an update is pending, of both authorizations.
    pub licenses: Vec<ReservedLicense>,
    /// The request code that was redeemed.
    pub request_code: String,
    /// The authorization code in force, to be installed on the appliance.
    pub authorization_code: Option<String>,
    /// Whether the appliance has proved, by a code that was entered, that it installed the
    /// authorization in force.
    pub installed: bool,
    /// The authorization code of the pending update, to be installed on the appliance; of the last one
    /// when the reservation ended while it was pending.
    pub update_code: Option<String>,
    /// The number of that update.
    pub update: Option<u8>,
    /// The confirmation and return codes that were entered, the oldest first.
    pub entered_codes: Vec<EnteredCode>,
    /// Of a code that is entered again: when it was entered before. Nothing has changed then.
    pub entered_before: Option<Time>,
    /// How many reservations the account may still rehost now.
    pub rehosts_left: usize,
}

/// A licence that a reservation can set aside.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Offer {
    /// What it is called where licences are chosen, such as `premium-seat`.
    pub license: String,
    /// The tag.
    pub tag: String,
    /// Its name for people.
    pub name: String,
    /// Whether the appliance may only use as many as are reserved; where not, owning one is enough.
    pub limits: bool,
    /// How many the pool owns.
    pub purchased: u64,
    /// How many instances use.
    pub in_use: u64,
    /// How many reservations set aside.
    pub reserved: u64,
    /// How many can be chosen, those that the reservation has included.
    pub available: u64,
    /// The same by term, the longest first, as they would be chosen.
    pub terms: Vec<Term>,
}

/// Licences of one term.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Term {
    /// How many.
    pub count: u32,
    /// From when they no longer count; `null` is perpetual.
    pub until: Option<Time>,
}

/// What an update would change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// What is in force, less what has ended.
    pub before: Vec<ReservedLicense>,
    /// What would be in force once the update is confirmed.
    pub after: Vec<ReservedLicense>,
    /// Whether the appliance would have fewer licences of any kind at any moment from now on.
    pub takes_away: bool,
}

/// A request code to redeem, or that of a replacement to rehost to.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestToRedeem {
    /// The request code, as the appliance shows it.
    pub request: String,
}

/// Licences to set aside. Nothing for a universal request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Licenses {
    /// Which, and how many of each.
    #[serde(default)]
    pub licenses: Vec<LicenseChoice>,
}

/// A number of licences.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LicenseChoice {
    /// Licences for what: a tag, or the feature that consumes it, such as `premium-seat`.
    pub license: String,
    /// How many.
    pub count: u32,
}

/// A confirmation or return code to enter.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationCode {
    /// The code, as the appliance shows it.
    pub code: String,
}

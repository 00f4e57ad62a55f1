//! Reservations in the report.

use super::UnixSeconds;
use serde::{Deserialize, Serialize};

/// Licences that travel as codes (SPEC section 6).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reservation {
    /// Whether licences come by codes.
    pub enabled: bool,
    /// What was asked for; `None` where nothing is.
    pub request: Option<ReservationRequest>,
    /// What is installed; `None` where nothing is.
    pub installed: Option<InstalledReservation>,
    /// What is reserved, line by line; nothing where everything is.
    pub lines: Vec<ReservedLine>,
    /// The codes to be carried to the manager.
    pub codes: ReservationCodes,
    /// Whether a backup that is put back is told by a counter of the platform (SPEC S5).
    pub rollback_protection: bool,
}

/// A request for licences.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReservationRequest {
    /// The reservation's number.
    pub number: u32,
    /// Whether it is for everything that the product can use.
    pub universal: bool,
}

/// An authorization that is installed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InstalledReservation {
    /// Which: 0 the first, then its updates.
    pub generation: u8,
    /// When it was installed.
    pub at: Option<UnixSeconds>,
    /// Since when more is in use than is reserved.
    pub short_since: Option<UnixSeconds>,
}

/// A number of reserved licences of one kind and one term.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReservedLine {
    /// The tag.
    pub tag: String,
    /// The licence's name.
    pub name: String,
    /// The feature that consumes it.
    pub feature: String,
    /// How many.
    pub count: u32,
    /// Whether it never ends.
    pub perpetual: bool,
    /// When it ends, where it does.
    pub ends: Option<UnixSeconds>,
    /// Whether it has ended and counts no more.
    pub ended: bool,
    /// How many of the licence are in use now, by whatever line.
    pub in_use: u32,
}

/// The last codes that the appliance made; each is there once what it promises is stored.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReservationCodes {
    /// The request code, while the request or what came of it stands.
    pub request: Option<String>,
    /// That of the update which is installed.
    pub confirmation: Option<String>,
    /// The last return code.
    #[serde(rename = "return")]
    pub returned: Option<String>,
    /// The return codes that are kept, the oldest first: any of them may not have been entered yet.
    pub returns: Vec<ReturnedCode>,
}

/// A return code that the appliance made once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReturnedCode {
    /// The code.
    pub code: String,
    /// When it was made.
    pub at: Option<UnixSeconds>,
    /// The number of the request whose licences it gives back, where that is known.
    pub request: Option<u32>,
    /// Which update it gives back; `None` for everything.
    pub update: Option<u8>,
}

//! Reservations, what they set aside, and the codes that were entered for them.

use super::{AccountId, ReservationId, VirtualAccountId};
use leasehold_core::time::UnixTime;
use std::sync::Arc;

/// Where a reservation stands (SPEC section 6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReservationState {
    /// Its request was redeemed; no licences are chosen yet.
    Requested,
    /// An authorization was issued.
    Authorized,
    /// An update was issued and is neither confirmed nor returned: both are set aside.
    UpdatePending,
    /// The device gave everything back.
    Returned,
    /// The request was dropped before anything was issued.
    Cancelled,
    /// The licences moved to another device.
    Rehosted,
}

impl ReservationState {
    /// Whether it did not end.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Authorized | Self::UpdatePending)
    }
}

/// A reservation: licences set aside for one device, which needs no further contact.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReservationRow {
    /// Its id.
    pub id: ReservationId,
    /// The account that owns the licences.
    pub account: AccountId,
    /// The pool they are in.
    pub virtual_account: VirtualAccountId,
    /// Product id of the device.
    pub product_id: Arc<str>,
    /// Serial number of the device.
    pub serial_number: Arc<str>,
    /// The number of the device's request: used once, and spent when the reservation ends.
    pub number: u32,
    /// Index of the license type in the product.
    pub license_type: u8,
    /// Whether everything the product can use is asked for.
    pub universal: bool,
    /// What confirmations and the return lead to.
    pub confirmed: [u8; 16],
    /// What returned updates lead to.
    pub declined: [u8; 16],
    /// Where it stands.
    pub state: ReservationState,
    /// Which authorization is in force: 0 the first, then its updates.
    pub generation: u8,
    /// The last generation that was issued; numbers of returned updates are not used again.
    pub last_generation: u8,
    /// The highest generation that may ever have been issued: [`Self::last_generation`], or above it
    /// where a database that was lost may have gone on. Updates are numbered from here (SPEC L11).
    pub issued_up_to: u8,
    /// That it waits to be reconciled, after the database was restored (SPEC L11).
    pub frozen: Option<Freeze>,
    /// The request code, as it is shown.
    pub request_code: String,
    /// The authorization code in force.
    pub authorization_code: Option<String>,
    /// The authorization code of the update that is pending.
    pub update_code: Option<String>,
    /// The reservation that has the licences now.
    pub rehosted_to: Option<ReservationId>,
    /// When the request was redeemed.
    pub created: UnixTime,
    /// Who redeemed it.
    pub created_by: String,
    /// When it ended.
    pub ended: Option<UnixTime>,
    /// Up to when the ends of its terms were told.
    pub told: UnixTime,
    /// When there is something of them to tell next.
    pub look_at: Option<UnixTime>,
}

/// A reservation of a restored database, of which nobody has said yet what became of it since the
/// backup (SPEC L11).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Freeze {
    /// When the database was restored.
    pub since: UnixTime,
    /// The update that the device has proved to have installed, where this database does not know
    /// what it holds.
    pub ahead: Option<u8>,
}

/// Licences that a generation of a reservation sets aside: one tag, one term.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimRow {
    /// The reservation.
    pub reservation: ReservationId,
    /// The generation.
    pub generation: u8,
    /// The pool they are in.
    pub virtual_account: VirtualAccountId,
    /// What they are licences for.
    pub tag: Arc<str>,
    /// How many.
    pub count: u32,
    /// From when they no longer count; `None` is perpetual.
    pub until: Option<UnixTime>,
}

/// A confirmation or return code that was entered and took effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnteredCodeRow {
    /// The reservation.
    pub reservation: ReservationId,
    /// The code, as it is shown.
    pub code: String,
    /// When it was entered.
    pub entered: UnixTime,
    /// By whom.
    pub entered_by: String,
}

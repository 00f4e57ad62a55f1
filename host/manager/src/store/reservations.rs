//! The operations on reservations.

use super::{
    AccountId, ClaimRow, EnteredCodeRow, Filter, Page, ReservationId, ReservationRow, StoreError,
    VirtualAccountId,
};
use leasehold_core::time::UnixTime;

/// What of reservations can be read.
///
/// # Errors
/// Every method gives a [`StoreError`] when the database cannot be read.
pub trait ReservationView {
    /// One reservation.
    fn reservation(&self, id: ReservationId) -> Result<Option<ReservationRow>, StoreError>;
    /// The reservation that a device's request of this number became in an account.
    fn reservation_by_number(
        &self,
        account: AccountId,
        product_id: &str,
        serial_number: &str,
        number: u32,
    ) -> Result<Option<ReservationRow>, StoreError>;
    /// The reservation whose confirmations and return lead to this anchor.
    fn reservation_by_confirmed(
        &self,
        anchor: &[u8; 16],
    ) -> Result<Option<ReservationRow>, StoreError>;
    /// The reservation whose returned updates lead to this anchor.
    fn reservation_by_declined(
        &self,
        anchor: &[u8; 16],
    ) -> Result<Option<ReservationRow>, StoreError>;
    /// The reservation of a device in an account that did not end; there is one at most.
    fn open_reservation(
        &self,
        account: AccountId,
        product_id: &str,
        serial_number: &str,
    ) -> Result<Option<ReservationRow>, StoreError>;
    /// The reservations (filter: account, virtual account, with removed; search: the beginning of a serial
    /// number, or a request number).
    fn reservations(&self, filter: &Filter, page: Page) -> Result<Vec<ReservationRow>, StoreError>;
    /// Reservations of whose terms there is something to tell by `now`, at most `limit`.
    fn reservations_due(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<ReservationRow>, StoreError>;
    /// What is claimed of a tag in a pool, by reservation and generation.
    fn claims(&self, id: VirtualAccountId, tag: &str) -> Result<Vec<ClaimRow>, StoreError>;
    /// What a reservation claims, by generation, each as it was added.
    fn claims_of(&self, id: ReservationId) -> Result<Vec<ClaimRow>, StoreError>;
    /// The codes that were entered for a reservation, the oldest first.
    fn entered_codes(&self, id: ReservationId) -> Result<Vec<EnteredCodeRow>, StoreError>;
    /// When reservations of an account were rehosted, from `since` on, the oldest first.
    fn rehosts(&self, account: AccountId, since: UnixTime) -> Result<Vec<UnixTime>, StoreError>;
    /// How many reservations, of an account or of all, are frozen.
    fn frozen_reservations(&self, account: Option<AccountId>) -> Result<u64, StoreError>;
}

/// What of reservations can be changed.
///
/// # Errors
/// Every method gives a [`StoreError`] when the database cannot be written.
pub trait ReservationTransaction {
    /// Adds a reservation; its row's id is ignored.
    fn add_reservation(&mut self, row: &ReservationRow) -> Result<ReservationId, StoreError>;
    /// Writes what changes in the life of a reservation: everything that its request does not say.
    fn save_reservation(&mut self, row: &ReservationRow) -> Result<(), StoreError>;
    /// Sets licences aside.
    fn add_claim(&mut self, row: &ClaimRow) -> Result<(), StoreError>;
    /// Frees what a generation of a reservation set aside.
    fn release_claims(&mut self, id: ReservationId, generation: u8) -> Result<(), StoreError>;
    /// Keeps a code that was entered.
    fn add_entered_code(&mut self, row: &EnteredCodeRow) -> Result<(), StoreError>;
}

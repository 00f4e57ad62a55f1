//! What the manager remembers: typed rows, and the operations on them that every database has to
//! offer. The domain works against [`Transaction`] and [`View`] alone; SQL stands in [`sqlite`];
//! [`memory`] is for simulations.
//!
//! Rows are what the database holds, with no rule attached; the rules are in
//! [`domain`](crate::domain).

#[cfg(test)]
mod conformance;
pub mod memory;
mod reservations;
mod rows;
pub mod sqlite;

pub use reservations::{ReservationTransaction, ReservationView};
pub use rows::*;

use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::time::UnixTime;
use leasehold_core::token::TokenName;

/// Why the database could not do what was asked. Each says its cause and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the database.
    #[error(
        "The database {0} is locked by another process. \
         Stop the process that has it open (a second manager, a backup, a database tool)."
    )]
    Locked(String),
    /// The file is damaged or is no database.
    #[error(
        "The database {path} cannot be read: {detail}. \
         Move it away and restore the last backup in its place."
    )]
    Damaged {
        /// The database file.
        path: String,
        /// What the database engine says.
        detail: String,
    },
    /// No space is left where the database lies.
    #[error(
        "No space is left for the database {0}. \
         Free some space on its file system; nothing that was confirmed is lost."
    )]
    Full(String),
    /// The database, or the directory it lies in, cannot be written.
    #[error(
        "The database {0} cannot be written. \
         Give the manager's user write access to the directory and the files in it."
    )]
    ReadOnly(String),
    /// The database was made by another version of this program.
    #[error(
        "The database {path} does not fit this program: {detail}. \
         Run the version of the manager that last opened it, or a newer one."
    )]
    OtherVersion {
        /// The database file.
        path: String,
        /// What does not fit.
        detail: String,
    },
    /// A stored value is not one this program ever writes.
    #[error(
        "The database holds a value that the manager never writes ({0}). \
         Restore the last backup, or undo the change that was made by hand."
    )]
    Foreign(&'static str),
    /// Anything else the database engine reports.
    #[error(
        "The database {path} failed: {detail}. \
         Look at the disk and the system log, then start the manager again."
    )]
    Failed {
        /// The database file.
        path: String,
        /// What the database engine says.
        detail: String,
    },
    /// The thread that writes is gone: the manager is stopping, or gave up on its database.
    #[error("The manager is stopping and takes no more changes. Try again when it is back.")]
    Stopping,
}

/// A place that keeps the manager's data.
pub trait Store: Send + Sync {
    /// Starts a consistent view of what was committed so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    fn view(&self) -> Result<Box<dyn View + '_>, StoreError>;

    /// Starts a transaction, after all earlier ones have ended. Dropping it undoes it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError>;
}

/// Part of a list: rows whose id is past `after`, at most `limit` of them, in order of id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Page {
    /// The id of the last row already seen; 0 for the first page.
    pub after: i64,
    /// The most rows to give.
    pub limit: u32,
}

/// Which rows of a list are wanted. An empty filter wants them all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only of this account.
    pub account: Option<AccountId>,
    /// Only of this virtual account.
    pub virtual_account: Option<VirtualAccountId>,
    /// Only of this device (events).
    pub device: Option<DeviceId>,
    /// Only devices whose serial number or host name, and reservations whose serial number, begins
    /// with this.
    pub search: Option<String>,
    /// Also devices that were removed, and reservations that ended.
    pub with_removed: bool,
}

/// What can be read.
///
/// # Errors
/// Every method gives a [`StoreError`] when the database cannot be read.
pub trait View: ReservationView {
    /// The value kept under `key`.
    fn meta(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// One account.
    fn account(&self, id: AccountId) -> Result<Option<AccountRow>, StoreError>;
    /// The account of that name.
    fn account_by_name(&self, name: &str) -> Result<Option<AccountRow>, StoreError>;
    /// The accounts.
    fn accounts(&self, page: Page) -> Result<Vec<AccountRow>, StoreError>;
    /// One virtual account that was not deleted.
    fn virtual_account(
        &self,
        id: VirtualAccountId,
    ) -> Result<Option<VirtualAccountRow>, StoreError>;
    /// The virtual account of that name in an account.
    fn virtual_account_by_name(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<VirtualAccountRow>, StoreError>;
    /// The virtual accounts (filter: account).
    fn virtual_accounts(
        &self,
        filter: &Filter,
        page: Page,
    ) -> Result<Vec<VirtualAccountRow>, StoreError>;
    /// What a virtual account still holds at `now`.
    fn contents(&self, id: VirtualAccountId, now: UnixTime) -> Result<Contents, StoreError>;
    /// One user.
    fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError>;
    /// The user who signs in with that name.
    fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError>;
    /// The users.
    fn users(&self, page: Page) -> Result<Vec<UserRow>, StoreError>;
    /// The API client whose secret has this digest.
    fn client_by_secret(&self, secret: &[u8; 32]) -> Result<Option<ClientRow>, StoreError>;
    /// One API client.
    fn client(&self, id: ClientId) -> Result<Option<ClientRow>, StoreError>;
    /// The API clients.
    fn clients(&self, page: Page) -> Result<Vec<ClientRow>, StoreError>;
    /// One registration token.
    fn token(&self, id: TokenId) -> Result<Option<TokenRow>, StoreError>;
    /// The registration token of this name.
    fn token_by_name(&self, name: TokenName) -> Result<Option<TokenRow>, StoreError>;
    /// The registration tokens (filter: account, virtual account).
    fn tokens(&self, filter: &Filter, page: Page) -> Result<Vec<TokenRow>, StoreError>;
    /// A token's secret, while it is kept.
    fn token_secret(&self, id: TokenId) -> Result<Option<[u8; 20]>, StoreError>;
    /// One licence line.
    fn line(&self, id: LineId) -> Result<Option<LineRow>, StoreError>;
    /// The licence lines (filter: account, virtual account).
    fn lines(&self, filter: &Filter, page: Page) -> Result<Vec<LineRow>, StoreError>;
    /// What the lines of `tag` add up to at `now`, and when that changes next.
    fn line_total(
        &self,
        id: VirtualAccountId,
        tag: &str,
        now: UnixTime,
    ) -> Result<LineTotal, StoreError>;
    /// The terms of the lines of `tag` that count at `now` or later, by start, then end, the
    /// perpetual ones last.
    fn line_terms(
        &self,
        id: VirtualAccountId,
        tag: &str,
        now: UnixTime,
    ) -> Result<Vec<TermTotal>, StoreError>;
    /// The running totals of a virtual account, one per tag it ever had, in order of the tag.
    fn pool(&self, id: VirtualAccountId) -> Result<Vec<PoolRow>, StoreError>;
    /// One device.
    fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError>;
    /// The device that is, or last was, this instance.
    fn device_by_instance(&self, id: InstanceId) -> Result<Option<DeviceRow>, StoreError>;
    /// The device with this UDI.
    fn device_by_udi(&self, udi: &Udi<'_>) -> Result<Option<DeviceRow>, StoreError>;
    /// The registered devices with this product id and serial number, whatever their UUID.
    fn registered_as(
        &self,
        product_id: &str,
        serial_number: &str,
    ) -> Result<Vec<DeviceRow>, StoreError>;
    /// The devices (filter: account, virtual account, search, with removed).
    fn devices(&self, filter: &Filter, page: Page) -> Result<Vec<DeviceRow>, StoreError>;
    /// Registered devices that housekeeping is to look at by `now`, at most `limit`.
    fn devices_due(&self, now: UnixTime, limit: u32) -> Result<Vec<DeviceRow>, StoreError>;
    /// When housekeeping is to look at a registered device or a reservation next.
    fn next_look(&self) -> Result<Option<UnixTime>, StoreError>;
    /// The keys that were replaced in a device's instance, the newest first.
    fn replaced_keys(&self, id: DeviceId) -> Result<Vec<PublicKey>, StoreError>;
    /// The last registration of a device.
    fn registration(&self, id: DeviceId) -> Result<Option<RegistrationRow>, StoreError>;
    /// An epoch that was a device's current one earlier.
    fn old_epoch(&self, id: DeviceId, epoch: u32) -> Result<Option<EpochRow>, StoreError>;
    /// The last `Conflict` that was said to a device.
    fn conflict(&self, id: DeviceId) -> Result<Option<ConflictRow>, StoreError>;
    /// Since when a device is out of compliance in an account it is not in now.
    fn out_of_compliance_elsewhere(
        &self,
        id: DeviceId,
        account: AccountId,
    ) -> Result<Option<UnixTime>, StoreError>;
    /// The machines of a device that is known to be a duplicate, in order of the epoch.
    fn machines(&self, id: DeviceId) -> Result<Vec<MachineRow>, StoreError>;
    /// What a device uses, in order of the tag.
    fn usage(&self, id: DeviceId) -> Result<Vec<UsageRow>, StoreError>;
    /// What a device used over time, in order of id.
    fn usage_history(&self, id: DeviceId, page: Page) -> Result<Vec<HistoryRow>, StoreError>;
    /// The event log (filter: account, virtual account, device); the newest first when `after`
    /// is 0, and then those before it.
    fn events(&self, filter: &Filter, page: Page) -> Result<Vec<EventRow>, StoreError>;
    /// The event log from its beginning, in order, for checking the chain.
    fn events_in_order(&self, page: Page) -> Result<Vec<EventRow>, StoreError>;
    /// The number and hash of the newest event.
    fn last_event(&self) -> Result<Option<(i64, [u8; 32])>, StoreError>;
}

/// What can be changed. Nothing is kept before [`Transaction::commit`].
///
/// # Errors
/// Every method gives a [`StoreError`] when the database cannot be written.
pub trait Transaction: View + ReservationTransaction {
    /// Makes everything durable: it survives a power cut from here on.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
    /// Marks a place to go back to. There is one at a time.
    fn mark(&mut self) -> Result<(), StoreError>;
    /// Keeps what was done since the mark.
    fn keep(&mut self) -> Result<(), StoreError>;
    /// Undoes what was done since the mark.
    fn undo(&mut self) -> Result<(), StoreError>;

    /// Keeps `value` under `key`.
    fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError>;
    /// Adds an account; its row's id is ignored.
    fn add_account(&mut self, row: &AccountRow) -> Result<AccountId, StoreError>;
    /// Renames an account.
    fn rename_account(&mut self, id: AccountId, name: &str) -> Result<(), StoreError>;
    /// Adds a virtual account; its row's id is ignored.
    fn add_virtual_account(
        &mut self,
        row: &VirtualAccountRow,
    ) -> Result<VirtualAccountId, StoreError>;
    /// Renames a virtual account.
    fn rename_virtual_account(
        &mut self,
        id: VirtualAccountId,
        name: &str,
    ) -> Result<(), StoreError>;
    /// Marks a virtual account as deleted, which frees its name.
    fn delete_virtual_account(
        &mut self,
        id: VirtualAccountId,
        now: UnixTime,
    ) -> Result<(), StoreError>;
    /// Adds a user; its row's id is ignored.
    fn add_user(&mut self, row: &UserRow) -> Result<UserId, StoreError>;
    /// Replaces a user's password hash.
    fn set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError>;
    /// Removes a user.
    fn remove_user(&mut self, id: UserId) -> Result<(), StoreError>;
    /// Adds an API client; its row's id is ignored.
    fn add_client(&mut self, row: &ClientRow) -> Result<ClientId, StoreError>;
    /// Removes an API client.
    fn remove_client(&mut self, id: ClientId) -> Result<(), StoreError>;
    /// Adds a token and its secret; its row's id is ignored.
    fn add_token(&mut self, row: &TokenRow, secret: &[u8; 20]) -> Result<TokenId, StoreError>;
    /// Sets how often a token was used.
    fn set_token_uses(&mut self, id: TokenId, uses: u32) -> Result<(), StoreError>;
    /// Marks a token as revoked.
    fn revoke_token(&mut self, id: TokenId, now: UnixTime) -> Result<(), StoreError>;
    /// Erases a token's secret; its digest stays.
    fn erase_token_secret(&mut self, id: TokenId) -> Result<(), StoreError>;
    /// Erases the secrets of the tokens that have expired by `now`.
    fn erase_expired_token_secrets(&mut self, now: UnixTime) -> Result<(), StoreError>;
    /// Adds a licence line; its row's id is ignored.
    fn add_line(&mut self, row: &LineRow) -> Result<LineId, StoreError>;
    /// Sets when a line ends.
    fn set_line_end(&mut self, id: LineId, end: UnixTime) -> Result<(), StoreError>;
    /// Writes the running totals of one tag.
    fn put_pool(&mut self, row: &PoolRow) -> Result<(), StoreError>;
    /// Adds a device; its row's id is ignored.
    fn add_device(&mut self, row: &DeviceRow) -> Result<DeviceId, StoreError>;
    /// Writes what changes with every request: numbers, answer, counters, compliance, keys.
    fn save_contact(&mut self, row: &DeviceRow) -> Result<(), StoreError>;
    /// Writes where the device is: instance, account, state, names, time of the next look.
    fn save_placement(&mut self, row: &DeviceRow) -> Result<(), StoreError>;
    /// Keeps a key that was replaced, and at most `keep` of them.
    fn put_replaced_key(
        &mut self,
        id: DeviceId,
        key: &PublicKey,
        keep: u32,
    ) -> Result<(), StoreError>;
    /// Forgets the keys that were replaced: the device is another instance now.
    fn remove_replaced_keys(&mut self, id: DeviceId) -> Result<(), StoreError>;
    /// Writes the last registration of a device.
    fn put_registration(&mut self, row: &RegistrationRow) -> Result<(), StoreError>;
    /// Keeps an epoch that is no longer current, and at most `keep` of them.
    fn put_old_epoch(&mut self, row: &EpochRow, keep: u32) -> Result<(), StoreError>;
    /// Forgets an old epoch, because it is current again.
    fn remove_old_epoch(&mut self, id: DeviceId, epoch: u32) -> Result<(), StoreError>;
    /// Writes the last `Conflict` that was said to a device.
    fn put_conflict(&mut self, row: &ConflictRow) -> Result<(), StoreError>;
    /// Keeps, or forgets, since when a device is out of compliance in an account it leaves.
    fn put_out_of_compliance_elsewhere(
        &mut self,
        id: DeviceId,
        account: AccountId,
        since: Option<UnixTime>,
    ) -> Result<(), StoreError>;
    /// Writes a machine of a duplicate, with everything it reports.
    fn put_machine(&mut self, row: &MachineRow) -> Result<(), StoreError>;
    /// Forgets a machine of a duplicate.
    fn remove_machine(&mut self, id: DeviceId, epoch: u32) -> Result<(), StoreError>;
    /// Writes what a device uses of one tag.
    fn put_usage(&mut self, row: &UsageRow) -> Result<(), StoreError>;
    /// Adds to the history of use.
    fn add_history(&mut self, row: &HistoryRow) -> Result<(), StoreError>;
    /// Removes at most `limit` rows of the history that are older than `before`.
    fn prune_history(&mut self, before: UnixTime, limit: u32) -> Result<u32, StoreError>;
    /// Adds to the event log; the row says its number, which is the one after the last.
    fn add_event(&mut self, row: &EventRow) -> Result<(), StoreError>;
}

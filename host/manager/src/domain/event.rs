//! The event log: written in the same transaction as the change, each entry chained to the one
//! before by hash (SPEC L11).
//!
//! The chain shows that an entry was altered, removed or put in between. Someone who can write
//! the database can also compute a whole new chain; against that, keep [`Verified::hash`] outside.

use super::Scene;
use crate::store::{
    AccountId, DeviceId, DeviceRow, EventRow, Page, StoreError, Transaction, View,
    VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::Crypto;

/// What an event belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Subject {
    /// The account.
    pub account: Option<AccountId>,
    /// The virtual account.
    pub virtual_account: Option<VirtualAccountId>,
    /// The device.
    pub device: Option<DeviceId>,
}

impl Subject {
    /// The whole manager.
    pub const MANAGER: Self = Self { account: None, virtual_account: None, device: None };

    /// An account.
    pub const fn account(id: AccountId) -> Self {
        Self { account: Some(id), virtual_account: None, device: None }
    }
}

impl From<&VirtualAccountRow> for Subject {
    fn from(row: &VirtualAccountRow) -> Self {
        Self { account: Some(row.account), virtual_account: Some(row.id), device: None }
    }
}

impl From<&DeviceRow> for Subject {
    fn from(row: &DeviceRow) -> Self {
        Self {
            account: Some(row.account),
            virtual_account: Some(row.virtual_account),
            device: Some(row.id),
        }
    }
}

/// Adds an entry. `detail` is a JSON object.
///
/// # Errors
/// [`StoreError`] when it cannot be written.
pub fn log(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    subject: Subject,
    name: &str,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    let (last, hash) = tx.last_event()?.unwrap_or_default();
    let mut row = EventRow {
        number: last.saturating_add(1),
        time: scene.now,
        account: subject.account,
        virtual_account: subject.virtual_account,
        device: subject.device,
        actor: scene.actor.into(),
        name: name.into(),
        detail: detail.to_string(),
        hash: [0; 32],
    };
    row.hash = chained(scene.crypto, &hash, &row);
    tx.add_event(&row)
}

/// The digest of the hash before and the entry; every part has its length before it.
fn chained(crypto: &dyn Crypto, before: &[u8; 32], row: &EventRow) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(256);
    let id = |id: Option<i64>| id.map_or(-1, |id| id).to_be_bytes();
    bytes.extend(before);
    bytes.extend(row.number.to_be_bytes());
    bytes.extend(row.time.as_secs().to_be_bytes());
    bytes.extend(id(row.account.map(|id| id.0)));
    bytes.extend(id(row.virtual_account.map(|id| id.0)));
    bytes.extend(id(row.device.map(|id| id.0)));
    for text in [&row.actor, &row.name, &row.detail] {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    crypto.digest(&[&bytes]).0
}

/// A chain that holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: i64,
    /// The hash of the last.
    pub hash: [u8; 32],
}

/// Why the log is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The first entry that does not fit the ones before it.
    #[error(
        "The event log was changed at entry {0}. \
         Compare it with a backup from before; entries up to there are as they were written."
    )]
    Broken(i64),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Entries read at a time.
const STEP: u32 = 1_000;

/// Walks the whole chain.
///
/// # Errors
/// [`ChainError`] names the first entry that does not fit.
pub fn verify(view: &dyn View, crypto: &dyn Crypto) -> Result<Verified, ChainError> {
    let mut verified = Verified::default();
    loop {
        let rows = view.events_in_order(Page { after: verified.entries, limit: STEP })?;
        if rows.is_empty() {
            return Ok(verified);
        }
        for row in rows {
            let expected = verified.entries.saturating_add(1);
            if row.number != expected || row.hash != chained(crypto, &verified.hash, &row) {
                return Err(ChainError::Broken(expected));
            }
            verified = Verified { entries: row.number, hash: row.hash };
        }
    }
}

#[cfg(test)]
mod tests;

//! All tables in memory, and the indexes that looking things up needs: tables too, so that what is
//! undone is undone in them as well.

use super::journal::Journal;
use super::table::{Table, Undo};
use crate::store::{
    AccountId, AccountRow, ClaimRow, ClientId, ClientRow, ConflictRow, DeviceId, DeviceRow,
    DeviceState, EnteredCodeRow, EpochRow, EventRow, HistoryRow, LineId, LineRow, MachineRow,
    PoolRow, RegistrationRow, ReservationId, ReservationRow, StoreError, TokenId, TokenRow,
    UsageRow, UserId, UserRow, VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::time::UnixTime;
use std::sync::Arc;

/// Product id, serial number and UUID.
pub(super) type UdiKey = (Arc<str>, Arc<str>, Option<[u8; 16]>);

pub(super) fn udi_key(udi: &Udi<'_>) -> UdiKey {
    (udi.product_id.into(), udi.serial_number.into(), udi.uuid)
}

/// An instance as a number, which is compared faster than bytes.
pub(super) const fn instance_key(id: InstanceId) -> u128 {
    u128::from_be_bytes(id.0)
}

/// What ids are given out for. None is given out twice, also when its row is gone.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Sequence {
    Account,
    VirtualAccount,
    User,
    Client,
    Token,
    Line,
    Device,
    Reservation,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) last_ids: Table<Sequence, i64>,
    pub(super) meta: Table<String, String>,
    pub(super) accounts: Table<AccountId, AccountRow>,
    /// Those that were not deleted.
    pub(super) virtual_accounts: Table<VirtualAccountId, VirtualAccountRow>,
    pub(super) users: Table<UserId, UserRow>,
    pub(super) clients: Table<ClientId, ClientRow>,
    pub(super) tokens: Table<TokenId, TokenRow>,
    pub(super) token_secrets: Table<TokenId, [u8; 20]>,
    pub(super) lines: Table<LineId, LineRow>,
    pub(super) pools: Table<(VirtualAccountId, Arc<str>), PoolRow>,
    pub(super) devices: Table<DeviceId, DeviceRow>,
    pub(super) devices_by_instance: Table<u128, DeviceId>,
    pub(super) devices_by_udi: Table<UdiKey, DeviceId>,
    /// When housekeeping looks at a registered device next.
    pub(super) looks: Table<(UnixTime, DeviceId), ()>,
    /// The oldest first.
    pub(super) replaced_keys: Table<DeviceId, Vec<PublicKey>>,
    pub(super) registrations: Table<DeviceId, RegistrationRow>,
    pub(super) old_epochs: Table<(DeviceId, u32), EpochRow>,
    pub(super) conflicts: Table<DeviceId, ConflictRow>,
    pub(super) out_of_compliance_elsewhere: Table<(DeviceId, AccountId), UnixTime>,
    pub(super) machines: Table<(DeviceId, u32), MachineRow>,
    pub(super) usage: Table<(DeviceId, Arc<str>), UsageRow>,
    pub(super) reservations: Table<ReservationId, ReservationRow>,
    /// What each generation of a reservation sets aside.
    pub(super) claims: Table<(ReservationId, u8), Vec<ClaimRow>>,
    /// The oldest first.
    pub(super) entered_codes: Table<ReservationId, Vec<EnteredCodeRow>>,
    pub(super) history: Journal<HistoryRow>,
    pub(super) events: Journal<EventRow>,
}

impl Tables {
    pub(super) fn each(&mut self) -> [&mut dyn Undo; 26] {
        [
            &mut self.last_ids,
            &mut self.meta,
            &mut self.accounts,
            &mut self.virtual_accounts,
            &mut self.users,
            &mut self.clients,
            &mut self.tokens,
            &mut self.token_secrets,
            &mut self.lines,
            &mut self.pools,
            &mut self.devices,
            &mut self.devices_by_instance,
            &mut self.devices_by_udi,
            &mut self.looks,
            &mut self.replaced_keys,
            &mut self.registrations,
            &mut self.old_epochs,
            &mut self.conflicts,
            &mut self.out_of_compliance_elsewhere,
            &mut self.machines,
            &mut self.usage,
            &mut self.reservations,
            &mut self.claims,
            &mut self.entered_codes,
            &mut self.history,
            &mut self.events,
        ]
    }

    pub(super) fn next_id(&mut self, sequence: Sequence) -> i64 {
        let next = self.last_ids.get(&sequence).map_or(1, |last| last.saturating_add(1));
        self.last_ids.put(sequence, next);
        next
    }

    /// Moves a device in the indexes from where it stood to where it stands now.
    pub(super) fn index(
        &mut self,
        before: Option<&DeviceRow>,
        after: &DeviceRow,
    ) -> Result<(), StoreError> {
        let taken = self.devices_by_instance.get(&instance_key(after.instance));
        if taken.is_some_and(|id| *id != after.id) {
            return Err(not_unique("instance"));
        }
        let look = |row: &DeviceRow| {
            (row.state == DeviceState::Registered).then_some((row.look_at, row.id))
        };
        let (old, new) = (before.and_then(look), look(after));
        if old != new {
            old.iter().for_each(|key| self.looks.remove(key));
            new.into_iter().for_each(|key| self.looks.put(key, ()));
        }
        let instance = before.map(|row| row.instance);
        if instance != Some(after.instance) {
            instance.iter().for_each(|old| self.devices_by_instance.remove(&instance_key(*old)));
            self.devices_by_instance.put(instance_key(after.instance), after.id);
        }
        Ok(())
    }
}

/// What a database says whose unique index refuses a row.
pub(super) fn not_unique(what: &str) -> StoreError {
    StoreError::Failed { path: "in memory".into(), detail: format!("this {what} is not unique") }
}

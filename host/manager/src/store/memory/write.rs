//! Writing, within a transaction.

use super::tables::{Sequence, instance_key, not_unique, udi_key};
use super::{Access, Exclusive};
use crate::store::{
    AccountId, AccountRow, ClientId, ClientRow, ConflictRow, DeviceId, DeviceRow, EpochRow,
    EventRow, HistoryRow, LineId, LineRow, MachineRow, PoolRow, RegistrationRow, StoreError,
    TokenId, TokenRow, Transaction, UsageRow, UserId, UserRow, VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::PublicKey;
use leasehold_core::time::UnixTime;
use std::sync::Arc;

/// Refuses a row that is not the only one of its kind.
pub(super) fn unique(what: &str, taken: bool) -> Result<(), StoreError> {
    if taken { Err(not_unique(what)) } else { Ok(()) }
}

impl Access<Exclusive<'_>> {
    fn named_elsewhere(&self, id: VirtualAccountId, account: AccountId, name: &str) -> bool {
        let same = |row: &VirtualAccountRow| row.account == account && row.name == name;
        self.0.virtual_accounts.find(|row| row.id != id && same(row)).is_some()
    }
}

impl Transaction for Access<Exclusive<'_>> {
    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.0.each().into_iter().for_each(|table| table.settle());
        Ok(())
    }

    fn mark(&mut self) -> Result<(), StoreError> {
        self.0.each().into_iter().for_each(|table| table.mark());
        Ok(())
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.0.each().into_iter().for_each(|table| table.undo());
        Ok(())
    }

    fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.0.meta.put(key.into(), value.into());
        Ok(())
    }

    fn add_account(&mut self, row: &AccountRow) -> Result<AccountId, StoreError> {
        unique("account", self.0.accounts.find(|other| other.name == row.name).is_some())?;
        let id = AccountId(self.0.next_id(Sequence::Account));
        self.0.accounts.put(id, AccountRow { id, ..row.clone() });
        Ok(id)
    }

    fn rename_account(&mut self, id: AccountId, name: &str) -> Result<(), StoreError> {
        let other = self.0.accounts.find(|other| other.id != id && other.name == name);
        unique("account", other.is_some())?;
        self.0.accounts.update(&id, |row| AccountRow { name: name.into(), ..row.clone() });
        Ok(())
    }

    fn add_virtual_account(
        &mut self,
        row: &VirtualAccountRow,
    ) -> Result<VirtualAccountId, StoreError> {
        let nobody = VirtualAccountId(0);
        unique("virtual account", self.named_elsewhere(nobody, row.account, &row.name))?;
        let id = VirtualAccountId(self.0.next_id(Sequence::VirtualAccount));
        self.0.virtual_accounts.put(id, VirtualAccountRow { id, ..row.clone() });
        Ok(id)
    }

    fn rename_virtual_account(
        &mut self,
        id: VirtualAccountId,
        name: &str,
    ) -> Result<(), StoreError> {
        let account = self.0.virtual_accounts.get(&id).map(|row| row.account);
        let taken = account.is_some_and(|account| self.named_elsewhere(id, account, name));
        unique("virtual account", taken)?;
        self.0
            .virtual_accounts
            .update(&id, |row| VirtualAccountRow { name: name.into(), ..row.clone() });
        Ok(())
    }

    fn delete_virtual_account(
        &mut self,
        id: VirtualAccountId,
        _now: UnixTime,
    ) -> Result<(), StoreError> {
        self.0.virtual_accounts.remove(&id);
        Ok(())
    }

    fn add_user(&mut self, row: &UserRow) -> Result<UserId, StoreError> {
        unique("user", self.0.users.find(|other| other.name == row.name).is_some())?;
        let id = UserId(self.0.next_id(Sequence::User));
        self.0.users.put(id, UserRow { id, ..row.clone() });
        Ok(id)
    }

    fn set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        self.0.users.update(&id, |row| UserRow { password_hash: hash.into(), ..row.clone() });
        Ok(())
    }

    fn remove_user(&mut self, id: UserId) -> Result<(), StoreError> {
        self.0.users.remove(&id);
        Ok(())
    }

    fn add_client(&mut self, row: &ClientRow) -> Result<ClientId, StoreError> {
        unique("API client", self.0.clients.find(|other| other.secret == row.secret).is_some())?;
        let id = ClientId(self.0.next_id(Sequence::Client));
        self.0.clients.put(id, ClientRow { id, ..row.clone() });
        Ok(id)
    }

    fn remove_client(&mut self, id: ClientId) -> Result<(), StoreError> {
        self.0.clients.remove(&id);
        Ok(())
    }

    fn add_token(&mut self, row: &TokenRow, secret: &[u8; 20]) -> Result<TokenId, StoreError> {
        unique("token", self.0.tokens.find(|other| other.secret == row.secret).is_some())?;
        let id = TokenId(self.0.next_id(Sequence::Token));
        self.0.tokens.put(id, TokenRow { id, ..row.clone() });
        self.0.token_secrets.put(id, *secret);
        Ok(id)
    }

    fn set_token_uses(&mut self, id: TokenId, uses: u32) -> Result<(), StoreError> {
        self.0.tokens.update(&id, |row| TokenRow { uses, ..row.clone() });
        Ok(())
    }

    fn revoke_token(&mut self, id: TokenId, now: UnixTime) -> Result<(), StoreError> {
        self.0.tokens.update(&id, |row| TokenRow { revoked: Some(now), ..row.clone() });
        Ok(())
    }

    fn erase_token_secret(&mut self, id: TokenId) -> Result<(), StoreError> {
        self.0.token_secrets.remove(&id);
        Ok(())
    }

    fn erase_expired_token_secrets(&mut self, now: UnixTime) -> Result<(), StoreError> {
        let kept = self.0.token_secrets.rows().map(|(id, _)| *id);
        let expired = |id: &TokenId| self.0.tokens.get(id).is_none_or(|row| row.expires <= now);
        for id in kept.filter(expired).collect::<Vec<_>>() {
            self.0.token_secrets.remove(&id);
        }
        Ok(())
    }

    fn add_line(&mut self, row: &LineRow) -> Result<LineId, StoreError> {
        let id = LineId(self.0.next_id(Sequence::Line));
        self.0.lines.put(id, LineRow { id, ..row.clone() });
        Ok(id)
    }

    fn set_line_end(&mut self, id: LineId, end: UnixTime) -> Result<(), StoreError> {
        self.0.lines.update(&id, |row| LineRow { end: Some(end), ..row.clone() });
        Ok(())
    }

    fn put_pool(&mut self, row: &PoolRow) -> Result<(), StoreError> {
        self.0.pools.put((row.virtual_account, Arc::clone(&row.tag)), row.clone());
        Ok(())
    }

    fn add_device(&mut self, row: &DeviceRow) -> Result<DeviceId, StoreError> {
        let udi = udi_key(&row.udi());
        unique("UDI", self.0.devices_by_udi.get(&udi).is_some())?;
        unique("instance", self.0.devices_by_instance.get(&instance_key(row.instance)).is_some())?;
        let id = DeviceId(self.0.next_id(Sequence::Device));
        let row = DeviceRow { id, ..row.clone() };
        self.0.index(None, &row)?;
        self.0.devices_by_udi.put(udi, id);
        self.0.devices.put(id, row);
        Ok(id)
    }

    fn save_contact(&mut self, row: &DeviceRow) -> Result<(), StoreError> {
        self.0.devices.update(&row.id, |stored| DeviceRow {
            instance: stored.instance,
            account: stored.account,
            virtual_account: stored.virtual_account,
            state: stored.state,
            host_name: Arc::clone(&stored.host_name),
            software_version: Arc::clone(&stored.software_version),
            look_at: stored.look_at,
            ..row.clone()
        });
        Ok(())
    }

    fn save_placement(&mut self, row: &DeviceRow) -> Result<(), StoreError> {
        let Some(before) = self.0.devices.get(&row.id).cloned() else { return Ok(()) };
        let after = DeviceRow {
            instance: row.instance,
            account: row.account,
            virtual_account: row.virtual_account,
            state: row.state,
            host_name: Arc::clone(&row.host_name),
            software_version: Arc::clone(&row.software_version),
            look_at: row.look_at,
            ..before.clone()
        };
        self.0.index(Some(&before), &after)?;
        self.0.devices.put(row.id, after);
        Ok(())
    }

    fn put_replaced_key(
        &mut self,
        id: DeviceId,
        key: &PublicKey,
        keep: u32,
    ) -> Result<(), StoreError> {
        let mut keys = self.0.replaced_keys.get(&id).cloned().unwrap_or_default();
        // One that is replaced again becomes the newest.
        keys.retain(|other| other != key);
        keys.push(*key);
        keys.drain(..keys.len().saturating_sub(keep as usize));
        self.0.replaced_keys.put(id, keys);
        Ok(())
    }

    fn remove_replaced_keys(&mut self, id: DeviceId) -> Result<(), StoreError> {
        self.0.replaced_keys.remove(&id);
        Ok(())
    }

    fn put_registration(&mut self, row: &RegistrationRow) -> Result<(), StoreError> {
        self.0.registrations.put(row.device, row.clone());
        Ok(())
    }

    fn put_old_epoch(&mut self, row: &EpochRow, keep: u32) -> Result<(), StoreError> {
        let id = row.device;
        self.0.old_epochs.put((id, row.epoch), row.clone());
        let kept = self.0.old_epochs.range((id, 0)..=(id, u32::MAX));
        let mut kept: Vec<_> = kept.map(|(key, row)| (row.retired, *key)).collect();
        kept.sort_unstable();
        kept.truncate(kept.len().saturating_sub(keep as usize));
        for (_, oldest) in kept {
            self.0.old_epochs.remove(&oldest);
        }
        Ok(())
    }

    fn remove_old_epoch(&mut self, id: DeviceId, epoch: u32) -> Result<(), StoreError> {
        self.0.old_epochs.remove(&(id, epoch));
        Ok(())
    }

    fn put_conflict(&mut self, row: &ConflictRow) -> Result<(), StoreError> {
        self.0.conflicts.put(row.device, row.clone());
        Ok(())
    }

    fn put_out_of_compliance_elsewhere(
        &mut self,
        id: DeviceId,
        account: AccountId,
        since: Option<UnixTime>,
    ) -> Result<(), StoreError> {
        match since {
            Some(since) => self.0.out_of_compliance_elsewhere.put((id, account), since),
            None => self.0.out_of_compliance_elsewhere.remove(&(id, account)),
        }
        Ok(())
    }

    fn put_machine(&mut self, row: &MachineRow) -> Result<(), StoreError> {
        self.0.machines.put((row.device, row.epoch), row.clone());
        Ok(())
    }

    fn remove_machine(&mut self, id: DeviceId, epoch: u32) -> Result<(), StoreError> {
        self.0.machines.remove(&(id, epoch));
        Ok(())
    }

    fn put_usage(&mut self, row: &UsageRow) -> Result<(), StoreError> {
        self.0.usage.put((row.device, Arc::clone(&row.tag)), row.clone());
        Ok(())
    }

    fn add_history(&mut self, row: &HistoryRow) -> Result<(), StoreError> {
        let id = i64::try_from(self.0.history.last() + 1).unwrap_or(i64::MAX);
        self.0.history.add(HistoryRow { id, ..row.clone() });
        Ok(())
    }

    fn prune_history(&mut self, before: UnixTime, limit: u32) -> Result<u32, StoreError> {
        // Rows are added in order of time, so that the oldest are those with the least ids.
        let mut removed = 0;
        while removed < limit && self.0.history.first_row().is_some_and(|row| row.reported < before)
        {
            self.0.history.remove_first();
            removed += 1;
        }
        Ok(removed)
    }

    fn add_event(&mut self, row: &EventRow) -> Result<(), StoreError> {
        let is_next = usize::try_from(row.number) == Ok(self.0.events.last() + 1);
        unique("event number", !is_next)?;
        self.0.events.add(row.clone());
        Ok(())
    }
}

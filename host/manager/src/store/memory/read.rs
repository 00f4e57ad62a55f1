//! Reading, from a view or within a transaction.

use super::Access;
use super::tables::{Tables, instance_key, udi_key};
use crate::store::{
    AccountId, AccountRow, ClientId, ClientRow, ConflictRow, Contents, DeviceId, DeviceRow,
    DeviceState, EpochRow, EventRow, Filter, HistoryRow, LineId, LineRow, LineTotal, MachineRow,
    Page, PoolRow, RegistrationRow, StoreError, TermTotal, TokenId, TokenRow, UsageRow, UserId,
    UserRow, View, VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::time::UnixTime;
use leasehold_core::token::TokenName;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// The wanted ones of rows that are in the order of a list, as many as the page takes.
pub(super) fn list<'a, V: Clone + 'a>(
    rows: impl Iterator<Item = &'a V>,
    page: Page,
    wanted: impl Fn(&V) -> bool,
) -> Vec<V> {
    rows.filter(|row| wanted(row)).take(page.limit as usize).cloned().collect()
}

/// Whether a row of these places is wanted: the narrowest of what the filter names decides.
pub(super) fn is_wanted(filter: &Filter, account: AccountId, place: VirtualAccountId) -> bool {
    match filter.virtual_account {
        Some(wanted) => place == wanted,
        None => filter.account.is_none_or(|wanted| account == wanted),
    }
}

fn is_found(filter: &Filter, row: &DeviceRow) -> bool {
    if !filter.with_removed && row.state != DeviceState::Registered {
        return false;
    }
    let Some(text) = filter.search.as_deref().filter(|text| !text.is_empty()) else {
        return is_wanted(filter, row.account, row.virtual_account);
    };
    (row.serial_number.starts_with(text) || row.host_name.starts_with(text))
        && filter.account.is_none_or(|wanted| row.account == wanted)
        && filter.virtual_account.is_none_or(|wanted| row.virtual_account == wanted)
}

fn concerns(filter: &Filter, row: &EventRow) -> bool {
    match *filter {
        Filter { device: Some(wanted), .. } => row.device == Some(wanted),
        Filter { virtual_account: Some(wanted), .. } => row.virtual_account == Some(wanted),
        Filter { account: Some(wanted), .. } => row.account == Some(wanted),
        _ => true,
    }
}

impl<T: Deref<Target = Tables>> View for Access<T> {
    fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.meta.get(key).cloned())
    }

    fn account(&self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        Ok(self.0.accounts.get(&id).cloned())
    }

    fn account_by_name(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        Ok(self.0.accounts.find(|row| row.name == name).cloned())
    }

    fn accounts(&self, page: Page) -> Result<Vec<AccountRow>, StoreError> {
        Ok(list(self.0.accounts.after(AccountId(page.after)), page, |_| true))
    }

    fn virtual_account(
        &self,
        id: VirtualAccountId,
    ) -> Result<Option<VirtualAccountRow>, StoreError> {
        Ok(self.0.virtual_accounts.get(&id).cloned())
    }

    fn virtual_account_by_name(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<VirtualAccountRow>, StoreError> {
        let found = self.0.virtual_accounts.find(|row| row.account == account && row.name == name);
        Ok(found.cloned())
    }

    fn virtual_accounts(
        &self,
        filter: &Filter,
        page: Page,
    ) -> Result<Vec<VirtualAccountRow>, StoreError> {
        let rows = self.0.virtual_accounts.after(VirtualAccountId(page.after));
        Ok(list(rows, page, |row| filter.account.is_none_or(|wanted| row.account == wanted)))
    }

    fn contents(&self, id: VirtualAccountId, now: UnixTime) -> Result<Contents, StoreError> {
        let Tables { virtual_accounts, devices, lines, tokens, reservations, .. } = &*self.0;
        Ok(Contents {
            children: virtual_accounts.count(|row| row.parent == Some(id)),
            devices: devices
                .count(|row| row.virtual_account == id && row.state == DeviceState::Registered),
            lines: lines
                .count(|row| row.virtual_account == id && row.end.is_none_or(|end| end > now)),
            tokens: tokens.count(|row| {
                row.virtual_account == id
                    && row.revoked.is_none()
                    && row.expires > now
                    && row.max_uses.is_none_or(|most| row.uses < most)
            }),
            reservations: reservations
                .count(|row| row.virtual_account == id && row.state.is_open()),
        })
    }

    fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        Ok(self.0.users.get(&id).cloned())
    }

    fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        Ok(self.0.users.find(|row| row.name == name).cloned())
    }

    fn users(&self, page: Page) -> Result<Vec<UserRow>, StoreError> {
        Ok(list(self.0.users.after(UserId(page.after)), page, |_| true))
    }

    fn client_by_secret(&self, secret: &[u8; 32]) -> Result<Option<ClientRow>, StoreError> {
        Ok(self.0.clients.find(|row| row.secret == *secret).cloned())
    }

    fn client(&self, id: ClientId) -> Result<Option<ClientRow>, StoreError> {
        Ok(self.0.clients.get(&id).cloned())
    }

    fn clients(&self, page: Page) -> Result<Vec<ClientRow>, StoreError> {
        Ok(list(self.0.clients.after(ClientId(page.after)), page, |_| true))
    }

    fn token(&self, id: TokenId) -> Result<Option<TokenRow>, StoreError> {
        Ok(self.0.tokens.get(&id).cloned())
    }

    fn token_by_name(&self, name: TokenName) -> Result<Option<TokenRow>, StoreError> {
        Ok(self.0.tokens.find(|row| row.secret.starts_with(&name.0)).cloned())
    }

    fn tokens(&self, filter: &Filter, page: Page) -> Result<Vec<TokenRow>, StoreError> {
        let rows = self.0.tokens.after(TokenId(page.after));
        Ok(list(rows, page, |row| is_wanted(filter, row.account, row.virtual_account)))
    }

    fn token_secret(&self, id: TokenId) -> Result<Option<[u8; 20]>, StoreError> {
        Ok(self.0.token_secrets.get(&id).copied())
    }

    fn line(&self, id: LineId) -> Result<Option<LineRow>, StoreError> {
        Ok(self.0.lines.get(&id).cloned())
    }

    fn lines(&self, filter: &Filter, page: Page) -> Result<Vec<LineRow>, StoreError> {
        let rows = self.0.lines.after(LineId(page.after));
        Ok(list(rows, page, |row| is_wanted(filter, row.account, row.virtual_account)))
    }

    fn line_total(
        &self,
        id: VirtualAccountId,
        tag: &str,
        now: UnixTime,
    ) -> Result<LineTotal, StoreError> {
        let mut total = LineTotal::default();
        let rows = self.0.lines.rows().map(|(_, row)| row);
        for row in rows.filter(|row| row.virtual_account == id && row.tag == tag) {
            let changes = match row.end {
                Some(end) if end <= now.max(row.start) => None,
                _ if row.start > now => Some(row.start),
                end => {
                    total.owned = total.owned.saturating_add(row.quantity.into());
                    end
                }
            };
            total.changes = [total.changes, changes].into_iter().flatten().min();
        }
        Ok(total)
    }

    fn line_terms(
        &self,
        id: VirtualAccountId,
        tag: &str,
        now: UnixTime,
    ) -> Result<Vec<TermTotal>, StoreError> {
        // `None` comes before every end; perpetual terms are to come last.
        let mut terms: BTreeMap<(UnixTime, bool, Option<UnixTime>), u64> = BTreeMap::new();
        let rows = self.0.lines.rows().map(|(_, row)| row);
        for row in rows.filter(|row| row.virtual_account == id && row.tag == tag) {
            let start = row.start.max(now);
            if row.end.is_none_or(|end| end > start) {
                *terms.entry((start, row.end.is_none(), row.end)).or_default() +=
                    u64::from(row.quantity);
            }
        }
        let term = |((start, _, end), quantity)| TermTotal { start, end, quantity };
        Ok(terms.into_iter().map(term).collect())
    }

    fn pool(&self, id: VirtualAccountId) -> Result<Vec<PoolRow>, StoreError> {
        let rows = self.0.pools.range((id, Arc::default())..);
        let rows = rows.take_while(|((place, _), _)| *place == id);
        Ok(rows.map(|(_, row)| row.clone()).collect())
    }

    fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        Ok(self.0.devices.get(&id).cloned())
    }

    fn device_by_instance(&self, id: InstanceId) -> Result<Option<DeviceRow>, StoreError> {
        let id = self.0.devices_by_instance.get(&instance_key(id));
        Ok(id.and_then(|id| self.0.devices.get(id)).cloned())
    }

    fn device_by_udi(&self, udi: &Udi<'_>) -> Result<Option<DeviceRow>, StoreError> {
        let id = self.0.devices_by_udi.get(&udi_key(udi));
        Ok(id.and_then(|id| self.0.devices.get(id)).cloned())
    }

    fn registered_as(
        &self,
        product_id: &str,
        serial_number: &str,
    ) -> Result<Vec<DeviceRow>, StoreError> {
        let (product_id, serial_number) = (Arc::from(product_id), Arc::from(serial_number));
        let first = (Arc::clone(&product_id), Arc::clone(&serial_number), None);
        let ids = self.0.devices_by_udi.range(first..=(product_id, serial_number, Some([255; 16])));
        let rows = ids.filter_map(|(_, id)| self.0.devices.get(id));
        let registered = rows.filter(|row| row.state == DeviceState::Registered);
        let mut rows: Vec<DeviceRow> = registered.cloned().collect();
        rows.sort_unstable_by_key(|row| row.id);
        Ok(rows)
    }

    fn devices(&self, filter: &Filter, page: Page) -> Result<Vec<DeviceRow>, StoreError> {
        let rows = self.0.devices.after(DeviceId(page.after));
        Ok(list(rows, page, |row| is_found(filter, row)))
    }

    fn devices_due(&self, now: UnixTime, limit: u32) -> Result<Vec<DeviceRow>, StoreError> {
        let due = self.0.looks.range(..=(now, DeviceId(i64::MAX))).take(limit as usize);
        Ok(due.filter_map(|((_, id), ())| self.0.devices.get(id)).cloned().collect())
    }

    fn next_look(&self) -> Result<Option<UnixTime>, StoreError> {
        let device = self.0.looks.rows().next().map(|((look_at, _), ())| *look_at);
        let reservation = self.0.reservations.rows().filter_map(|(_, row)| row.look_at).min();
        Ok([device, reservation].into_iter().flatten().min())
    }

    fn replaced_keys(&self, id: DeviceId) -> Result<Vec<PublicKey>, StoreError> {
        let keys = self.0.replaced_keys.get(&id).map_or(&[][..], Vec::as_slice);
        Ok(keys.iter().rev().copied().collect())
    }

    fn registration(&self, id: DeviceId) -> Result<Option<RegistrationRow>, StoreError> {
        Ok(self.0.registrations.get(&id).cloned())
    }

    fn old_epoch(&self, id: DeviceId, epoch: u32) -> Result<Option<EpochRow>, StoreError> {
        Ok(self.0.old_epochs.get(&(id, epoch)).cloned())
    }

    fn conflict(&self, id: DeviceId) -> Result<Option<ConflictRow>, StoreError> {
        Ok(self.0.conflicts.get(&id).cloned())
    }

    fn out_of_compliance_elsewhere(
        &self,
        id: DeviceId,
        account: AccountId,
    ) -> Result<Option<UnixTime>, StoreError> {
        Ok(self.0.out_of_compliance_elsewhere.get(&(id, account)).copied())
    }

    fn machines(&self, id: DeviceId) -> Result<Vec<MachineRow>, StoreError> {
        let rows = self.0.machines.range((id, 0)..=(id, u32::MAX));
        Ok(rows.map(|(_, row)| row.clone()).collect())
    }

    fn usage(&self, id: DeviceId) -> Result<Vec<UsageRow>, StoreError> {
        let rows = self.0.usage.range((id, Arc::default())..);
        let rows = rows.take_while(|((device, _), _)| *device == id);
        Ok(rows.map(|(_, row)| row.clone()).collect())
    }

    fn usage_history(&self, id: DeviceId, page: Page) -> Result<Vec<HistoryRow>, StoreError> {
        Ok(list(self.0.history.after(page.after), page, |row| row.device == id))
    }

    fn events(&self, filter: &Filter, page: Page) -> Result<Vec<EventRow>, StoreError> {
        let before = if page.after == 0 { i64::MAX } else { page.after };
        Ok(list(self.0.events.before(before).rev(), page, |row| concerns(filter, row)))
    }

    fn events_in_order(&self, page: Page) -> Result<Vec<EventRow>, StoreError> {
        Ok(list(self.0.events.after(page.after), page, |_| true))
    }

    fn last_event(&self) -> Result<Option<(i64, [u8; 32])>, StoreError> {
        Ok(self.0.events.last_row().map(|row| (row.number, row.hash)))
    }
}

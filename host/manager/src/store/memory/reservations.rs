//! Reservations, read and written.

use super::read::{is_wanted, list};
use super::tables::{Sequence, Tables};
use super::write::unique;
use super::{Access, Exclusive};
use crate::store::{
    AccountId, ClaimRow, EnteredCodeRow, Filter, Page, ReservationId, ReservationRow,
    ReservationState, ReservationTransaction, ReservationView, StoreError, VirtualAccountId,
};
use leasehold_core::time::UnixTime;
use std::ops::Deref;

fn is_of(row: &ReservationRow, account: AccountId, product_id: &str, serial_number: &str) -> bool {
    row.account == account && *row.product_id == *product_id && *row.serial_number == *serial_number
}

fn is_found(filter: &Filter, row: &ReservationRow) -> bool {
    if !filter.with_removed && !row.state.is_open() {
        return false;
    }
    let Some(text) = filter.search.as_deref().filter(|text| !text.is_empty()) else {
        return is_wanted(filter, row.account, row.virtual_account);
    };
    (row.serial_number.starts_with(text) || text.parse() == Ok(row.number))
        && filter.account.is_none_or(|wanted| row.account == wanted)
        && filter.virtual_account.is_none_or(|wanted| row.virtual_account == wanted)
}

impl<T: Deref<Target = Tables>> Access<T> {
    fn find(&self, wanted: impl Fn(&ReservationRow) -> bool) -> Option<ReservationRow> {
        self.0.reservations.find(wanted).cloned()
    }
}

impl<T: Deref<Target = Tables>> ReservationView for Access<T> {
    fn reservation(&self, id: ReservationId) -> Result<Option<ReservationRow>, StoreError> {
        Ok(self.0.reservations.get(&id).cloned())
    }

    fn reservation_by_number(
        &self,
        account: AccountId,
        product_id: &str,
        serial_number: &str,
        number: u32,
    ) -> Result<Option<ReservationRow>, StoreError> {
        Ok(self.find(|row| row.number == number && is_of(row, account, product_id, serial_number)))
    }

    fn reservation_by_confirmed(
        &self,
        anchor: &[u8; 16],
    ) -> Result<Option<ReservationRow>, StoreError> {
        Ok(self.find(|row| row.confirmed == *anchor))
    }

    fn reservation_by_declined(
        &self,
        anchor: &[u8; 16],
    ) -> Result<Option<ReservationRow>, StoreError> {
        Ok(self.find(|row| row.declined == *anchor))
    }

    fn open_reservation(
        &self,
        account: AccountId,
        product_id: &str,
        serial_number: &str,
    ) -> Result<Option<ReservationRow>, StoreError> {
        let is_of = |row: &ReservationRow| is_of(row, account, product_id, serial_number);
        Ok(self.find(|row| row.state.is_open() && is_of(row)))
    }

    fn reservations(&self, filter: &Filter, page: Page) -> Result<Vec<ReservationRow>, StoreError> {
        let rows = self.0.reservations.after(ReservationId(page.after));
        Ok(list(rows, page, |row| is_found(filter, row)))
    }

    fn reservations_due(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<ReservationRow>, StoreError> {
        let rows = self.0.reservations.rows().map(|(_, row)| row);
        let due = rows.filter(|row| row.look_at.is_some_and(|look_at| look_at <= now));
        let mut due: Vec<ReservationRow> = due.cloned().collect();
        due.sort_by_key(|row| (row.look_at, row.id));
        due.truncate(limit as usize);
        Ok(due)
    }

    fn claims(&self, id: VirtualAccountId, tag: &str) -> Result<Vec<ClaimRow>, StoreError> {
        let rows = self.0.claims.rows().flat_map(|(_, rows)| rows);
        Ok(rows.filter(|row| row.virtual_account == id && *row.tag == *tag).cloned().collect())
    }

    fn claims_of(&self, id: ReservationId) -> Result<Vec<ClaimRow>, StoreError> {
        let rows = self.0.claims.range((id, 0)..=(id, u8::MAX));
        Ok(rows.flat_map(|(_, rows)| rows).cloned().collect())
    }

    fn entered_codes(&self, id: ReservationId) -> Result<Vec<EnteredCodeRow>, StoreError> {
        Ok(self.0.entered_codes.get(&id).cloned().unwrap_or_default())
    }

    fn rehosts(&self, account: AccountId, since: UnixTime) -> Result<Vec<UnixTime>, StoreError> {
        let rows = self.0.reservations.rows().map(|(_, row)| row);
        let rehosted =
            rows.filter(|row| row.account == account && row.state == ReservationState::Rehosted);
        let mut times: Vec<UnixTime> = rehosted.filter_map(|row| row.ended).collect();
        times.retain(|ended| *ended >= since);
        times.sort_unstable();
        Ok(times)
    }

    fn frozen_reservations(&self, account: Option<AccountId>) -> Result<u64, StoreError> {
        let rows = self.0.reservations.rows().map(|(_, row)| row);
        let frozen = rows.filter(|row| row.frozen.is_some());
        let count = frozen.filter(|row| account.is_none_or(|wanted| row.account == wanted)).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

impl ReservationTransaction for Access<Exclusive<'_>> {
    fn add_reservation(&mut self, row: &ReservationRow) -> Result<ReservationId, StoreError> {
        let taken = self.find(|other| {
            let same = is_of(other, row.account, &row.product_id, &row.serial_number);
            let both_open = other.state.is_open() && row.state.is_open();
            (same && (both_open || other.number == row.number))
                || other.confirmed == row.confirmed
                || other.declined == row.declined
        });
        unique("reservation", taken.is_some())?;
        let id = ReservationId(self.0.next_id(Sequence::Reservation));
        self.0.reservations.put(id, ReservationRow { id, ..row.clone() });
        Ok(id)
    }

    fn save_reservation(&mut self, row: &ReservationRow) -> Result<(), StoreError> {
        self.0.reservations.update(&row.id, |stored| ReservationRow {
            state: row.state,
            generation: row.generation,
            last_generation: row.last_generation,
            issued_up_to: row.issued_up_to,
            frozen: row.frozen,
            authorization_code: row.authorization_code.clone(),
            update_code: row.update_code.clone(),
            rehosted_to: row.rehosted_to,
            ended: row.ended,
            told: row.told,
            look_at: row.look_at,
            ..stored.clone()
        });
        Ok(())
    }

    fn add_claim(&mut self, row: &ClaimRow) -> Result<(), StoreError> {
        let key = (row.reservation, row.generation);
        let mut rows = self.0.claims.get(&key).cloned().unwrap_or_default();
        rows.push(row.clone());
        self.0.claims.put(key, rows);
        Ok(())
    }

    fn release_claims(&mut self, id: ReservationId, generation: u8) -> Result<(), StoreError> {
        self.0.claims.remove(&(id, generation));
        Ok(())
    }

    fn add_entered_code(&mut self, row: &EnteredCodeRow) -> Result<(), StoreError> {
        let mut rows = self.0.entered_codes.get(&row.reservation).cloned().unwrap_or_default();
        unique("code", rows.iter().any(|other| other.code == row.code))?;
        rows.push(row.clone());
        self.0.entered_codes.put(row.reservation, rows);
        Ok(())
    }
}

//! Reservations: their columns, reading and writing.

use super::columns::{Sql, foreign, optional_time, seconds, time};
use super::read::{many, many_where, one};
use super::write::optional;
use super::{Connected, SqliteTransaction, StoreError};
use crate::store::{
    AccountId, ClaimRow, EnteredCodeRow, Filter, Freeze, Page, ReservationId, ReservationRow,
    ReservationState, ReservationTransaction, ReservationView, VirtualAccountId,
};
use leasehold_core::time::UnixTime;
use rusqlite::{Row, params};

/// Those below 3 did not end: the schema's indexes and [`OPEN`] rely on it.
const fn state_number(state: ReservationState) -> i64 {
    match state {
        ReservationState::Requested => 0,
        ReservationState::Authorized => 1,
        ReservationState::UpdatePending => 2,
        ReservationState::Returned => 3,
        ReservationState::Cancelled => 4,
        ReservationState::Rehosted => 5,
    }
}

fn state(row: &Row<'_>, column: usize) -> Sql<ReservationState> {
    Ok(match row.get::<_, i64>(column)? {
        0 => ReservationState::Requested,
        1 => ReservationState::Authorized,
        2 => ReservationState::UpdatePending,
        3 => ReservationState::Returned,
        4 => ReservationState::Cancelled,
        5 => ReservationState::Rehosted,
        _ => return Err(foreign(column)),
    })
}

const RESERVATION: &str = "SELECT id, account, virtual_account, product_id, serial_number, number,
    license_type, universal, confirmed, declined, state, generation, last_generation, request_code,
    authorization_code, update_code, rehosted_to, created, created_by, ended, told, look_at,
    issued_up_to, frozen_since, frozen_ahead
    FROM reservation WHERE ";
/// Those that did not end.
const OPEN: &str = "state < 3 AND ";

fn reservation(row: &Row<'_>) -> Sql<ReservationRow> {
    Ok(ReservationRow {
        id: ReservationId(row.get(0)?),
        account: AccountId(row.get(1)?),
        virtual_account: VirtualAccountId(row.get(2)?),
        product_id: row.get(3)?,
        serial_number: row.get(4)?,
        number: row.get(5)?,
        license_type: row.get(6)?,
        universal: row.get(7)?,
        confirmed: row.get(8)?,
        declined: row.get(9)?,
        state: state(row, 10)?,
        generation: row.get(11)?,
        last_generation: row.get(12)?,
        request_code: row.get(13)?,
        authorization_code: row.get(14)?,
        update_code: row.get(15)?,
        rehosted_to: row.get::<_, Option<i64>>(16)?.map(ReservationId),
        created: time(row, 17)?,
        created_by: row.get(18)?,
        ended: optional_time(row, 19)?,
        told: time(row, 20)?,
        look_at: optional_time(row, 21)?,
        issued_up_to: row.get(22)?,
        frozen: freeze(row)?,
    })
}

fn freeze(row: &Row<'_>) -> Sql<Option<Freeze>> {
    let Some(since) = optional_time(row, 23)? else { return Ok(None) };
    Ok(Some(Freeze { since, ahead: row.get(24)? }))
}

const CLAIM: &str = "SELECT reservation, generation, virtual_account, tag, count, until FROM claim
    WHERE ";

fn claim(row: &Row<'_>) -> Sql<ClaimRow> {
    Ok(ClaimRow {
        reservation: ReservationId(row.get(0)?),
        generation: row.get(1)?,
        virtual_account: VirtualAccountId(row.get(2)?),
        tag: row.get(3)?,
        count: row.get(4)?,
        until: optional_time(row, 5)?,
    })
}

impl<C: Connected> ReservationView for C {
    fn reservation(&self, id: ReservationId) -> Result<Option<ReservationRow>, StoreError> {
        one(self, &format!("{RESERVATION} id = ?1"), [id.0], reservation)
    }

    fn reservation_by_number(
        &self,
        account: AccountId,
        product_id: &str,
        serial_number: &str,
        number: u32,
    ) -> Result<Option<ReservationRow>, StoreError> {
        let sql = format!(
            "{RESERVATION} account = ?1 AND product_id = ?2 AND serial_number = ?3
                AND number = ?4"
        );
        one(self, &sql, (account.0, product_id, serial_number, number), reservation)
    }

    fn reservation_by_confirmed(
        &self,
        anchor: &[u8; 16],
    ) -> Result<Option<ReservationRow>, StoreError> {
        one(self, &format!("{RESERVATION} confirmed = ?1"), [anchor], reservation)
    }

    fn reservation_by_declined(
        &self,
        anchor: &[u8; 16],
    ) -> Result<Option<ReservationRow>, StoreError> {
        one(self, &format!("{RESERVATION} declined = ?1"), [anchor], reservation)
    }

    fn open_reservation(
        &self,
        account: AccountId,
        product_id: &str,
        serial_number: &str,
    ) -> Result<Option<ReservationRow>, StoreError> {
        let sql =
            format!("{RESERVATION} {OPEN} account = ?1 AND product_id = ?2 AND serial_number = ?3");
        one(self, &sql, (account.0, product_id, serial_number), reservation)
    }

    fn reservations(&self, filter: &Filter, page: Page) -> Result<Vec<ReservationRow>, StoreError> {
        let mut select = RESERVATION.to_owned();
        if !filter.with_removed {
            select.push_str(OPEN);
        }
        let Some(search) = filter.search.as_deref().filter(|search| !search.is_empty()) else {
            return many_where(self, &select, filter, page, reservation);
        };
        // A range instead of a pattern: it uses the index, and needs no escaping.
        let of_serial = "serial_number >= ?1 AND serial_number < ?1 || char(1114111)";
        let found = match search.parse::<u32>() {
            Ok(_) => format!("({of_serial} OR number = CAST(?1 AS INTEGER))"),
            Err(_) => of_serial.to_owned(),
        };
        select.push_str(&found);
        select.push_str(
            " AND (?2 IS NULL OR account = ?2) AND (?3 IS NULL OR virtual_account = ?3)
             AND id > ?4 ORDER BY id LIMIT ?5",
        );
        let account = filter.account.map(|id| id.0);
        let place = filter.virtual_account.map(|id| id.0);
        let params = (search, account, place, page.after, i64::from(page.limit));
        many(self, &select, params, reservation)
    }

    fn reservations_due(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<ReservationRow>, StoreError> {
        let sql = format!("{RESERVATION} look_at <= ?1 ORDER BY look_at, id LIMIT ?2");
        many(self, &sql, (seconds(now), i64::from(limit)), reservation)
    }

    fn claims(&self, id: VirtualAccountId, tag: &str) -> Result<Vec<ClaimRow>, StoreError> {
        let sql = format!(
            "{CLAIM} virtual_account = ?1 AND tag = ?2 ORDER BY reservation, generation, id"
        );
        many(self, &sql, (id.0, tag), claim)
    }

    fn claims_of(&self, id: ReservationId) -> Result<Vec<ClaimRow>, StoreError> {
        let sql = format!("{CLAIM} reservation = ?1 ORDER BY generation, id");
        many(self, &sql, [id.0], claim)
    }

    fn entered_codes(&self, id: ReservationId) -> Result<Vec<EnteredCodeRow>, StoreError> {
        let sql = "SELECT reservation, code, entered, entered_by FROM entered_code
            WHERE reservation = ?1 ORDER BY id";
        many(self, sql, [id.0], |row| {
            Ok(EnteredCodeRow {
                reservation: ReservationId(row.get(0)?),
                code: row.get(1)?,
                entered: time(row, 2)?,
                entered_by: row.get(3)?,
            })
        })
    }

    fn rehosts(&self, account: AccountId, since: UnixTime) -> Result<Vec<UnixTime>, StoreError> {
        let sql = "SELECT ended FROM reservation
            WHERE account = ?1 AND state = 5 AND ended >= ?2 ORDER BY ended";
        many(self, sql, (account.0, seconds(since)), |row| time(row, 0))
    }

    fn frozen_reservations(&self, account: Option<AccountId>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM reservation
            WHERE frozen_since IS NOT NULL AND (?1 IS NULL OR account = ?1)";
        let found = one(self, sql, [account.map(|id| id.0)], |row| row.get::<_, i64>(0))?;
        Ok(found.map_or(0, i64::unsigned_abs))
    }
}

impl ReservationTransaction for SqliteTransaction<'_> {
    fn add_reservation(&mut self, row: &ReservationRow) -> Result<ReservationId, StoreError> {
        let sql = "INSERT INTO reservation (account, virtual_account, product_id, serial_number,
            number, license_type, universal, confirmed, declined, request_code, created, created_by,
            state, generation, last_generation, told)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, 0, 0)";
        let params = params![
            row.account.0,
            row.virtual_account.0,
            row.product_id,
            row.serial_number,
            row.number,
            row.license_type,
            row.universal,
            row.confirmed,
            row.declined,
            row.request_code,
            seconds(row.created),
            row.created_by,
            state_number(row.state),
        ];
        let id = self.add(sql, params).map(ReservationId)?;
        self.save_reservation(&ReservationRow { id, ..row.clone() })?;
        Ok(id)
    }

    fn save_reservation(&mut self, row: &ReservationRow) -> Result<(), StoreError> {
        let sql = "UPDATE reservation SET state = ?2, generation = ?3, last_generation = ?4,
            authorization_code = ?5, update_code = ?6, rehosted_to = ?7, ended = ?8, told = ?9,
            look_at = ?10, issued_up_to = ?11, frozen_since = ?12, frozen_ahead = ?13 WHERE id = ?1";
        let params = params![
            row.id.0,
            state_number(row.state),
            row.generation,
            row.last_generation,
            row.authorization_code,
            row.update_code,
            row.rehosted_to.map(|id| id.0),
            optional(row.ended),
            seconds(row.told),
            optional(row.look_at),
            row.issued_up_to,
            optional(row.frozen.map(|freeze| freeze.since)),
            row.frozen.and_then(|freeze| freeze.ahead),
        ];
        self.run(sql, params).map(|_| ())
    }

    fn add_claim(&mut self, row: &ClaimRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO claim (reservation, generation, virtual_account, tag, count, until)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (place, until) = (row.virtual_account.0, optional(row.until));
        self.run(sql, (row.reservation.0, row.generation, place, &row.tag, row.count, until))
            .map(|_| ())
    }

    fn release_claims(&mut self, id: ReservationId, generation: u8) -> Result<(), StoreError> {
        let sql = "DELETE FROM claim WHERE reservation = ?1 AND generation = ?2";
        self.run(sql, (id.0, generation)).map(|_| ())
    }

    fn add_entered_code(&mut self, row: &EnteredCodeRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO entered_code (reservation, code, entered, entered_by)
            VALUES (?1, ?2, ?3, ?4)";
        let entered = seconds(row.entered);
        self.run(sql, (row.reservation.0, &row.code, entered, &row.entered_by)).map(|_| ())
    }
}

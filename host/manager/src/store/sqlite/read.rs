//! Reading, from a view or within a transaction.

use super::columns::{
    CLIENT, DEVICE, EVENT, LINE, Sql, TOKEN, USER, VIRTUAL_ACCOUNT, account, client, device, event,
    history, key, line, optional_time, pool, seconds, time, token, unsigned, usage, user,
    uuid_bytes, virtual_account,
};
use super::{Connected, StoreError, store_error};
use crate::store::{
    AccountId, AccountRow, ClientId, ClientRow, ConflictRow, Contents, DeviceId, DeviceRow,
    EpochRow, EventRow, Filter, HistoryRow, LineId, LineRow, LineTotal, MachineRow, Page, PoolRow,
    RegistrationRow, TermTotal, TokenId, TokenRow, UsageRow, UserId, UserRow, View,
    VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::{Digest, PublicKey};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::time::UnixTime;
use leasehold_core::token::TokenName;
use rusqlite::{OptionalExtension, Params, Row};
use std::sync::Arc;

/// Runs a query for at most one row.
pub(super) fn one<C: Connected, P: Params, T>(
    store: &C,
    sql: &str,
    params: P,
    map: fn(&Row<'_>) -> Sql<T>,
) -> Result<Option<T>, StoreError> {
    let run = || -> Result<Sql<Option<T>>, StoreError> {
        let connection = store.connection()?;
        Ok(connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, map).optional()))
    };
    run()?.map_err(|error| store_error(store.path(), error))
}

/// Runs a query for any number of rows.
pub(super) fn many<C: Connected, P: Params, T>(
    store: &C,
    sql: &str,
    params: P,
    map: fn(&Row<'_>) -> Sql<T>,
) -> Result<Vec<T>, StoreError> {
    let connection = store.connection()?;
    let run = || -> Sql<Vec<T>> {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map(params, map)?.collect()
    };
    run().map_err(|error| store_error(store.path(), error))
}

pub(super) fn many_where<C: Connected, T>(
    store: &C,
    select: &str,
    filter: &Filter,
    page: Page,
    map: fn(&Row<'_>) -> Sql<T>,
) -> Result<Vec<T>, StoreError> {
    let limit = i64::from(page.limit);
    if let Some(place) = filter.virtual_account {
        let sql = format!("{select} virtual_account = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
        return many(store, &sql, (place.0, page.after, limit), map);
    }
    if let Some(account) = filter.account {
        let sql = format!("{select} account = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
        return many(store, &sql, (account.0, page.after, limit), map);
    }
    let sql = format!("{select} id > ?1 ORDER BY id LIMIT ?2");
    many(store, &sql, (page.after, limit), map)
}

impl<C: Connected> View for C {
    fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        one(self, "SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
    }

    fn account(&self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        one(self, "SELECT id, name, created FROM account WHERE id = ?1", [id.0], account)
    }

    fn account_by_name(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        one(self, "SELECT id, name, created FROM account WHERE name = ?1", [name], account)
    }

    fn accounts(&self, page: Page) -> Result<Vec<AccountRow>, StoreError> {
        let sql = "SELECT id, name, created FROM account WHERE id > ?1 ORDER BY id LIMIT ?2";
        many(self, sql, (page.after, i64::from(page.limit)), account)
    }

    fn virtual_account(
        &self,
        id: VirtualAccountId,
    ) -> Result<Option<VirtualAccountRow>, StoreError> {
        one(self, &format!("{VIRTUAL_ACCOUNT} id = ?1"), [id.0], virtual_account)
    }

    fn virtual_account_by_name(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<VirtualAccountRow>, StoreError> {
        let sql = format!("{VIRTUAL_ACCOUNT} account = ?1 AND name = ?2");
        one(self, &sql, (account.0, name), virtual_account)
    }

    fn virtual_accounts(
        &self,
        filter: &Filter,
        page: Page,
    ) -> Result<Vec<VirtualAccountRow>, StoreError> {
        let filter = Filter { virtual_account: None, ..filter.clone() };
        many_where(self, VIRTUAL_ACCOUNT, &filter, page, virtual_account)
    }

    fn contents(&self, id: VirtualAccountId, now: UnixTime) -> Result<Contents, StoreError> {
        let sql = "SELECT
            (SELECT count(*) FROM virtual_account WHERE parent = ?1 AND deleted IS NULL),
            (SELECT count(*) FROM device WHERE virtual_account = ?1 AND state = 0),
            (SELECT count(*) FROM line WHERE virtual_account = ?1
                AND (\"end\" IS NULL OR \"end\" > ?2)),
            (SELECT count(*) FROM token WHERE virtual_account = ?1 AND revoked IS NULL
                AND expires > ?2 AND (max_uses IS NULL OR uses < max_uses)),
            (SELECT count(*) FROM reservation WHERE virtual_account = ?1 AND state < 3)";
        let contents = one(self, sql, (id.0, seconds(now)), |row| {
            Ok(Contents {
                children: unsigned(row, 0)?,
                devices: unsigned(row, 1)?,
                lines: unsigned(row, 2)?,
                tokens: unsigned(row, 3)?,
                reservations: unsigned(row, 4)?,
            })
        })?;
        Ok(contents.unwrap_or_default())
    }

    fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        one(self, &format!("{USER} id = ?1"), [id.0], user)
    }

    fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        one(self, &format!("{USER} name = ?1"), [name], user)
    }

    fn users(&self, page: Page) -> Result<Vec<UserRow>, StoreError> {
        many_where(self, USER, &Filter::default(), page, user)
    }

    fn client_by_secret(&self, secret: &[u8; 32]) -> Result<Option<ClientRow>, StoreError> {
        one(self, &format!("{CLIENT} secret = ?1"), [secret], client)
    }

    fn client(&self, id: ClientId) -> Result<Option<ClientRow>, StoreError> {
        one(self, &format!("{CLIENT} id = ?1"), [id.0], client)
    }

    fn clients(&self, page: Page) -> Result<Vec<ClientRow>, StoreError> {
        many_where(self, CLIENT, &Filter::default(), page, client)
    }

    fn token(&self, id: TokenId) -> Result<Option<TokenRow>, StoreError> {
        one(self, &format!("{TOKEN} id = ?1"), [id.0], token)
    }

    fn token_by_name(&self, name: TokenName) -> Result<Option<TokenRow>, StoreError> {
        // The name is how the digest begins; what begins so stands together in its index.
        let [mut first, mut last] = [[0x00; 32], [0xff; 32]];
        for range in [&mut first, &mut last] {
            range[..name.0.len()].copy_from_slice(&name.0);
        }
        one(self, &format!("{TOKEN} secret BETWEEN ?1 AND ?2"), [first, last], token)
    }

    fn tokens(&self, filter: &Filter, page: Page) -> Result<Vec<TokenRow>, StoreError> {
        many_where(self, TOKEN, filter, page, token)
    }

    fn token_secret(&self, id: TokenId) -> Result<Option<[u8; 20]>, StoreError> {
        let sql = "SELECT secret FROM token_secret WHERE token = ?1";
        one(self, sql, [id.0], |row| row.get(0))
    }

    fn line(&self, id: LineId) -> Result<Option<LineRow>, StoreError> {
        one(self, &format!("{LINE} id = ?1"), [id.0], line)
    }

    fn lines(&self, filter: &Filter, page: Page) -> Result<Vec<LineRow>, StoreError> {
        many_where(self, LINE, filter, page, line)
    }

    fn line_total(
        &self,
        id: VirtualAccountId,
        tag: &str,
        now: UnixTime,
    ) -> Result<LineTotal, StoreError> {
        let sql = "SELECT
            coalesce(sum(quantity)
                FILTER (WHERE start <= ?3 AND (\"end\" IS NULL OR \"end\" > ?3)), 0),
            min(start) FILTER (WHERE start > ?3 AND (\"end\" IS NULL OR \"end\" > start)),
            min(\"end\") FILTER (WHERE \"end\" > ?3 AND start <= ?3)
            FROM line WHERE virtual_account = ?1 AND tag = ?2";
        let total = one(self, sql, (id.0, tag, seconds(now)), |row| {
            let changes = [optional_time(row, 1)?, optional_time(row, 2)?];
            Ok(LineTotal { owned: unsigned(row, 0)?, changes: changes.into_iter().flatten().min() })
        })?;
        Ok(total.unwrap_or_default())
    }

    fn line_terms(
        &self,
        id: VirtualAccountId,
        tag: &str,
        now: UnixTime,
    ) -> Result<Vec<TermTotal>, StoreError> {
        let sql = "SELECT max(start, ?3) AS begins, \"end\" AS ends, sum(quantity) FROM line
            WHERE virtual_account = ?1 AND tag = ?2
                AND (\"end\" IS NULL OR \"end\" > max(start, ?3))
            GROUP BY begins, ends ORDER BY begins, ends IS NULL, ends";
        many(self, sql, (id.0, tag, seconds(now)), |row| {
            Ok(TermTotal {
                start: time(row, 0)?,
                end: optional_time(row, 1)?,
                quantity: unsigned(row, 2)?,
            })
        })
    }

    fn pool(&self, id: VirtualAccountId) -> Result<Vec<PoolRow>, StoreError> {
        let sql = "SELECT virtual_account, tag, owned, reserved, changes, at_or_above FROM pool
            WHERE virtual_account = ?1 ORDER BY tag";
        many(self, sql, [id.0], pool)
    }

    fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        one(self, &format!("{DEVICE} id = ?1"), [id.0], device)
    }

    fn device_by_instance(&self, id: InstanceId) -> Result<Option<DeviceRow>, StoreError> {
        one(self, &format!("{DEVICE} instance = ?1"), [id.0], device)
    }

    fn device_by_udi(&self, udi: &Udi<'_>) -> Result<Option<DeviceRow>, StoreError> {
        let sql = format!("{DEVICE} serial_number = ?1 AND product_id = ?2 AND uuid = ?3");
        let uuid = uuid_bytes(&udi.uuid);
        one(self, &sql, (udi.serial_number, udi.product_id, uuid), device)
    }

    fn registered_as(
        &self,
        product_id: &str,
        serial_number: &str,
    ) -> Result<Vec<DeviceRow>, StoreError> {
        let sql =
            format!("{DEVICE} serial_number = ?1 AND product_id = ?2 AND state = 0 ORDER BY id");
        many(self, &sql, (serial_number, product_id), device)
    }

    fn devices(&self, filter: &Filter, page: Page) -> Result<Vec<DeviceRow>, StoreError> {
        let mut select = DEVICE.to_owned();
        if !filter.with_removed {
            select.push_str("state = 0 AND ");
        }
        let Some(search) = filter.search.as_deref().filter(|search| !search.is_empty()) else {
            return many_where(self, &select, filter, page, device);
        };
        // A range instead of a pattern: it uses the indexes, and needs no escaping.
        select.push_str(
            "((serial_number >= ?1 AND serial_number < ?1 || char(1114111))
              OR (host_name >= ?1 AND host_name < ?1 || char(1114111)))
             AND (?2 IS NULL OR account = ?2) AND (?3 IS NULL OR virtual_account = ?3)
             AND id > ?4 ORDER BY id LIMIT ?5",
        );
        let account = filter.account.map(|id| id.0);
        let place = filter.virtual_account.map(|id| id.0);
        let params = (search, account, place, page.after, i64::from(page.limit));
        many(self, &select, params, device)
    }

    fn devices_due(&self, now: UnixTime, limit: u32) -> Result<Vec<DeviceRow>, StoreError> {
        let sql = format!("{DEVICE} state = 0 AND look_at <= ?1 ORDER BY look_at, id LIMIT ?2");
        many(self, &sql, (seconds(now), i64::from(limit)), device)
    }

    fn next_look(&self) -> Result<Option<UnixTime>, StoreError> {
        let sql = "SELECT min(look_at) FROM (
            SELECT min(look_at) AS look_at FROM device WHERE state = 0 UNION ALL
            SELECT min(look_at) FROM reservation WHERE look_at IS NOT NULL)";
        Ok(one(self, sql, [], |row| optional_time(row, 0))?.flatten())
    }

    fn replaced_keys(&self, id: DeviceId) -> Result<Vec<PublicKey>, StoreError> {
        let sql = "SELECT public_key FROM replaced_key WHERE device = ?1 ORDER BY id DESC";
        many(self, sql, [id.0], |row| key(row.get(0)?, 0))
    }

    fn registration(&self, id: DeviceId) -> Result<Option<RegistrationRow>, StoreError> {
        let sql = "SELECT device, request, token, answer FROM registration WHERE device = ?1";
        one(self, sql, [id.0], |row| {
            Ok(RegistrationRow {
                device: DeviceId(row.get(0)?),
                request: Digest(row.get(1)?),
                token: TokenId(row.get(2)?),
                answer: row.get(3)?,
            })
        })
    }

    fn old_epoch(&self, id: DeviceId, epoch: u32) -> Result<Option<EpochRow>, StoreError> {
        let sql = "SELECT device, epoch, sequence, request, answer, retired FROM old_epoch
            WHERE device = ?1 AND epoch = ?2";
        one(self, sql, (id.0, epoch), |row| {
            Ok(EpochRow {
                device: DeviceId(row.get(0)?),
                epoch: row.get(1)?,
                sequence: unsigned(row, 2)?,
                request: Digest(row.get(3)?),
                answer: row.get(4)?,
                retired: time(row, 5)?,
            })
        })
    }

    fn conflict(&self, id: DeviceId) -> Result<Option<ConflictRow>, StoreError> {
        let sql = "SELECT device, request, answer FROM conflict WHERE device = ?1";
        one(self, sql, [id.0], |row| {
            Ok(ConflictRow {
                device: DeviceId(row.get(0)?),
                request: Digest(row.get(1)?),
                answer: row.get(2)?,
            })
        })
    }

    fn out_of_compliance_elsewhere(
        &self,
        id: DeviceId,
        account: AccountId,
    ) -> Result<Option<UnixTime>, StoreError> {
        let sql = "SELECT since FROM out_of_compliance_elsewhere
            WHERE device = ?1 AND account = ?2";
        one(self, sql, (id.0, account.0), |row| time(row, 0))
    }

    fn machines(&self, id: DeviceId) -> Result<Vec<MachineRow>, StoreError> {
        let sql = "SELECT epoch, reported, tag, peak
            FROM machine LEFT JOIN machine_usage USING (device, epoch)
            WHERE device = ?1 ORDER BY epoch, tag";
        let peaks = many(self, sql, [id.0], |row| {
            let peak = row.get::<_, Option<Arc<str>>>(2)?.zip(row.get::<_, Option<u32>>(3)?);
            Ok((row.get::<_, u32>(0)?, time(row, 1)?, peak))
        })?;
        let mut machines: Vec<MachineRow> = Vec::new();
        for (epoch, reported, peak) in peaks {
            match machines.last_mut().filter(|last| last.epoch == epoch) {
                Some(last) => last.peaks.extend(peak),
                None => machines.push(MachineRow {
                    device: id,
                    epoch,
                    reported,
                    peaks: peak.into_iter().collect(),
                }),
            }
        }
        Ok(machines)
    }

    fn usage(&self, id: DeviceId) -> Result<Vec<UsageRow>, StoreError> {
        let sql = "SELECT device, tag, peak, highest, recorded FROM usage
            WHERE device = ?1 ORDER BY tag";
        many(self, sql, [id.0], usage)
    }

    fn usage_history(&self, id: DeviceId, page: Page) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = "SELECT id, device, tag, reported, peak, covers_seconds FROM usage_history
            WHERE device = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
        many(self, sql, (id.0, page.after, i64::from(page.limit)), history)
    }

    fn events(&self, filter: &Filter, page: Page) -> Result<Vec<EventRow>, StoreError> {
        let before = if page.after == 0 { i64::MAX } else { page.after };
        let (column, value) = if let Some(device) = filter.device {
            ("device", device.0)
        } else if let Some(place) = filter.virtual_account {
            ("virtual_account", place.0)
        } else if let Some(account) = filter.account {
            ("account", account.0)
        } else {
            let sql = format!("{EVENT} number < ?1 ORDER BY number DESC LIMIT ?2");
            return many(self, &sql, (before, i64::from(page.limit)), event);
        };
        let sql = format!("{EVENT} {column} = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3");
        many(self, &sql, (value, before, i64::from(page.limit)), event)
    }

    fn events_in_order(&self, page: Page) -> Result<Vec<EventRow>, StoreError> {
        let sql = format!("{EVENT} number > ?1 ORDER BY number LIMIT ?2");
        many(self, &sql, (page.after, i64::from(page.limit)), event)
    }

    fn last_event(&self) -> Result<Option<(i64, [u8; 32])>, StoreError> {
        let sql = "SELECT number, hash FROM event ORDER BY number DESC LIMIT 1";
        one(self, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

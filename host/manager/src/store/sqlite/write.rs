//! Writing, within a transaction.

use super::columns::{int, key_bytes, role_number, seconds, state_number, uuid_bytes};
use super::{SqliteTransaction, StoreError};
use crate::store::{
    AccountId, AccountRow, ClientId, ClientRow, ConflictRow, DeviceId, DeviceRow, EpochRow,
    EventRow, HistoryRow, LineId, LineRow, MachineRow, PoolRow, RegistrationRow, TokenId, TokenRow,
    Transaction, UsageRow, UserId, UserRow, VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::PublicKey;
use leasehold_core::time::UnixTime;
use rusqlite::{Params, named_params, params};

impl SqliteTransaction<'_> {
    pub(super) fn run<P: Params>(&mut self, sql: &str, params: P) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(|error| self.store.error(error))
    }

    pub(super) fn add<P: Params>(&mut self, sql: &str, params: P) -> Result<i64, StoreError> {
        self.run(sql, params)?;
        Ok(self.connection.last_insert_rowid())
    }
}

pub(super) fn optional(time: Option<UnixTime>) -> Option<i64> {
    time.map(seconds)
}

impl Transaction for SqliteTransaction<'_> {
    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(|error| self.store.error(error))
    }

    fn mark(&mut self) -> Result<(), StoreError> {
        self.run("SAVEPOINT mark", []).map(|_| ())
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        self.run("RELEASE mark", []).map(|_| ())
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.run("ROLLBACK TO mark", [])?;
        self.run("RELEASE mark", []).map(|_| ())
    }

    fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.run(sql, (key, value)).map(|_| ())
    }

    fn add_account(&mut self, row: &AccountRow) -> Result<AccountId, StoreError> {
        let sql = "INSERT INTO account (name, created) VALUES (?1, ?2)";
        self.add(sql, (&row.name, seconds(row.created))).map(AccountId)
    }

    fn rename_account(&mut self, id: AccountId, name: &str) -> Result<(), StoreError> {
        self.run("UPDATE account SET name = ?2 WHERE id = ?1", (id.0, name)).map(|_| ())
    }

    fn add_virtual_account(
        &mut self,
        row: &VirtualAccountRow,
    ) -> Result<VirtualAccountId, StoreError> {
        let sql = "INSERT INTO virtual_account (account, parent, name, is_default, created)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        let parent = row.parent.map(|id| id.0);
        let created = seconds(row.created);
        self.add(sql, (row.account.0, parent, &row.name, row.is_default, created))
            .map(VirtualAccountId)
    }

    fn rename_virtual_account(
        &mut self,
        id: VirtualAccountId,
        name: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE virtual_account SET name = ?2 WHERE id = ?1";
        self.run(sql, (id.0, name)).map(|_| ())
    }

    fn delete_virtual_account(
        &mut self,
        id: VirtualAccountId,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE virtual_account SET deleted = ?2 WHERE id = ?1";
        self.run(sql, (id.0, seconds(now))).map(|_| ())
    }

    fn add_user(&mut self, row: &UserRow) -> Result<UserId, StoreError> {
        let sql = "INSERT INTO user (name, password_hash, role, account, virtual_account, created)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let params = params![
            row.name,
            row.password_hash,
            role_number(row.role),
            row.account.map(|id| id.0),
            row.virtual_account.map(|id| id.0),
            seconds(row.created),
        ];
        self.add(sql, params).map(UserId)
    }

    fn set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        self.run("UPDATE user SET password_hash = ?2 WHERE id = ?1", (id.0, hash)).map(|_| ())
    }

    fn remove_user(&mut self, id: UserId) -> Result<(), StoreError> {
        self.run("DELETE FROM user WHERE id = ?1", [id.0]).map(|_| ())
    }

    fn add_client(&mut self, row: &ClientRow) -> Result<ClientId, StoreError> {
        let sql = "INSERT INTO client (name, secret, role, account, created)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        let account = row.account.map(|id| id.0);
        let role = role_number(row.role);
        self.add(sql, (&row.name, row.secret, role, account, seconds(row.created))).map(ClientId)
    }

    fn remove_client(&mut self, id: ClientId) -> Result<(), StoreError> {
        self.run("DELETE FROM client WHERE id = ?1", [id.0]).map(|_| ())
    }

    fn add_token(&mut self, row: &TokenRow, secret: &[u8; 20]) -> Result<TokenId, StoreError> {
        let sql = "INSERT INTO token (account, virtual_account, secret, description, created,
            expires, max_uses, uses, export_controlled, created_by, revoked)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let params = params![
            row.account.0,
            row.virtual_account.0,
            row.secret,
            row.description,
            seconds(row.created),
            seconds(row.expires),
            row.max_uses,
            row.uses,
            row.export_controlled,
            row.created_by,
            optional(row.revoked),
        ];
        let id = self.add(sql, params)?;
        let sql = "INSERT INTO token_secret (token, secret) VALUES (?1, ?2)";
        self.run(sql, (id, secret))?;
        Ok(TokenId(id))
    }

    fn set_token_uses(&mut self, id: TokenId, uses: u32) -> Result<(), StoreError> {
        self.run("UPDATE token SET uses = ?2 WHERE id = ?1", (id.0, uses)).map(|_| ())
    }

    fn revoke_token(&mut self, id: TokenId, now: UnixTime) -> Result<(), StoreError> {
        let sql = "UPDATE token SET revoked = ?2 WHERE id = ?1";
        self.run(sql, (id.0, seconds(now))).map(|_| ())
    }

    fn erase_token_secret(&mut self, id: TokenId) -> Result<(), StoreError> {
        self.run("DELETE FROM token_secret WHERE token = ?1", [id.0]).map(|_| ())
    }

    fn erase_expired_token_secrets(&mut self, now: UnixTime) -> Result<(), StoreError> {
        let sql = "DELETE FROM token_secret WHERE token IN
            (SELECT id FROM token WHERE expires <= ?1)";
        self.run(sql, [seconds(now)]).map(|_| ())
    }

    fn add_line(&mut self, row: &LineRow) -> Result<LineId, StoreError> {
        let sql = "INSERT INTO line (account, virtual_account, tag, quantity, start, \"end\",
            \"order\", created, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let params = params![
            row.account.0,
            row.virtual_account.0,
            row.tag,
            row.quantity,
            seconds(row.start),
            optional(row.end),
            row.order,
            seconds(row.created),
            row.created_by,
        ];
        self.add(sql, params).map(LineId)
    }

    fn set_line_end(&mut self, id: LineId, end: UnixTime) -> Result<(), StoreError> {
        self.run("UPDATE line SET \"end\" = ?2 WHERE id = ?1", (id.0, seconds(end))).map(|_| ())
    }

    fn put_pool(&mut self, row: &PoolRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO pool (virtual_account, tag, owned, reserved, changes, at_or_above)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (virtual_account, tag) DO UPDATE SET
            owned = excluded.owned, reserved = excluded.reserved, changes = excluded.changes,
            at_or_above = excluded.at_or_above";
        let [owned, reserved, used] = [row.owned, row.reserved, row.at_or_above].map(int);
        let (place, changes) = (row.virtual_account.0, optional(row.changes));
        self.run(sql, (place, &row.tag, owned, reserved, changes, used)).map(|_| ())
    }

    fn add_device(&mut self, row: &DeviceRow) -> Result<DeviceId, StoreError> {
        let sql = "INSERT INTO device (product_id, serial_number, uuid, instance, account,
            virtual_account, state, host_name, software_version, look_at, public_key,
            certificate_serial, valid_until, export_controlled, registered, last_contact, epoch,
            sequence, last_request, answer_sequence, reports_counted, silence_announced,
            usage_released, last_answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
            ?11, 0, 0, 0, 0, 0, 0, 0, ?12, 0, 0, 0, 0, x'')";
        let params = params![
            row.product_id,
            row.serial_number,
            uuid_bytes(&row.uuid),
            row.instance.0,
            row.account.0,
            row.virtual_account.0,
            state_number(row.state),
            row.host_name,
            row.software_version,
            seconds(row.look_at),
            key_bytes(&row.public_key),
            row.last_request.0,
        ];
        let id = DeviceId(self.add(sql, params)?);
        self.save_contact(&DeviceRow { id, ..row.clone() })?;
        Ok(id)
    }

    fn save_contact(&mut self, row: &DeviceRow) -> Result<(), StoreError> {
        let sql = "UPDATE device SET public_key = :public_key, next_key = :next_key,
            next_valid_until = :next_valid_until,
            certificate_serial = :certificate_serial,
            valid_until = :valid_until, export_controlled = :export_controlled,
            registered = :registered, last_contact = :last_contact, epoch = :epoch,
            sequence = :sequence, last_request = :last_request,
            answer_sequence = :answer_sequence, reports_counted = :reports_counted,
            out_of_compliance_since = :out_of_compliance_since,
            duplicate_since = :duplicate_since, silence_announced = :silence_announced,
            usage_released = :usage_released, last_answer = :last_answer WHERE id = :id";
        let params = named_params! {
            ":id": row.id.0,
            ":public_key": key_bytes(&row.public_key),
            ":next_key": row.next_key.map(|next| key_bytes(&next.public_key)),
            ":next_valid_until": row.next_key.map(|next| seconds(next.valid_until)),
            ":certificate_serial": row.certificate_serial,
            ":valid_until": seconds(row.valid_until),
            ":export_controlled": row.export_controlled,
            ":registered": seconds(row.registered),
            ":last_contact": seconds(row.last_contact),
            ":epoch": row.epoch,
            ":sequence": int(row.sequence),
            ":last_request": row.last_request.0,
            ":answer_sequence": int(row.answer_sequence),
            ":reports_counted": int(row.reports_counted),
            ":out_of_compliance_since": optional(row.out_of_compliance_since),
            ":duplicate_since": optional(row.duplicate_since),
            ":silence_announced": row.silence_announced,
            ":usage_released": row.usage_released,
            ":last_answer": row.last_answer,
        };
        self.run(sql, params).map(|_| ())
    }

    fn save_placement(&mut self, row: &DeviceRow) -> Result<(), StoreError> {
        let sql = "UPDATE device SET instance = ?2, account = ?3, virtual_account = ?4,
            state = ?5, host_name = ?6, software_version = ?7, look_at = ?8 WHERE id = ?1";
        let params = params![
            row.id.0,
            row.instance.0,
            row.account.0,
            row.virtual_account.0,
            state_number(row.state),
            row.host_name,
            row.software_version,
            seconds(row.look_at),
        ];
        self.run(sql, params).map(|_| ())
    }

    fn put_replaced_key(
        &mut self,
        id: DeviceId,
        key: &PublicKey,
        keep: u32,
    ) -> Result<(), StoreError> {
        // One that is replaced again becomes the newest.
        let sql = "INSERT OR REPLACE INTO replaced_key (device, public_key) VALUES (?1, ?2)";
        self.run(sql, (id.0, key_bytes(key)))?;
        let sql = "DELETE FROM replaced_key WHERE device = ?1 AND id NOT IN
            (SELECT id FROM replaced_key WHERE device = ?1 ORDER BY id DESC LIMIT ?2)";
        self.run(sql, (id.0, keep)).map(|_| ())
    }

    fn remove_replaced_keys(&mut self, id: DeviceId) -> Result<(), StoreError> {
        self.run("DELETE FROM replaced_key WHERE device = ?1", [id.0]).map(|_| ())
    }

    fn put_registration(&mut self, row: &RegistrationRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO registration (device, request, token, answer)
            VALUES (?1, ?2, ?3, ?4) ON CONFLICT (device) DO UPDATE SET
            request = excluded.request, token = excluded.token, answer = excluded.answer";
        self.run(sql, (row.device.0, row.request.0, row.token.0, &row.answer)).map(|_| ())
    }

    fn put_old_epoch(&mut self, row: &EpochRow, keep: u32) -> Result<(), StoreError> {
        let sql = "INSERT INTO old_epoch (device, epoch, sequence, request, answer, retired)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (device, epoch) DO UPDATE SET
            sequence = excluded.sequence, request = excluded.request,
            answer = excluded.answer, retired = excluded.retired";
        let (sequence, retired) = (int(row.sequence), seconds(row.retired));
        self.run(sql, (row.device.0, row.epoch, sequence, row.request.0, &row.answer, retired))?;
        let sql = "DELETE FROM old_epoch WHERE device = ?1 AND epoch NOT IN
            (SELECT epoch FROM old_epoch WHERE device = ?1 ORDER BY retired DESC LIMIT ?2)";
        self.run(sql, (row.device.0, keep)).map(|_| ())
    }

    fn remove_old_epoch(&mut self, id: DeviceId, epoch: u32) -> Result<(), StoreError> {
        let sql = "DELETE FROM old_epoch WHERE device = ?1 AND epoch = ?2";
        self.run(sql, (id.0, epoch)).map(|_| ())
    }

    fn put_conflict(&mut self, row: &ConflictRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO conflict (device, request, answer) VALUES (?1, ?2, ?3)
            ON CONFLICT (device) DO UPDATE SET
            request = excluded.request, answer = excluded.answer";
        self.run(sql, (row.device.0, row.request.0, &row.answer)).map(|_| ())
    }

    fn put_out_of_compliance_elsewhere(
        &mut self,
        id: DeviceId,
        account: AccountId,
        since: Option<UnixTime>,
    ) -> Result<(), StoreError> {
        let Some(since) = since else {
            let sql = "DELETE FROM out_of_compliance_elsewhere
                WHERE device = ?1 AND account = ?2";
            return self.run(sql, (id.0, account.0)).map(|_| ());
        };
        let sql = "INSERT INTO out_of_compliance_elsewhere (device, account, since)
            VALUES (?1, ?2, ?3) ON CONFLICT (device, account) DO UPDATE SET
            since = excluded.since";
        self.run(sql, (id.0, account.0, seconds(since))).map(|_| ())
    }

    fn put_machine(&mut self, row: &MachineRow) -> Result<(), StoreError> {
        self.remove_machine(row.device, row.epoch)?;
        let sql = "INSERT INTO machine (device, epoch, reported) VALUES (?1, ?2, ?3)";
        self.run(sql, (row.device.0, row.epoch, seconds(row.reported)))?;
        let sql = "INSERT INTO machine_usage (device, epoch, tag, peak) VALUES (?1, ?2, ?3, ?4)";
        for (tag, peak) in &row.peaks {
            self.run(sql, (row.device.0, row.epoch, tag, peak))?;
        }
        Ok(())
    }

    fn remove_machine(&mut self, id: DeviceId, epoch: u32) -> Result<(), StoreError> {
        self.run("DELETE FROM machine_usage WHERE device = ?1 AND epoch = ?2", (id.0, epoch))?;
        self.run("DELETE FROM machine WHERE device = ?1 AND epoch = ?2", (id.0, epoch)).map(|_| ())
    }

    fn put_usage(&mut self, row: &UsageRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO usage (device, tag, peak, highest, recorded)
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (device, tag) DO UPDATE SET
            peak = excluded.peak, highest = excluded.highest, recorded = excluded.recorded";
        let recorded = seconds(row.recorded);
        self.run(sql, (row.device.0, &row.tag, row.peak, row.highest, recorded)).map(|_| ())
    }

    fn add_history(&mut self, row: &HistoryRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO usage_history (device, tag, reported, peak, covers_seconds)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        let reported = seconds(row.reported);
        self.run(sql, (row.device.0, &row.tag, reported, row.peak, row.covers_seconds)).map(|_| ())
    }

    fn prune_history(&mut self, before: UnixTime, limit: u32) -> Result<u32, StoreError> {
        // Rows are added in order of time, so that the oldest are those with the least ids.
        let sql = "DELETE FROM usage_history WHERE reported < ?1 AND id IN
            (SELECT id FROM usage_history ORDER BY id LIMIT ?2)";
        let removed = self.run(sql, (seconds(before), limit))?;
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    }

    fn add_event(&mut self, row: &EventRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO event (number, time, account, virtual_account, device, actor,
            name, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let params = params![
            row.number,
            seconds(row.time),
            row.account.map(|id| id.0),
            row.virtual_account.map(|id| id.0),
            row.device.map(|id| id.0),
            row.actor,
            row.name,
            row.detail,
            row.hash,
        ];
        self.run(sql, params).map(|_| ())
    }
}

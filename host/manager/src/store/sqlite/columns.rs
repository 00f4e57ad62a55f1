//! How rows stand in SQLite's columns, and back.

use crate::store::{
    AccountId, AccountRow, ClientId, ClientRow, DeviceId, DeviceRow, DeviceState, EventRow,
    HistoryRow, LineId, LineRow, NextKey, PoolRow, Role, TokenId, TokenRow, UsageRow, UserId,
    UserRow, VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::{Algorithm, Digest, PublicKey};
use leasehold_core::identity::InstanceId;
use leasehold_core::time::UnixTime;
use rusqlite::Row;
use rusqlite::types::FromSqlError;

pub(super) type Sql<T> = rusqlite::Result<T>;

/// As SQLite keeps it. Nothing the manager counts comes near the end of the scale.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn seconds(time: UnixTime) -> i64 {
    int(time.as_secs())
}

pub(super) fn foreign(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        rusqlite::types::Type::Integer,
        Box::new(FromSqlError::OutOfRange(0)),
    )
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Sql<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| foreign(column))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Sql<UnixTime> {
    unsigned(row, column).map(UnixTime::from_secs)
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> Sql<Option<UnixTime>> {
    let value: Option<i64> = row.get(column)?;
    value
        .map(|value| u64::try_from(value).map(UnixTime::from_secs).map_err(|_| foreign(column)))
        .transpose()
}

pub(super) fn role(row: &Row<'_>, column: usize) -> Sql<Role> {
    match row.get::<_, i64>(column)? {
        0 => Ok(Role::Vendor),
        1 => Ok(Role::Administrator),
        2 => Ok(Role::User),
        3 => Ok(Role::Viewer),
        _ => Err(foreign(column)),
    }
}

pub(super) const fn role_number(role: Role) -> i64 {
    match role {
        Role::Vendor => 0,
        Role::Administrator => 1,
        Role::User => 2,
        Role::Viewer => 3,
    }
}

pub(super) fn state(row: &Row<'_>, column: usize) -> Sql<DeviceState> {
    match row.get::<_, i64>(column)? {
        0 => Ok(DeviceState::Registered),
        1 => Ok(DeviceState::Deregistered),
        2 => Ok(DeviceState::Removed),
        3 => Ok(DeviceState::Expired),
        _ => Err(foreign(column)),
    }
}

pub(super) const fn state_number(state: DeviceState) -> i64 {
    match state {
        DeviceState::Registered => 0,
        DeviceState::Deregistered => 1,
        DeviceState::Removed => 2,
        DeviceState::Expired => 3,
    }
}

/// A key as stored: the number of its scheme, then its bytes.
pub(super) fn key_bytes(key: &PublicKey) -> Vec<u8> {
    let scheme = match key.algorithm {
        Algorithm::Ed25519 => 1,
        _ => u8::MAX,
    };
    std::iter::once(scheme).chain(key.bytes).collect()
}

pub(super) fn key(bytes: [u8; 33], column: usize) -> Sql<PublicKey> {
    let [1, bytes @ ..] = bytes else { return Err(foreign(column)) };
    Ok(PublicKey { algorithm: Algorithm::Ed25519, bytes })
}

pub(super) fn account(row: &Row<'_>) -> Sql<AccountRow> {
    Ok(AccountRow { id: AccountId(row.get(0)?), name: row.get(1)?, created: time(row, 2)? })
}

pub(super) const VIRTUAL_ACCOUNT: &str = "SELECT id, account, parent, name, is_default, created
    FROM virtual_account WHERE deleted IS NULL AND ";

pub(super) fn virtual_account(row: &Row<'_>) -> Sql<VirtualAccountRow> {
    Ok(VirtualAccountRow {
        id: VirtualAccountId(row.get(0)?),
        account: AccountId(row.get(1)?),
        parent: row.get::<_, Option<i64>>(2)?.map(VirtualAccountId),
        name: row.get(3)?,
        is_default: row.get(4)?,
        created: time(row, 5)?,
    })
}

pub(super) const USER: &str =
    "SELECT id, name, password_hash, role, account, virtual_account, created FROM user WHERE ";

pub(super) fn user(row: &Row<'_>) -> Sql<UserRow> {
    Ok(UserRow {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        password_hash: row.get(2)?,
        role: role(row, 3)?,
        account: row.get::<_, Option<i64>>(4)?.map(AccountId),
        virtual_account: row.get::<_, Option<i64>>(5)?.map(VirtualAccountId),
        created: time(row, 6)?,
    })
}

pub(super) const CLIENT: &str =
    "SELECT id, name, secret, role, account, created FROM client WHERE ";

pub(super) fn client(row: &Row<'_>) -> Sql<ClientRow> {
    Ok(ClientRow {
        id: ClientId(row.get(0)?),
        name: row.get(1)?,
        secret: row.get(2)?,
        role: role(row, 3)?,
        account: row.get::<_, Option<i64>>(4)?.map(AccountId),
        created: time(row, 5)?,
    })
}

pub(super) const TOKEN: &str =
    "SELECT id, account, virtual_account, secret, description, created, expires,
    max_uses, uses, export_controlled, created_by, revoked FROM token WHERE ";

pub(super) fn token(row: &Row<'_>) -> Sql<TokenRow> {
    Ok(TokenRow {
        id: TokenId(row.get(0)?),
        account: AccountId(row.get(1)?),
        virtual_account: VirtualAccountId(row.get(2)?),
        secret: row.get(3)?,
        description: row.get(4)?,
        created: time(row, 5)?,
        expires: time(row, 6)?,
        max_uses: row.get(7)?,
        uses: row.get(8)?,
        export_controlled: row.get(9)?,
        created_by: row.get(10)?,
        revoked: optional_time(row, 11)?,
    })
}

pub(super) const LINE: &str =
    "SELECT id, account, virtual_account, tag, quantity, start, \"end\", \"order\",
    created, created_by FROM line WHERE ";

pub(super) fn line(row: &Row<'_>) -> Sql<LineRow> {
    Ok(LineRow {
        id: LineId(row.get(0)?),
        account: AccountId(row.get(1)?),
        virtual_account: VirtualAccountId(row.get(2)?),
        tag: row.get(3)?,
        quantity: row.get(4)?,
        start: time(row, 5)?,
        end: optional_time(row, 6)?,
        order: row.get(7)?,
        created: time(row, 8)?,
        created_by: row.get(9)?,
    })
}

pub(super) fn pool(row: &Row<'_>) -> Sql<PoolRow> {
    Ok(PoolRow {
        virtual_account: VirtualAccountId(row.get(0)?),
        tag: row.get(1)?,
        owned: unsigned(row, 2)?,
        reserved: unsigned(row, 3)?,
        changes: optional_time(row, 4)?,
        at_or_above: unsigned(row, 5)?,
    })
}

pub(super) const DEVICE: &str = "SELECT id, product_id, serial_number, uuid, instance, account,
    virtual_account, state, host_name, software_version, look_at, public_key, next_key,
    next_valid_until, certificate_serial, valid_until, export_controlled, registered,
    last_contact, epoch, sequence, last_request, answer_sequence, reports_counted,
    out_of_compliance_since, duplicate_since, silence_announced, usage_released, last_answer
    FROM device WHERE ";

pub(super) fn device(row: &Row<'_>) -> Sql<DeviceRow> {
    let uuid: Vec<u8> = row.get(3)?;
    let next_key: Option<[u8; 33]> = row.get(12)?;
    let next_key = match (next_key, optional_time(row, 13)?) {
        (Some(bytes), Some(valid_until)) => {
            Some(NextKey { public_key: key(bytes, 12)?, valid_until })
        }
        _ => None,
    };
    Ok(DeviceRow {
        id: DeviceId(row.get(0)?),
        product_id: row.get(1)?,
        serial_number: row.get(2)?,
        uuid: if uuid.is_empty() { None } else { Some(uuid.try_into().map_err(|_| foreign(3))?) },
        instance: InstanceId(row.get(4)?),
        account: AccountId(row.get(5)?),
        virtual_account: VirtualAccountId(row.get(6)?),
        state: state(row, 7)?,
        host_name: row.get(8)?,
        software_version: row.get(9)?,
        look_at: time(row, 10)?,
        public_key: key(row.get(11)?, 11)?,
        next_key,
        certificate_serial: row.get(14)?,
        valid_until: time(row, 15)?,
        export_controlled: row.get(16)?,
        registered: time(row, 17)?,
        last_contact: time(row, 18)?,
        epoch: row.get(19)?,
        sequence: unsigned(row, 20)?,
        last_request: Digest(row.get(21)?),
        answer_sequence: unsigned(row, 22)?,
        reports_counted: unsigned(row, 23)?,
        out_of_compliance_since: optional_time(row, 24)?,
        duplicate_since: optional_time(row, 25)?,
        silence_announced: row.get(26)?,
        usage_released: row.get(27)?,
        last_answer: row.get(28)?,
    })
}

pub(super) fn usage(row: &Row<'_>) -> Sql<UsageRow> {
    Ok(UsageRow {
        device: DeviceId(row.get(0)?),
        tag: row.get(1)?,
        peak: row.get(2)?,
        highest: row.get(3)?,
        recorded: time(row, 4)?,
    })
}

pub(super) fn history(row: &Row<'_>) -> Sql<HistoryRow> {
    Ok(HistoryRow {
        id: row.get(0)?,
        device: DeviceId(row.get(1)?),
        tag: row.get(2)?,
        reported: time(row, 3)?,
        peak: row.get(4)?,
        covers_seconds: row.get(5)?,
    })
}

pub(super) const EVENT: &str =
    "SELECT number, time, account, virtual_account, device, actor, name, detail,
    hash FROM event WHERE ";

pub(super) fn event(row: &Row<'_>) -> Sql<EventRow> {
    Ok(EventRow {
        number: row.get(0)?,
        time: time(row, 1)?,
        account: row.get::<_, Option<i64>>(2)?.map(AccountId),
        virtual_account: row.get::<_, Option<i64>>(3)?.map(VirtualAccountId),
        device: row.get::<_, Option<i64>>(4)?.map(DeviceId),
        actor: row.get(5)?,
        name: row.get(6)?,
        detail: row.get(7)?,
        hash: row.get(8)?,
    })
}

/// The device's UUID as stored: absent is empty, so that the UDI is unique with and without it.
pub(super) fn uuid_bytes(uuid: &Option<[u8; 16]>) -> &[u8] {
    match uuid {
        Some(uuid) => uuid,
        None => &[],
    }
}

//! Rows as the API shows them.

use crate::domain::catalogue::Catalogue;
use crate::domain::compliance::Summary;
use crate::domain::recovery::Restored;
use crate::domain::reservation::{Detail, Offer, Portion};
use crate::domain::token::{self, TokenState};
use crate::hex;
use crate::http::types;
use crate::store::{
    AccountRow, ClaimRow, ClientRow, DeviceRow, DeviceState, EnteredCodeRow, EventRow, Freeze,
    HistoryRow, LineRow, ReservationRow, ReservationState, TokenRow, UsageRow, UserRow,
    VirtualAccountRow,
};
use leasehold_core::time::UnixTime;
use serde_json::Value;

pub(super) fn account(row: AccountRow) -> types::Account {
    types::Account { id: row.id.0, name: row.name, created: row.created.into() }
}

pub(super) fn pool(row: VirtualAccountRow) -> types::VirtualAccount {
    types::VirtualAccount {
        id: row.id.0,
        account: row.account.0,
        parent: row.parent.map(|id| id.0),
        name: row.name,
        is_default: row.is_default,
        created: row.created.into(),
    }
}

pub(super) fn token(row: TokenRow, now: UnixTime) -> types::Token {
    let state = match token::state(&row, now) {
        TokenState::Valid => "valid",
        TokenState::Expired => "expired",
        TokenState::UsedUp => "used-up",
        TokenState::Revoked => "revoked",
    };
    types::Token {
        id: row.id.0,
        account: row.account.0,
        virtual_account: row.virtual_account.0,
        description: row.description,
        state: state.into(),
        created: row.created.into(),
        expires: row.expires.into(),
        max_uses: row.max_uses,
        uses: row.uses,
        export_controlled: row.export_controlled,
        created_by: row.created_by,
    }
}

/// A tag's name for people; a tag that is in no catalogue any more stands for itself.
fn name_of(catalogue: &Catalogue, tag: &str) -> String {
    catalogue.tag(tag).map_or_else(|| tag.to_owned(), |known| known.name.clone())
}

pub(super) fn line(row: LineRow, catalogue: &Catalogue, now: UnixTime) -> types::License {
    let state = if row.end.is_some_and(|end| end <= now) {
        "ended"
    } else if row.start > now {
        "not-begun"
    } else {
        "in-force"
    };
    types::License {
        id: row.id.0,
        account: row.account.0,
        virtual_account: row.virtual_account.0,
        name: name_of(catalogue, &row.tag),
        tag: row.tag,
        quantity: row.quantity,
        state: state.into(),
        start: row.start.into(),
        end: row.end.map(Into::into),
        order: row.order,
        created: row.created.into(),
        created_by: row.created_by,
    }
}

pub(super) fn pool_line(summary: Summary) -> types::PoolLine {
    types::PoolLine {
        tag: summary.tag,
        name: summary.name,
        purchased: summary.purchased,
        in_use: summary.in_use,
        reserved: summary.reserved,
        substituted: summary.substituted,
        balance: summary.balance,
        in_compliance: summary.in_compliance,
    }
}

pub(super) fn instance(row: DeviceRow) -> types::Instance {
    let state = match row.state {
        DeviceState::Registered => "registered",
        DeviceState::Deregistered => "deregistered",
        DeviceState::Removed => "removed",
        DeviceState::Expired => "expired",
    };
    types::Instance {
        id: row.id.0,
        instance: hex::encode(&row.instance.0),
        product_id: row.product_id.to_string(),
        serial_number: row.serial_number.to_string(),
        uuid: row.uuid.map(|uuid| hex::encode(&uuid)),
        account: row.account.0,
        virtual_account: row.virtual_account.0,
        state: state.into(),
        host_name: row.host_name.to_string(),
        software_version: row.software_version.to_string(),
        registered: row.registered.into(),
        last_contact: row.last_contact.into(),
        valid_until: row.valid_until.into(),
        export_controlled: row.export_controlled,
        reports_counted: row.reports_counted,
        out_of_compliance_since: row.out_of_compliance_since.map(Into::into),
        duplicate_since: row.duplicate_since.map(Into::into),
        usage_released: row.usage_released,
    }
}

pub(super) fn usage(row: UsageRow, catalogue: &Catalogue) -> types::Usage {
    let name = name_of(catalogue, &row.tag);
    types::Usage { tag: row.tag.to_string(), name, peak: row.peak, highest: row.highest }
}

pub(super) fn history(row: HistoryRow) -> types::HistoryPoint {
    types::HistoryPoint {
        id: row.id,
        tag: row.tag.to_string(),
        reported: row.reported.into(),
        peak: row.peak,
        covers_seconds: row.covers_seconds,
    }
}

pub(super) fn reservation(row: ReservationRow, catalogue: &Catalogue) -> types::Reservation {
    let state = match row.state {
        ReservationState::Requested => "requested",
        ReservationState::Authorized => "authorized",
        ReservationState::UpdatePending => "update-pending",
        ReservationState::Returned => "returned",
        ReservationState::Cancelled => "cancelled",
        ReservationState::Rehosted => "rehosted",
    };
    let product = catalogue.product(&row.product_id);
    let known = product.and_then(|known| known.license_types.get(usize::from(row.license_type)));
    let pending = row.state == ReservationState::UpdatePending;
    types::Reservation {
        id: row.id.0,
        account: row.account.0,
        virtual_account: row.virtual_account.0,
        product_id: row.product_id.to_string(),
        serial_number: row.serial_number.to_string(),
        number: row.number,
        license_type: known.map_or_else(|| row.license_type.to_string(), |t| t.name.clone()),
        universal: row.universal,
        state: state.into(),
        generation: row.authorization_code.is_some().then_some(row.generation),
        pending: pending.then_some(row.last_generation),
        rehosted_to: row.rehosted_to.map(|id| id.0),
        created: row.created.into(),
        created_by: row.created_by,
        ended: row.ended.map(Into::into),
        frozen: row.frozen.map(frozen),
    }
}

fn frozen(Freeze { since, ahead }: Freeze) -> types::Frozen {
    types::Frozen { since: since.into(), ahead }
}

pub(super) fn restored(Restored { epoch, at, backed_up }: Restored) -> types::Restored {
    types::Restored { epoch, at: at.into(), backed_up: backed_up.into() }
}

pub(super) fn reservation_with_codes(
    detail: Detail,
    rehosts_left: usize,
    catalogue: &Catalogue,
) -> types::ReservationWithCodes {
    let installed = detail.is_installed();
    let Detail { reservation: row, claims, entered } = detail;
    let code = |EnteredCodeRow { code, entered, entered_by, .. }| types::EnteredCode {
        code,
        entered: entered.into(),
        entered_by,
    };
    types::ReservationWithCodes {
        licenses: reserved(claims, catalogue),
        request_code: row.request_code.clone(),
        authorization_code: row.authorization_code.clone(),
        installed,
        update: row.update_code.is_some().then_some(row.last_generation),
        update_code: row.update_code.clone(),
        entered_codes: entered.into_iter().map(code).collect(),
        entered_before: None,
        rehosts_left,
        reservation: reservation(row, catalogue),
    }
}

pub(super) fn reserved(
    claims: Vec<ClaimRow>,
    catalogue: &Catalogue,
) -> Vec<types::ReservedLicense> {
    let license = |row: ClaimRow| types::ReservedLicense {
        generation: row.generation,
        name: name_of(catalogue, &row.tag),
        tag: row.tag.to_string(),
        count: row.count,
        until: row.until.map(Into::into),
    };
    claims.into_iter().map(license).collect()
}

pub(super) fn offer(Offer { license, limits, pool, available, terms }: Offer) -> types::Offer {
    let term = |Portion { count, until }| types::Term { count, until: until.map(Into::into) };
    types::Offer {
        license,
        tag: pool.tag,
        name: pool.name,
        limits,
        purchased: pool.purchased,
        in_use: pool.in_use,
        reserved: pool.reserved,
        available,
        terms: terms.into_iter().map(term).collect(),
    }
}

pub(super) fn user(row: UserRow) -> types::User {
    types::User {
        id: row.id.0,
        name: row.name,
        role: row.role.name().into(),
        account: row.account.map(|id| id.0),
        virtual_account: row.virtual_account.map(|id| id.0),
        created: row.created.into(),
    }
}

pub(super) fn client(row: ClientRow) -> types::Client {
    types::Client {
        id: row.id.0,
        name: row.name,
        role: row.role.name().into(),
        account: row.account.map(|id| id.0),
        created: row.created.into(),
    }
}

pub(super) fn event(row: EventRow) -> types::Event {
    // What is no JSON was put there by hand; it is shown as the text that it is.
    let detail = serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail));
    types::Event {
        number: row.number,
        time: row.time.into(),
        account: row.account.map(|id| id.0),
        virtual_account: row.virtual_account.map(|id| id.0),
        device: row.device.map(|id| id.0),
        actor: row.actor,
        name: row.name,
        detail,
        hash: hex::encode(&row.hash),
    }
}

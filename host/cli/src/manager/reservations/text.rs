//! Reservations as people read them.

use super::super::output::{facts, or_dash, table, yes_no};
use leasehold_manager::http::types::{
    EnteredCode, Frozen, PoolLine, Reservation, ReservationWithCodes, ReservedLicense, Tag,
};

/// What stands above the rows of a list.
pub(super) const HEADS: [&str; 7] =
    ["id", "product", "serial number", "virtual", "license type", "state", "redeemed"];

/// A line of a list.
pub(super) fn row(reservation: &Reservation) -> [String; 7] {
    [
        reservation.id.to_string(),
        reservation.product_id.clone(),
        reservation.serial_number.clone(),
        reservation.virtual_account.to_string(),
        reservation.license_type.clone(),
        state_in_list(reservation),
        reservation.created.to_string(),
    ]
}

fn state_in_list(reservation: &Reservation) -> String {
    let state = &reservation.state;
    if reservation.frozen.is_some() { format!("{state}, frozen") } else { state.clone() }
}

/// Everything about a reservation: its codes, what it sets aside, what was entered, what is next.
pub(super) fn everything(whole: &ReservationWithCodes) -> String {
    let reservation = &whole.reservation;
    let ended = reservation.ended.map(|ended| format!("{} on {ended}", reservation.state));
    let facts = facts([
        ("Reservation", reservation.id.to_string()),
        ("UDI", udi(reservation)),
        ("License type", reservation.license_type.clone()),
        ("Everything it can use", yes_no(reservation.universal)),
        ("State", state(reservation)),
        ("Account", reservation.account.to_string()),
        ("Virtual account", reservation.virtual_account.to_string()),
        ("Request number", reservation.number.to_string()),
        ("Redeemed", format!("{} by {}", reservation.created, reservation.created_by)),
        ("Ended", or_dash(ended)),
        ("Frozen", frozen(reservation)),
        ("Rehosted to", or_dash(reservation.rehosted_to)),
    ]);
    let update = reservation.pending.map(|update| format!("Authorization code, update {update}"));
    let codes = [
        Some(("Request code".into(), &whole.request_code)),
        whole.authorization_code.as_ref().map(|code| ("Authorization code".into(), code)),
        update.zip(whole.update_code.as_ref()),
    ];
    let codes = codes.into_iter().flatten().map(|(name, code)| format!("\n{name}:\n{code}\n"));
    let (licenses, entered) = (licenses(whole), entered(&whole.entered_codes));
    let next = next(reservation);
    format!("{facts}\n{licenses}\n{}{entered}\n{next}", codes.collect::<String>())
}

/// What a request that was redeemed asks for, what there is, and what to do next.
pub(super) fn redeemed(
    whole: &ReservationWithCodes,
    available: &[PoolLine],
    tags: &[Tag],
) -> String {
    let reservation = &whole.reservation;
    let wanted = if reservation.universal { "everything it can use" } else { "chosen licences" };
    let facts = facts([
        ("Reservation", reservation.id.to_string()),
        ("UDI", udi(reservation)),
        ("License type", reservation.license_type.clone()),
        ("Asks for", wanted.into()),
        ("State", state(reservation)),
    ]);
    format!("{facts}\n{}\n\n{}", stock(available, tags), next(reservation))
}

/// What of a pool can be reserved.
fn stock(available: &[PoolLine], tags: &[Tag]) -> String {
    if available.is_empty() {
        return "The virtual account owns no licences: deposit or transfer some first.".into();
    }
    let feature = |line: &PoolLine| {
        let tag = tags.iter().find(|tag| tag.tag == line.tag);
        tag.map_or_else(|| line.tag.clone(), |tag| tag.feature.clone())
    };
    let rows = available.iter().map(|line| {
        [
            feature(line),
            line.name.clone(),
            line.purchased.to_string(),
            line.in_use.to_string(),
            line.reserved.to_string(),
            line.purchased.saturating_sub(line.reserved).to_string(),
        ]
    });
    table(["feature", "licence", "purchased", "in use", "reserved", "can be reserved"], rows)
}

fn udi(reservation: &Reservation) -> String {
    format!("PID:{},SN:{}", reservation.product_id, reservation.serial_number)
}

/// Since when, and what is known of what the appliance holds.
fn frozen(reservation: &Reservation) -> String {
    match &reservation.frozen {
        None => "no".into(),
        Some(Frozen { since, ahead: None }) => format!("since {since}, until reconciled"),
        Some(Frozen { since, ahead: Some(update) }) => {
            format!("since {since}: the appliance has update {update}, which is not known here")
        }
    }
}

fn state(reservation: &Reservation) -> String {
    match (&*reservation.state, reservation.generation, reservation.pending) {
        (state, _, Some(update)) => format!("{state}: update {update} waits for its confirmation"),
        (state, Some(in_force @ 1..), None) => format!("{state}, with update {in_force}"),
        (state, _, None) => state.into(),
    }
}

/// The licences that are set aside, by authorization.
pub(super) fn licenses(whole: &ReservationWithCodes) -> String {
    if whole.licenses.is_empty() {
        return "No licences are set aside.\n".into();
    }
    let row = |license: &ReservedLicense| {
        let authorization = match license.generation {
            0 => "first".into(),
            update => format!("update {update}"),
        };
        let pending = whole.reservation.pending == Some(license.generation);
        [
            authorization,
            (if pending { "pending" } else { "in force" }).into(),
            license.name.clone(),
            license.count.to_string(),
            license.until.map_or_else(|| "never".into(), |until| until.to_string()),
        ]
    };
    let heads = ["authorization", "", "licence", "count", "ends"];
    table(heads, whole.licenses.iter().map(row)) + "\n"
}

fn entered(codes: &[EnteredCode]) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let row =
        |code: &EnteredCode| [code.entered.to_string(), code.entered_by.clone(), code.code.clone()];
    format!("\n{}\n", table(["entered", "by", "code"], codes.iter().map(row)))
}

/// What is to be done next, where, and with which command.
pub(super) fn next(reservation: &Reservation) -> String {
    let Reservation { id, universal, .. } = reservation;
    if let Some(frozen) = &reservation.frozen {
        return next_of_frozen(reservation, frozen);
    }
    match &*reservation.state {
        "requested" if *universal => format!(
            "Next: issue the authorization with `leasehold manager reservation authorize {id}`."
        ),
        "requested" => format!(
            "Next: choose licences with `leasehold manager reservation authorize {id} \
             FEATURE=COUNT …`."
        ),
        "authorized" => "Next: install the authorization code on the appliance, if it is not yet, \
                         with `leasehold license smart reservation install \"CODE\"`."
            .into(),
        "update-pending" => {
            "Next: install the code of the update on the appliance with `leasehold \
                             license smart reservation install \"CODE\"`, and enter the \
                             confirmation code that this prints with `leasehold manager \
                             reservation confirm \"CODE\"`. Until then, of old and new the larger \
                             stays set aside."
                .into()
        }
        "returned" => "Next: nothing. The licences are free; for others, make a new request on \
                       the appliance."
            .into(),
        "cancelled" => "Next: nothing here. On the appliance, drop the request with `leasehold \
                        license smart reservation cancel`."
            .into(),
        "rehosted" => format!(
            "Next: nothing. The licences moved to reservation {}.",
            or_dash(reservation.rehosted_to)
        ),
        _ => "Next: update this program, which does not know that state.".into(),
    }
}

/// What settles a reservation that waits to be reconciled.
fn next_of_frozen(reservation: &Reservation, frozen: &Frozen) -> String {
    let Reservation { id, state, .. } = reservation;
    match (frozen.ahead, &**state) {
        (None, _) => format!(
            "Next: look at the last codes on the appliance with `leasehold show license reservation`, \
             and enter the newest with `leasehold manager reservation reconcile {id} \"CODE\"`. Where \
             nothing has happened since the backup, state that with `leasehold manager reservation \
             reconcile {id} --unchanged`."
        ),
        (Some(_), "update-pending") => format!(
            "Next: install the code of the update on the appliance, and enter the confirmation code \
             that this prints with `leasehold manager reservation reconcile {id} \"CODE\"`."
        ),
        (Some(update), _) => format!(
            "Next: what the appliance holds by update {update} is not known. Issue another update \
             with everything that it is to have: `leasehold manager reservation update {id} \
             FEATURE=COUNT …`."
        ),
    }
}

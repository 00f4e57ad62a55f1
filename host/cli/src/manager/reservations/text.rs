//! Reservations as people read them.

use super::super::output::{facts, or_dash, table, yes_no};
use super::code::{issued, of};
use leasehold_manager::http::types::{
    Difference, EnteredCode, Frozen, Offer, Reservation, ReservationWithCodes, ReservedLicense,
    Term, Time,
};
use std::collections::BTreeMap;

/// What stands above the rows of a list.
pub(super) const HEADS: [&str; 8] = [
    "id",
    "product",
    "serial number",
    "request number",
    "virtual",
    "license type",
    "state",
    "redeemed",
];

/// A line of a list.
pub(super) fn row(reservation: &Reservation) -> [String; 8] {
    [
        reservation.id.to_string(),
        reservation.product_id.clone(),
        reservation.serial_number.clone(),
        reservation.number.to_string(),
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
    let codes = issued(whole).map(|code| format!("\n{}:\n{}\n", code.heading(), code.text));
    let (licenses, entered) = (licenses(whole), entered(&whole.entered_codes));
    let next = next(whole);
    format!("{facts}\n{licenses}{}{entered}\n{next}", codes.collect::<String>())
}

/// What a request that was redeemed asks for, what there is, and what to do next.
pub(super) fn redeemed(whole: &ReservationWithCodes, offers: &[Offer]) -> String {
    let reservation = &whole.reservation;
    let wanted = if reservation.universal { "everything it can use" } else { "chosen licences" };
    let facts = facts([
        ("Reservation", reservation.id.to_string()),
        ("UDI", udi(reservation)),
        ("Request number", reservation.number.to_string()),
        ("License type", reservation.license_type.clone()),
        ("Asks for", wanted.into()),
        ("State", state(reservation)),
    ]);
    format!("{facts}\n{}\n\n{}", stock(offers), next(whole))
}

/// What can be reserved.
fn stock(offers: &[Offer]) -> String {
    let rows = offers.iter().map(|offer| {
        [
            offer.license.clone(),
            offer.name.clone(),
            offer.purchased.to_string(),
            offer.in_use.to_string(),
            offer.reserved.to_string(),
            offer.available.to_string(),
            offer.terms.iter().map(term).collect::<Vec<_>>().join(", "),
        ]
    });
    let heads =
        ["feature", "licence", "purchased", "in use", "reserved", "can be reserved", "of these"];
    let mut text = table(heads, rows);
    for Offer { license, .. } in offers.iter().filter(|offer| !offer.limits) {
        text += &format!(
            "\n{license} need not be reserved: it is enough that the virtual account owns one."
        );
    }
    if offers.iter().all(|offer| offer.available == 0) {
        text += "\nNothing of it is left: deposit or transfer some first.";
    }
    text
}

fn term(Term { count, until }: &Term) -> String {
    match until {
        None => format!("{count} perpetual"),
        Some(until) => format!("{count} until {until}"),
    }
}

/// What an update changes: a line for each licence and term.
pub(super) fn difference(difference: &Difference) -> String {
    let mut lines: BTreeMap<(&str, Option<Time>), [u32; 2]> = BTreeMap::new();
    for (side, licenses) in [&difference.before, &difference.after].into_iter().enumerate() {
        for license in licenses {
            let counts = lines.entry((&license.name, license.until)).or_default();
            if let Some(count) = counts.get_mut(side) {
                *count = count.saturating_add(license.count);
            }
        }
    }
    let rows = lines.into_iter().map(|((name, until), [now, then])| {
        [name.to_owned(), ends(until), now.to_string(), then.to_string()]
    });
    table(["licence", "ends", "now", "after the update"], rows)
}

fn ends(until: Option<Time>) -> String {
    until.map_or_else(|| "never".into(), |until| until.to_string())
}

/// Asked before licences move from an appliance that could still be using them.
pub(super) fn rehost_question(old: &ReservationWithCodes) -> String {
    let Reservation { id, serial_number, pending, .. } = &old.reservation;
    let which = pending.map(|update| format!(", those of update {update}, which is pending,"));
    format!(
        "The licences of {serial_number}{} move for good, and reservation {id} ends: what that \
         appliance prints from then on is refused. The account can rehost {} more within a year. Is \
         that appliance dead?",
        which.unwrap_or_default(),
        reservations(old.rehosts_left)
    )
}

/// What came of a rehost, besides the code.
pub(super) fn rehosted(old: &ReservationWithCodes, new: &ReservationWithCodes) -> String {
    let Reservation { id, serial_number, .. } = &old.reservation;
    format!(
        "Reservation {id}, of {serial_number}, has ended: what that appliance still prints is refused. \
         The account can rehost {} more within a year.",
        reservations(new.rehosts_left)
    )
}

fn reservations(count: usize) -> String {
    if count == 1 { "1 reservation".into() } else { format!("{count} reservations") }
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
        // What an appliance had when it gave everything back is not known.
        (state, Some(in_force @ 1..), None) if reservation.ended.is_none() => {
            format!("{state}, with update {in_force}")
        }
        (state, _, None) => state.into(),
    }
}

/// The licences that are set aside, by authorization.
pub(super) fn licenses(whole: &ReservationWithCodes) -> String {
    if whole.licenses.is_empty() {
        return "No licences are set aside.\n".into();
    }
    let row = |license: &ReservedLicense| {
        let pending = whole.reservation.pending == Some(license.generation);
        let standing = match (pending, whole.installed) {
            (true, _) => "pending",
            (false, true) => "in force",
            (false, false) => "issued",
        };
        [
            of(license.generation),
            standing.into(),
            license.name.clone(),
            license.count.to_string(),
            ends(license.until),
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

/// The authorization in force, to begin a sentence with.
fn in_force(reservation: &Reservation) -> String {
    match reservation.generation {
        None | Some(0) => "The first authorization".into(),
        Some(update) => format!("Update {update}"),
    }
}

/// What came of a return code.
pub(super) fn given_back(reservation: &Reservation) -> String {
    if reservation.ended.is_some() {
        return "Everything is returned".into();
    }
    let kept = match reservation.generation {
        None | Some(0) => "the first authorization".into(),
        Some(update) => format!("update {update}"),
    };
    format!("The update is given back, and {kept} stays as it was")
}

/// What is to be done next, where, and with which command.
pub(super) fn next(whole: &ReservationWithCodes) -> String {
    let Reservation { id, universal, serial_number, pending, .. } = &whole.reservation;
    if let Some(frozen) = &whole.reservation.frozen {
        return next_of_frozen(&whole.reservation, frozen);
    }
    match &*whole.reservation.state {
        "requested" if *universal => format!(
            "Next: issue the authorization with `leasehold manager reservation authorize {id}`."
        ),
        "requested" => format!(
            "Next: choose licences with `leasehold manager reservation authorize {id} \
             FEATURE=COUNT …`."
        ),
        "authorized" if whole.installed => {
            format!(
                "Next: nothing. {} is installed on {serial_number}.",
                in_force(&whole.reservation)
            )
        }
        "authorized" => "Next: install the authorization code on the appliance, if it is not yet, \
                         with `leasehold license smart reservation install \"CODE\"`."
            .into(),
        "update-pending" => format!(
            "Next: install the code of update {} on the appliance with `leasehold license smart \
             reservation install \"CODE\"`, and enter the confirmation code that this prints with \
             `leasehold manager reservation confirm \"CODE\"`. Or give the update back there with \
             `leasehold license smart reservation return authorization \"CODE\"`, and enter that return \
             code with `leasehold manager reservation return \"CODE\"`. Until then, of old and new the \
             larger stays set aside, and no other update is issued.",
            or_dash(*pending)
        ),
        "returned" => "Next: nothing. The licences are free; for others, make a new request on \
                       the appliance."
            .into(),
        "cancelled" => "Next: nothing here. On the appliance, drop the request with `leasehold \
                        license smart reservation cancel`."
            .into(),
        "rehosted" => format!(
            "Next: nothing. The licences moved to reservation {}.",
            or_dash(whole.reservation.rehosted_to)
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

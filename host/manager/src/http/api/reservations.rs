//! Reservations (SPEC L6).

use super::{Session, Wanted, show};
use crate::domain::account::virtual_account;
use crate::domain::catalogue::Catalogue;
use crate::domain::reservation::{self, Choice, Evidence, ReservationError};
use crate::domain::user::{Principal, Right};
use crate::domain::{Authority, DomainError, Scene};
use crate::http::extract::{Id, Json, Parameters};
use crate::http::problem::Refusal;
use crate::http::types::{
    Difference, LicenseChoice, Licenses, List, Offer, Reconciliation, RequestToRedeem, Reservation,
    ReservationCode, ReservationWithCodes,
};
use crate::store::{Filter, ReservationId, ReservationRow, Transaction, View, VirtualAccountId};
use axum::http::StatusCode;
use axum::response::Json as Reply;
use leasehold_core::time::UnixTime;
use serde::Deserialize;

/// Which reservations are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reservations {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    account: Option<i64>,
    virtual_account: Option<i64>,
    /// The beginning of a serial number, or a request number.
    search: Option<String>,
    /// Also those that ended.
    #[serde(default)]
    with_ended: bool,
}

pub(super) async fn list(
    session: Session,
    Parameters(wanted): Parameters<Reservations>,
) -> Result<Reply<List<Reservation>>, Refusal> {
    let Reservations { after, limit, account, virtual_account, search, with_ended } = wanted;
    let wanted = Wanted { after, limit, account, virtual_account };
    listed(session, wanted, search, with_ended).await
}

/// Those of one pool, which may be named in the address as well.
pub(super) async fn list_of_pool(
    session: Session,
    Id(pool): Id,
    Parameters(wanted): Parameters<Reservations>,
) -> Result<Reply<List<Reservation>>, Refusal> {
    let Reservations { after, limit, account, search, with_ended, .. } = wanted;
    let wanted = Wanted { after, limit, account, virtual_account: Some(pool) };
    listed(session, wanted, search, with_ended).await
}

async fn listed(
    session: Session,
    wanted: Wanted,
    search: Option<String>,
    with_ended: bool,
) -> Result<Reply<List<Reservation>>, Refusal> {
    let part = wanted.part();
    let list = session.read(move |view, by, _, authority| {
        let filter = Filter { search, with_removed: with_ended, ..wanted.filter(view, by)? };
        let rows = view.reservations(&filter, part.page())?;
        let shown = |row| show::reservation(row, &authority.catalogue);
        Ok(part.list(rows, |row| row.id.0, shown))
    });
    Ok(Reply(list.await?))
}

pub(super) async fn one(
    session: Session,
    Id(id): Id,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    let found = session.read(move |view, by, now, authority| {
        let row = reservation::one(view, ReservationId(id))?;
        by.check(Right::Look, (&row).into())?;
        shown(view, row.id, &authority.catalogue, now)
    });
    Ok(Reply(found.await?))
}

/// Everything about a reservation, its codes included: none of them is good for anything but what it
/// was made for.
fn shown<V: View + ?Sized>(
    view: &V,
    id: ReservationId,
    catalogue: &Catalogue,
    now: UnixTime,
) -> Result<ReservationWithCodes, DomainError> {
    let detail = reservation::detail(view, id)?;
    let left = reservation::rehosts_left(view, detail.reservation.account, now)?;
    Ok(show::reservation_with_codes(detail, left, catalogue))
}

/// What can be chosen for a reservation.
pub(super) async fn offers(session: Session, Id(id): Id) -> Result<Reply<List<Offer>>, Refusal> {
    let offers = session.read(move |view, by, now, authority| {
        let row = reservation::one(view, ReservationId(id))?;
        by.check(Right::Look, (&row).into())?;
        reservation::offers(view, authority, &row, now)
    });
    let items = offers.await?.into_iter().map(show::offer).collect();
    Ok(Reply(List { items, next: None }))
}

/// What an update would change; nothing is issued.
pub(super) async fn preview(
    session: Session,
    Id(id): Id,
    Json(wanted): Json<Licenses>,
) -> Result<Reply<Difference>, Refusal> {
    let choices = choices(wanted);
    let difference = session.read(move |view, by, now, authority| {
        let row = reservation::one(view, ReservationId(id))?;
        by.check(Right::Look, (&row).into())?;
        let difference = reservation::preview(view, authority, row.id, &choices, now)?;
        Ok(Difference {
            takes_away: difference.takes_away(now),
            before: show::reserved(difference.before, &authority.catalogue),
            after: show::reserved(difference.after, &authority.catalogue),
        })
    });
    Ok(Reply(difference.await?))
}

pub(super) async fn redeem(
    session: Session,
    Id(pool): Id,
    Json(RequestToRedeem { request }): Json<RequestToRedeem>,
) -> Result<(StatusCode, Reply<ReservationWithCodes>), Refusal> {
    let redeemed = session.change(move |tx, by, scene, authority| {
        let place = virtual_account(tx, VirtualAccountId(pool))?;
        by.check(Right::Operate, (&place).into())?;
        let row = reservation::redeem(tx, scene, authority, place.id, &request)?;
        shown(tx, row.id, &authority.catalogue, scene.now)
    });
    Ok((StatusCode::CREATED, Reply(redeemed.await?)))
}

pub(super) async fn authorize(
    session: Session,
    Id(id): Id,
    Json(wanted): Json<Licenses>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    let choices = choices(wanted);
    act(session, id, Right::Operate, move |tx, scene, authority, id| {
        reservation::authorize(tx, scene, authority, id, &choices)
    })
    .await
}

pub(super) async fn update(
    session: Session,
    Id(id): Id,
    Json(wanted): Json<Licenses>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    let choices = choices(wanted);
    act(session, id, Right::Operate, move |tx, scene, authority, id| {
        reservation::update(tx, scene, authority, id, &choices)
    })
    .await
}

fn choices(wanted: Licenses) -> Vec<Choice> {
    let choice = |LicenseChoice { license, count }| Choice { license, count };
    wanted.licenses.into_iter().map(choice).collect()
}

pub(super) async fn cancel(
    session: Session,
    Id(id): Id,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    act(session, id, Right::Operate, |tx, scene, _, id| reservation::cancel(tx, scene, id)).await
}

/// It frees licences without a proof, and so takes the right to transfer.
pub(super) async fn rehost(
    session: Session,
    Id(id): Id,
    Json(RequestToRedeem { request }): Json<RequestToRedeem>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    act(session, id, Right::Administer, move |tx, scene, authority, id| {
        reservation::rehost(tx, scene, authority, id, &request)
    })
    .await
}

/// Does something with a reservation, when that may be done where it lies, and shows what came of it.
async fn act(
    session: Session,
    id: i64,
    right: Right,
    deed: impl FnOnce(
        &mut dyn Transaction,
        &Scene<'_>,
        &Authority,
        ReservationId,
    ) -> Result<ReservationRow, DomainError>
    + Send
    + 'static,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    let done = session.change(move |tx, by, scene, authority| {
        let row = reservation::one(tx, ReservationId(id))?;
        by.check(right, (&row).into())?;
        let row = deed(tx, scene, authority, row.id)?;
        shown(tx, row.id, &authority.catalogue, scene.now)
    });
    Ok(Reply(done.await?))
}

pub(super) async fn confirm(
    session: Session,
    Id(id): Id,
    Json(ReservationCode { code }): Json<ReservationCode>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    enter(session, reservation::confirm, Some(id), code).await
}

/// The code says by itself whose it is.
pub(super) async fn confirm_by_code(
    session: Session,
    Json(ReservationCode { code }): Json<ReservationCode>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    enter(session, reservation::confirm, None, code).await
}

pub(super) async fn give_back(
    session: Session,
    Id(id): Id,
    Json(ReservationCode { code }): Json<ReservationCode>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    enter(session, reservation::give_back, Some(id), code).await
}

/// The code says by itself whose it is.
pub(super) async fn give_back_by_code(
    session: Session,
    Json(ReservationCode { code }): Json<ReservationCode>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    enter(session, reservation::give_back, None, code).await
}

/// What is asked of whoever does it depends on the evidence (SPEC L11).
pub(super) async fn reconcile(
    session: Session,
    Id(id): Id,
    Json(Reconciliation { code, unchanged }): Json<Reconciliation>,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    let done = session.change(move |tx, by, scene, authority| {
        let evidence = match (&code, unchanged) {
            (Some(code), false) => Evidence::Code(code),
            (None, true) => Evidence::Unchanged,
            _ => return Err(DomainError::Invalid(EVIDENCE.into())),
        };
        let id = ReservationId(id);
        let row = reservation::reconcile(tx, scene, authority, by, id, evidence)?;
        shown(tx, row.id, &authority.catalogue, scene.now)
    });
    Ok(Reply(done.await?))
}

const EVIDENCE: &str = "A reservation is reconciled by a code, or by stating that nothing has \
                        changed. Send one of the two.";

/// Takes a code on behalf of somebody, for the named reservation or for whichever it belongs to.
type Taker = fn(
    &mut dyn Transaction,
    &Scene<'_>,
    &Authority,
    &Principal,
    Option<ReservationId>,
    &str,
) -> Result<ReservationRow, DomainError>;

/// Who may enter a code is decided with what it belongs to. One that has done its work is answered
/// with what it came to: whoever never saw the answer may ask again.
async fn enter(
    session: Session,
    take: Taker,
    named: Option<i64>,
    code: String,
) -> Result<Reply<ReservationWithCodes>, Refusal> {
    let taken = session.change(move |tx, by, scene, authority| {
        let (id, before) = match take(tx, scene, authority, by, named.map(ReservationId), &code) {
            Err(DomainError::Reservation(ReservationError::EnteredBefore { id, on })) => {
                reservation::note_entered_again(tx, scene, id)?;
                (id, Some(on))
            }
            row => (row?.id, None),
        };
        let whole = shown(tx, id, &authority.catalogue, scene.now)?;
        Ok(ReservationWithCodes { entered_before: before.map(Into::into), ..whole })
    });
    Ok(Reply(taken.await?))
}

//! Licence lines, and what they add up to.

use super::{Session, Wanted, show};
use crate::domain::DomainError;
use crate::domain::account::virtual_account;
use crate::domain::catalogue::Catalogue;
use crate::domain::compliance::{self, Pool};
use crate::domain::event::Subject;
use crate::domain::license;
use crate::domain::user::Right;
use crate::http::extract::{Id, Json, Parameters};
use crate::http::problem::Refusal;
use crate::http::types::{License, List, NewLicense, PoolSummary};
use crate::store::{LineId, VirtualAccountId};
use axum::http::StatusCode;
use axum::response::Json as Reply;

pub(super) async fn list(
    session: Session,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Reply<List<License>>, Refusal> {
    let part = wanted.part();
    let list = session.read(move |view, by, now, authority| {
        let rows = view.lines(&wanted.filter(view, by)?, part.page())?;
        let shown = |row| show::line(row, &authority.catalogue, now);
        Ok(part.list(rows, |row| row.id.0, shown))
    });
    Ok(Reply(list.await?))
}

pub(super) async fn deposit(
    session: Session,
    Json(new): Json<NewLicense>,
) -> Result<(StatusCode, Reply<License>), Refusal> {
    let made = session.change(move |tx, by, scene, authority| {
        let place = virtual_account(tx, VirtualAccountId(new.virtual_account))?;
        by.check(Right::Deposit, (&place).into())?;
        let line = license::NewLine {
            virtual_account: place.id,
            tag: tag(&authority.catalogue, new.license),
            quantity: new.quantity,
            start: new.start.map(|time| time.0),
            end: new.end.map(|time| time.0),
            order: new.order,
        };
        let row = license::deposit(tx, scene, &authority.catalogue, &line)?;
        Ok(show::line(row, &authority.catalogue, scene.now))
    });
    Ok((StatusCode::CREATED, Reply(made.await?)))
}

/// The tag that is called so in commands; anything else is taken for a tag.
fn tag(catalogue: &Catalogue, license: String) -> String {
    catalogue.called(&license).map_or(license, |tag| tag.tag.to_string())
}

pub(super) async fn end(session: Session, Id(id): Id) -> Result<Reply<License>, Refusal> {
    let ended = session.change(move |tx, by, scene, authority| {
        let row = tx.line(LineId(id))?.ok_or(DomainError::NotFound("licence line"))?;
        let place = Subject {
            account: Some(row.account),
            virtual_account: Some(row.virtual_account),
            device: None,
        };
        by.check(Right::Deposit, place)?;
        let row = license::end(tx, scene, row.id)?;
        Ok(show::line(row, &authority.catalogue, scene.now))
    });
    Ok(Reply(ended.await?))
}

pub(super) async fn summary(session: Session, Id(id): Id) -> Result<Reply<PoolSummary>, Refusal> {
    let summary = session.read(move |view, by, now, authority| {
        let place = virtual_account(view, VirtualAccountId(id))?;
        by.check(Right::Look, (&place).into())?;
        let pool = Pool::read(view, place.id, now)?;
        let lines = compliance::summary(&authority.catalogue, &pool);
        Ok(PoolSummary {
            virtual_account: id,
            in_compliance: lines.iter().all(|line| line.in_compliance),
            licenses: lines.into_iter().map(show::pool_line).collect(),
        })
    });
    Ok(Reply(summary.await?))
}

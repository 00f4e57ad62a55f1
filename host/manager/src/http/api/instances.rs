//! Product instances.

use super::{Session, Wanted, show};
use crate::domain::DomainError;
use crate::domain::account::virtual_account;
use crate::domain::instance;
use crate::domain::user::Right;
use crate::http::extract::{Id, Json, Parameters, Part};
use crate::http::problem::Refusal;
use crate::http::types::{HistoryPoint, Instance, InstanceWithUsage, List, Transfer};
use crate::store::{DeviceId, DeviceRow, Filter, View, VirtualAccountId};
use axum::response::Json as Reply;
use serde::Deserialize;

/// Which instances are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instances {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    account: Option<i64>,
    virtual_account: Option<i64>,
    /// The beginning of a serial number or a host name.
    search: Option<String>,
    /// Also those that are instances no more.
    #[serde(default)]
    with_removed: bool,
}

pub(super) async fn list(
    session: Session,
    Parameters(wanted): Parameters<Instances>,
) -> Result<Reply<List<Instance>>, Refusal> {
    let Instances { after, limit, account, virtual_account, search, with_removed } = wanted;
    let wanted = Wanted { after, limit, account, virtual_account };
    let part = wanted.part();
    let rows = session.read(move |view, by, _, _| {
        let filter = Filter { search, with_removed, ..wanted.filter(view, by)? };
        Ok(view.devices(&filter, part.page())?)
    });
    Ok(Reply(part.list(rows.await?, |row| row.id.0, show::instance)))
}

pub(super) async fn detail(
    session: Session,
    Id(id): Id,
) -> Result<Reply<InstanceWithUsage>, Refusal> {
    let detail = session.read(move |view, by, _, authority| {
        let row = one(view, DeviceId(id))?;
        by.check(Right::Look, (&row).into())?;
        let usage = view.usage(row.id)?;
        let usage = usage.into_iter().map(|row| show::usage(row, &authority.catalogue));
        Ok(InstanceWithUsage { usage: usage.collect(), instance: show::instance(row) })
    });
    Ok(Reply(detail.await?))
}

pub(super) async fn history(
    session: Session,
    Id(id): Id,
    Parameters(part): Parameters<Part>,
) -> Result<Reply<List<HistoryPoint>>, Refusal> {
    let rows = session.read(move |view, by, _, _| {
        let row = one(view, DeviceId(id))?;
        by.check(Right::Look, (&row).into())?;
        Ok(view.usage_history(row.id, part.page())?)
    });
    Ok(Reply(part.list(rows.await?, |row| row.id, show::history)))
}

/// A transfer takes the right at both ends.
pub(super) async fn transfer(
    session: Session,
    Id(id): Id,
    Json(to): Json<Transfer>,
) -> Result<Reply<Instance>, Refusal> {
    let moved = session.change(move |tx, by, scene, _| {
        let row = one(tx, DeviceId(id))?;
        let place = virtual_account(tx, VirtualAccountId(to.virtual_account))?;
        by.check(Right::Administer, (&row).into())?;
        by.check(Right::Administer, (&place).into())?;
        instance::transfer(tx, scene, row.id, place.id)
    });
    Ok(Reply(show::instance(moved.await?)))
}

pub(super) async fn remove(session: Session, Id(id): Id) -> Result<Reply<Instance>, Refusal> {
    let removed = session.change(move |tx, by, scene, _| {
        let row = one(tx, DeviceId(id))?;
        by.check(Right::Operate, (&row).into())?;
        instance::remove(tx, scene, row.id)
    });
    Ok(Reply(show::instance(removed.await?)))
}

fn one<V: View + ?Sized>(view: &V, id: DeviceId) -> Result<DeviceRow, DomainError> {
    view.device(id)?.ok_or(DomainError::NotFound("instance"))
}

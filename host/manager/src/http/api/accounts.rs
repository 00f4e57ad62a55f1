//! Accounts and virtual accounts.

use super::{Session, Wanted, show};
use crate::domain::event::Subject;
use crate::domain::user::Right;
use crate::domain::{DomainError, account};
use crate::http::extract::{Id, Json, Parameters, Part};
use crate::http::problem::Refusal;
use crate::http::types::{Account, List, Name, NewVirtualAccount, VirtualAccount};
use crate::store::{AccountId, VirtualAccountId};
use axum::http::StatusCode;
use axum::response::Json as Reply;
use serde::Deserialize;

/// Which accounts are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accounts {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    /// Only the one of this name.
    name: Option<String>,
}

pub(super) async fn list(
    session: Session,
    Parameters(wanted): Parameters<Accounts>,
) -> Result<Reply<List<Account>>, Refusal> {
    let part = Part::new(wanted.after, wanted.limit);
    let rows = session.read(move |view, by, _, _| {
        if by.account.is_none() && wanted.name.is_none() {
            by.check(Right::Look, Subject::MANAGER)?;
            return Ok(view.accounts(part.page())?);
        }
        let one = match (&wanted.name, by.account) {
            (Some(name), _) => view.account_by_name(name)?,
            (None, Some(own)) => view.account(own)?,
            (None, None) => None,
        };
        let visible = |id| by.account.is_none_or(|own| own == id);
        Ok(one.into_iter().filter(|row| visible(row.id)).collect())
    });
    Ok(Reply(part.list(rows.await?, |row| row.id.0, show::account)))
}

pub(super) async fn one(session: Session, Id(id): Id) -> Result<Reply<Account>, Refusal> {
    let id = AccountId(id);
    let row = session.read(move |view, by, _, _| {
        by.check(Right::Look, Subject::account(id))?;
        view.account(id)?.ok_or(DomainError::NotFound("account"))
    });
    Ok(Reply(show::account(row.await?)))
}

pub(super) async fn create(
    session: Session,
    Json(Name { name }): Json<Name>,
) -> Result<(StatusCode, Reply<Account>), Refusal> {
    let row = session.change(move |tx, by, scene, _| {
        by.check(Right::Administer, Subject::MANAGER)?;
        account::create(tx, scene, &name)
    });
    Ok((StatusCode::CREATED, Reply(show::account(row.await?))))
}

pub(super) async fn rename(
    session: Session,
    Id(id): Id,
    Json(Name { name }): Json<Name>,
) -> Result<Reply<Account>, Refusal> {
    let id = AccountId(id);
    let row = session.change(move |tx, by, scene, _| {
        by.check(Right::Administer, Subject::account(id))?;
        account::rename(tx, scene, id, &name)
    });
    Ok(Reply(show::account(row.await?)))
}

pub(super) async fn list_pools(
    session: Session,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Reply<List<VirtualAccount>>, Refusal> {
    let part = wanted.part();
    let rows = session.read(move |view, by, _, _| {
        let filter = wanted.filter(view, by)?;
        match filter.virtual_account {
            Some(id) => Ok(vec![account::virtual_account(view, id)?]),
            None => Ok(view.virtual_accounts(&filter, part.page())?),
        }
    });
    Ok(Reply(part.list(rows.await?, |row| row.id.0, show::pool)))
}

pub(super) async fn one_pool(
    session: Session,
    Id(id): Id,
) -> Result<Reply<VirtualAccount>, Refusal> {
    let row = session.read(move |view, by, _, _| {
        let row = account::virtual_account(view, VirtualAccountId(id))?;
        by.check(Right::Look, (&row).into())?;
        Ok(row)
    });
    Ok(Reply(show::pool(row.await?)))
}

pub(super) async fn create_pool(
    session: Session,
    Json(new): Json<NewVirtualAccount>,
) -> Result<(StatusCode, Reply<VirtualAccount>), Refusal> {
    let row = session.change(move |tx, by, scene, _| {
        let account = AccountId(new.account);
        by.check(Right::Administer, Subject::account(account))?;
        let parent = new.parent.map(VirtualAccountId);
        account::create_virtual(tx, scene, account, parent, &new.name)
    });
    Ok((StatusCode::CREATED, Reply(show::pool(row.await?))))
}

pub(super) async fn rename_pool(
    session: Session,
    Id(id): Id,
    Json(Name { name }): Json<Name>,
) -> Result<Reply<VirtualAccount>, Refusal> {
    let id = VirtualAccountId(id);
    let row = session.change(move |tx, by, scene, _| {
        let place = account::virtual_account(tx, id)?;
        by.check(Right::Administer, (&place).into())?;
        account::rename_virtual(tx, scene, id, &name)
    });
    Ok(Reply(show::pool(row.await?)))
}

pub(super) async fn delete_pool(session: Session, Id(id): Id) -> Result<StatusCode, Refusal> {
    let id = VirtualAccountId(id);
    let done = session.change(move |tx, by, scene, _| {
        let place = account::virtual_account(tx, id)?;
        by.check(Right::Administer, (&place).into())?;
        account::delete_virtual(tx, scene, id)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Users and API clients. Who may make whom is the domain's to say.

use super::{Session, show};
use crate::domain::DomainError;
use crate::domain::event::Subject;
use crate::domain::user::{self, Principal, Right};
use crate::http::extract::{Id, Json, Parameters, Part};
use crate::http::problem::Refusal;
use crate::http::types::{Client, ClientWithSecret, List, NewClient, NewUser, Password, User};
use crate::store::{AccountId, ClientId, Role, UserId, VirtualAccountId};
use axum::http::StatusCode;
use axum::response::Json as Reply;

/// Whether `by` may see somebody who works in `account` and `virtual_account`.
fn sees(
    by: &Principal,
    account: Option<AccountId>,
    virtual_account: Option<VirtualAccountId>,
) -> bool {
    by.check(Right::Administer, Subject { account, virtual_account, device: None }).is_ok()
}

/// The place that `by` works in, for what concerns all of it.
const fn own_place(by: &Principal) -> Subject {
    Subject { account: by.account, virtual_account: by.virtual_account, device: None }
}

fn role(name: &str) -> Result<Role, DomainError> {
    Role::from_name(name).ok_or_else(|| {
        DomainError::Invalid(format!(
            "There is no role {name:?}. Give vendor, administrator, user or viewer."
        ))
    })
}

pub(super) async fn list_users(
    session: Session,
    Parameters(part): Parameters<Part>,
) -> Result<Reply<List<User>>, Refusal> {
    let list = session.read(move |view, by, _, _| {
        by.check(Right::Administer, own_place(by))?;
        let rows = view.users(part.page())?;
        let mut list = part.list(rows, |row| row.id.0, |row| row);
        list.items.retain(|row| sees(by, row.account, row.virtual_account));
        Ok(List { items: list.items.into_iter().map(show::user).collect(), next: list.next })
    });
    Ok(Reply(list.await?))
}

pub(super) async fn create_user(
    session: Session,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Reply<User>), Refusal> {
    session.by.check(Right::Administer, own_place(&session.by))?;
    let role = role(&new.role)?;
    let password = session.app.hash(new.password).await?;
    let new = user::NewUser {
        name: new.name,
        password,
        role,
        account: new.account.map(AccountId),
        virtual_account: new.virtual_account.map(VirtualAccountId),
    };
    let row = session.change(move |tx, by, scene, _| user::create(tx, scene, by, &new));
    Ok((StatusCode::CREATED, Reply(show::user(row.await?))))
}

pub(super) async fn remove_user(session: Session, Id(id): Id) -> Result<StatusCode, Refusal> {
    let done = session.change(move |tx, by, scene, _| user::remove(tx, scene, by, UserId(id)));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_password(
    session: Session,
    Id(id): Id,
    Json(Password { password }): Json<Password>,
) -> Result<StatusCode, Refusal> {
    let password = session.app.hash(password).await?;
    let done = session
        .change(move |tx, by, scene, _| user::set_password(tx, scene, by, UserId(id), &password));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_clients(
    session: Session,
    Parameters(part): Parameters<Part>,
) -> Result<Reply<List<Client>>, Refusal> {
    let list = session.read(move |view, by, _, _| {
        by.check(Right::Administer, own_place(by))?;
        let rows = view.clients(part.page())?;
        let mut list = part.list(rows, |row| row.id.0, |row| row);
        list.items.retain(|row| sees(by, row.account, None));
        Ok(List { items: list.items.into_iter().map(show::client).collect(), next: list.next })
    });
    Ok(Reply(list.await?))
}

pub(super) async fn create_client(
    session: Session,
    Json(new): Json<NewClient>,
) -> Result<(StatusCode, Reply<ClientWithSecret>), Refusal> {
    let made = session.change(move |tx, by, scene, _| {
        let new = user::NewClient {
            name: new.name,
            role: role(&new.role)?,
            account: new.account.map(AccountId),
        };
        let (row, secret) = user::create_client(tx, scene, by, &new)?;
        Ok(ClientWithSecret { client: show::client(row), secret })
    });
    Ok((StatusCode::CREATED, Reply(made.await?)))
}

pub(super) async fn remove_client(session: Session, Id(id): Id) -> Result<StatusCode, Refusal> {
    let done =
        session.change(move |tx, by, scene, _| user::remove_client(tx, scene, by, ClientId(id)));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

//! The REST API, `/api/v1`. Each handler finds out where something lies, asks
//! [`Principal::check`] whether it may be done there, and calls the domain; none decides anything.

mod accounts;
mod events;
mod instances;
mod licenses;
mod people;
mod reservations;
mod show;
mod tokens;

use super::extract::Part;
use super::problem::Refusal;
use super::{App, sign_in};
use crate::domain::event::Subject;
use crate::domain::user::{Principal, Right};
use crate::domain::{Authority, DomainError, Scene, account};
use crate::store::{AccountId, Filter, Transaction, View, VirtualAccountId};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};
use leasehold_core::time::UnixTime;
use serde::Deserialize;
use std::sync::Arc;

/// Where the API lies.
pub const PREFIX: &str = "/api/v1";

/// The routes; every one of them needs somebody signed in.
pub(super) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/status", get(events::status))
        .route("/events", get(events::list))
        .route("/events/verify", get(events::verify))
        .route("/accounts", get(accounts::list).post(accounts::create))
        .route("/accounts/{id}", get(accounts::one).patch(accounts::rename))
        .route("/virtual-accounts", get(accounts::list_pools).post(accounts::create_pool))
        .route(
            "/virtual-accounts/{id}",
            get(accounts::one_pool).patch(accounts::rename_pool).delete(accounts::delete_pool),
        )
        .route("/virtual-accounts/{id}/summary", get(licenses::summary))
        .route(
            "/virtual-accounts/{id}/reservations",
            get(reservations::list_of_pool).post(reservations::redeem),
        )
        .route("/reservations", get(reservations::list))
        .route("/reservations/confirm", post(reservations::confirm_by_code))
        .route("/reservations/return", post(reservations::give_back_by_code))
        .route("/reservations/{id}", get(reservations::one))
        .route("/reservations/{id}/authorize", post(reservations::authorize))
        .route("/reservations/{id}/offers", get(reservations::offers))
        .route("/reservations/{id}/update", post(reservations::update))
        .route("/reservations/{id}/update/preview", post(reservations::preview))
        .route("/reservations/{id}/confirm", post(reservations::confirm))
        .route("/reservations/{id}/return", post(reservations::give_back))
        .route("/reservations/{id}/cancel", post(reservations::cancel))
        .route("/reservations/{id}/rehost", post(reservations::rehost))
        .route("/reservations/{id}/reconcile", post(reservations::reconcile))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}/text", get(tokens::text))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/licenses", get(licenses::list).post(licenses::deposit))
        .route("/licenses/{id}/end", post(licenses::end))
        .route("/instances", get(instances::list))
        .route("/instances/{id}", get(instances::detail).delete(instances::remove))
        .route("/instances/{id}/history", get(instances::history))
        .route("/instances/{id}/transfer", post(instances::transfer))
        .route("/users", get(people::list_users).post(people::create_user))
        .route("/users/{id}", delete(people::remove_user))
        .route("/users/{id}/password", put(people::set_password))
        .route("/clients", get(people::list_clients).post(people::create_client))
        .route("/clients/{id}", delete(people::remove_client))
        .fallback(nothing_here)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(app), sign_in::require))
}

async fn nothing_here() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "The API has nothing at this address.",
        "Check its spelling against the manager's README.",
    )
}

async fn no_such_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "The API does not do this at this address.",
        "Use a method that it has there.",
    )
}

/// The engine, on behalf of somebody who signed in.
struct Session {
    app: Arc<App>,
    by: Principal,
}

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let by = parts.extensions.get::<Principal>().cloned().ok_or_else(Refusal::sign_in)?;
        Ok(Self { app: Arc::clone(app), by })
    }
}

impl Session {
    async fn read<R, F>(self, look: F) -> Result<R, Refusal>
    where
        R: Send + 'static,
        F: FnOnce(&dyn View, &Principal, UnixTime, &Authority) -> Result<R, DomainError>
            + Send
            + 'static,
    {
        let Self { app, by } = self;
        let read = move |view: &dyn View, now: UnixTime, authority: &Authority| {
            look(view, &by, now, authority)
        };
        Ok(app.engine.read(read).await?)
    }

    async fn change<R, F>(self, change: F) -> Result<R, Refusal>
    where
        R: Send + 'static,
        F: FnOnce(
                &mut dyn Transaction,
                &Principal,
                &mut Scene<'_>,
                &Authority,
            ) -> Result<R, DomainError>
            + Send
            + 'static,
    {
        let Self { app, by } = self;
        let actor = by.name.clone();
        let work = move |tx: &mut dyn Transaction, scene: &mut Scene<'_>, authority: &Authority| {
            change(tx, &by, scene, authority)
        };
        Ok(app.engine.change(actor, work).await?)
    }
}

/// Which part of which list is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    account: Option<i64>,
    virtual_account: Option<i64>,
}

impl Wanted {
    const fn part(&self) -> Part {
        Part::new(self.after, self.limit)
    }

    /// Where the list is of, when `by` may look there: whoever works in one account only is given
    /// that one unless another is asked for.
    fn filter(&self, view: &dyn View, by: &Principal) -> Result<Filter, DomainError> {
        let pool = self.virtual_account.map(VirtualAccountId).or(by.virtual_account);
        let account = match pool {
            Some(id) => Some(account::virtual_account(view, id)?.account),
            None => self.account.map(AccountId).or(by.account),
        };
        by.check(Right::Look, Subject { account, virtual_account: pool, device: None })?;
        Ok(Filter { account, virtual_account: pool, ..Filter::default() })
    }
}

//! Registration tokens.

use super::{Session, Wanted, show};
use crate::domain::DomainError;
use crate::domain::account::virtual_account;
use crate::domain::event::Subject;
use crate::domain::token;
use crate::domain::user::Right;
use crate::http::extract::{Id, Json, Parameters};
use crate::http::problem::Refusal;
use crate::http::types::{List, NewToken, Token, TokenWithText};
use crate::store::{TokenId, TokenRow, View, VirtualAccountId};
use axum::http::StatusCode;
use axum::response::Json as Reply;

pub(super) async fn list(
    session: Session,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Reply<List<Token>>, Refusal> {
    let part = wanted.part();
    let list = session.read(move |view, by, now, _| {
        let rows = view.tokens(&wanted.filter(view, by)?, part.page())?;
        Ok(part.list(rows, |row| row.id.0, |row| show::token(row, now)))
    });
    Ok(Reply(list.await?))
}

pub(super) async fn create(
    session: Session,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Reply<TokenWithText>), Refusal> {
    let made = session.change(move |tx, by, scene, _| {
        let place = virtual_account(tx, VirtualAccountId(new.virtual_account))?;
        by.check(Right::Operate, (&place).into())?;
        let new = token::NewToken {
            virtual_account: place.id,
            description: new.description,
            days: new.days,
            max_uses: new.max_uses,
            export_controlled: new.export_controlled,
        };
        let (row, token) = token::create(tx, scene, &new)?;
        let text = token.to_text().as_str().to_owned();
        Ok(TokenWithText { token: show::token(row, scene.now), text })
    });
    Ok((StatusCode::CREATED, Reply(made.await?)))
}

/// A token's text is what registers: it takes the right to make one.
pub(super) async fn text(session: Session, Id(id): Id) -> Result<Reply<TokenWithText>, Refusal> {
    let found = session.read(move |view, by, now, _| {
        let row = one(view, TokenId(id))?;
        by.check(Right::Operate, place(&row))?;
        let text = token::text(view, row.id, now)?;
        Ok(TokenWithText { token: show::token(row, now), text })
    });
    Ok(Reply(found.await?))
}

pub(super) async fn revoke(session: Session, Id(id): Id) -> Result<Reply<Token>, Refusal> {
    let revoked = session.change(move |tx, by, scene, _| {
        let row = one(tx, TokenId(id))?;
        by.check(Right::Operate, place(&row))?;
        Ok(show::token(token::revoke(tx, scene, row.id)?, scene.now))
    });
    Ok(Reply(revoked.await?))
}

fn one<V: View + ?Sized>(view: &V, id: TokenId) -> Result<TokenRow, DomainError> {
    view.token(id)?.ok_or(DomainError::NotFound("token"))
}

const fn place(row: &TokenRow) -> Subject {
    Subject { account: Some(row.account), virtual_account: Some(row.virtual_account), device: None }
}

//! The page behind the one-time set-up link.

use super::problem::Refusal;
use super::{App, SETUP_PATH};
use crate::domain::DomainError;
use crate::setup;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;

/// What the link carries.
#[derive(Deserialize)]
pub(super) struct Code {
    #[serde(default)]
    code: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Query(Code { code }): Query<Code>,
) -> Result<Response, Refusal> {
    let asked = code.clone();
    let open = app.engine.read(move |view, now, authority| {
        Ok(setup::is_open(view, &*authority.signer.crypto, now, &asked)?)
    });
    if open.await? {
        return Ok(form(StatusCode::OK, &code, ""));
    }
    Ok(page(StatusCode::FORBIDDEN, &format!("<p>{}</p>", setup::LINK_NOT_VALID)))
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Form(Filled { code, name, password }): Form<Filled>,
) -> Result<Response, Refusal> {
    let asked = code.clone();
    // Nobody without the code makes the manager hash anything.
    let open = app.engine.read(move |view, now, authority| {
        Ok(setup::is_open(view, &*authority.signer.crypto, now, &asked)?)
    });
    if !open.await? {
        return Ok(page(StatusCode::FORBIDDEN, &format!("<p>{}</p>", setup::LINK_NOT_VALID)));
    }
    match first_administrator(&app, code.clone(), name, password).await {
        Ok(name) => {
            let text = format!(
                "<p>The administrator {} was made. This link does not work any more.</p>",
                escaped(&name)
            );
            Ok(page(StatusCode::CREATED, &text))
        }
        Err(refusal) if refusal.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            Ok(form(refusal.status(), &code, &refusal.text()))
        }
        Err(refusal) => Ok(page(refusal.status(), &format!("<p>{}</p>", escaped(&refusal.text())))),
    }
}

async fn first_administrator(
    app: &App,
    code: String,
    name: String,
    password: String,
) -> Result<String, Refusal> {
    let password = app.hash(password).await?;
    let made = app.engine.change("setup".into(), move |tx, scene, _| -> Result<_, DomainError> {
        setup::redeem(tx, scene, &code, &name, password)
    });
    Ok(made.await?.name)
}

/// The form; `code` is one that was found to be right, so it is hexadecimal.
fn form(status: StatusCode, code: &str, problem: &str) -> Response {
    let problem = escaped(problem);
    page(
        status,
        &format!(
            "<p role=\"alert\">{problem}</p>\n\
             <p>Make the first administrator of this license manager.</p>\n\
             <form method=\"post\" action=\"{SETUP_PATH}\">\n\
             <input type=\"hidden\" name=\"code\" value=\"{code}\">\n\
             <p><label>Name <input name=\"name\" autocomplete=\"username\" required autofocus>\
             </label></p>\n\
             <p><label>Password, at least {} characters <input name=\"password\" type=\"password\" \
             autocomplete=\"new-password\" minlength=\"{}\" required></label></p>\n\
             <p><button>Make administrator</button></p>\n</form>",
            crate::domain::user::PASSWORD_MIN,
            crate::domain::user::PASSWORD_MIN,
        ),
    )
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Leasehold set-up</title></head>\n\
         <body>\n<h1>Leasehold license manager</h1>\n{body}\n</body>\n</html>\n"
    );
    (status, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

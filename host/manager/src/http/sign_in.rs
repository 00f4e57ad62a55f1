//! Who asks: an API client by its secret (`Bearer`), or a user by name and password (`Basic`).

use super::problem::Refusal;
use super::{App, Peer};
use crate::domain::user::{self, Principal};
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64ct::{Base64, Encoding};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The longest name and password together, in bytes of base 64.
const BASIC_MAX: usize = 1_024;

/// What an `Authorization` header says.
enum Credentials {
    Secret(String),
    Password { name: String, password: String },
}

/// Lets only those through who are signed in, and tells the handler who it is.
pub(super) async fn require(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let peer = request.extensions().get::<Peer>().copied();
    let Peer(peer) = peer.ok_or_else(|| Refusal::internal(&"a connection without an address"))?;
    if from_another_site(request.headers()) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "A web page of another site sent this.",
            "Use the API from a program, or from the manager's own pages.",
        ));
    }
    let credentials = credentials(request.headers()).ok_or_else(Refusal::sign_in)?;
    let principal = check(&app, peer, credentials).await?;
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

/// Browsers add the password they know to whatever any page sends here; they also say where the page
/// is from.
fn from_another_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credentials::Secret(rest.trim().into()));
    }
    if !scheme.eq_ignore_ascii_case("basic") || rest.len() > BASIC_MAX {
        return None;
    }
    let decoded = String::from_utf8(Base64::decode_vec(rest.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some(Credentials::Password { name: name.into(), password: password.into() })
}

async fn check(app: &App, peer: IpAddr, credentials: Credentials) -> Result<Principal, Refusal> {
    let allowed = app.guard.check(peer, Instant::now()).map_err(Refusal::slow_down);
    let found = match credentials {
        // A secret cannot be guessed and costs little to check: one that is right is let through
        // even while others at the same address guess passwords.
        Credentials::Secret(secret) => {
            let found = app.engine.read(move |view, _, authority| {
                Ok(user::client(view, &*authority.signer.crypto, &secret)?)
            });
            found.await?
        }
        Credentials::Password { name, password } => {
            allowed.as_ref().map_err(Refusal::clone)?;
            app.user(name, password).await?
        }
    };
    if let Some(principal) = found {
        return Ok(principal);
    }
    allowed?;
    app.guard.failed(peer, Instant::now());
    tracing::warn!(%peer, "a sign-in was refused");
    Err(Refusal::sign_in())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn parsed(header: &str) -> Option<(String, Option<String>)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        credentials(&headers).map(|credentials| match credentials {
            Credentials::Secret(secret) => (secret, None),
            Credentials::Password { name, password } => (name, Some(password)),
        })
    }

    #[test]
    fn credentials_are_read_as_rfc_7617_and_6750_have_them() {
        // The example of RFC 7617, section 2.
        let basic = parsed("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic, Some(("Aladdin".into(), Some("open sesame".into()))));
        assert_eq!(parsed("bearer LHC00"), Some(("LHC00".into(), None)));
        for refused in ["", "Bearer", "Digest x=1", "Basic !", "Basic QWxhZGRpbg=="] {
            assert_eq!(parsed(refused), None, "{refused}");
        }
        assert_eq!(parsed(&format!("Basic {}", "A".repeat(BASIC_MAX + 4))), None);
    }
}

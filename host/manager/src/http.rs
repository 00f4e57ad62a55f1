//! HTTP: translates between requests and the engine, and decides nothing.

mod api;
mod device;
mod extract;
mod guard;
mod problem;
mod setup_page;
mod sign_in;
pub mod types;

pub use api::PREFIX as API;
pub use device::PATH as DEVICE_PATH;

use crate::domain::DomainError;
use crate::domain::user::{self, Principal};
use crate::engine::Engine;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, response::Json};
use guard::SignInGuard;
use leasehold_core::crypto::PublicKey;
use problem::Refusal;
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Where people set the manager up, once.
pub(crate) const SETUP_PATH: &str = "/setup";
/// The longest that a request may take, its body included.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// Passwords that are hashed at a time: each takes 19 MiB and tens of milliseconds.
const HASHED_AT_ONCE: usize = 2;
/// Passwords that are hashed or wait for it (SPEC L12).
const HASHED_OR_WAITING: usize = 32;

/// Whose connection a request came on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What handlers share.
pub(crate) struct App {
    engine: Arc<Engine>,
    /// What products pin.
    root: PublicKey,
    /// The SHA-256 of the TLS certificate, which appliances may pin.
    certificate_sha256: String,
    guard: SignInGuard,
    hashing: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Leave to hash a password.
struct Turn {
    _hashing: OwnedSemaphorePermit,
    _waiting: OwnedSemaphorePermit,
}

impl App {
    /// The application on top of `engine`.
    pub(crate) fn new(engine: Arc<Engine>, root: PublicKey, certificate_sha256: String) -> Self {
        let hashing = Arc::new(Semaphore::new(HASHED_AT_ONCE));
        let waiting = Arc::new(Semaphore::new(HASHED_OR_WAITING));
        let guard = SignInGuard::default();
        Self { engine, root, certificate_sha256, guard, hashing, waiting }
    }

    /// Waits for leave to hash a password, behind a limited number of others.
    async fn turn(&self) -> Result<Turn, Refusal> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| Refusal::from(DomainError::Overloaded))?;
        let hashing = Arc::clone(&self.hashing).acquire_owned().await;
        let hashing = hashing.map_err(|error| Refusal::internal(&error))?;
        Ok(Turn { _hashing: hashing, _waiting: waiting })
    }

    /// Hashes a password on a thread of its own.
    async fn hash(&self, password: String) -> Result<user::HashedPassword, Refusal> {
        let turn = self.turn().await?;
        let hashed = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            user::HashedPassword::new(&mut crate::domain::SystemEntropy, &password)
        });
        Ok(hashed.await.map_err(|error| Refusal::internal(&error))??)
    }

    /// The user with this name and password.
    async fn user(&self, name: String, password: String) -> Result<Option<Principal>, Refusal> {
        let turn = self.turn().await?;
        let found = self.engine.read(move |view, _, _| {
            let _turn = turn;
            user::sign_in(view, &name, &password)
        });
        Ok(found.await?)
    }
}

/// Every route of the manager.
pub(crate) fn router(app: App) -> Router {
    let app = Arc::new(app);
    Router::new()
        .route("/healthz", get(health))
        .route(DEVICE_PATH, get(device::greet).post(device::request))
        .route(SETUP_PATH, get(setup_page::show).post(setup_page::submit))
        .nest(API, api::router(&app))
        .fallback(nothing_here)
        .layer(middleware::from_fn(frame))
        .with_state(app)
}

/// Around every request: its time limit, and what browsers are to know about every response.
async fn frame(request: Request, next: Next) -> Response {
    let mut response = match timeout(REQUEST_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "The request took too long.",
            "Send it again, all of it at once.",
        )
        .into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the manager works: it can read its database.
async fn health(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    app.engine.read(|view, _, _| Ok(view.last_event()?)).await?;
    Ok(Json(json!({ "status": "ok" })).into_response())
}

async fn nothing_here() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "The license manager has nothing at this address.",
        "Appliances send to /Transportgateway/services/DeviceRequestHandler, programs to /api/v1.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SystemClock;
    use crate::testing::{World, authority, root};
    use axum::body::Body;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tower::ServiceExt;

    fn app() -> App {
        let authority = authority(Default::default());
        let store = World::new().store;
        let engine = Engine::start(store, authority, Arc::new(SystemClock)).unwrap();
        App::new(Arc::new(engine), root(), String::new())
    }

    /// A body that never comes.
    struct Never;

    impl axum::body::HttpBody for Never {
        type Data = axum::body::Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let mut request = Request::post(DEVICE_PATH).body(Body::new(Never)).unwrap();
        request.extensions_mut().insert(Peer([192, 0, 2, 1].into()));
        let response = router(app()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn only_so_many_wait_for_their_password_to_be_hashed() {
        let app = app();
        let mut turns = Vec::new();
        for _ in 0..HASHED_AT_ONCE {
            turns.push(app.turn().await.ok().unwrap());
        }
        let others: Vec<_> = (HASHED_AT_ONCE..HASHED_OR_WAITING)
            .map(|_| Arc::clone(&app.waiting).try_acquire_owned().unwrap())
            .collect();
        let refused = app.hash("correct horse battery".into()).await.err().unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop((turns, others));
        assert!(app.hash("correct horse battery".into()).await.is_ok());
    }
}

//! Where appliances send their requests: a binary frame in, a binary frame out.

use super::extract::{BodyError, body};
use super::{App, Peer};
use crate::engine::{COME_BACK, DeviceRequestError};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use leasehold_core::wire::FRAME_MAX;
use std::sync::Arc;

/// The path that appliances know (SPEC H2).
pub const PATH: &str = "/Transportgateway/services/DeviceRequestHandler";
/// Seconds after which an overloaded manager may be asked again.
const RETRY_AFTER_SECONDS: u32 = 30;

/// Answers a connectivity test.
pub(super) async fn greet() -> String {
    format!(
        "Leasehold license manager {}. Appliances send their requests here.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Answers an appliance. What is wrong with the bytes is said in plain text: only an answer to a
/// request that was understood can be signed.
pub(super) async fn request(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response {
    let bytes = match body(request.into_body(), FRAME_MAX).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLong) => {
            let text = format!("The request is longer than the {FRAME_MAX} bytes of a frame.\n");
            return (StatusCode::PAYLOAD_TOO_LARGE, text).into_response();
        }
        Err(BodyError::Broken) => {
            return (StatusCode::BAD_REQUEST, "The request ended before its end.\n")
                .into_response();
        }
    };
    match app.engine.device_request(peer, bytes).await {
        Ok(frame) => ([(CONTENT_TYPE, "application/octet-stream")], frame).into_response(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &DeviceRequestError) -> Response {
    let after = |seconds: u32| [(RETRY_AFTER, seconds.to_string())];
    let later = after(RETRY_AFTER_SECONDS);
    match error {
        DeviceRequestError::Frame(_) => {
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
        DeviceRequestError::Overloaded => {
            (StatusCode::SERVICE_UNAVAILABLE, later, format!("{error}\n")).into_response()
        }
        DeviceRequestError::TooMany => {
            (StatusCode::TOO_MANY_REQUESTS, after(COME_BACK), format!("{error}\n")).into_response()
        }
        // Whose fault it is and which file is meant is for the log, not for anybody who asks.
        DeviceRequestError::Store(_) | DeviceRequestError::Failed(_) => {
            tracing::error!(%error, "a device request could not be answered");
            let text = "The manager cannot answer now. Its log says why.\n";
            (StatusCode::SERVICE_UNAVAILABLE, later, text).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DomainError;
    use crate::store::StoreError;
    use leasehold_core::wire::FrameError;

    #[tokio::test]
    async fn a_refusal_says_whose_turn_it_is_and_shows_no_path() {
        let full = StoreError::Full("/var/lib/leasehold/manager.db".into());
        let table = [
            (DeviceRequestError::Frame(FrameError::Malformed), 400, None),
            (DeviceRequestError::Overloaded, 503, Some("30")),
            (DeviceRequestError::TooMany, 429, Some("60")),
            (DeviceRequestError::Store(full), 503, Some("30")),
            (DeviceRequestError::Failed(DomainError::KeyUnusable), 503, Some("30")),
        ];
        for (error, status, later) in table {
            let response = refuse(&error);
            assert_eq!(response.status(), status, "{error}");
            let wait = response.headers().get(RETRY_AFTER).map(|wait| wait.to_str().unwrap());
            assert_eq!(wait, later, "{error}");
            let text = body(response.into_body(), 1_024).await.ok().unwrap();
            let text = String::from_utf8(text).unwrap();
            assert!(text.ends_with(".\n") && !text.contains('/'), "{text}");
        }
    }
}

//! What a request holds, checked and within limits before any handler sees it.

use super::problem::Refusal;
use super::types;
use crate::store::Page;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest body of an API request, in bytes.
const BODY_MAX: usize = 64 << 10;
/// Items in a part of a list when nothing is asked for.
const LIMIT_DEFAULT: u32 = 100;
/// The most items in a part of a list.
const LIMIT_MAX: u32 = 1_000;

/// Why a body was not taken.
pub(super) enum BodyError {
    /// It is longer than the limit.
    TooLong,
    /// The connection ended in the middle of it.
    Broken,
}

/// A body that is too long is still read up to here, so that its sender comes to hear why it was
/// refused instead of finding the connection reset.
const READ_MAX: u64 = 1 << 20;

/// Reads a body of at most `most` bytes.
pub(super) async fn body(mut body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    if body.size_hint().lower() > READ_MAX {
        return Err(BodyError::TooLong);
    }
    let (mut bytes, mut read) = (Vec::new(), 0_u64);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        read = read.saturating_add(data.len() as u64);
        if read <= most as u64 {
            bytes.extend_from_slice(&data);
        } else if read > READ_MAX {
            break;
        }
    }
    if read > most as u64 { Err(BodyError::TooLong) } else { Ok(bytes) }
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        // Web pages of others can make a browser send anything but this kind.
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(is_json) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The request is not declared to be JSON.",
                "Send it with `Content-Type: application/json`.",
            ));
        }
        let bytes = body(request.into_body(), BODY_MAX).await.map_err(|error| match error {
            BodyError::TooLong => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("The request is longer than {BODY_MAX} bytes."),
                "Send less at a time.",
            ),
            BodyError::Broken => bad_request("The request ended before its end."),
        })?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| bad_request(&format!("The request is not understood: {error}.")))
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The parameters after the `?`.
pub(super) struct Parameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(parameters) =
            Query::from_request_parts(parts, state).await.map_err(|rejection| {
                bad_request(&format!("{}.", rejection.body_text().trim_end_matches('.')))
            })?;
        Ok(Self(parameters))
    }
}

/// The number in the path.
pub(super) struct Id(pub(super) i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(id) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| bad_request("The address holds something other than a number."))?;
        Ok(Self(id))
    }
}

fn bad_request(detail: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, detail, "Correct the request and send it again.")
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// What `next` of the part before said.
    #[serde(default)]
    after: i64,
    /// The most items to give.
    limit: Option<u32>,
}

impl Part {
    /// A part of a list.
    pub(super) const fn new(after: i64, limit: Option<u32>) -> Self {
        Self { after, limit }
    }

    /// The rows to read.
    pub(super) fn page(self) -> Page {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        Page { after: self.after, limit }
    }

    /// The rows that were read, as a part of a list; `id` says what a row is paged by.
    pub(super) fn list<R, T>(
        self,
        rows: Vec<R>,
        id: impl Fn(&R) -> i64,
        show: impl FnMut(R) -> T,
    ) -> types::List<T> {
        let full = u32::try_from(rows.len()).is_ok_and(|count| count >= self.page().limit);
        let next = rows.last().map(id).filter(|_| full);
        types::List { items: rows.into_iter().map(show).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_where_to_go_on_only_when_there_may_be_more() {
        let part = Part::new(0, Some(2));
        assert_eq!(part.list(vec![4, 7], |row| *row, |row| row).next, Some(7));
        assert_eq!(part.list(vec![4], |row| *row, |row| row).next, None);
        assert_eq!(Part::new(0, Some(0)).page().limit, 1);
        assert_eq!(Part::new(0, Some(u32::MAX)).page().limit, LIMIT_MAX);
        assert_eq!(Part::default().page().limit, LIMIT_DEFAULT);
    }
}

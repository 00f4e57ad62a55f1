//! What a request holds, checked and within limits before any handler sees it.

use super::problem::Refusal;
use super::types;
use crate::store::Page;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
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

/// Reads a body of at most `most` bytes.
pub(super) async fn body(body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    use axum::body::HttpBody;
    // No byte is read of one that says that it is too long.
    if body.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLong);
    }
    to_bytes(body, most).await.map(Vec::from).map_err(|error| {
        let cause = std::error::Error::source(&error);
        match cause.is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>()) {
            true => BodyError::TooLong,
            false => BodyError::Broken,
        }
    })
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
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

//! How the REST API says no: one shape for every cause (RFC 9457), with a sentence of cause and
//! one of remedy.

use super::types::Problem;
use crate::domain::DomainError;
use crate::domain::event::ChainError;
use crate::domain::reservation::ReservationError;
use crate::store::StoreError;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// A request that is not fulfilled.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    problem: Problem,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal with `status`; its title is the status's own.
    pub(crate) fn new(status: StatusCode, detail: &str, remedy: &str) -> Self {
        let problem = Problem {
            kind: "about:blank".into(),
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default().into(),
            detail: detail.into(),
            remedy: remedy.into(),
        };
        Self { problem, header: None }
    }

    /// A refusal from a text whose last sentence is the remedy, as all our errors have it.
    pub(crate) fn told(status: StatusCode, text: &str) -> Self {
        match text.trim_end().rsplit_once(". ") {
            Some((detail, remedy)) => Self::new(status, &format!("{detail}."), remedy),
            None => Self::new(status, text, "Look at the manager's log."),
        }
    }

    /// As a kind of problem that programs know by `name`.
    fn named(mut self, name: &str) -> Self {
        self.problem.kind = format!("urn:leasehold:problem:{name}");
        self
    }

    /// With a time to come back.
    fn after(mut self, seconds: u32) -> Self {
        self.header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        self
    }

    /// Whoever asks did not say who they are, or not rightly.
    pub(crate) fn sign_in() -> Self {
        let mut refusal = Self::new(
            StatusCode::UNAUTHORIZED,
            "Nobody is signed in, or the name, password or secret is wrong.",
            "Send the secret of an API client as a bearer token, or a user's name and password.",
        );
        let schemes = HeaderValue::from_static("Bearer, Basic realm=\"leasehold\"");
        refusal.header = Some((WWW_AUTHENTICATE, schemes));
        refusal
    }

    /// Too many wrong attempts came from this address.
    pub(crate) fn slow_down(wait: Duration) -> Self {
        let seconds = wait.as_secs().max(1);
        let mut refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong sign-ins came from this address.",
            &format!("Try again in {seconds} seconds."),
        );
        refusal.header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        refusal
    }

    /// Something failed that whoever asks can do nothing about; the cause is logged.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The manager could not do this.",
            "Look at its log, and try again.",
        )
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Cause and remedy.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.problem.detail, self.problem.remedy)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, axum::Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        response
    }
}

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        let status = match &error {
            DomainError::NotFound(_) => StatusCode::NOT_FOUND,
            DomainError::NameTaken(_) | DomainError::InUse(_) => StatusCode::CONFLICT,
            DomainError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            DomainError::Forbidden(_) => StatusCode::FORBIDDEN,
            DomainError::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            DomainError::Store(error) => store_status(error),
            DomainError::Reservation(error) => return error.into(),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(cause = %error, "a request failed");
        }
        Self::told(status, &error.to_string())
    }
}

fn store_status(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Locked(_) | StoreError::Full(_) | StoreError::Stopping => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<&ReservationError> for Refusal {
    fn from(error: &ReservationError) -> Self {
        use ReservationError as Error;
        let status = match error {
            Error::TooManyUnknown { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Code { .. }
            | Error::ProductUnknown(_)
            | Error::LicenseTypeUnknown(_)
            | Error::NothingChosen
            | Error::GivenTwice { .. }
            | Error::LicenseUnknown { .. }
            | Error::NotReported(_)
            | Error::TooManyTerms { .. }
            | Error::UniversalHasNoChoice
            | Error::UniversalUnknown(_)
            | Error::CodeUnknown
            | Error::CodeLost(_)
            | Error::NoEvidence
            | Error::OtherProduct { .. }
            | Error::OtherRequest { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        let refusal = Self::told(status, &error.to_string()).named(error.name());
        match error {
            Error::TooManyUnknown { seconds } => refusal.after(*seconds),
            _ => refusal,
        }
    }
}

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Store(error) => DomainError::from(error).into(),
            broken @ ChainError::Broken(_) => {
                tracing::error!(cause = %broken, "the event log was checked");
                Self::told(StatusCode::CONFLICT, &broken.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ReservationId;

    #[test]
    fn the_last_sentence_is_the_remedy() {
        let error = DomainError::NotFound("token");
        let refusal = Refusal::from(error);
        let problem = refusal.problem;
        assert_eq!((problem.status, &*problem.title), (404, "Not Found"));
        assert_eq!(problem.detail, "There is no token like that.");
        assert_eq!(problem.remedy, "List them to see which there are.");
    }

    #[test]
    fn a_database_that_will_be_back_is_told_from_one_that_is_broken() {
        let status = |error| Refusal::from(DomainError::from(error)).problem.status;
        assert_eq!(status(StoreError::Locked("manager.db".into())), 503);
        assert_eq!(status(StoreError::Full("manager.db".into())), 503);
        assert_eq!(status(StoreError::Foreign("a role")), 500);
    }

    #[test]
    fn programs_know_a_problem_with_a_reservation_by_its_type() {
        let refusal = Refusal::from(DomainError::from(ReservationError::UpdateChangesNothing(
            ReservationId(3),
        )));
        let problem = serde_json::to_value(&refusal.problem).unwrap();
        assert_eq!(problem["type"], "urn:leasehold:problem:update-changes-nothing");
        assert_eq!((refusal.status(), refusal.header), (StatusCode::CONFLICT, None));
        let refusal = Refusal::from(&ReservationError::TooManyUnknown { seconds: 9 });
        assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refusal.header, Some((RETRY_AFTER, HeaderValue::from(9))));
        let other = Refusal::from(DomainError::NotFound("token"));
        assert_eq!(other.problem.kind, "about:blank");
    }
}

//! Answers of the control socket: JSON, and for every refusal the reason.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use sabai_wire::control::{ErrorAnswer, RECYCLE_PATH, REPORT_PATH, SETTINGS_PATH};
use sabai_wire::settings::PathProblem;
use serde::Serialize;

use crate::http::body::BodyError;

/// Why nothing was done.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    Body(BodyError),
    NotJson(String),
    Fields(Vec<PathProblem>),
    /// Another recycle is running.
    Busy(String),
    NoSuchPath,
    NoSuchMethod(&'static str),
}

/// An answer with a body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, content_type)], bytes).into_response(),
        Err(error) => {
            tracing::error!("an answer of the control socket cannot be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::NoRoom) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Body(BodyError::Broken) | Self::NotJson(_) => StatusCode::BAD_REQUEST,
            Self::Fields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy(_) => StatusCode::CONFLICT,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn answer(self) -> ErrorAnswer {
        match self {
            Self::Body(error) => ErrorAnswer::new(error.to_string()),
            Self::NotJson(reason) => ErrorAnswer::new(format!("the body is not JSON: {reason}")),
            Self::Fields(problems) => ErrorAnswer::of(problems),
            Self::Busy(running) => ErrorAnswer {
                error: format!("the recycle {running} is running; one at a time"),
                running_request_id: Some(running),
                ..ErrorAnswer::default()
            },
            Self::NoSuchPath => ErrorAnswer::new(format!(
                "no such path; there are GET {REPORT_PATH}, PUT {SETTINGS_PATH} and POST {RECYCLE_PATH}"
            )),
            Self::NoSuchMethod(method) => ErrorAnswer::new(format!("only {method} on this path")),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, method) = (self.status(), self.clone());
        let mut response = json(status, &self.answer());
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Self::NoSuchMethod(method) = method {
            headers.insert(ALLOW, HeaderValue::from_static(method));
        }
        response
    }
}

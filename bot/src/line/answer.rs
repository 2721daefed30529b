//! What came back from LINE, or why nothing did; bounded, with the parts of an
//! error that may be logged. It never interprets: `outcome` does.

use std::error::Error;
use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

/// A response longer than this is not read to its end.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// Characters of foreign text kept for a log line.
const DETAIL_LIMIT: usize = 200;
const ID_LIMIT: usize = 128;

/// A response whose status line and headers arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `x-line-request-id`: what LINE's support asks for.
    pub(crate) request_id: Option<String>,
    /// `x-line-accepted-request-id`: with 409, the call that was accepted.
    pub(crate) accepted_id: Option<String>,
    /// The whole body, or why there is none.
    pub(crate) body: Result<Bytes, BodyFault>,
}

/// Why a body could not be read. The status stands all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    #[error("the response is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("the response broke off")]
    Broken,
    #[error("the response did not end before the deadline")]
    Late,
}

/// Why no response arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Proven: no byte of the request's body left this process.
    NeverSent(String),
    /// It may have reached LINE.
    Lost(String),
    /// No call was made: LINE refused to issue a token.
    TokenRefused {
        request_id: Option<String>,
        detail: String,
    },
}

impl Answer {
    pub(crate) fn id_in(headers: &HeaderMap, name: &str) -> Option<String> {
        let id = headers.get(name)?.to_str().ok()?;
        (1..=ID_LIMIT).contains(&id.len()).then(|| id.to_owned())
    }

    /// LINE's own words on an error, safe for a log: its `message` and its
    /// first detail (API) or `error` and `error_description` (token). Never
    /// a body that is not LINE's error form.
    pub(crate) fn detail(&self) -> String {
        let body = match &self.body {
            Ok(body) => body,
            Err(fault) => return fault.to_string(),
        };
        let Ok(form) = serde_json::from_slice::<ErrorForm>(body) else {
            return "no message".to_owned();
        };
        let first = form.details.unwrap_or_default().into_iter().next();
        let (property, message) = first.map_or((None, None), |d| (d.property, d.message));
        let parts = [
            form.message,
            form.error,
            form.error_description,
            property,
            message,
        ];
        let told: Vec<String> = parts.into_iter().flatten().collect();
        if told.is_empty() {
            return "no message".to_owned();
        }
        bounded(&told.join(": "))
    }
}

#[derive(Deserialize)]
struct ErrorForm {
    message: Option<String>,
    details: Option<Vec<ErrorDetail>>,
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct ErrorDetail {
    message: Option<String>,
    property: Option<String>,
}

/// One printable line of at most `DETAIL_LIMIT` characters.
pub(crate) fn bounded(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(DETAIL_LIMIT)
        .collect()
}

/// The error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(line, ": {error}").expect("writing to a String cannot fail");
        cause = error.source();
    }
    bounded(&line)
}

/// The outcome's word for a call that sends nothing.
pub(crate) fn word(result: &Result<Answer, Failure>) -> &'static str {
    match result {
        Ok(answer) => match answer.status.as_u16() {
            200..=299 => "ok",
            401 => "unauthorized",
            404 => "not_found",
            429 => "rate_limited",
            400..=499 => "refused",
            _ => "failed",
        },
        Err(Failure::TokenRefused { .. }) => "unauthorized",
        Err(Failure::NeverSent(_) | Failure::Lost(_)) => "unreachable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Answer {
        Answer {
            status: StatusCode::BAD_REQUEST,
            request_id: None,
            accepted_id: None,
            body: Ok(Bytes::copy_from_slice(body.as_bytes())),
        }
    }

    #[test]
    fn the_detail_is_lines_own_message() {
        for (body, wanted) in [
            (
                r#"{"message":"Invalid reply token"}"#,
                "Invalid reply token",
            ),
            (
                r#"{"message":"Bad","details":[{"message":"May not be empty","property":"messages[0].text"}]}"#,
                "Bad: messages[0].text: May not be empty",
            ),
            (
                r#"{"error":"invalid_client","error_description":"no such client"}"#,
                "invalid_client: no such client",
            ),
            (r#"{"message":"two\nlines"}"#, "two lines"),
            (r#"{"message":7}"#, "no message"),
            ("{}", "no message"),
            ("<html>proxy</html>", "no message"),
            ("", "no message"),
        ] {
            assert_eq!(refusal(body).detail(), wanted, "{body}");
        }
    }

    #[test]
    fn the_detail_is_bounded() {
        let long = refusal(&format!(r#"{{"message":"{}"}}"#, "ก".repeat(1000)));
        assert_eq!(long.detail().chars().count(), DETAIL_LIMIT);
    }

    #[test]
    fn an_endless_or_odd_id_is_dropped() {
        let mut headers = HeaderMap::new();
        for (value, kept) in [
            ("a1-b2", true),
            ("", false),
            (&*"x".repeat(129), false),
            ("é", false),
        ] {
            let value = http::HeaderValue::from_bytes(value.as_bytes()).expect("a header");
            headers.insert("x-line-request-id", value.clone());
            let id = Answer::id_in(&headers, "x-line-request-id");
            assert_eq!(id.is_some(), kept, "{value:?}");
        }
    }
}

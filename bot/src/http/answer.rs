//! What LINE is told: every way a call can end, as a status and its headers.
//! A pure table, so that no handler makes up an answer of its own.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::body::BodyError;
use super::signature::Unsigned;
use crate::intake::submission::Refusal;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every event of it is durable, or it had none.
    Taken,
    Unsigned(Unsigned),
    Body(BodyError),
    Refused(Refusal),
    /// Refused before its body was read.
    Draining,
    /// Our own post to a peer came back to us; the Service chooses anew at the next.
    OwnHop,
    NoSuchPath,
    NoSuchMethod,
}

impl Answer {
    /// Its status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Taken => StatusCode::OK,
            Self::Unsigned(_) => StatusCode::UNAUTHORIZED,
            Self::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::Broken) => StatusCode::BAD_REQUEST,
            Self::Body(BodyError::NoRoom) | Self::Refused(_) | Self::Draining | Self::OwnHop => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// Whether some of the body may be unread: then the connection cannot be used again.
    fn closes(self) -> bool {
        match self {
            Self::Taken | Self::Unsigned(_) | Self::Refused(_) => false,
            Self::Body(_)
            | Self::Draining
            | Self::OwnHop
            | Self::NoSuchPath
            | Self::NoSuchMethod => true,
        }
    }

    /// For the person who tries it by hand.
    fn text(self) -> &'static str {
        match self {
            Self::Taken => "",
            Self::Unsigned(_) => "x-line-signature is missing or wrong\n",
            Self::Body(BodyError::TooLarge) => "the body is too large\n",
            Self::Body(BodyError::Slow) => "the body took too long\n",
            Self::Body(BodyError::Broken) => "the body ended early\n",
            Self::Body(BodyError::NoRoom) | Self::Refused(_) => "cannot store this now\n",
            Self::Draining => "stopping\n",
            Self::OwnHop => "posted by this very bot\n",
            Self::NoSuchPath => "LINE's webhook is POST /callback\n",
            Self::NoSuchMethod => "only POST\n",
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = match self.text() {
            "" => status.into_response(),
            text => (status, text).into_response(),
        };
        let headers = response.headers_mut();
        if self.closes() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self == Self::NoSuchMethod {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_answer() {
        for (answer, expected) in [
            (Answer::Taken, "200 - - -"),
            (Answer::Unsigned(Unsigned::Missing), "401 - - -"),
            (Answer::Unsigned(Unsigned::Undecodable), "401 - - -"),
            (Answer::Unsigned(Unsigned::Wrong), "401 - - -"),
            (Answer::Body(BodyError::TooLarge), "413 close - -"),
            (Answer::Body(BodyError::Slow), "408 close - -"),
            (Answer::Body(BodyError::Broken), "400 close - -"),
            (Answer::Body(BodyError::NoRoom), "503 close 1 -"),
            (Answer::Refused(Refusal::Late), "503 - 1 -"),
            (Answer::Refused(Refusal::Full), "503 - 1 -"),
            (Answer::Refused(Refusal::Stopping), "503 - 1 -"),
            (Answer::Refused(Refusal::Unavailable("silent")), "503 - 1 -"),
            (Answer::Draining, "503 close 1 -"),
            (Answer::NoSuchPath, "404 close - -"),
            (Answer::NoSuchMethod, "405 close - POST"),
        ] {
            let response = answer.into_response();
            let header = |name| {
                response
                    .headers()
                    .get(name)
                    .map_or("-", |v| v.to_str().expect("ASCII"))
            };
            let [connection, retry, allow] = [CONNECTION, RETRY_AFTER, ALLOW].map(header);
            let seen = format!(
                "{} {connection} {retry} {allow}",
                response.status().as_u16()
            );
            assert_eq!(seen, expected, "{answer:?}");
        }
    }
}

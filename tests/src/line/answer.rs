//! What LINE answers: status and body of each refusal in one place, and the response around them.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

/// Why LINE refuses a call; statuses from its API reference, texts not promised by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400, something in the body.
    BadRequest,
    /// 400, a reply token that is spent, run out or unknown: LINE says the same to all three.
    InvalidReplyToken,
    /// 400, a retry key that is no UUID, or any retry key with a reply.
    InvalidRetryKey,
    /// 401, the access token.
    Unauthorized,
    /// 403, the channel may not do this.
    Forbidden,
    /// 404, no such path, or a profile that cannot be had.
    NotFound,
    /// 409 out of turn; a known retry key is answered by the stand-in itself.
    Conflict,
    /// 413, over 2 MB.
    TooLarge,
    /// 429, too many calls.
    RateLimited,
    /// 429, the month's messages are used up.
    QuotaReached,
    /// 500.
    ServerError,
    /// 503, from something in front of the API; no JSON.
    Unavailable,
}

impl Refusal {
    pub(super) fn answer(self) -> Answer {
        let (status, message) = match self {
            Self::BadRequest => (400, "The request body has 1 error(s)"),
            Self::InvalidReplyToken => (400, "Invalid reply token"),
            Self::InvalidRetryKey => (400, "Invalid retry key"),
            Self::Unauthorized => (
                401,
                "Authentication failed. Confirm that the access token in the authorization header is valid.",
            ),
            Self::Forbidden => (403, "Access to this API is not available for your account"),
            Self::NotFound => (404, "Not found"),
            Self::Conflict => (409, "The retry key is already accepted"),
            Self::TooLarge => (413, "Request entity too large"),
            Self::RateLimited => (
                429,
                "The API rate limit has been exceeded. Try again later.",
            ),
            Self::QuotaReached => (429, "You have reached your monthly limit."),
            Self::ServerError => (500, "Internal server error"),
            Self::Unavailable => return Answer::new(503, "<html>Service Unavailable</html>"),
        };
        Answer::new(status, format!(r#"{{"message":"{message}"}}"#))
    }
}

/// Status and body before they become a response.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    /// `x-line-accepted-request-id`, with a 409.
    pub(super) accepted_before: Option<String>,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: body.into(),
            accepted_before: None,
        }
    }

    /// 400 with the details that LINE gives for a wrong property.
    pub(super) fn invalid(property: &str, problem: &str) -> Self {
        let body = serde_json::json!({
            "message": "The request body has 1 error(s)",
            "details": [{ "message": problem, "property": property }],
        });
        Self::new(400, body.to_string())
    }

    pub(super) fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).expect("statuses here are LINE's");
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert("x-line-request-id", id(request_id));
        if let Some(accepted) = self.accepted_before {
            headers.insert("x-line-accepted-request-id", id(&accepted));
        }
        response
    }
}

fn id(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("request ids are hexadecimal")
}

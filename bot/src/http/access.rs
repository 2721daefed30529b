//! The access log: a line for each call with what LINE advises to keep, since LINE itself keeps none (its guide, "Save
//! logs"): sender, time, method, path, status. Switched on by `access=debug` in `SABAI_LOG`. Never a body or a signature.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::Request;
use http::StatusCode;
use sabai_daemon::http::server::RemoteAddress;
use tracing::Level;

/// Of what a caller sends, so much is kept of each part.
const MOST_BYTES: usize = 200;
/// Set by each proxy on the way, the first caller first; whoever calls may have begun it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who calls for what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Caller {
    method: String,
    path: String,
    address: Option<IpAddr>,
    forwarded_for: Option<String>,
}

impl Caller {
    /// Nothing while nobody reads it.
    pub(super) fn of(request: &Request) -> Option<Self> {
        tracing::enabled!(target: "access", Level::DEBUG).then(|| Self::read(request))
    }

    fn read(request: &Request) -> Self {
        let remote = request.extensions().get::<RemoteAddress>();
        let forwarded_for = request.headers().get(FORWARDED_FOR);
        Self {
            method: cut(request.method().as_str()),
            path: cut(request.uri().path()),
            address: remote.map(|remote| remote.0),
            forwarded_for: forwarded_for.and_then(|value| value.to_str().ok()).map(cut),
        }
    }

    pub(super) fn was_answered(&self, status: StatusCode, took: Duration) {
        tracing::debug!(
            target: "access",
            method = self.method,
            path = self.path,
            status = status.as_u16(),
            address = self.address.map(tracing::field::display),
            forwarded_for = self.forwarded_for,
            milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "webhook"
        );
    }
}

/// Method, path and a header's text are ASCII.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MOST_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn what_a_caller_sends_is_kept_in_part() {
        let long = "x".repeat(1000);
        let mut request = Request::post(format!("/callback/{long}?token=secret"))
            .header(FORWARDED_FOR, format!("147.92.150.192, {long}"))
            .body(Body::empty())
            .expect("a request");
        let address = IpAddr::from([10, 0, 0, 7]);
        request.extensions_mut().insert(RemoteAddress(address));
        let caller = Caller::read(&request);
        assert_eq!((&*caller.method, caller.address), ("POST", Some(address)));
        assert_eq!(caller.path.len(), MOST_BYTES);
        let forwarded_for = caller.forwarded_for.expect("told");
        assert_eq!(forwarded_for.len(), MOST_BYTES);
        assert!(forwarded_for.starts_with("147.92.150.192, x"));
        assert_eq!(Caller::of(&request), None, "nobody reads it");
    }
}

//! The log of calls to LINE: a line for each with what LINE advises to keep and its support asks for (its guide, "Save
//! logs"): request id, time, method, endpoint, status. Switched on by `access=debug` in `SABAI_LOG`. Never a body, a token
//! or whom it is about.

use std::time::Instant;

use tracing::Level;

use super::answer::{Answer, Failure};
use super::transport::Call;

/// Longer parts of a path name a user, a group or a message.
const LONGEST_WORD: usize = 20;

/// A call that has begun.
pub(super) struct Begun {
    method: String,
    endpoint: String,
    at: Instant,
}

impl Begun {
    /// Nothing while nobody reads it.
    pub(super) fn of(call: &Call) -> Option<Self> {
        tracing::enabled!(target: "access", Level::DEBUG).then(|| Self {
            method: call.method.to_string(),
            endpoint: without_ids(call.uri.path()),
            at: Instant::now(),
        })
    }

    pub(super) fn ended(&self, result: &Result<Answer, Failure>) {
        let answer = result.as_ref().ok();
        tracing::debug!(
            target: "access",
            method = self.method,
            endpoint = self.endpoint,
            status = answer.map(|answer| answer.status.as_u16()),
            request_id = answer.and_then(|answer| answer.request_id.as_deref()),
            failure = result.as_ref().err().map(tracing::field::debug),
            milliseconds = u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX),
            "called LINE"
        );
    }
}

fn without_ids(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.len() {
        0..LONGEST_WORD => part,
        _ => "*",
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_call_is_about_is_not_told() {
        for (path, endpoint) in [
            ("/v2/bot/message/reply", "/v2/bot/message/reply"),
            (
                "/v2/bot/channel/webhook/endpoint",
                "/v2/bot/channel/webhook/endpoint",
            ),
            (
                "/v2/bot/group/C0123456789abcdef0123456789abcdef/member/U0123456789abcdef0123456789abcdef",
                "/v2/bot/group/*/member/*",
            ),
        ] {
            assert_eq!(without_ids(path), endpoint);
        }
    }
}

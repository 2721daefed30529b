//! Questions to LINE, which change nothing there: a value, none, or why not.
//! Each is asked once; whoever wants to know asks again. Its errors quote no
//! answer, which may hold a person's data.

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::line::Endpoint;
use crate::line::answer::{Answer, Failure, bounded, word};
use crate::line::client::{LineClient, Unsigned};

/// Why a question to LINE has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// No answer, or no token to ask with: later it may be there.
    #[error("cannot ask LINE for {}: {reason}", .endpoint.as_str())]
    Unreachable { endpoint: Endpoint, reason: String },
    /// LINE answered, and not with what was asked for.
    #[error("LINE refused {} with status {status}: {detail}", .endpoint.as_str())]
    Refused {
        endpoint: Endpoint,
        status: u16,
        detail: String,
    },
    /// LINE's answer is too large, cut off or not of the documented form.
    #[error("cannot read LINE's answer for {}: {reason}", .endpoint.as_str())]
    Unreadable { endpoint: Endpoint, reason: String },
}

impl LineClient {
    /// A look-up; `None` for 404, which several of LINE's answers use for
    /// "there is none".
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        call: Unsigned,
        deadline: Instant,
    ) -> Result<Option<T>, LookupError> {
        let result = self.authorized(call, deadline).await;
        (self.observer)(endpoint, word(&result));
        found(endpoint, result)
    }

    pub(crate) async fn must_find<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        call: Unsigned,
    ) -> Result<T, LookupError> {
        let found = self.find(endpoint, call, self.by_default()).await?;
        found.ok_or_else(|| LookupError::Refused {
            endpoint,
            status: 404,
            detail: "not found".into(),
        })
    }
}

fn found<T: DeserializeOwned>(
    endpoint: Endpoint,
    result: Result<Answer, Failure>,
) -> Result<Option<T>, LookupError> {
    let unreadable = |reason| LookupError::Unreadable { endpoint, reason };
    let answer = match result {
        Ok(answer) => answer,
        Err(Failure::NeverSent(reason) | Failure::Lost(reason)) => {
            return Err(LookupError::Unreachable { endpoint, reason });
        }
        Err(Failure::TokenRefused { detail, .. }) => {
            return Err(LookupError::Refused {
                endpoint,
                status: 401,
                detail,
            });
        }
    };
    match answer.status.as_u16() {
        200 => {}
        404 => return Ok(None),
        status => {
            let detail = answer.detail();
            return Err(LookupError::Refused {
                endpoint,
                status,
                detail,
            });
        }
    }
    let body = answer.body.map_err(|fault| unreadable(fault.to_string()))?;
    // Only the place of the error: its text may quote a profile.
    serde_json::from_slice(&body).map(Some).map_err(|error| {
        unreadable(bounded(&format!(
            "unexpected form at column {}",
            error.column()
        )))
    })
}

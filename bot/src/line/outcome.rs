//! What the result of a send means: design section 5's classes and nothing
//! else. Pure. What cannot be proved is `Ambiguous`. It never decides what to
//! do next, which also depends on the calls made before: the outbox does.

use crate::line::answer::{Answer, Failure};

/// One call's result. LINE's request id is kept wherever it gave one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// LINE has the message: 200, or for a push 409, which says that an
    /// earlier call with the same retry key was accepted; the id is then that
    /// call's.
    Accepted { request_id: Option<String> },
    /// Proven: LINE saw nothing of the message.
    NeverSent { reason: String },
    /// 401, and a fresh token (if there was one) did not help. Not accepted.
    Unauthorized {
        request_id: Option<String>,
        detail: String,
    },
    /// 429, and not for want of quota. Not accepted; later it may be.
    RateLimited { request_id: Option<String> },
    /// 429, and LINE's quota endpoints say that the month's messages are
    /// spent. Only a push can get it: replies are free.
    QuotaExhausted { request_id: Option<String> },
    /// This call was refused because its reply token is spent or expired.
    InvalidReplyToken { request_id: Option<String> },
    /// Any other 4xx: the same call will not be accepted later either.
    /// `detail` is LINE's message, bounded, without text of a user.
    Refused {
        status: u16,
        detail: String,
        request_id: Option<String>,
    },
    /// LINE may have the message, or may not.
    Ambiguous {
        reason: String,
        request_id: Option<String>,
    },
}

/// Which of the two calls was made: they answer 400 and 409 differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Send {
    Reply,
    Push,
}

impl Outcome {
    /// The word in metrics and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::NeverSent { .. } => "never_sent",
            Self::Unauthorized { .. } => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExhausted { .. } => "quota_exhausted",
            Self::InvalidReplyToken { .. } => "invalid_reply_token",
            Self::Refused { .. } => "refused",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }

    /// LINE's id of the call, for the outbox row and the log.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::NeverSent { .. } => None,
            Self::Accepted { request_id }
            | Self::Unauthorized { request_id, .. }
            | Self::RateLimited { request_id }
            | Self::QuotaExhausted { request_id }
            | Self::InvalidReplyToken { request_id }
            | Self::Refused { request_id, .. }
            | Self::Ambiguous { request_id, .. } => request_id.as_deref(),
        }
    }

    pub(crate) fn of(send: Send, result: Result<Answer, Failure>) -> Self {
        match result {
            Ok(answer) => Self::of_answer(send, answer),
            Err(Failure::NeverSent(reason)) => Self::NeverSent { reason },
            Err(Failure::TokenRefused { request_id, detail }) => {
                Self::Unauthorized { request_id, detail }
            }
            Err(Failure::Lost(reason)) => Self::Ambiguous {
                reason,
                request_id: None,
            },
        }
    }

    /// By the status: LINE does not promise its texts, save for the one that
    /// nothing else tells apart. A body cut short takes nothing back.
    fn of_answer(send: Send, answer: Answer) -> Self {
        let status = answer.status.as_u16();
        match status {
            200 => Self::Accepted {
                request_id: answer.request_id,
            },
            409 if send == Send::Push => Self::Accepted {
                request_id: answer.accepted_id.or(answer.request_id),
            },
            401 => Self::Unauthorized {
                detail: answer.detail(),
                request_id: answer.request_id,
            },
            429 => Self::RateLimited {
                request_id: answer.request_id,
            },
            400 if send == Send::Reply && says_invalid_reply_token(&answer.detail()) => {
                Self::InvalidReplyToken {
                    request_id: answer.request_id,
                }
            }
            // 408 is no verdict of LINE's: a proxy lost patience with the
            // connection, and the request may have crossed its answer.
            400..=499 if status != 408 => Self::Refused {
                status,
                detail: answer.detail(),
                request_id: answer.request_id,
            },
            _ => Self::Ambiguous {
                reason: format!("status {status}: {}", answer.detail()),
                request_id: answer.request_id,
            },
        }
    }
}

/// LINE says `Invalid reply token` for a spent and for an expired one.
fn says_invalid_reply_token(detail: &str) -> bool {
    detail.to_ascii_lowercase().contains("invalid reply token")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;
    use crate::line::answer::BodyFault;

    fn answer(status: u16, body: Result<&'static str, BodyFault>) -> Result<Answer, Failure> {
        Ok(Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            request_id: Some("this".into()),
            accepted_id: (status == 409).then(|| "that".into()),
            body: body.map(Bytes::from),
        })
    }

    #[test]
    fn every_status_has_one_meaning() {
        let bad_token = r#"{"message":"Invalid reply token"}"#;
        let odd_token = r#"{"message":"invalid Reply token."}"#;
        for (send, status, body, word, id) in [
            (Send::Reply, 200, "{}", "accepted", "this"),
            (Send::Reply, 200, "garbage", "accepted", "this"),
            (Send::Push, 409, "{}", "accepted", "that"),
            (Send::Reply, 409, "{}", "refused", "this"),
            (Send::Reply, 401, "{}", "unauthorized", "this"),
            (Send::Reply, 429, "{}", "rate_limited", "this"),
            (Send::Push, 429, "{}", "rate_limited", "this"),
            (Send::Reply, 400, bad_token, "invalid_reply_token", "this"),
            (Send::Reply, 400, odd_token, "invalid_reply_token", "this"),
            (Send::Push, 400, bad_token, "refused", "this"),
            (Send::Reply, 400, "{}", "refused", "this"),
            (Send::Reply, 403, bad_token, "refused", "this"),
            (Send::Push, 404, "{}", "refused", "this"),
            (Send::Push, 413, "", "refused", "this"),
            (Send::Reply, 408, "", "ambiguous", "this"),
            (Send::Reply, 500, "{}", "ambiguous", "this"),
            (Send::Push, 503, "{}", "ambiguous", "this"),
            (Send::Reply, 204, "", "ambiguous", "this"),
            (Send::Reply, 302, "", "ambiguous", "this"),
        ] {
            let outcome = Outcome::of(send, answer(status, Ok(body)));
            assert_eq!(outcome.word(), word, "{send:?} {status} {body}");
            assert_eq!(outcome.request_id(), Some(id), "{send:?} {status} {body}");
        }
    }

    #[test]
    fn the_status_stands_though_the_body_was_lost() {
        for fault in [BodyFault::TooLarge, BodyFault::Broken, BodyFault::Late] {
            let accepted = Outcome::of(Send::Reply, answer(200, Err(fault)));
            assert_eq!(accepted.word(), "accepted", "{fault:?}");
            let Outcome::Refused { status, detail, .. } =
                Outcome::of(Send::Reply, answer(400, Err(fault)))
            else {
                panic!("a 400 with a lost body is refused");
            };
            assert_eq!((status, detail), (400, fault.to_string()));
        }
    }

    #[test]
    fn without_an_answer_only_proof_counts() {
        let refused = Failure::TokenRefused {
            request_id: Some("id".into()),
            detail: "invalid_client".into(),
        };
        for (failure, word) in [
            (Failure::NeverSent("no route".into()), "never_sent"),
            (Failure::Lost("reset".into()), "ambiguous"),
            (refused, "unauthorized"),
        ] {
            assert_eq!(Outcome::of(Send::Reply, Err(failure)).word(), word);
        }
    }
}

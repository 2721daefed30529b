//! A request to renew every session of a bot's pool, and its words.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::duration::GepDuration;
use crate::settings::PathProblem;

/// The deadline of a request that names none.
const DEADLINE: Duration = Duration::from_secs(30);
const DEADLINES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// Longest request id.
const ID_BYTES: usize = 128;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $word:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$what])* $word,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)+];

            /// The word itself.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$word => stringify!($word),)+ }
            }
        }
    };
}

words! {
    /// How sessions are renewed.
    RecycleKind {
        /// Make before break, one at a time; nobody notices.
        Refresh,
        /// At once, for a wedged pool: what is in use is cut, and its users try again.
        Replace,
    }
}

words! {
    /// Why sessions are renewed.
    RecycleReason {
        /// A person asked.
        Requested,
        /// The server presents another certificate.
        CertificateChanged,
        /// The file of trusted authorities has changed.
        CAChanged,
        /// Our own certificate has changed.
        ClientCertificateChanged,
        /// The password has changed.
        PasswordChanged,
        /// The server was started again.
        ServerRestarted,
        /// Another server took over.
        FailedOver,
        /// The name leads to another address.
        AddressChanged,
        /// Sessions end or do not answer while fresh ones work.
        SessionsLost,
        /// The pool makes no progress.
        PoolWedged,
        /// The bot itself: its settings changed in what a session is told at its start. Not for requests.
        SettingsChanged,
    }
}

words! {
    /// How a recycle stands.
    RecycleOutcome {
        /// It goes on.
        InProgress,
        /// None of the old sessions is left.
        Completed,
        /// No fresh session could be made; the old ones go on.
        Stopped,
        /// Some old sessions are left; they are closed when they come back.
        TimedOut,
    }
}

/// A request to renew every session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecycleRequest {
    /// The same id again gives the answer to the first: 1 to 128 letters, digits or `-_.:`.
    pub request_id: String,
    pub kind: RecycleKind,
    pub reason: RecycleReason,
    /// From its arrival; at the latest then it ends. 1s to 10m, else 30s.
    pub deadline: Duration,
}

impl RecycleRequest {
    /// Reads a request from its JSON.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_json(json: &Value) -> Result<Self, Vec<PathProblem>> {
        const FIELDS: [&str; 4] = ["requestId", "kind", "reason", "deadline"];
        let Value::Object(fields) = json else {
            return Err(vec![PathProblem::new("", "is not a JSON object")]);
        };
        let mut problems: Vec<PathProblem> = fields
            .keys()
            .filter(|name| !FIELDS.contains(&name.as_str()))
            .map(|name| {
                let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                PathProblem::new(name, "is unknown")
            })
            .collect();
        let mut read = |name: &str, otherwise: Option<&str>| match (fields.get(name), otherwise) {
            (Some(Value::String(text)), _) => Some(text.clone()),
            (None | Some(Value::Null), Some(text)) => Some(text.to_owned()),
            (None | Some(Value::Null), None) => {
                problems.push(PathProblem::new(name, "is missing"));
                None
            }
            (Some(_), _) => {
                problems.push(PathProblem::new(name, "is to be a text in quotes"));
                None
            }
        };
        let default = GepDuration::new(DEADLINE).map_or_else(|_| String::new(), |d| d.to_string());
        let (id, kind) = (read("requestId", None), read("kind", None));
        let (reason, deadline) = (read("reason", None), read("deadline", Some(&default)));
        let request = Self {
            request_id: judged(id, "requestId", request_id, &mut problems).unwrap_or_default(),
            kind: judged(kind, "kind", kind_of, &mut problems).unwrap_or(RecycleKind::Refresh),
            reason: judged(reason, "reason", reason_of, &mut problems)
                .unwrap_or(RecycleReason::Requested),
            deadline: judged(deadline, "deadline", deadline_of, &mut problems).unwrap_or(DEADLINE),
        };
        if problems.is_empty() {
            Ok(request)
        } else {
            Err(problems)
        }
    }

    /// The JSON of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let deadline = GepDuration::new(Duration::from_millis(self.deadline.as_millis() as u64));
        serde_json::json!({
            "requestId": self.request_id,
            "kind": self.kind.as_str(),
            "reason": self.reason.as_str(),
            "deadline": deadline.map_or_else(|_| String::new(), |deadline| deadline.to_string()),
        })
    }
}

fn judged<T>(
    text: Option<String>,
    name: &str,
    judge: fn(&str) -> Result<T, String>,
    problems: &mut Vec<PathProblem>,
) -> Option<T> {
    let judged = judge(&text?);
    judged
        .map_err(|problem| problems.push(PathProblem::new(name, problem)))
        .ok()
}

fn request_id(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if (1..=ID_BYTES).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "is to be 1 to {ID_BYTES} letters, digits or -_.: characters"
        ))
    }
}

fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter().copied().find(|one| name(*one) == text)
}

fn kind_of(text: &str) -> Result<RecycleKind, String> {
    named(RecycleKind::ALL, RecycleKind::as_str, text)
        .ok_or_else(|| "is to be Refresh or Replace".to_owned())
}

fn reason_of(text: &str) -> Result<RecycleReason, String> {
    let reason = named(RecycleReason::ALL, RecycleReason::as_str, text)
        .filter(|reason| *reason != RecycleReason::SettingsChanged);
    reason.ok_or_else(|| {
        let all = RecycleReason::ALL.iter().map(|reason| reason.as_str());
        let all: Vec<_> = all.filter(|word| *word != "SettingsChanged").collect();
        format!("is to be one of {}", all.join(", "))
    })
}

fn deadline_of(text: &str) -> Result<Duration, String> {
    let deadline = text.parse::<GepDuration>();
    let deadline = deadline.map_err(|why| why.to_string())?.get();
    if (DEADLINES.0..=DEADLINES.1).contains(&deadline) {
        Ok(deadline)
    } else {
        Err("must be 1s to 10m".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read_with_all_its_problems() {
        let request = json!({"requestId": "2026-11-23T09:10:00Z", "kind": "Replace", "reason": "PoolWedged", "deadline": "10s"});
        let read = RecycleRequest::from_json(&request).expect("valid");
        assert_eq!(read.deadline, Duration::from_secs(10));
        assert_eq!(read.to_json(), request);
        let least = json!({"requestId": "a", "kind": "Refresh", "reason": "Requested"});
        let read = RecycleRequest::from_json(&least).expect("valid");
        assert_eq!(read.deadline, DEADLINE);

        let problems = |json: Value| -> Vec<String> {
            let problems = RecycleRequest::from_json(&json).expect_err("ill");
            problems.iter().map(ToString::to_string).collect()
        };
        assert_eq!(problems(json!("x")), ["is not a JSON object"]);
        assert_eq!(
            problems(
                json!({"kind": "refresh", "reason": 1, "force": true, "deadline": "0s", "requestId": "a b"})
            ),
            [
                "force: is unknown",
                "reason: is to be a text in quotes",
                "requestId: is to be 1 to 128 letters, digits or -_.: characters",
                "kind: is to be Refresh or Replace",
                "deadline: must be 1s to 10m",
            ]
        );
        assert_eq!(
            problems(json!({"reason": "SettingsChanged", "requestId": "a", "kind": "Refresh"}))
                .len(),
            1
        );
        assert_eq!(
            problems(json!({})),
            [
                "requestId: is missing",
                "kind: is missing",
                "reason: is missing"
            ]
        );
    }
}

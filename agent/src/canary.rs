//! Idle canaries: sessions that are parked without a word on either side, to learn how long the path keeps an idle one.
//!
//! [`search`] decides which ages are tried and what counts, purely; [`keeper`] parks the sessions and asks them;
//! [`recommendation`] is what follows for the bot. `docs/verdict.md` tells it for people.

pub mod keeper;
pub mod limits;
mod parked;
pub mod path;
mod plan;
pub mod recommendation;
mod round;
pub mod search;

use std::time::Duration;

use sabai_wire::control::Timestamp;
use sabai_wire::fault::Fault;
use serde::{Serialize, Serializer};

/// How idle sessions end on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ClosedBy {
    /// Nothing is said; who speaks next gets no answer.
    Silent,
    /// RST.
    Reset,
    /// FIN, with or without a close_notify.
    Closed,
    /// The server itself said that the session was idle for too long (`idle_session_timeout`).
    Server,
}

/// What was found, and confirmed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Idle for so long, sessions were alive.
    #[serde(
        rename = "aliveAfterMilliseconds",
        serialize_with = "whole_milliseconds"
    )]
    pub alive_after: Duration,
    /// Idle for so long, they were dead: at most 5 % more.
    #[serde(
        rename = "deadAfterMilliseconds",
        serialize_with = "whole_milliseconds"
    )]
    pub dead_after: Duration,
    pub closed_by: ClosedBy,
}

/// What is known at present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Knowledge {
    pub finding: Option<Finding>,
    /// When the finding was confirmed last.
    pub confirmed_at: Option<Timestamp>,
    /// The longest idle age that was seen alive, confirmed or not.
    #[serde(
        rename = "longestAliveMilliseconds",
        serialize_with = "maybe_whole_milliseconds"
    )]
    pub longest_alive: Option<Duration>,
    /// The shortest that was seen dead, confirmed or not. None while all was alive: then there is no bound up to
    /// `longest_alive`.
    #[serde(
        rename = "shortestDeadMilliseconds",
        serialize_with = "maybe_whole_milliseconds"
    )]
    pub shortest_dead: Option<Duration>,
    /// Sessions are parked, or will be in a moment; otherwise it is looked again after a long pause.
    pub searching: bool,
}

impl ClosedBy {
    /// All, in the order of the list.
    pub const ALL: &'static [Self] = &[Self::Silent, Self::Reset, Self::Closed, Self::Server];

    /// The word itself.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "Silent",
            Self::Reset => "Reset",
            Self::Closed => "Closed",
            Self::Server => "Server",
        }
    }

    /// How an idle session ended that ended with this; `None` when that says nothing about idling.
    #[must_use]
    pub const fn of(fault: Fault) -> Option<Self> {
        match fault {
            Fault::Silent | Fault::Unacknowledged => Some(Self::Silent),
            Fault::ConnectionReset => Some(Self::Reset),
            Fault::ClosedAbruptly | Fault::ClosedByPeer => Some(Self::Closed),
            Fault::IdleTerminated => Some(Self::Server),
            _ => None,
        }
    }
}

fn whole_milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    maybe_whole_milliseconds(&Some(*time), to)
}

fn maybe_whole_milliseconds<S: Serializer>(
    time: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let millis = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    millis.serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_that_idling_can_bring_says_something() {
        let said = |fault: &Fault| ClosedBy::of(*fault).map(|by| (*fault, by));
        let said: Vec<_> = Fault::ALL.iter().filter_map(said).collect();
        let expected = [
            (Fault::ConnectionReset, ClosedBy::Reset),
            (Fault::ClosedAbruptly, ClosedBy::Closed),
            (Fault::ClosedByPeer, ClosedBy::Closed),
            (Fault::IdleTerminated, ClosedBy::Server),
            (Fault::Silent, ClosedBy::Silent),
            (Fault::Unacknowledged, ClosedBy::Silent),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn knowledge_is_written_with_its_units() {
        let knowledge = Knowledge {
            finding: Some(Finding {
                alive_after: Duration::from_millis(9_800),
                dead_after: Duration::from_micros(10_100_500),
                closed_by: ClosedBy::Reset,
            }),
            confirmed_at: Some(std::time::UNIX_EPOCH.into()),
            longest_alive: Some(Duration::from_secs(9)),
            shortest_dead: None,
            searching: true,
        };
        let json = serde_json::to_value(&knowledge).expect("JSON");
        let expected = serde_json::json!({
            "finding": {"aliveAfterMilliseconds": 9800, "deadAfterMilliseconds": 10100, "closedBy": "Reset"},
            "confirmedAt": "1970-01-01T00:00:00Z",
            "longestAliveMilliseconds": 9000,
            "shortestDeadMilliseconds": null,
            "searching": true,
        });
        assert_eq!(json, expected);
    }
}

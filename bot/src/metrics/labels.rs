//! The labels. Each is closed: an enum, or a text that is part of the program.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use std::fmt::{self, Write};

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventOutcome {
    /// One accepted call to LINE.
    Answered,
    /// Stored before.
    Duplicate,
    DeadLetter,
    /// Nobody can know whether LINE accepted the answer.
    Unknown,
    /// Too old, or over the budget, for a push.
    Unanswered,
    /// Kept, with nothing to answer.
    StoredOnly,
}

impl EventOutcome {
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Duplicate,
        Self::DeadLetter,
        Self::Unknown,
        Self::Unanswered,
        Self::StoredOnly,
    ];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Duplicate => "duplicate",
            Self::DeadLetter => "dead_letter",
            Self::Unknown => "unknown",
            Self::Unanswered => "unanswered",
            Self::StoredOnly => "stored_only",
        }
    }
}

impl EncodeLabelValue for EventOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EventLabel {
    pub(super) outcome: EventOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Code {
    code: &'static str,
}

impl Code {
    /// The statuses that the webhook gives; any other is `other`.
    pub(super) const fn of(status: u16) -> Self {
        let code = match status {
            200 => "200",
            400 => "400",
            401 => "401",
            404 => "404",
            405 => "405",
            408 => "408",
            411 => "411",
            413 => "413",
            415 => "415",
            431 => "431",
            500 => "500",
            503 => "503",
            _ => "other",
        };
        Self { code }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LineCall {
    pub(super) endpoint: &'static str,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answer {
    pub(super) responder: &'static str,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct State {
    pub(super) state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Statement {
    pub(super) name: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Recycle {
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct FaultLabel {
    pub(super) fault: &'static str,
}

/// The one label that is not closed: it has one value at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Digest {
    pub(super) digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}

//! The stages of opening a session with Postgres, and how far one got.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// One step on the way to a session that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Resolve the name.
    Dns,
    /// Open TCP to one of its addresses.
    Tcp,
    /// Ask for TLS and read the one byte of the answer.
    SslRequest,
    /// Handshake with full verification.
    Tls,
    /// Startup and authentication.
    Auth,
    /// The first query: which server is it, does it take writes?
    Query,
    /// A row of the agent's own, written and committed.
    Write,
}

impl Stage {
    /// All, in their order.
    pub const ALL: &'static [Self] = &[
        Self::Dns,
        Self::Tcp,
        Self::SslRequest,
        Self::Tls,
        Self::Auth,
        Self::Query,
        Self::Write,
    ];

    /// The name as it stands in metrics, status and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::SslRequest => "SSLRequest",
            Self::Tls => "TLS",
            Self::Auth => "Auth",
            Self::Query => "Query",
            Self::Write => "Write",
        }
    }

    /// The longest that this stage may take, whatever the whole still has left.
    pub const fn limit(self) -> Duration {
        match self {
            Self::Dns | Self::Tcp | Self::SslRequest | Self::Query | Self::Write => {
                Duration::from_secs(1)
            }
            Self::Tls | Self::Auth => Duration::from_secs(2),
        }
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A stage that was passed, and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Which one.
    pub stage: Stage,
    /// Time it took.
    pub took: Duration,
}

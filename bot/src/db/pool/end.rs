//! Why a session was closed, in one word: by whom and for what.

use sabai_wire::fault::Fault;

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// By us: it reached its lifetime.
    Lifetime,
    /// By us: it idled for too long.
    Idle,
    /// By us: a recycle replaced it.
    Recycle,
    /// By us: the pool became smaller.
    Resize,
    /// By us: a statement was not seen to its end, or a transaction was left open.
    Dirty,
    /// By us: a fault said that sessions of its age are of no use any more.
    Outdated,
    /// By us: the process stops.
    Stopped,
    /// By us: it had done the one thing it was opened for.
    Done,
    /// By the peer, or by something in between.
    Lost(Fault),
}

impl Why {
    /// The word itself, for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lifetime => "Lifetime",
            Self::Idle => "Idle",
            Self::Recycle => "Recycle",
            Self::Resize => "Resize",
            Self::Dirty => "Dirty",
            Self::Outdated => "Outdated",
            Self::Stopped => "Stopped",
            Self::Done => "Done",
            Self::Lost(fault) => fault.as_str(),
        }
    }

    /// Who ended it.
    pub const fn by(self) -> &'static str {
        match self {
            Self::Lost(_) => "peer",
            _ => "us",
        }
    }
}

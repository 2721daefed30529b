//! What a gate can do to a connection, and what follows for the bytes. Pure.

use std::time::Duration;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The peer's kernel acknowledges and nobody answers.
    Stall,
    /// Packets vanish: no acknowledgement, no reset (Linux only).
    Drop,
    /// RST.
    Reset,
    /// FIN, and no close_notify before it.
    Close,
    /// close_notify, then FIN. Needs a gate that terminates TLS.
    CloseNotify,
    /// Nobody listens: for new connections only.
    Refuse,
    /// Each piece arrives so much later.
    Delay(Duration),
    /// RST after so many more bytes.
    CutAfter(Way, u64),
    /// What the client sends arrives; what the server answers does not.
    SwallowAnswers,
    /// A connection on which no byte passed for so long, either way, is ended: what a middlebox does.
    IdleTimeout(Duration, IdleEnd),
    /// Packets vanish on both sides, also the server's keepalives: what is left when a middlebox has forgotten a
    /// connection (Linux only).
    Forget,
    /// These bytes answer the SSLRequest and the server is never asked: for new connections only.
    AnswerSslRequest(&'static [u8]),
}

/// How a connection ends that was idle for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleEnd {
    /// [`Fault::Forget`].
    Silent,
    Reset,
    /// FIN, and no close_notify before it.
    Close,
}

impl Fault {
    /// With a count of bytes that begins when the connection did.
    pub(super) fn counted_from(self, passed: impl FnOnce(Way) -> u64) -> Self {
        match self {
            Self::CutAfter(way, bytes) => Self::CutAfter(way, bytes.saturating_add(passed(way))),
            other => other,
        }
    }

    /// Whether packets of the client's side vanish; the other, of the server's.
    pub(super) fn drops(self) -> (bool, bool) {
        (
            matches!(self, Self::Drop | Self::Forget),
            self == Self::Forget,
        )
    }

    /// Whether bytes are passed on.
    pub(super) fn passes(self, way: Way) -> bool {
        match self {
            Self::Stall | Self::Drop | Self::Forget => false,
            Self::SwallowAnswers => way == Way::ToServer,
            _ => true,
        }
    }
}

/// How many of the next bytes may pass, given how many did.
pub(super) fn allowance(fault: Option<Fault>, way: Way, passed: u64) -> u64 {
    match fault {
        Some(Fault::CutAfter(cut, bytes)) if cut == way => bytes.saturating_sub(passed),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_which_way() {
        for (fault, to_server, to_client) in [
            (Fault::Stall, false, false),
            (Fault::Drop, false, false),
            (Fault::Forget, false, false),
            (
                Fault::IdleTimeout(Duration::ZERO, IdleEnd::Silent),
                true,
                true,
            ),
            (Fault::SwallowAnswers, true, false),
            (Fault::Delay(Duration::ZERO), true, true),
            (Fault::CutAfter(Way::ToClient, 0), true, true),
        ] {
            let passes = (fault.passes(Way::ToServer), fault.passes(Way::ToClient));
            assert_eq!(passes, (to_server, to_client), "{fault:?}");
        }
    }

    #[test]
    fn a_cut_counts_from_where_it_was_made() {
        let cut = Fault::CutAfter(Way::ToServer, 10).counted_from(|_| 90);
        assert_eq!(allowance(Some(cut), Way::ToServer, 90), 10);
        assert_eq!(allowance(Some(cut), Way::ToServer, 200), 0);
        assert_eq!(allowance(Some(cut), Way::ToClient, 200), u64::MAX);
        assert_eq!(allowance(None, Way::ToServer, 200), u64::MAX);
    }
}

//! What is done about the verdict and the bot's report: pure. The rules are tried in the order of the table in
//! `docs/verdict.md`, which the tests read; the first that fits decides.

#[cfg(test)]
mod tests;

use std::fmt;

use sabai_wire::control::RecycleReason;
use sabai_wire::fault::Fault;
use sabai_wire::fault::decision::Elders;

use crate::verdict::{Cause, State};

/// All that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    pub verdict: State,
    pub cause: Option<Cause>,
    /// Whether the last path led to a session.
    pub fresh: bool,
    pub bot: Bot,
    /// Why the bot's sessions are out of date, if they are.
    pub outdated: Option<RecycleReason>,
    /// The bot holds other settings than it should.
    pub settings_differ: bool,
    /// Only people recycle.
    pub on_request: bool,
}

/// How the bot's pool stands, by its own report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bot {
    /// There is no report that can be read.
    Silent,
    /// A recycle goes on.
    Recycling,
    /// Every place is taken, callers wait, and nothing moves.
    Wedged,
    /// It loses sessions, or they do not answer.
    Losing,
    /// None of that.
    Fine,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Nothing(Why),
    ApplySettings,
    /// Nothing is recycled: old sessions may work, and new ones cannot be made.
    Protect(Fault),
    Replace(RecycleReason),
    Refresh(RecycleReason),
    /// A refresh, for sessions that were opened with files or a password of before.
    RenewCredentials(RecycleReason),
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    AllIsWell,
    BotSilent,
    Recycling,
    /// It is waited until it is known whether it lasts.
    NotCertain,
    /// No fresh session could be made.
    NoFreshSession(Fault),
    OnRequest,
}

/// Decides.
#[must_use]
pub fn decide(now: &Situation) -> Decision {
    let trouble = now.cause.filter(|_| now.verdict != State::Healthy);
    match (now.bot, trouble) {
        (Bot::Silent, _) => Decision::Nothing(Why::BotSilent),
        _ if now.settings_differ => Decision::ApplySettings,
        (Bot::Recycling, _) => Decision::Nothing(Why::Recycling),
        (_, Some(cause)) if cause.fault.decision().elders == Elders::Protect => {
            Decision::Protect(cause.fault)
        }
        (_, Some(cause)) if now.verdict >= State::Degraded => {
            Decision::Nothing(Why::NoFreshSession(cause.fault))
        }
        _ if !now.fresh => Decision::Nothing(Why::NotCertain),
        _ => recycle(now),
    }
}

/// A fresh session can be made.
fn recycle(now: &Situation) -> Decision {
    use RecycleReason as R;
    match (now.bot, now.outdated) {
        (Bot::Fine, None) => Decision::Nothing(Why::AllIsWell),
        _ if now.on_request => Decision::Nothing(Why::OnRequest),
        (Bot::Wedged, _) => Decision::Replace(R::PoolWedged),
        (_, Some(reason @ (R::CAChanged | R::ClientCertificateChanged | R::PasswordChanged))) => {
            Decision::RenewCredentials(reason)
        }
        (_, Some(reason)) => Decision::Refresh(reason),
        (_, None) => Decision::Refresh(R::SessionsLost),
    }
}

impl fmt::Display for Decision {
    /// In words, for the log and for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(Why::AllIsWell) => f.write_str("nothing: all is well"),
            Self::Nothing(Why::BotSilent) => f.write_str("nothing: the bot does not answer"),
            Self::Nothing(Why::Recycling) => f.write_str("nothing: a recycle goes on"),
            Self::Nothing(Why::NotCertain) => {
                f.write_str("nothing: it is not certain yet that a fresh session can be made")
            }
            Self::Nothing(Why::NoFreshSession(fault)) => {
                write!(
                    f,
                    "nothing recycled: no fresh session can be made ({fault})"
                )
            }
            Self::Nothing(Why::OnRequest) => f.write_str("nothing: only people recycle"),
            Self::ApplySettings => f.write_str("apply settings: the bot holds others"),
            Self::Protect(fault) => write!(
                f,
                "protect: old sessions may work and new ones cannot be made ({fault})"
            ),
            Self::Replace(reason) => write!(f, "replace: {}", reason.as_str()),
            Self::Refresh(reason) => write!(f, "refresh: {}", reason.as_str()),
            Self::RenewCredentials(reason) => write!(f, "renew credentials: {}", reason.as_str()),
        }
    }
}

//! Whether the pod is to get webhooks: pure. The rules are tried in the order of the table in `docs/verdict.md`, which the
//! tests read; the first that fits decides. Without evidence against it the pod is ready: a database that is away for
//! everyone leaves the pods in place, since they acknowledge by their spools.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use sabai_wire::fault::Fault;

use crate::decision::Bot;
use crate::reason::Reason;
use crate::settings::{Policy, ReadinessSettings};
use crate::verdict::{Cause, State};

/// The bot has not been heard for so long: it cannot be told whether it acknowledges.
pub const SILENT_AFTER: Duration = Duration::from_secs(3);
/// A verdict is stale after so many intervals of the probe.
pub const STALE_AFTER_INTERVALS: u32 = 3;

/// All that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    pub bot: Told,
    /// The pool is wedged, and a replace has not helped.
    pub wedged_again: bool,
    pub verdict: State,
    pub cause: Option<Cause>,
    /// Since something was last seen, ping or path.
    pub verdict_age: Duration,
    pub probe_interval: Duration,
    /// So many peers reach Postgres, as was seen since this pod's path is ill, and the release can spare this pod; `None` while
    /// nobody says so.
    pub peers: Option<u32>,
}

/// What the bot says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was never heard, and why not, once it was asked.
    Nothing(Option<String>),
    /// It was last heard so long ago, and why not since.
    Silent(Duration, String),
    /// It acknowledges webhooks.
    Ready,
    /// It does not, and why.
    NotReady(String),
    /// It could, by its spool, and holds back since so long: it was never ready, and only a person mends what is wrong.
    Held(Duration, String),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    NotReady(Why),
}

/// Why the pod is withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    BotNeverHeard(Option<String>),
    BotSilent(Duration, String),
    BotNotReady(String),
    PoolWedged,
    StartupHold(String),
    /// Nothing answers, and peers are well: so many.
    LocalFault(u32, Option<Cause>),
    /// Strict alone.
    Stale(Duration),
    /// Strict alone.
    NotWritable(Option<Cause>),
}

/// Judges.
#[must_use]
pub fn judge(now: &Situation, settings: ReadinessSettings) -> Readiness {
    let local = local_fault(now, settings.startup_hold);
    let strict = settings.policy == Policy::Strict;
    let why = local.or_else(|| shared_fault(now).filter(|_| strict));
    why.map_or(Readiness::Ready, Readiness::NotReady)
}

/// What is this pod's own.
fn local_fault(now: &Situation, hold: Duration) -> Option<Why> {
    match &now.bot {
        Told::Nothing(reason) => Some(Why::BotNeverHeard(reason.clone())),
        Told::Silent(since, reason) if *since >= SILENT_AFTER => {
            Some(Why::BotSilent(*since, reason.clone()))
        }
        Told::NotReady(reason) => Some(Why::BotNotReady(reason.clone())),
        _ if now.wedged_again => Some(Why::PoolWedged),
        Told::Held(since, reason) if *since < hold => Some(Why::StartupHold(reason.clone())),
        _ if now.verdict == State::Down => now.peers.map(|peers| Why::LocalFault(peers, now.cause)),
        Told::Silent(..) | Told::Ready | Told::Held(..) => None,
    }
}

/// What every pod would see.
fn shared_fault(now: &Situation) -> Option<Why> {
    if now.verdict_age > now.probe_interval * STALE_AFTER_INTERVALS {
        Some(Why::Stale(now.verdict_age))
    } else if now.verdict >= State::Degraded {
        Some(Why::NotWritable(now.cause))
    } else {
        None
    }
}

/// Whether a replace has not helped: what is remembered for [`Situation::wedged_again`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wedge {
    replaced: bool,
    again: bool,
}

impl Wedge {
    /// A replace has ended.
    pub fn replaced(&mut self) {
        self.replaced = true;
    }

    /// How the pool is judged now, and whether it was heard for long enough to know that it moves.
    pub fn sees(&mut self, bot: Bot, would_know: bool) {
        match bot {
            Bot::Wedged => self.again = self.replaced,
            Bot::Fine if would_know => *self = Self::default(),
            Bot::Fine | Bot::Silent | Bot::Recycling | Bot::Losing => {}
        }
    }

    /// The pool is wedged, and a replace has not helped.
    #[must_use]
    pub fn again(self) -> bool {
        self.again
    }
}

impl Why {
    /// Why, as it stands in conditions.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::BotNeverHeard(_) => Reason::BotNeverHeard,
            Self::BotSilent(..) => Reason::BotSilent,
            Self::BotNotReady(_) => Reason::BotNotReady,
            Self::PoolWedged => Reason::PoolWedged,
            Self::StartupHold(_) => Reason::StartupHold,
            Self::LocalFault(..) => Reason::LocalFault,
            Self::Stale(_) => Reason::Stale,
            Self::NotWritable(_) => Reason::NotWritable,
        }
    }
}

impl fmt::Display for Why {
    /// For people who look at `/readyz`, and for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BotNeverHeard(reason) => {
                f.write_str("the bot has not been heard yet; is it starting, with the same SABAI_CONTROL_SOCKET?")?;
                reason.iter().try_for_each(|reason| write!(f, " {reason}"))
            }
            Self::BotSilent(since, reason) => {
                write!(
                    f,
                    "the bot has not answered for {} s: {reason}",
                    since.as_secs()
                )
            }
            Self::BotNotReady(reason) => write!(f, "the bot: {reason}"),
            Self::PoolWedged => {
                let fault = Fault::PoolWedged;
                write!(f, "{fault}: a replace has not helped; {}", fault.advice())
            }
            Self::StartupHold(reason) => write!(f, "held back at its start: {reason}"),
            Self::LocalFault(peers, cause) => {
                let peers = match peers {
                    1 => "1 peer is healthy".to_owned(),
                    more => format!("{more} peers are healthy"),
                };
                write!(f, "{peers}, so the path from this pod is at fault")?;
                cause.iter().try_for_each(|Cause { stage, fault }| {
                    write!(f, ": {fault} at {}", stage.as_str())
                })
            }
            Self::Stale(age) => write!(f, "the verdict is {} s old (Strict)", age.as_secs()),
            Self::NotWritable(Some(Cause { stage, fault })) => write!(
                f,
                "Postgres cannot be written: {fault} at {}; {} (Strict)",
                stage.as_str(),
                fault.advice()
            ),
            Self::NotWritable(None) => f.write_str("Postgres cannot be written (Strict)"),
        }
    }
}

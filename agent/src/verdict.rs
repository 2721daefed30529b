//! What is thought of the path to Postgres: a pure function of what was seen, with hysteresis. `docs/verdict.md` is its
//! table, and the tests read it.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sabai_wire::fault::Fault;
use sabai_wire::stage::Stage;

use crate::moment::Moment;

/// So many of the last [`WINDOW`] paths, within [`CLOSE`], are as bad as a row of failures.
const FAILED_OF_WINDOW: usize = 3;
const WINDOW: usize = 5;
const CLOSE: Duration = Duration::from_secs(5);
/// Nothing has answered for so long since something failed: not only are there no new sessions, the old ones are dead too.
const DOWN_AFTER: Duration = Duration::from_secs(10);

/// How the path is, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// New sessions can be made, and the kept one answers.
    Healthy,
    /// Something failed, and it is not known yet whether that lasts; or nothing was seen yet.
    Suspect,
    /// New sessions cannot be made, or cannot write.
    Degraded,
    /// The same, and nothing has answered for ten seconds.
    Down,
}

/// What speaks for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    pub stage: Stage,
    pub fault: Fault,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The kept session was asked.
    Ping,
    /// The whole path was gone, to a session of its own.
    Path,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    pub at: Moment,
    pub look: Look,
    pub outcome: Result<(), Cause>,
}

/// How many in a row change the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    pub failures: u32,
    pub successes: u32,
}

/// What is thought, and the memory that hysteresis needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    /// Since when it is so.
    pub since: Moment,
    /// The last that failed, while not all is well.
    pub cause: Option<Cause>,
    /// When the last sight was had.
    pub seen: Option<Moment>,
    /// The first failure after which nothing, neither ping nor path, has answered.
    unanswered: Option<Moment>,
    in_a_row: Row,
    /// The last paths, the newest last.
    paths: Vec<(Moment, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Failures(u32),
    Successes(u32),
}

impl State {
    /// All of them, the better first.
    pub const ALL: &'static [Self] = &[Self::Healthy, Self::Suspect, Self::Degraded, Self::Down];

    /// The word itself.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspect => "Suspect",
            Self::Degraded => "Degraded",
            Self::Down => "Down",
        }
    }
}

impl Verdict {
    /// Nothing is known yet.
    #[must_use]
    pub const fn unknown(now: Moment) -> Self {
        Self {
            state: State::Suspect,
            since: now,
            cause: None,
            seen: None,
            unanswered: None,
            in_a_row: Row::Successes(0),
            paths: Vec::new(),
        }
    }

    /// What is thought after this was seen.
    #[must_use]
    pub fn after(mut self, sight: Sight, thresholds: Thresholds) -> Self {
        self.seen = Some(sight.at);
        self.unanswered = match sight.outcome {
            Ok(()) => None,
            Err(_) => self.unanswered.or(Some(sight.at)),
        };
        // A path tells more than a ping.
        self.cause = match sight.look {
            Look::Ping => self.cause.or(sight.outcome.err()),
            Look::Path => sight.outcome.err().or(self.cause),
        };
        match sight.look {
            // It says nothing about new sessions: a path is gone next.
            Look::Ping if sight.outcome.is_err() && self.state == State::Healthy => {
                self.in_a_row = Row::Successes(0);
                self.becomes(State::Suspect, sight.at)
            }
            Look::Ping => self.at(sight.at),
            Look::Path => self.after_path(sight, thresholds),
        }
    }

    /// What is thought when nothing more was seen until now.
    #[must_use]
    pub fn at(self, now: Moment) -> Self {
        let silent = self
            .unanswered
            .is_some_and(|first| now.since(first) >= DOWN_AFTER);
        match self.state {
            State::Degraded if silent => self.becomes(State::Down, now),
            State::Down if !silent => self.becomes(State::Degraded, now),
            _ => self,
        }
    }

    fn after_path(mut self, sight: Sight, thresholds: Thresholds) -> Self {
        let ok = sight.outcome.is_ok();
        self.paths.push((sight.at, ok));
        if self.paths.len() > WINDOW {
            self.paths.remove(0);
        }
        self.in_a_row = match (self.in_a_row, ok) {
            (Row::Successes(n), true) => Row::Successes(n.saturating_add(1)),
            (Row::Failures(n), false) => Row::Failures(n.saturating_add(1)),
            (_, true) => Row::Successes(1),
            (_, false) => Row::Failures(1),
        };
        let state = match (self.in_a_row, sight.outcome) {
            (Row::Successes(n), Ok(())) if n >= thresholds.successes || self.begins_well() => {
                self.cause = None;
                State::Healthy
            }
            (Row::Failures(n), Err(cause))
                if n >= thresholds.failures
                    // Once is enough: it lasts until somebody changes a file, a secret or the server.
                    || !cause.fault.may_heal()
                    || self.mostly_failed(sight.at) =>
            {
                self.state.max(State::Degraded)
            }
            (_, Err(_)) => self.state.max(State::Suspect),
            (_, Ok(())) => self.state,
        };
        self.becomes(state, sight.at).at(sight.at)
    }

    /// The first path ever is believed: nothing has failed yet.
    fn begins_well(&self) -> bool {
        self.cause.is_none()
    }

    fn mostly_failed(&self, now: Moment) -> bool {
        let close = self.paths.iter().filter(|(at, _)| now.since(*at) <= CLOSE);
        close.filter(|(_, ok)| !ok).count() >= FAILED_OF_WINDOW
    }

    fn becomes(mut self, state: State, now: Moment) -> Self {
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
        self
    }
}

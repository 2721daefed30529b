//! All that the agent knows and thinks: what was seen and heard goes in, verdict, readiness and decision come out. It acts on
//! nothing and waits for nothing.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::access::Digests;
use sabai_wire::control::{RecycleReason, Report};
use sabai_wire::fault::Fault;
use tokio::time::Instant;

use crate::acts::{Acts, Step};
use crate::decision::{self, Bot, Decision};
use crate::files::Files;
use crate::hearing::Hearing;
use crate::moment::Moment;
use crate::outdated::{self, AGREE, Met};
use crate::readiness::{self, Wedge};
use crate::settings::{AgentSettings, RecycleMode};
use crate::verdict::{Look, Sight, State, Verdict};

/// So many paths in a row are hurried until they agree; behind one name there may be servers that never do.
const HURRIED: u32 = 8;
/// Sessions that were lost while the path was well for so long were lost by this pod alone.
const WELL_FOR: Duration = Duration::from_secs(10);

/// What is known and thought.
#[derive(Debug)]
pub struct Mind {
    settings: AgentSettings,
    verdict: Verdict,
    /// The last path led to a session.
    fresh: bool,
    /// What the last paths met that led to one, the newest last.
    met: VecDeque<Met>,
    hurried: u32,
    files: Files,
    hearing: Hearing,
    wedge: Wedge,
    acts: Acts,
    /// Digest of the settings that the bot should hold; nobody says so when absent.
    wanted: Option<String>,
    /// What peers tell, as in [`readiness::Situation::peers`].
    peers: Option<u32>,
}

/// The time, by the two clocks that matter: how long the agent was awake, and the one that runs on while it is not.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub moment: Moment,
    pub instant: Instant,
}

/// What a path saw that led to a session, and when it began.
#[derive(Clone, Debug)]
pub struct Found {
    pub began: Instant,
    pub met: Met,
}

impl Mind {
    /// Nothing is known yet. `stuck_after` is longer than any statement of the bot may take.
    #[must_use]
    pub fn new(now: Moment, settings: AgentSettings, stuck_after: Duration) -> Self {
        Self {
            settings,
            verdict: Verdict::unknown(now),
            fresh: false,
            met: VecDeque::new(),
            hurried: 0,
            files: Files::default(),
            hearing: Hearing::new(stuck_after),
            wedge: Wedge::default(),
            acts: Acts::default(),
            wanted: None,
            peers: None,
        }
    }

    /// Other settings are in force from now on. `stuck_after` is longer than any statement of the bot may take.
    pub fn obeys(&mut self, settings: AgentSettings, stuck_after: Duration) {
        self.settings = settings;
        self.hearing.obeys(stuck_after);
    }

    /// The probe saw something; `found` when it was a path that led to a session. Whether what it met is new, so that
    /// it should look again soon.
    pub fn sees(&mut self, sight: Sight, found: Option<Found>) -> bool {
        let thresholds = self.settings.thresholds;
        let before = self.verdict.clone();
        self.verdict = before.after(sight, thresholds);
        if sight.look == Look::Path {
            self.fresh = found.is_some();
        }
        let Some(Found { began, met }) = found else {
            return false;
        };
        self.files.work(began);
        self.met.push_back(met);
        if self.met.len() > AGREE {
            self.met.pop_front();
        }
        let mut all = self.met.iter();
        let first = all.next();
        let differ = all.any(|other| Some(other) != first);
        self.hurried = if differ {
            self.hurried.saturating_add(1)
        } else {
            0
        };
        differ && self.hurried <= HURRIED
    }

    /// What the files hold now. Whether that is something else than before, so that it should be tried soon.
    pub fn reads(&mut self, now: Instant, digests: Digests) -> bool {
        self.files.are(now, digests)
    }

    /// The bot was asked.
    pub fn hears(&mut self, at: Moment, answer: Result<Arc<Report>, String>, stood_still: bool) {
        self.hearing.asked(at, answer, stood_still);
        let (pool, would_know) = (self.hearing.pool(), self.hearing.would_know());
        self.wedge.sees(pool, would_know);
    }

    /// The bot should hold the settings of this digest; `None`: whatever it holds.
    pub fn wants(&mut self, digest: Option<String>) {
        self.wanted = digest;
    }

    /// So many peers are well, while this pod's path is not, and it can be spared.
    pub fn hears_of_peers(&mut self, peers: Option<u32>) {
        self.peers = peers;
    }

    /// A replace has ended: from now on it is seen whether the pool moves.
    pub fn replaced(&mut self, now: Moment) {
        self.wedge.replaced();
        self.hearing.begins_anew(now);
    }

    /// The bot's last report.
    #[must_use]
    pub fn report(&self) -> Option<&Arc<Report>> {
        self.hearing.report()
    }

    /// What the bot's statements have met lately for want of room on the server.
    #[must_use]
    pub fn overload(&self, now: Moment) -> Option<Fault> {
        self.hearing.overload(now)
    }

    /// What is thought of the path.
    #[must_use]
    pub fn verdict(&self, now: Moment) -> Verdict {
        self.verdict.clone().at(now)
    }

    /// What readiness is judged by.
    #[must_use]
    pub fn standing(&self, now: Moment) -> readiness::Situation {
        let verdict = self.verdict(now);
        readiness::Situation {
            bot: self.hearing.told(now),
            wedged_again: self.wedge.again(),
            verdict: verdict.state,
            cause: verdict.cause,
            verdict_age: now.since(verdict.seen.unwrap_or_default()),
            probe_interval: self.settings.probe.interval,
            peers: self.peers,
        }
    }

    /// What is to be done.
    #[must_use]
    pub fn decision(&mut self, now: Now) -> Decision {
        let verdict = self.verdict(now.moment);
        let report = self.hearing.report();
        let sessions = report.map_or(&[][..], |report| &report.sessions);
        let met = self.met.make_contiguous();
        let settings_differ = match (&self.wanted, report) {
            (Some(wanted), Some(report)) => *wanted != report.settings_digest,
            _ => false,
        };
        decision::decide(&decision::Situation {
            verdict: verdict.state,
            cause: verdict.cause,
            fresh: self.fresh,
            bot: self.hearing.pool(),
            outdated: outdated::reason(met, self.files.changed(now.instant), sessions),
            settings_differ,
            on_request: self.settings.recycle.mode == RecycleMode::OnRequest,
        })
    }

    /// What to do now about the decision; `roll` is 0..=1.
    pub fn step(&mut self, now: Now, decision: Decision, roll: f64) -> Step {
        let local = self.is_local(now.moment, decision);
        let settings = self.settings.recycle;
        self.acts.step(now.moment, decision, local, roll, &settings)
    }

    /// Whether no other pod will decide the same now.
    fn is_local(&self, now: Moment, decision: Decision) -> bool {
        let verdict = self.verdict(now);
        let well = verdict.state == State::Healthy && now.since(verdict.since) >= WELL_FOR;
        match decision {
            Decision::Replace(_) => true,
            Decision::Refresh(RecycleReason::SessionsLost) => {
                well && self.hearing.pool() == Bot::Losing
            }
            _ => false,
        }
    }
}

//! The loop that looks: by [`Cadence`], over a [`Route`], one session kept. What it sees goes to whoever judges it.

mod standstill;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use sabai_wire::fault::Fault;
use sabai_wire::stage::Stage;

use super::ProbeSettings;
use super::cadence::{Cadence, Went};
use super::path::{Kept, Route};
use super::report::PathReport;
use crate::moment::Moment;
use crate::verdict::{Cause, Look, Sight};
use standstill::Mark;

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub sight: Sight,
    /// The path that was gone; a ping has none.
    pub path: Option<Gone>,
}

/// A path that was gone to its end, or to where it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// By the clock that runs on while the process stands still.
    pub began: Instant,
    pub report: PathReport,
}

/// Looks for ever. What is dropped here says goodbye in the background, so it may be cancelled at any time.
pub struct Prober<R: Route, A, J> {
    route: R,
    settings: watch::Receiver<ProbeSettings>,
    /// Told when a path is wanted soon.
    hurry: Arc<Notify>,
    /// How long the process has been awake.
    awake: A,
    /// From 0 to 1, another one each time.
    roll: J,
    seen: mpsc::Sender<Seen>,
    cadence: Cadence,
    /// When the kept session was heard of last.
    heard: Mark,
    /// The session that is pinged.
    kept: Option<R::Session>,
    /// One that is of no more use, to be closed beside the next path.
    old: Option<R::Session>,
}

/// What ended a wait.
enum Woken {
    Due(Look),
    /// The kept session has ended.
    Ended(Fault),
    SettingsChanged,
    /// What was met is new: it is to be seen again soon.
    Hurry,
    NobodyListens,
}

impl<R, A, J> Prober<R, A, J>
where
    R: Route,
    A: Fn() -> Moment + Send,
    J: FnMut() -> f64 + Send,
{
    /// Looks at nothing yet. `awake` tells how long the process has been awake until then; `roll` gives numbers from 0 to 1;
    /// `hurry` has a path gone soon.
    pub fn new(
        route: R,
        settings: watch::Receiver<ProbeSettings>,
        hurry: Arc<Notify>,
        awake: A,
        roll: J,
        seen: mpsc::Sender<Seen>,
    ) -> Self {
        let heard = Mark::new(awake());
        Self {
            route,
            settings,
            hurry,
            awake,
            roll,
            seen,
            cadence: Cadence::new(Instant::now()),
            heard,
            kept: None,
            old: None,
        }
    }

    /// Looks until nobody listens any more.
    pub async fn run(mut self) {
        loop {
            let woken = self.wait().await;
            if self.heard.stood_still((self.awake)()) {
                self.trust_nothing();
            }
            match woken {
                Woken::Due(Look::Path) => self.path().await,
                Woken::Due(Look::Ping) => self.ping().await,
                Woken::Ended(fault) => self.pinged(Err(fault)).await,
                Woken::Hurry => self.cadence.hurry(),
                Woken::SettingsChanged => {}
                Woken::NobodyListens => break,
            }
        }
        close(self.kept.take()).await;
        close(self.old.take()).await;
    }

    async fn wait(&mut self) -> Woken {
        let settings = self.settings.borrow_and_update().clone();
        let due = self.cadence.due(&settings, self.kept.is_some());
        let changed = async {
            // Without whoever set them, they stay as they are.
            if self.settings.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = self.seen.closed() => Woken::NobodyListens,
            fault = ended(self.kept.as_ref()) => Woken::Ended(fault),
            () = changed => Woken::SettingsChanged,
            () = self.hurry.notified() => Woken::Hurry,
            () = sleep_until(due.at) => Woken::Due(due.look),
        }
    }

    async fn ping(&mut self) {
        if let Some(kept) = &self.kept {
            let answer = kept.ping().await;
            self.pinged(answer).await;
        }
    }

    /// The kept session answered, did not, or has ended.
    async fn pinged(&mut self, answer: Result<(), Fault>) {
        let now = (self.awake)();
        if self.kept.is_none() {
            return;
        }
        if self.heard.stood_still(now) {
            self.trust_nothing();
            return;
        }
        self.heard = Mark::new(now);
        self.cadence.after_ping(Instant::now(), answer.is_ok());
        if answer.is_err() {
            self.old = self.kept.take();
        }
        let stage = Stage::Query;
        let sight = Sight {
            at: now,
            look: Look::Ping,
            outcome: answer.map_err(|fault| Cause { stage, fault }),
        };
        self.tell(Seen { sight, path: None }).await;
    }

    async fn path(&mut self) {
        let settings = self.settings.borrow().clone();
        let write = self.cadence.due(&settings, false).write;
        let mark = Mark::new((self.awake)());
        let began = Instant::now();
        let path = self.route.path(&settings, write);
        let ((report, fresh), ()) = tokio::join!(path, close(self.old.take()));
        let now = (self.awake)();
        if mark.stood_still(now) {
            self.trust_nothing();
            close(fresh).await;
            return;
        }
        self.heard = Mark::new(now);
        let went = Went {
            began,
            ended: Instant::now(),
            ok: report.is_healthy(),
            wrote: (write && report.led_to_a_session())
                .then(|| report.failed_stage != Some(Stage::Write)),
        };
        self.cadence
            .after_path(went, &settings, (self.roll)().clamp(0.0, 1.0));
        let replaced = fresh.and_then(|fresh| self.kept.replace(fresh));
        let sight = report.sight(now);
        let path = Some(Gone { began, report });
        self.tell(Seen { sight, path }).await;
        close(replaced).await;
    }

    /// The process stood still. What a session of before says now would speak of that, not of the path.
    fn trust_nothing(&mut self) {
        self.old = self.kept.take().or(self.old.take());
        self.heard = Mark::new((self.awake)());
        self.cadence.after_nothing(Instant::now());
    }

    async fn tell(&self, seen: Seen) {
        // Nobody listens: the next wait sees that too, and ends.
        let _ = self.seen.send(seen).await;
    }
}

async fn ended<K: Kept>(kept: Option<&K>) -> Fault {
    match kept {
        Some(kept) => kept.ended().await,
        None => std::future::pending().await,
    }
}

async fn close<K: Kept>(session: Option<K>) {
    if let Some(session) = session {
        session.close().await;
    }
}

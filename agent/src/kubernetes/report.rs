//! Keeps this pod's PoolInstance: written on change, and with a heartbeat; Events on the pod for what people want to see.

mod store;
mod teller;

use std::sync::Arc;
use std::time::Duration;

use sabai_crds::PoolInstanceStatus;
use sabai_daemon::backoff::{Backoff, roll};
use sabai_wire::control::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::cluster::{Cluster, pause};
use super::instance::{self, Facts};
use super::kept::Kept;
use super::news;
use super::obey::Followed;
use super::plan::Acceptance;
use super::trouble::Trouble;
use crate::app::standing::Standing;
use crate::canary::Knowledge;
use crate::clock::Clock;
use crate::moment::Moment;
use crate::readiness::Told;
use store::Store;
use teller::Teller;

/// Time itself changes what is told; changes within it are told together.
const EVERY: Duration = Duration::from_millis(500);
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// Until something is told, come what may.
const AT_FIRST: Duration = Duration::from_secs(10);
const MANAGER: &str = "sabai-agent";

/// What the report is made of.
#[derive(Clone)]
pub(crate) struct Report {
    pub(super) cluster: Cluster,
    pub(super) kept: Arc<Kept>,
    pub(super) clock: Clock,
    pub(super) followed: watch::Receiver<Followed>,
    pub(super) standing: watch::Receiver<Option<Standing>>,
    pub(super) known: Option<watch::Receiver<Knowledge>>,
    /// What is wrong with a request for a recycle of this pod alone.
    pub(super) ill_request: watch::Receiver<Option<String>>,
    /// Somebody wants to see that this pod is well.
    pub(super) refresh: Arc<Notify>,
}

/// What was written last, and when something is due.
struct Page {
    status: Option<PoolInstanceStatus>,
    store: Store,
    teller: Teller,
    due: Instant,
    /// Nothing is told before, unless there is something to tell.
    at_first: Instant,
    /// After a failure nothing is tried before.
    not_before: Instant,
    backoff: Backoff,
    /// The verdict's begin, by the two clocks.
    since: Option<(Moment, Timestamp)>,
}

impl Page {
    fn failed(&mut self, trouble: &Trouble) {
        self.not_before = Instant::now() + pause(trouble, self.backoff.pause());
    }
}

impl Report {
    /// Reports until it is dropped.
    pub(crate) async fn run(self) {
        let now = Instant::now();
        let mut page = Page {
            status: None,
            store: Store::new(self.cluster.clone()),
            teller: Teller::new(self.cluster.clone()),
            due: now,
            at_first: now + AT_FIRST,
            not_before: now,
            backoff: Backoff::new(PAUSES.0, PAUSES.1),
            since: None,
        };
        let mut turns = interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = turns.tick() => {}
                () = self.refresh.notified() => page.due = Instant::now(),
            }
            self.look(&mut page).await;
        }
    }

    async fn look(&self, page: &mut Page) {
        let now = Instant::now();
        if now < page.not_before || !self.knows_enough() && now < page.at_first {
            return;
        }
        // What an agent of before has written: conditions keep their times.
        match page.store.find().await {
            Ok(found) => page.status = page.status.take().or(found),
            Err(trouble) => return page.failed(&trouble),
        }
        let Some(status) = self.status(page) else {
            return;
        };
        let same = |before: &PoolInstanceStatus| instance::gist(before) == instance::gist(&status);
        let told = page.status.as_ref().is_some_and(same);
        if told && now < page.due {
            return;
        }
        match page.store.write(&status).await {
            Ok(()) => {
                let before = page.status.replace(status.clone());
                page.backoff.reset();
                // Give or take a tenth, so that pods that began together do not go on together.
                let rest = self.cluster.config().report_interval;
                page.due = Instant::now() + rest.mul_f64(0.9 + 0.2 * roll());
                if let Some(before) = before {
                    page.teller.tell(&news::of(&before, &status)).await;
                }
            }
            Err(trouble) => page.failed(&trouble),
        }
    }

    /// An agent that begins again would take back for a moment what the one before it has told.
    fn knows_enough(&self) -> bool {
        let standing = self.standing.borrow();
        let seen = standing.as_ref().is_some_and(|standing| {
            let heard = standing.situation.bot != Told::Nothing(None);
            heard && standing.verdict.seen.is_some()
        });
        seen && self.followed.borrow().acceptance != Acceptance::Unseen
    }

    fn status(&self, page: &mut Page) -> Option<PoolInstanceStatus> {
        let standing = self.standing.borrow().clone()?;
        let (moment, now) = (self.clock.now(), Timestamp::now());
        let begun = standing.verdict.since;
        let since = match page.since {
            Some((same, since)) if same == begun => since,
            _ => (now.get() - moment.since(begun)).into(),
        };
        page.since = Some((begun, since));
        let knowledge = self.known.as_ref().map(|known| known.borrow().clone());
        let (followed, ill_request) = (self.followed.borrow(), self.ill_request.borrow());
        let facts = Facts {
            config: self.cluster.config(),
            followed: &followed,
            standing: &standing,
            knowledge: knowledge.as_ref(),
            served: self.kept.served().last,
            moment,
            now,
            since,
            ill_request: ill_request.as_deref(),
            before: page.status.as_ref(),
        };
        let served = instance::served(&facts);
        if served != self.kept.served().last
            && let Some(served) = served
        {
            self.kept.serve(served);
        }
        Some(instance::status(&facts))
    }
}

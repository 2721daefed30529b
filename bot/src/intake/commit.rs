//! Commits events to Postgres: one statement for a batch, tried again within its deadline, halved when it is refused
//! for its data; then hands the lanes it has won to the worker.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::fault::Fault;
use sabai_wire::fault::decision::Spool;
use sabai_wire::link::StatementError;
use tokio::time::Instant;
use uuid::Uuid;

use super::doubts::Doubts;
use super::rows::{Arrival, Rows, occurred_at};
use super::store::{self, Birth, News, Stored};
use crate::db::again::is_time_left;
use crate::db::pool::Pool;
use crate::event::key::EventKey;
use crate::metrics::{EventOutcome, Metrics};
use crate::queue::debts::Debts;
use crate::queue::worker::{Worker, token};
use crate::queue::{Hold, Lease, Part, Work};

/// Commits batches on intake's own links. Clones share everything.
#[derive(Clone)]
pub struct Commit {
    /// Intake's own links.
    pub pool: Pool,
    /// Who works the lanes that a batch wins.
    pub worker: Worker,
    /// This process.
    pub owner: Uuid,
    /// Length of a lease.
    pub lease: Duration,
    /// What Postgres is to be told when it is back.
    pub debts: Arc<Debts>,
    /// Sessions that may still be about to commit what we gave up.
    pub doubts: Doubts,
    /// Where it is counted.
    pub metrics: Metrics,
}

/// What one batch has come to.
pub(super) struct Committed {
    /// Every event of it is durable, or why not all are.
    pub(super) answer: Result<(), Fault>,
    progress: Progress,
    birth: Birth,
    asked: Instant,
}

#[derive(Default)]
struct Progress {
    /// A try ended without an answer: it may have been committed.
    unsure: bool,
    stored: Stored,
}

impl Commit {
    /// Commits what has come, at most until `deadline`.
    pub(super) async fn store(&self, arrivals: &[Arrival], deadline: Instant) -> Committed {
        self.metrics.intake_batch(arrivals.len());
        let asked = Instant::now();
        let birth = self.birth(arrivals);
        let refs: Vec<&Arrival> = arrivals.iter().collect();
        let mut progress = Progress::default();
        let answer = self.halving(&refs, birth, deadline, &mut progress).await;
        match birth.token {
            Some(token) if progress.unsure && answer.is_ok() => {
                progress.stored.won.extend(self.won(token, deadline).await);
            }
            // It may have been committed all the same, and then nobody works its lanes.
            Some(token) if progress.unsure => self.debts.owe_token(token, true),
            _ => {}
        }
        match answer {
            // It is there: whatever an earlier try of it may still do changes nothing.
            Ok(()) => self.doubts.clear(),
            Err(fault) => self.metrics.fault(fault.as_str()),
        }
        Committed {
            answer,
            progress,
            birth,
            asked,
        }
    }

    /// Counts a batch and hands its lanes to the worker; to be called once those who wait have been told.
    pub(super) fn finish(&self, arrivals: Vec<Arrival>, committed: Committed) {
        let Stored { news, won } = committed.progress.stored;
        if committed.answer.is_ok() {
            self.count(&arrivals, &news);
        }
        self.hand_over(arrivals, news, won, committed.birth, committed.asked);
    }

    /// Born claimed while there is room; else free and due.
    fn birth(&self, arrivals: &[Arrival]) -> Birth {
        let lanes: HashSet<&str> = arrivals
            .iter()
            .filter_map(|one| one.event().and_then(|event| event.lane.as_deref()))
            .collect();
        let fits = self.worker.room() >= lanes.len().max(1);
        let lease_ms = i32::try_from(self.lease.as_millis()).unwrap_or(i32::MAX);
        Birth {
            token: fits.then(token),
            owner: self.owner,
            lease_ms,
        }
    }

    /// Commits a part; when it is refused for its data, its halves, until the culprit stands alone and is set aside.
    async fn halving(
        &self,
        arrivals: &[&Arrival],
        birth: Birth,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        let (mut parts, mut takes_others) = (vec![arrivals], false);
        while let Some(part) = parts.pop() {
            let rows = Rows::of(part);
            match self.trying(&rows, birth, deadline, progress).await {
                Ok(()) => takes_others = true,
                Err(fault) if fault.decision().spool == Spool::SetAside && part.len() > 1 => {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.push(right);
                    parts.push(left);
                }
                // Postgres may be ill, and well again before a dead letter is written for nothing.
                Err(Fault::Unexpected) if !takes_others => return Err(Fault::Unexpected),
                Err(fault) if fault.decision().spool == Spool::SetAside => {
                    tracing::warn!(event = %part[0].key(), %fault, "Postgres refuses an event; it is set aside as a dead letter");
                    self.trying(&Rows::set_aside(part[0]), birth, deadline, progress)
                        .await?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    async fn trying(
        &self,
        rows: &Rows<'_>,
        birth: Birth,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(100));
        loop {
            let begun = Instant::now();
            let fault = match self.once(rows, birth, deadline).await {
                Ok(Stored { news, won }) => {
                    progress.stored.news.extend(news);
                    progress.stored.won.extend(won);
                    return Ok(());
                }
                Err(fault) => fault,
            };
            progress.unsure = true;
            let pause = backoff.pause();
            let left = deadline.saturating_duration_since(Instant::now() + pause);
            if !is_time_left(fault, begun.elapsed(), left) {
                return Err(fault);
            }
            self.metrics.retry(fault.as_str());
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(
        &self,
        rows: &Rows<'_>,
        birth: Birth,
        deadline: Instant,
    ) -> Result<Stored, Fault> {
        let mut link = self
            .pool
            .acquire(deadline)
            .await
            .map_err(|error| error.fault)?;
        let told = |error: StatementError| {
            tracing::debug!(fault = %error.fault, "{}: {}", error.statement, error.detail);
            error.fault
        };
        let stored = match store::store(&mut link, rows, birth, deadline).await {
            Ok(stored) => stored,
            Err(error) => {
                self.doubts.note(link.facts(), birth.token, error.fault);
                return Err(told(error));
            }
        };
        if !rows.amended.messages.is_empty() {
            // Also when the event was seen before: the first time may have ended here.
            store::amend(&mut link, &rows.amended, deadline)
                .await
                .map_err(told)?;
        }
        Ok(stored)
    }

    async fn won(&self, token: Uuid, deadline: Instant) -> Vec<String> {
        let Ok(mut link) = self.pool.acquire(deadline).await else {
            return Vec::new();
        };
        // What is missed here is taken over when its lease runs out.
        store::won(&mut link, token, deadline)
            .await
            .unwrap_or_default()
    }

    fn count(&self, arrivals: &[Arrival], news: &[News]) {
        let mut new: HashMap<EventKey, bool> =
            news.iter().map(|one| (one.key, one.id.is_some())).collect();
        for arrival in arrivals {
            match (new.remove(&arrival.key()), arrival.event()) {
                (None, _) => self.metrics.event(EventOutcome::Duplicate),
                (Some(true), _) => {}
                (Some(false), Some(_)) => self.metrics.event(EventOutcome::StoredOnly),
                (Some(false), None) => self.metrics.event(EventOutcome::DeadLetter),
            }
        }
    }

    /// Gives the lanes that the batch has won to the worker, with the events that we know to be in them.
    fn hand_over(
        &self,
        arrivals: Vec<Arrival>,
        news: Vec<News>,
        won: Vec<String>,
        birth: Birth,
        asked: Instant,
    ) {
        let Some(token) = birth.token else { return };
        let mut news: HashMap<EventKey, News> =
            news.into_iter().map(|one| (one.key, one)).collect();
        let mut lanes: HashMap<String, Vec<(Arrival, News)>> =
            won.into_iter().map(|lane| (lane, Vec::new())).collect();
        for arrival in arrivals {
            let lane = arrival.event().and_then(|event| event.lane.as_ref());
            if let Some(events) = lane.and_then(|lane| lanes.get_mut(lane))
                && let Some(one) = news.remove(&arrival.key())
            {
                events.push((arrival, one));
            }
        }
        for (lane, mut events) in lanes {
            events.sort_by_key(|(arrival, _)| {
                (
                    occurred_at(arrival),
                    arrival.received,
                    arrival.incoming.ordinal,
                )
            });
            let part = Part {
                events: events
                    .into_iter()
                    .filter_map(|(arrival, one)| work(arrival, one))
                    .collect(),
                more: false,
            };
            // A lane of a try whose answer never came: its worker reads what is in it.
            self.hand(
                lane,
                token,
                asked,
                Some(part).filter(|part| !part.events.is_empty()),
            );
        }
    }

    fn hand(&self, lane: String, token: Uuid, asked: Instant, work: Option<Part>) {
        self.worker.take(Hold {
            lane: Arc::from(lane),
            token,
            lease: Lease::new(asked, self.lease),
            work,
        });
    }
}

fn work(arrival: Arrival, news: News) -> Option<Work> {
    let occurred_at = occurred_at(&arrival);
    let event = arrival.incoming.read.ok()?;
    Some(Work {
        id: news.id?,
        key: news.key,
        event: Some(event),
        attempts: 1,
        occurred_at,
        trace: arrival.trace,
        amended: None,
        person: news.person,
        outbox: None,
    })
}

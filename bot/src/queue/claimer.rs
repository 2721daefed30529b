//! Finds lanes to work: those that are due, and those whose holder is gone. One round a second, no NOTIFY.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::debts::Debts;
use super::store::{self, Claim};
use super::worker::{Worker, token};
use super::{Hold, Lease, Part, StateFolder};
use crate::db::pool::{Lent, Pool};

const ROUND: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(3);
/// Lanes of one claim at most.
const MOST: usize = 64;
/// What is on the spool is waited for so long: it may belong before what could be claimed.
const FOR_ELDERS: Duration = Duration::from_secs(10);

/// Claims lanes for a [`Worker`].
pub struct Claimer {
    /// Where the lanes are.
    pub pool: Pool,
    /// Who works them.
    pub worker: Worker,
    /// Paid before anything is claimed.
    pub debts: Arc<Debts>,
    /// This process, and its former lives, whose lanes are ours at once.
    pub state: StateFolder,
    /// Length of a lease.
    pub lease: Duration,
    /// Whether webhooks wait on the spool.
    pub spooling: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Our link must have been healthy for so long before we take from others: the living renew first.
    pub renew_every: Duration,
}

impl Claimer {
    /// Runs until `stop`. What is owed then is paid by whoever stops the process.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut rounds = interval(ROUND.min(self.renew_every));
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let started = Instant::now();
        let mut healthy_since: Option<Instant> = None;
        let mut spooling_since: Option<Instant> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = rounds.tick() => {}
            }
            let waits = spooling_since.is_none_or(|since| since.elapsed() < FOR_ELDERS);
            match self.round(started, healthy_since, waits).await {
                Ok(()) => {
                    healthy_since.get_or_insert_with(Instant::now);
                    // Counted from when Postgres answers: before, nothing could leave the spool.
                    spooling_since =
                        (self.spooling)().then(|| spooling_since.unwrap_or_else(Instant::now));
                }
                Err(fault) => {
                    tracing::debug!(%fault, "cannot look for lanes");
                    healthy_since = None;
                }
            }
        }
    }

    async fn round(
        &mut self,
        started: Instant,
        healthy_since: Option<Instant>,
        wait_for_elders: bool,
    ) -> Result<(), Fault> {
        self.debts.pay(&self.pool).await?;
        let deadline = Instant::now() + LIMIT;
        let mut link = self
            .pool
            .acquire(deadline)
            .await
            .map_err(|error| error.fault)?;
        // A webhook that LINE delivers again may be the elder of one that is stored already, by a commit that nobody
        // heard of for example.
        if wait_for_elders && (self.spooling)() {
            return Ok(());
        }
        // Not once, but for a lease: a lane that intake has locked at this moment is left out, and the last
        // statement of a killed life may commit after our first look.
        if !self.state.former.is_empty()
            && self.take_all(&mut link, Way::Own).await?
            && started.elapsed() >= self.lease
        {
            self.state
                .forget_former()
                .unwrap_or_else(|error| tracing::warn!("cannot write the state folder: {error}"));
        }
        self.take_all(&mut link, Way::Due).await?;
        if healthy_since.is_some_and(|since| since.elapsed() >= self.renew_every) {
            self.take_all(&mut link, Way::Expired).await?;
        }
        Ok(())
    }

    /// Claims until nothing is left to claim (true), or the worker has no room.
    async fn take_all(&self, link: &mut Lent, way: Way) -> Result<bool, Fault> {
        loop {
            let room = self.worker.room().min(MOST);
            if room == 0 {
                return Ok(false);
            }
            if self.take(link, way, room).await? < room {
                return Ok(true);
            }
        }
    }

    /// Claims once, `room` lanes at most; returns how many it got.
    async fn take(&self, link: &mut Lent, way: Way, room: usize) -> Result<usize, Fault> {
        let asked = Instant::now();
        let deadline = asked + LIMIT;
        let most = i64::try_from(room).unwrap_or(i64::MAX);
        let claim = Claim {
            token: token(),
            owner: self.state.owner,
            lease: self.lease,
            most,
        };
        let claimed = match way {
            Way::Due => store::claim(link, claim, deadline).await,
            Way::Expired => store::take_over(link, claim, &[], deadline).await,
            Way::Own => store::take_over(link, claim, &self.state.former, deadline).await,
        };
        // Without an answer it may have been done all the same.
        let claimed = claimed.inspect_err(|_| self.debts.owe_token(claim.token, false));
        let lanes = claimed.map_err(|error| error.fault)?;
        if lanes.is_empty() {
            return Ok(0);
        }
        let found = self.read(link, &lanes, claim.token, deadline).await;
        // Claimed and not read: nobody would work them until the lease runs out.
        let mut found = found.inspect_err(|_| self.debts.owe_token(claim.token, true))?;
        let count = lanes.len();
        for lane in lanes {
            // An empty lane is read again by its worker, which ends it.
            let work = found.remove(&lane);
            let lease = Lease::new(asked, self.lease);
            self.worker.take(Hold {
                lane: lane.into(),
                token: claim.token,
                lease,
                work,
            });
        }
        Ok(count)
    }

    async fn read(
        &self,
        link: &mut Lent,
        lanes: &[String],
        token: Uuid,
        deadline: Instant,
    ) -> Result<HashMap<String, Part>, Fault> {
        store::count(link, lanes, token, deadline)
            .await
            .map_err(|error| error.fault)?;
        store::read(link, lanes, deadline)
            .await
            .map_err(|error| error.fault)
    }
}

#[derive(Clone, Copy)]
enum Way {
    Due,
    Expired,
    Own,
}

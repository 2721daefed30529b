//! Postgres as the bot uses it: links for intake and links for work, under one ceiling.
//!
//! `maxConnections` counts everything: two links for intake (one working, one warm), one spare for
//! recycling, the rest for work. What is tuned is read from `live.rs` at each use; `apply.rs` changes it, `recycle.rs`
//! renews sessions, `closer.rs` sees them off and `outlived.rs` asks about those that do not end.

pub mod again;
pub mod apply;
mod closer;
mod connector;
pub mod days;
pub mod group;
mod live;
pub mod migrate;
mod outlived;
pub mod pool;
pub mod recycle;
pub mod roll;
mod shape;
mod spare;

use std::sync::Arc;

use sabai_wire::dial::DialError;
use sabai_wire::settings::PoolSettings;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use closer::Closer;
use pool::{Fresh, Pool, Slots, Why};
use roll::Roll;
use spare::{SparePlace, Use};

pub use connector::Connector;
pub use shape::{Duty, INTAKE_STATEMENT_TIMEOUT};
pub use spare::Spare;

/// Both pools, and the spare place.
#[derive(Clone)]
pub struct Db {
    /// Intake's own links: nothing else can be in their way.
    pub intake: Pool,
    /// Everybody else's.
    pub work: Pool,
    /// For one session that is neither.
    pub spare: Spare,
    /// Opens links of their own for migrations.
    pub connector: Arc<Connector>,
    closer: Arc<Closer>,
    metrics: Metrics,
    /// One recycle at a time.
    recycling: Arc<Mutex<()>>,
    /// The least generation that the settings in force ask for.
    wanted: Arc<watch::Sender<u64>>,
}

impl Db {
    /// Makes the pools. Nothing is opened before their keepers run.
    pub fn new(connector: Connector, metrics: &Metrics) -> Self {
        let connector = Arc::new(connector);
        let closer = Closer::new(Arc::clone(&connector.live));
        let pool = |duty| {
            Pool::new(
                duty,
                Arc::clone(&connector),
                Arc::clone(&closer),
                metrics.clone(),
            )
        };
        Self {
            intake: pool(Duty::Intake),
            work: pool(Duty::Work),
            spare: Spare::default(),
            connector,
            closer,
            metrics: metrics.clone(),
            recycling: Arc::default(),
            wanted: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Does what neither pool does by itself, until it is dropped: asks about sessions that do not end, and renews
    /// those that are older than the settings in force.
    pub async fn keep(self) {
        tokio::join!(self.clone().ask_on(), self.renew_for_settings());
    }

    /// Keeps both pools until `stop`.
    pub fn keepers(
        &self,
        stop: &CancellationToken,
    ) -> [impl Future<Output = ()> + Send + use<>; 2] {
        [&self.intake, &self.work].map(|pool| pool.clone().keep(stop.clone()))
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<PoolSettings> {
        self.connector.settings()
    }

    /// The generation that sessions are opened in now.
    pub fn generation(&self) -> u64 {
        self.connector.live.generation()
    }

    /// Every session.
    pub fn roll(&self) -> &Roll {
        &self.closer.roll
    }

    /// Sessions of an earlier generation, in whatever state.
    pub fn old_sessions(&self) -> usize {
        self.older_than(self.generation())
    }

    fn older_than(&self, generation: u64) -> usize {
        self.roll()
            .count(|entry| entry.facts.generation < generation)
    }

    /// How all places together are used now.
    pub fn slots(&self) -> Slots {
        self.intake.slots() + self.work.slots() + self.spare.slots()
    }

    fn pool(&self, duty: Duty) -> &Pool {
        match duty {
            Duty::Intake => &self.intake,
            Duty::Work | Duty::Spare => &self.work,
        }
    }

    /// Opens a session in the spare's place.
    async fn open_spare(&self, place: SparePlace) -> Result<Fresh, DialError> {
        self.open_fresh(place, self.generation(), Duty::Spare).await
    }

    /// Opens a session of this generation in the spare's place, for `duty` later.
    async fn open_fresh(
        &self,
        place: SparePlace,
        generation: u64,
        duty: Duty,
    ) -> Result<Fresh, DialError> {
        place.is(Use::Dialing);
        let link = Box::pin(self.connector.open_in(generation, duty)).await;
        let link = link.inspect_err(|error| self.metrics.fault(error.fault.as_str()))?;
        let life = self.closer.enter(&link, Duty::Spare);
        place.is(Use::Busy);
        Ok(Fresh { link, life, place })
    }

    /// Closes a session that stands in the spare's place.
    fn close_spare(&self, fresh: Fresh, why: Why) {
        let Fresh { link, life, place } = fresh;
        place.is(Use::Closing);
        self.roll().serves(life.id, Duty::Spare);
        self.closer.close(link, life.id, why, place);
    }
}

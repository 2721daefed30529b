//! Postgres as the bot uses it: links for intake and links for work, under one ceiling.
//!
//! `maxConnections` counts everything: two links for intake (one working, one warm), one spare for
//! recycling, the rest for work.

mod connector;
pub mod days;
pub mod group;
pub mod migrate;
pub mod pool;

use std::sync::Arc;
use std::time::Duration;

use crate::metrics::Metrics;
use pool::{Pool, Shape};

pub use connector::Connector;

/// The server's limit for a statement of intake: LINE is waiting.
pub const INTAKE_STATEMENT_TIMEOUT: Duration = Duration::from_millis(700);
const INTAKE_PLACES: usize = 2;
const SPARE_PLACES: usize = 1;

/// Both pools.
#[derive(Clone)]
pub struct Db {
    /// Intake's own links: nothing else can be in their way.
    pub intake: Pool,
    /// Everybody else's.
    pub work: Pool,
    /// Opens links of their own for migrations.
    pub connector: Arc<Connector>,
}

impl Db {
    /// Makes the pools. Nothing is opened before their keepers run.
    pub fn new(connector: Connector, metrics: &Metrics) -> Self {
        let connector = Arc::new(connector);
        let settings = connector.settings();
        let work = Shape {
            places: usize::from(settings.max_connections()) - INTAKE_PLACES - SPARE_PLACES,
            warm: settings.min_idle().into(),
            server_statement_timeout: settings.server_statement_timeout(),
        };
        let intake = Shape {
            places: INTAKE_PLACES,
            warm: INTAKE_PLACES,
            server_statement_timeout: INTAKE_STATEMENT_TIMEOUT,
        };
        Self {
            intake: Pool::new(Arc::clone(&connector), intake, metrics.clone()),
            work: Pool::new(Arc::clone(&connector), work, metrics.clone()),
            connector,
        }
    }
}

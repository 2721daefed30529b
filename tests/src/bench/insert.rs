//! The reference: single-row INSERTs over TLS as pgbench does them (prepared, one transaction each, 500 bytes, a text
//! primary key that grows with time), in a database of its own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::task::JoinSet;

use super::{Timed, alone};
use crate::postgres::{Database, Postgres, Session};

const TABLE: &str = "CREATE TABLE reference (id text PRIMARY KEY, payload text NOT NULL)";
const INSERT: &str = "INSERT INTO reference (id, payload) VALUES ($1, $2)";
const PAYLOAD: usize = 500;

/// The table and how to reach it.
#[derive(Clone)]
pub struct Inserts {
    database: Database,
}

impl Inserts {
    /// # Errors
    /// When the database cannot be made.
    pub async fn prepare(postgres: &Postgres) -> anyhow::Result<Self> {
        let database = postgres.create_database("reference").await?;
        database.connect().await?.batch_execute(TABLE).await?;
        Ok(Self { database })
    }

    /// `clients` sessions, each inserting as soon as it is answered, for so long.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn run(&self, clients: usize, lasts: Duration) -> anyhow::Result<Timed> {
        self.paced(clients, Duration::ZERO, lasts).await
    }

    /// The same with a pause before each insert, in which processors fall asleep as they do between events.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn paced(
        &self,
        clients: usize,
        pause: Duration,
        lasts: Duration,
    ) -> anyhow::Result<Timed> {
        self.database
            .connect()
            .await?
            .batch_execute("TRUNCATE reference")
            .await?;
        let database = self.database.clone();
        alone(move || async move {
            let mut sessions = Vec::new();
            for _ in 0..clients {
                let session = database.connect().await?;
                let statement = session.prepare(INSERT).await?;
                sessions.push((session, statement));
            }
            let started = Instant::now();
            let mut running = JoinSet::new();
            for (number, (session, statement)) in sessions.into_iter().enumerate() {
                running.spawn(client(session, statement, number, pause, started + lasts));
            }
            let mut took = Vec::new();
            while let Some(client) = running.join_next().await {
                took.extend(client??);
            }
            Ok(Timed {
                took,
                elapsed: started.elapsed(),
            })
        })
        .await
    }
}

async fn client(
    session: Session,
    statement: tokio_postgres::Statement,
    number: usize,
    pause: Duration,
    end: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let payload = "x".repeat(PAYLOAD);
    let mut took = Vec::new();
    while Instant::now() < end {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let began = Instant::now();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("a clock before 1970")?;
        let id = format!("{:016X}{number:04X}{:06X}", now.as_micros(), took.len());
        session.execute(&statement, &[&id, &payload]).await?;
        took.push(began.elapsed());
    }
    Ok(took)
}

//! Somebody at the server who counts the bot's sessions all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use sabai_tests::postgres::{OWNER, Session};
use sabai_tests::wait::eventually;
use sabai_tests::world::World;
use tokio::task::JoinHandle;

use super::scene::LIMIT;

const EVERY: Duration = Duration::from_millis(5);
/// The bot's sessions in the test's database; the harness looks in as another role.
const COUNT: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = $2";

pub(crate) struct Watcher {
    session: Arc<Session>,
    database: String,
    most: Arc<AtomicI64>,
    ended: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub(crate) async fn begin(world: &World) -> Self {
        let session = Arc::new(world.postgres.superuser().await.expect("a look inside"));
        let database = world.database.name.clone();
        let (most, ended) = (
            Arc::new(AtomicI64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let counting = {
            let (session, database) = (Arc::clone(&session), database.clone());
            let (most, ended) = (Arc::clone(&most), Arc::clone(&ended));
            async move {
                let mut every = tokio::time::interval(EVERY);
                while !ended.load(Ordering::Relaxed) {
                    every.tick().await;
                    let count = count(&session, &database).await;
                    most.fetch_max(count, Ordering::Relaxed);
                }
            }
        };
        Self {
            session,
            database,
            most,
            ended,
            task: tokio::spawn(counting),
        }
    }

    pub(crate) async fn now(&self) -> i64 {
        count(&self.session, &self.database).await
    }

    /// The most at any time since the last call.
    pub(crate) fn most(&self) -> i64 {
        self.most.swap(0, Ordering::Relaxed)
    }

    /// Waits until there are at most so many, and begins to count from there.
    pub(crate) async fn falls_to(&self, most: i64) {
        eventually(LIMIT, "the sessions to become few", async || {
            match self.now().await {
                count if count <= most => Ok(()),
                count => Err(format!("{count} sessions, not {most}")),
            }
        })
        .await;
        self.most.store(0, Ordering::Relaxed);
    }

    /// The server's clock.
    pub(crate) async fn clock(&self) -> SystemTime {
        let row = self
            .session
            .query_one("SELECT clock_timestamp()", &[])
            .await;
        row.expect("asked").get(0)
    }

    /// Sessions of the bot that are older than this.
    pub(crate) async fn older_than(&self, moment: SystemTime) -> i64 {
        let sql = format!("{COUNT} AND backend_start < $3");
        let row = self
            .session
            .query_one(&sql, &[&self.database, &OWNER, &moment])
            .await;
        row.expect("asked").get(0)
    }

    pub(crate) async fn end(self) -> i64 {
        self.ended.store(true, Ordering::Relaxed);
        self.task.await.expect("counted");
        self.most.load(Ordering::Relaxed)
    }
}

async fn count(session: &Session, database: &str) -> i64 {
    let row = session.query_one(COUNT, &[&database, &OWNER]).await;
    row.expect("counted").get(0)
}

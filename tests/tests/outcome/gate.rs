//! A gate in the test's own database: statements of the bot that come to it wait for a lock that the test holds. Opened,
//! they go on; severed, their sessions end and nothing of them stays.

use std::time::Duration;

use sabai_tests::postgres::{Database, Session};
use sabai_tests::wait::eventually;

const LOCK: i64 = 4711;
const WAITING: &str = "
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND NOT granted AND objid = 4711
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
const LIMIT: Duration = Duration::from_secs(20);

/// Closed until it is opened or dropped.
pub(crate) struct Gate {
    session: Session,
}

impl Gate {
    /// Closes it for `what`, such as `INSERT ON outbox`, once the bot has made the tables.
    pub(crate) async fn close(database: &Database, what: &str) -> Self {
        let session = database.superuser().await.expect("Postgres is there");
        let trigger = format!(
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END';
             SELECT pg_advisory_lock({LOCK});
             CREATE TRIGGER gate BEFORE {what} EXECUTE FUNCTION gate();"
        );
        session
            .batch_execute(&trigger)
            .await
            .expect("the tables are there");
        Self { session }
    }

    /// Waits until a statement stands here.
    pub(crate) async fn reached(&self) {
        eventually(
            LIMIT,
            "a statement to come to the gate",
            async || match self.waiting().await {
                0 => Err("none waits"),
                _ => Ok(()),
            },
        )
        .await;
    }

    /// Ends the sessions that wait here, and waits for their end.
    pub(crate) async fn sever(&self) {
        let sever = format!("SELECT pg_terminate_backend(pid) FROM ({WAITING}) waiting");
        eventually(LIMIT, "the waiting sessions to end", async || {
            self.session
                .batch_execute(&sever)
                .await
                .map_err(|error| error.to_string())?;
            match self.waiting().await {
                0 => Ok(()),
                count => Err(format!("{count} wait")),
            }
        })
        .await;
    }

    /// Lets everything through from now on.
    pub(crate) async fn open(self) {
        let open = format!("SELECT pg_advisory_unlock({LOCK})");
        self.session
            .batch_execute(&open)
            .await
            .expect("the lock is ours");
    }

    async fn waiting(&self) -> usize {
        let rows = self.session.query(WAITING, &[]).await;
        rows.expect("Postgres is there").len()
    }
}

//! Brings the schema up to date at start, and says how that stands. Postgres may come later.

use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::fault::{Class, Fault};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::db::migrate::{MigrateError, migrate};
use crate::db::{Db, days};

/// `None` while it has not been looked at.
pub(super) type Schema = Option<Result<(), MigrateError>>;

const LIMIT: Duration = Duration::from_secs(30);

/// Tries until the schema is there and its days are made.
pub(super) async fn ready(db: &Db, schema: &watch::Sender<Schema>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match prepare(db).await {
            Ok(()) => {
                schema.send_replace(Some(Ok(())));
                return;
            }
            Err(error) => {
                let known =
                    matches!(&*schema.borrow(), Some(Err(before)) if before.fault == error.fault);
                if !known {
                    tracing::warn!(fault = %error.fault, "the schema is not ready: {}; {}", error.detail, error.fault.advice());
                }
                // What only waits for Postgres is told by the pool; this tells what is wrong with the schema.
                let waits = matches!(
                    error.fault.class(),
                    Class::NeverSent | Class::Severed | Class::Silent
                );
                if !waits {
                    schema.send_replace(Some(Err(error)));
                }
                sleep(backoff.pause()).await;
            }
        }
    }
}

async fn prepare(db: &Db) -> Result<(), MigrateError> {
    {
        // Its session counts under the ceiling too.
        let place = db.spare.take(Instant::now() + LIMIT).await;
        let _place = place.ok_or_else(|| MigrateError {
            fault: Fault::PoolExhausted,
            detail: "the spare session is in use".to_owned(),
        })?;
        migrate(&db.connector).await?;
    }
    let acquired = db.work.acquire(Instant::now() + LIMIT).await;
    let mut link = acquired.map_err(|error| MigrateError {
        fault: error.fault,
        detail: error.detail,
    })?;
    Ok(days::prepare(&mut link).await?)
}

//! Migrations: embedded, applied by `serve` itself or by `sabai-bot migrate`, on a link of their own.
//!
//! Only expanding, so that an older pod works beside a newer one: versions this program does not know are
//! left alone. Two pods at once take turns by an advisory try-lock; a lock is waited for one second at most.

use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Statement, StatementError};
use tokio::time::{Instant, sleep};

use super::Connector;

struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

/// In order. A migration that has been released is never changed; one that expands the schema is added.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "spine",
        sql: include_str!("../../migrations/0001_spine.sql"),
    },
    Migration {
        version: 2,
        name: "probe",
        sql: include_str!("../../migrations/0002_probe.sql"),
    },
];

/// The version that this program needs.
pub const NEEDED: i32 = 2;

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(600);
const PREPARE: &str = "/* migrate.prepare */ set lock_timeout = '1s'; set client_min_messages = warning; \
    create table if not exists sabai_migration (version int primary key, name text not null, applied_at timestamptz not null default now())";
const LOCK: Statement = Statement {
    name: "migrate.lock",
    sql: "/* migrate.lock */ select pg_try_advisory_lock(hashtext('sabai.migrate'))",
};
const APPLIED: Statement = Statement {
    name: "migrate.applied",
    sql: "/* migrate.applied */ select coalesce(max(version), 0) from sabai_migration",
};
const EXISTS: Statement = Statement {
    name: "migrate.exists",
    sql: "/* migrate.exists */ select to_regclass('sabai_migration') is not null",
};

/// What there was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version found.
    pub from: i32,
    /// The version now.
    pub to: i32,
}

/// Why the schema is not what this program needs.
#[derive(Clone, Debug)]
pub struct MigrateError {
    /// [`Fault::SchemaBehind`] when the role may not change the schema, else what went wrong.
    pub fault: Fault,
    /// In a sentence, with what to do.
    pub detail: String,
}

impl std::fmt::Display for MigrateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.fault, self.detail)
    }
}

impl std::error::Error for MigrateError {}

impl From<StatementError> for MigrateError {
    fn from(error: StatementError) -> Self {
        Self {
            fault: error.fault,
            detail: format!("{}: {}", error.statement, error.detail),
        }
    }
}

/// Brings the schema to [`NEEDED`]. A process with pools takes the spare's place for it.
///
/// # Errors
/// What kept it from doing so. The schema is as it was, or some versions further.
pub async fn migrate(connector: &Connector) -> Result<Migrated, MigrateError> {
    let opened = connector.open_patient(STATEMENT_TIMEOUT).await;
    let link = opened.map_err(|error| MigrateError {
        fault: error.fault,
        detail: error.to_string(),
    })?;
    let outcome = on(&link).await;
    link.close(Duration::from_secs(5)).await;
    outcome
}

async fn on(link: &Link) -> Result<Migrated, MigrateError> {
    let from = version(link).await?;
    if from >= NEEDED {
        return Ok(Migrated { from, to: from });
    }
    let behind = |error: StatementError| match error.fault {
        Fault::PermissionDenied => MigrateError {
            fault: Fault::SchemaBehind,
            detail: format!(
                "the schema is at version {from}, this program needs {NEEDED}, and the role may not change it ({}); \
                 run `sabai-bot migrate` with a role that may",
                error.detail
            ),
        },
        _ => error.into(),
    };
    with_lock_retry(link, "migrate.prepare", PREPARE)
        .await
        .map_err(behind)?;
    lock(link).await?;
    // Another pod may have been here while we waited.
    let from = version(link).await?;
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| migration.version > from)
    {
        let (version, name) = (migration.version, migration.name);
        let script = format!(
            "begin; {} ; insert into sabai_migration (version, name) values ({version}, '{name}'); commit",
            migration.sql
        );
        with_lock_retry(link, "migrate.apply", &script)
            .await
            .map_err(behind)?;
        tracing::info!(version, name, "migrated the schema");
    }
    Ok(Migrated {
        from,
        to: version(link).await?,
    })
}

/// The version the schema has; 0 when there is none.
async fn version(link: &Link) -> Result<i32, StatementError> {
    if !one(link, &EXISTS).await? {
        return Ok(0);
    }
    one(link, &APPLIED).await
}

async fn lock(link: &Link) -> Result<(), StatementError> {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
    while !one::<bool>(link, &LOCK).await? {
        sleep(backoff.pause()).await;
    }
    Ok(())
}

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(
    link: &Link,
    statement: &'static Statement,
) -> Result<T, StatementError> {
    let rows = link
        .query(statement, &[], Instant::now() + Duration::from_secs(10))
        .await?;
    rows.first()
        .and_then(|row| row.try_get(0).ok())
        .ok_or_else(|| StatementError {
            statement: statement.name,
            fault: Fault::Unexpected,
            detail: "one value was expected".to_owned(),
        })
}

/// A lock that is not had within `lock_timeout` is let go and asked for again, so that nobody queues behind us.
async fn with_lock_retry(
    link: &Link,
    name: &'static str,
    script: &str,
) -> Result<(), StatementError> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    loop {
        match link
            .batch(name, script, Instant::now() + STATEMENT_TIMEOUT)
            .await
        {
            Err(error) if error.fault == Fault::LockTimeout => {
                link.batch(
                    "migrate.rollback",
                    "rollback",
                    Instant::now() + Duration::from_secs(10),
                )
                .await?;
                sleep(backoff.pause()).await;
            }
            outcome => return outcome,
        }
    }
}

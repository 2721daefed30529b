//! Opening a link: dial, authenticate, and the first query that tells which server this is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, NoTls};

use super::stream::{Watch, Watched};
use super::{End, Link, SessionFacts};
use crate::dial::{Course, DialError, Dialer, Failure, SocketOptions};
use crate::fault::{Fault, of_driver};
use crate::stage::Stage;

/// Who logs in. Debug hides the password.
#[derive(Clone)]
pub struct Credentials {
    /// Role.
    pub user: String,
    /// Database.
    pub database: String,
    /// Password, unless the client certificate is enough.
    pub password: Option<Vec<u8>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// What a session is set to from its start.
#[derive(Clone, Debug)]
pub struct Session {
    /// Shown in `pg_stat_activity`; Postgres cuts it at 63 bytes.
    pub application_name: String,
    /// The server's own limit per statement, below ours.
    pub statement_timeout: Duration,
    /// The whole of opening it.
    pub connect_timeout: Duration,
    /// Options of its socket.
    pub socket: SocketOptions,
}

impl Session {
    /// Durability is asked for, never assumed from the server's configuration. Plans are made once per session
    /// and by index: the queue's tables are empty most of the time, and a plan made then must hold when they are full.
    /// Statements this short are never worth compiling.
    fn startup_options(&self) -> String {
        format!(
            "-c synchronous_commit=on -c statement_timeout={} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c jit=off",
            self.statement_timeout.as_millis()
        )
    }
}

/// Which server is this, does it take writes, does a commit mean what it says?
const FIRST_QUERY: &str = "select pg_backend_pid(), current_setting('server_version_num')::int4, \
     pg_is_in_recovery() or current_setting('transaction_read_only')::bool, current_setting('synchronous_commit')";

impl Link {
    /// Opens a session through all stages.
    ///
    /// # Errors
    /// The stage that failed, its [`Fault`], and what was seen.
    pub async fn open(
        dialer: &Dialer,
        who: &Credentials,
        session: &Session,
    ) -> Result<Self, DialError> {
        let started = Instant::now();
        let dialed = dialer
            .dial(&session.socket, session.connect_timeout)
            .await?;
        let mut course = Course::new(session.connect_timeout.saturating_sub(started.elapsed()));
        course.passed = dialed.passed;
        let certificate = dialed.certificate;
        let watch = Watch::new();
        let stream = Watched::new(dialed.stream, Arc::clone(&watch));

        let opened = course
            .run(Stage::Auth, authenticate(stream, who, session))
            .await;
        let (client, connection) = opened.map_err(|mut error| {
            error.certificate = Some(Box::new(certificate.clone()));
            error
        })?;
        let (end, ended) = watch::channel(None);
        let seen = Arc::clone(&watch);
        let driver = tokio::spawn(async move {
            let outcome = connection.await;
            let _ = end.send(Some(how_it_ended(&outcome, &seen)));
        });
        let first = course.run(Stage::Query, first_query(&client)).await;
        let (backend_pid, server_version) = first.inspect_err(|_| driver.abort())?;
        let facts = SessionFacts {
            backend_pid,
            server_version,
            certificate,
            passed: course.passed,
            opened: Instant::now(),
        };
        Ok(Self {
            client,
            facts,
            watch,
            ended,
            driver,
            prepared: Mutex::new(HashMap::new()),
        })
    }
}

type Connection = tokio_postgres::Connection<Watched, tokio_postgres::tls::NoTlsStream>;

async fn authenticate(
    stream: Watched,
    who: &Credentials,
    session: &Session,
) -> Result<(Client, Connection), Failure> {
    let mut config = tokio_postgres::Config::new();
    config
        .user(&who.user)
        .dbname(&who.database)
        .application_name(&session.application_name)
        .options(session.startup_options())
        // The stream is TLS already; the driver must not ask for it again.
        .ssl_mode(SslMode::Disable);
    if let Some(password) = &who.password {
        config.password(password);
    }
    config
        .connect_raw(stream, NoTls)
        .await
        .map_err(|error| Failure {
            fault: of_driver(&error),
            detail: match error.as_db_error() {
                Some(db) => format!(
                    "Postgres refused the login of {}: SQLSTATE {}: {}",
                    who.user,
                    db.code().code(),
                    db.message()
                ),
                None => format!("the login of {} failed: {error}", who.user),
            },
        })
}

async fn first_query(client: &Client) -> Result<(i32, i32), Failure> {
    let failed = |error: tokio_postgres::Error| Failure {
        fault: of_driver(&error),
        detail: format!("the first query failed: {error}"),
    };
    let row = client.query_one(FIRST_QUERY, &[]).await.map_err(failed)?;
    let (pid, version) = (
        row.try_get(0).map_err(failed)?,
        row.try_get(1).map_err(failed)?,
    );
    if row.try_get(2).map_err(failed)? {
        return Err(Failure {
            fault: Fault::ReadOnly,
            detail: "this server is a standby or read-only; the primary is needed".to_owned(),
        });
    }
    let durability: String = row.try_get(3).map_err(failed)?;
    if durability != "on" && durability != "remote_apply" {
        return Err(Failure {
            fault: Fault::PermissionDenied,
            detail: format!(
                "synchronous_commit is {durability}: something between us and Postgres drops startup options"
            ),
        });
    }
    Ok((pid, version))
}

/// What Postgres said speaks first, then what the stream saw, then the driver's own word.
fn how_it_ended(outcome: &Result<(), tokio_postgres::Error>, watch: &Watch) -> End {
    match outcome {
        Ok(()) => watch.end().map_or(End::Closed, End::Lost),
        Err(error) if error.as_db_error().is_some() => End::Lost(of_driver(error)),
        Err(error) => End::Lost(watch.end().unwrap_or_else(|| of_driver(error))),
    }
}

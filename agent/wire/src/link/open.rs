//! Opening a link: dial, authenticate, and the first query that tells which server this is.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, NoTls};

use super::stream::{Watch, Watched};
use super::{Cutter, End, Link, SessionFacts};
use crate::dial::{Course, DialError, Dialer, Failure, ServerFacts, SocketOptions};
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
    /// Goes into [`SessionFacts`] as it is.
    pub generation: u64,
    /// The whole of opening it.
    pub connect_timeout: Duration,
    /// Options of its socket.
    pub socket: SocketOptions,
}

impl Session {
    /// Durability is asked for, never assumed from the server's configuration. Plans are made once per session
    /// and by index: the queue's tables are empty most of the time, and a plan made then must hold when they are full.
    /// Statements this short are never worth compiling. Keepalive is the server's too, so that a backend whose client
    /// was cut off does not outlive it for the hours that kernels allow.
    fn startup_options(&self) -> String {
        let socket = &self.socket;
        format!(
            "-c synchronous_commit=on -c statement_timeout={} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c jit=off \
             -c tcp_keepalives_idle={} -c tcp_keepalives_interval={} -c tcp_keepalives_count={} -c tcp_user_timeout={}",
            self.statement_timeout.as_millis(),
            socket.keepalive_idle.as_secs(),
            socket.keepalive_interval.as_secs(),
            socket.keepalive_count,
            socket.unacknowledged_timeout.as_millis(),
        )
    }
}

/// Which server is this, does it take writes, does a commit mean what it says?
const FIRST_QUERY: &str = "select pg_backend_pid(), current_setting('server_version_num')::int4, \
     pg_is_in_recovery(), current_setting('transaction_read_only')::bool, current_setting('synchronous_commit'), \
     (select backend_start from pg_stat_activity where pid = pg_backend_pid()), \
     pg_postmaster_start_time(), inet_server_addr(), \
     current_setting('max_connections')::int4 - current_setting('superuser_reserved_connections')::int4 \
     - coalesce(current_setting('reserved_connections', true)::int4, 0)";

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
        let left = session.connect_timeout.saturating_sub(started.elapsed());
        let peer = dialed.peer;
        let (mut course, stream) = Course::after(dialed, left);
        let watch = Watch::new();
        let stream = Watched::new(stream, Arc::clone(&watch));

        let (client, connection) = course
            .run(Stage::Auth, authenticate(stream, who, session))
            .await?;
        let (end, ended) = watch::channel(None);
        let (cutter, mut cutting) = watch::channel(None);
        let seen = Arc::clone(&watch);
        let driver = tokio::spawn(async move {
            let how = tokio::select! {
                outcome = connection => how_it_ended(&outcome, &seen),
                fault = cut(&mut cutting) => End::Cut(fault),
            };
            let _ = end.send(Some(how));
        });
        let first = course.run(Stage::Query, first_query(&client)).await;
        let First {
            backend_pid,
            backend_start,
            server,
        } = first.inspect_err(|_| driver.abort())?;
        let facts = SessionFacts {
            generation: session.generation,
            backend_pid,
            backend_start,
            server_version: server.version,
            server_start: server.start,
            server_address: server.address,
            session_limit: server.session_limit,
            peer,
            reached: course.reached,
            certificate: course.certificate.expect("TLS was passed"),
            passed: course.passed,
            opened: Instant::now(),
        };
        Ok(Self {
            client,
            facts,
            watch,
            ended,
            cutter: Cutter(cutter),
            driver,
            prepared: Mutex::default(),
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
    config.connect_raw(stream, NoTls).await.map_err(|error| {
        let detail = match error.as_db_error() {
            Some(db) => format!(
                "Postgres refused the login of {}: SQLSTATE {}: {}",
                who.user,
                db.code().code(),
                db.message()
            ),
            None => format!("the login of {} failed: {error}", who.user),
        };
        Failure::new(of_driver(&error), detail)
    })
}

/// What the first query tells.
struct First {
    backend_pid: i32,
    backend_start: SystemTime,
    server: ServerFacts,
}

/// Waits until the session is cut; for ever when it never is.
async fn cut(cutting: &mut watch::Receiver<Option<Fault>>) -> Fault {
    match cutting.wait_for(Option::is_some).await.map(|fault| *fault) {
        Ok(Some(fault)) => fault,
        _ => std::future::pending().await,
    }
}

async fn first_query(client: &Client) -> Result<First, Failure> {
    let failed = |error: tokio_postgres::Error| {
        Failure::new(
            of_driver(&error),
            format!("the first query failed: {error}"),
        )
    };
    // In one round trip, and without a prepared statement whose clean-up would still be in flight when the session is
    // handed out: what Postgres said to it, a goodbye for example, the driver would throw away.
    let row = client.query_typed_one(FIRST_QUERY, &[]).await;
    let row = row.map_err(failed)?;
    let server = ServerFacts {
        version: row.try_get(1).map_err(failed)?,
        in_recovery: row.try_get(2).map_err(failed)?,
        read_only: row.try_get(3).map_err(failed)?,
        start: row.try_get(6).map_err(failed)?,
        address: row.try_get(7).map_err(failed)?,
        session_limit: row.try_get(8).map_err(failed)?,
    };
    let durability: String = row.try_get(4).map_err(failed)?;
    if let Some((fault, detail)) = unfit(&server, &durability) {
        return Err(Failure {
            server: Some(Box::new(server)),
            ..Failure::new(fault, detail)
        });
    }
    Ok(First {
        backend_pid: row.try_get(0).map_err(failed)?,
        backend_start: row.try_get(5).map_err(failed)?,
        server,
    })
}

/// Why such a server is of no use to us, if it is of none.
fn unfit(server: &ServerFacts, durability: &str) -> Option<(Fault, String)> {
    let primary = |is: &str| format!("this server is {is}; the primary is needed");
    if server.in_recovery {
        Some((Fault::ReadOnly, primary("a standby")))
    } else if server.read_only {
        Some((Fault::ReadOnly, primary("read-only")))
    } else if durability != "on" && durability != "remote_apply" {
        let detail = format!(
            "synchronous_commit is {durability}: something between us and Postgres drops startup options"
        );
        Some((Fault::PermissionDenied, detail))
    } else {
        None
    }
}

/// What Postgres said speaks first, then what the stream saw, then the driver's own word.
fn how_it_ended(outcome: &Result<(), tokio_postgres::Error>, watch: &Watch) -> End {
    match outcome {
        Ok(()) => watch.end().map_or(End::Closed, End::Lost),
        Err(error) if error.as_db_error().is_some() => End::Lost(of_driver(error)),
        Err(error) => End::Lost(watch.end().unwrap_or_else(|| of_driver(error))),
    }
}

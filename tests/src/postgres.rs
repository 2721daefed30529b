//! A real PostgreSQL server of our own: TLS and passwords only over TCP, a temporary data folder, gone with the
//! harness. Owns its life and its faults (stop, kill, restart, another certificate); says nothing about Sabai's schema.

mod account;
mod binaries;
pub mod certificates;
mod cluster;
mod database;
mod server;
mod session;
mod standby;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::preload::Preload;
use certificates::{Authority, Identity, Presents};
use cluster::Cluster;
use server::Server;

pub use crate::shelf::Progress;
pub use binaries::VERSION;
pub use database::{Database, OWNER};
pub use session::{SSL_REQUEST, Session};

pub(crate) use session::tls_connector;

/// How long a start may take, crash recovery included.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What a server is started with.
#[derive(Clone, Default)]
pub struct Options {
    /// Further lines of `postgresql.conf`, such as `("log_statement", "all")`; they win over the harness's own.
    pub settings: Vec<(String, String)>,
    /// Started so that [`Postgres::faults`] reach its tables (Linux).
    pub faults: bool,
    /// Told in words what is being done while the first start fetches and unpacks.
    pub progress: Option<Progress>,
}

/// How a server is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended, then a checkpoint: as a planned restart does.
    Fast,
    /// No checkpoint: the next start goes through crash recovery.
    Immediate,
}

/// A server. Dropping it stops it and removes its data.
pub struct Postgres {
    server: Server,
    cluster: Cluster,
}

impl Postgres {
    /// Starts a new, empty server with the role and the database that [`Postgres::database`] names.
    ///
    /// # Errors
    /// When no binaries can be had, or the server does not come up; with the end of its log.
    pub async fn start(options: Options) -> anyhow::Result<Arc<Self>> {
        let progress = options.progress.clone().unwrap_or_else(|| Arc::new(|_| ()));
        let bin = binaries::find(&progress).await?;
        progress("creating the database");
        let mut cluster =
            tokio::task::spawn_blocking(move || Cluster::create(&bin, &options.settings))
                .await
                .context("create a cluster")??;
        if options.faults {
            cluster.preload().await?;
        }
        let mut last = None;
        for port in crate::port::free().take(5) {
            match Server::start(&cluster, port, START_LIMIT).await {
                Ok(server) => {
                    let postgres = Arc::new(Self { server, cluster });
                    postgres.create_role().await?;
                    return Ok(postgres);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no free port"))).context("start Postgres")
    }

    async fn create_role(&self) -> anyhow::Result<()> {
        let superuser = self.superuser().await?;
        let password = self.cluster.password();
        superuser
            .batch_execute(&format!("CREATE ROLE {OWNER} LOGIN PASSWORD '{password}'"))
            .await?;
        self.create_database(database::DEFAULT).await?;
        Ok(())
    }

    /// The database `sabai`, there from the start.
    #[must_use]
    pub fn database(&self) -> Database {
        self.named(database::DEFAULT)
    }

    /// Creates a database of its own for one test, owned by the same role.
    ///
    /// # Errors
    /// When the name is taken, no plain identifier, or the server is away.
    pub async fn create_database(&self, name: &str) -> anyhow::Result<Database> {
        let plain = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        anyhow::ensure!(plain, "{name:?} is no plain database name");
        let superuser = self.superuser().await?;
        superuser
            .batch_execute(&format!("CREATE DATABASE {name} OWNER {OWNER}"))
            .await
            .with_context(|| format!("create database {name}"))?;
        Ok(self.named(name))
    }

    fn named(&self, name: &str) -> Database {
        Database {
            host: "127.0.0.1".into(),
            port: self.server.port(),
            name: name.into(),
            user: OWNER.into(),
            password: self.cluster.password().into(),
            root_certificate: self.cluster.root_certificate(),
            socket_folder: self.cluster.folder().to_owned(),
            socket_port: self.server.port(),
            bin: self.cluster.bin().to_owned(),
        }
    }

    /// A superuser's session on the database `postgres`, over the unix socket.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn superuser(&self) -> anyhow::Result<Session> {
        session::over_socket(self.cluster.folder(), self.server.port(), "postgres").await
    }

    /// Stops the server and waits for its end.
    ///
    /// # Errors
    /// When it is still there after half a minute.
    pub async fn stop(&self, how: Stop) -> anyhow::Result<()> {
        self.server.stop(how).await
    }

    /// SIGKILL for the server and every session of it, as when the machine dies.
    pub async fn kill(&self) {
        self.server.kill().await;
    }

    /// Starts a stopped or killed server again: same data, same port.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        self.server.start_again(&self.cluster, START_LIMIT).await
    }

    /// Stops and starts again.
    ///
    /// # Errors
    /// As [`Postgres::stop`] and [`Postgres::start_again`].
    pub async fn restart(&self, how: Stop) -> anyhow::Result<()> {
        self.stop(how).await?;
        self.start_again().await
    }

    /// From now on new connections meet another certificate, or no TLS; sessions that exist go on. Takes effect
    /// before this returns, or with the next start when the server is down.
    ///
    /// # Errors
    /// When files cannot be written or the server does not reload.
    pub async fn present(&self, presents: Presents) -> anyhow::Result<()> {
        self.cluster.present(presents)?;
        if self.server.is_running() {
            self.reload().await
        } else {
            Ok(())
        }
    }

    /// The same for any certificate, such as one of a new authority.
    ///
    /// # Errors
    /// As [`Postgres::present`].
    pub async fn present_identity(&self, identity: &Identity) -> anyhow::Result<()> {
        self.cluster.present_identity(identity)?;
        self.reload().await
    }

    /// Logs in by these lines of `pg_hba.conf` from now on; a superuser still by the unix socket.
    ///
    /// # Errors
    /// When the file cannot be written or the server does not reload.
    pub async fn log_in_by(&self, lines: &str) -> anyhow::Result<()> {
        self.cluster.log_in_by(lines)?;
        self.reload().await
    }

    /// Sets one of the server's settings for all, or takes it back, as an operator does.
    ///
    /// # Errors
    /// When the server is away or does not know it.
    pub async fn set(&self, name: &str, value: Option<&str>) -> anyhow::Result<()> {
        let change = match value {
            Some(value) => format!("ALTER SYSTEM SET {name} = '{value}'"),
            None => format!("ALTER SYSTEM RESET {name}"),
        };
        self.superuser().await?.batch_execute(&change).await?;
        self.reload().await
    }

    async fn reload(&self) -> anyhow::Result<()> {
        let loaded = self.loaded_at().await?;
        self.server.hang_up();
        crate::wait::eventually(
            Duration::from_secs(10),
            "Postgres to reload its configuration",
            async || {
                let now = self
                    .loaded_at()
                    .await
                    .map_err(|error| format!("{error:#}"))?;
                if now == loaded {
                    Err(format!("loaded at {now}"))
                } else {
                    Ok(())
                }
            },
        )
        .await;
        Ok(())
    }

    /// A new session inherits the time from the server's parent process, which reloads certificates in the same step.
    async fn loaded_at(&self) -> anyhow::Result<String> {
        let row = self
            .superuser()
            .await?
            .query_one("SELECT pg_conf_load_time()::text", &[])
            .await?;
        Ok(row.get(0))
    }

    /// The authority that signs this server's certificate; clients trust it alone.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        self.cluster.authority()
    }

    /// The process that accepts connections.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pid(&self) -> std::io::Result<u32> {
        self.server.pid()
    }

    /// CPU time of the whole server, ended sessions included (Linux).
    ///
    /// # Errors
    /// When it is not running or there is no /proc.
    pub fn cpu_time(&self) -> std::io::Result<Duration> {
        crate::process::usage::family_cpu_time(self.server.pid()?)
    }

    /// Faults of the disk, for the tables alone (a write-ahead log without room is the end of a server), and of the
    /// clock; none unless it was started for them.
    #[must_use]
    pub fn faults(&self) -> Option<&Preload> {
        self.cluster.faults()
    }

    /// The end of the server's log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.cluster.log_tail()
    }

    /// The folder that holds data, certificates and socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.cluster.folder()
    }
}

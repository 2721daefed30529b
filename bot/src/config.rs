//! The bot's configuration: every variable of the environment, typed and checked at once, all problems together. Read
//! once at start through a lookup; what is file-backed and used again (Postgres, LINE) is read again at each use. How
//! variables are read, and those that the agent knows too, are in `sabai_daemon::config`; the bot's own are listed in
//! `config/table.rs`. Never touches the process's environment by itself.

pub mod lease;
pub mod limits;
pub mod line;
pub mod table;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sabai_daemon::config::{
    self, DatabaseConfig, Problems, Reader, UnknownName, log, programs, value,
};
use sabai_daemon::logging::LogConfig;
use sabai_daemon::secret::Secret;

pub use lease::Lease;
pub use limits::Limits;
pub use line::LineConfig;

/// What `serve` is told.
#[derive(Clone, Debug)]
pub struct Config {
    pub database: DatabaseConfig,
    pub line: LineConfig,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// The answers file; `None` is the built-in answers.
    pub answers: Option<PathBuf>,
    /// A folder of this process alone, where its identity and its spool are.
    pub spool_dir: Option<PathBuf>,
    /// Most bytes of webhooks there.
    pub spool_max_bytes: u64,
    /// The Service of our own pods, for evacuation.
    pub peer_url: Option<http::Uri>,
    pub pod_uid: Option<String>,
    /// Where agent and operator ask; `None` is nowhere.
    pub control_socket: Option<PathBuf>,
    pub limits: Limits,
    pub log: LogConfig,
}

/// What `migrate` is told.
#[derive(Clone, Debug)]
pub struct MigrateConfig {
    pub database: DatabaseConfig,
    pub log: LogConfig,
}

impl Config {
    /// Reads all that `serve` needs. `lookup` is the environment, `read_file` is [`config::read_file`] outside of tests.
    ///
    /// # Errors
    /// All problems at once; none holds the value of a secret.
    pub fn from_env(
        lookup: impl Fn(&str) -> Option<OsString>,
        read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Problems> {
        let mut reader = Reader::new(&lookup, &read_file);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let database = DatabaseConfig::read(reader);
        let line = LineConfig::from_env(reader);
        let listen = reader.get(&table::SABAI_LISTEN, value::address);
        let admin_listen = reader.get(&table::SABAI_ADMIN_LISTEN, value::address);
        if let (Some(one), Some(other)) = (listen, admin_listen)
            && collide(one, other)
        {
            reader.problem(
                table::SABAI_ADMIN_LISTEN.name,
                "is the address of SABAI_LISTEN; health and metrics need their own",
            );
        }
        let answers = reader.get(&table::SABAI_ANSWERS, value::path);
        let spool_dir = reader.get(&table::SABAI_SPOOL_DIR, value::path);
        let spool_max_bytes = reader.get(&table::SABAI_SPOOL_MAX_BYTES, |text| {
            value::bytes(text, 1 << 20..=1 << 40)
        });
        let peer_url = reader.get(&table::SABAI_PEER_URL, peer_url);
        let pod_uid = reader.get(&table::POD_UID, value::plain);
        let control_socket = reader.get(&table::SABAI_CONTROL_SOCKET, value::path);
        let limits = limits::read(reader);
        let log = log::read(reader);
        Some(Self {
            database: database?,
            line: line?,
            listen: listen?,
            admin_listen: admin_listen?,
            answers,
            spool_dir,
            spool_max_bytes: spool_max_bytes?,
            peer_url,
            pod_uid,
            control_socket,
            limits: limits?,
            log: log?,
        })
    }

    /// One line for the log, without secrets.
    #[must_use]
    pub fn summary(&self) -> String {
        let path = |path: &Option<PathBuf>| {
            path.as_ref()
                .map_or("none".to_owned(), |path| path.display().to_string())
        };
        format!(
            "{}; LINE at {}; webhook on {}, health and metrics on {}; answers {}; spool {}; lease {:?}",
            self.database.summary(),
            self.line.summary(),
            self.listen,
            self.admin_listen,
            path(&self.answers),
            path(&self.spool_dir),
            self.limits.lease.length,
        )
    }

    /// What is allowed and yet worth a warning at start.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.line.warnings().collect()
    }
}

/// The process's own folder alone, for who looks at it.
///
/// # Errors
/// As [`Config::from_env`].
pub fn spool_dir(
    lookup: impl Fn(&str) -> Option<OsString>,
    read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Option<PathBuf>, Problems> {
    let mut reader = Reader::new(&lookup, &read_file);
    let folder = reader.get(&table::SABAI_SPOOL_DIR, value::path);
    reader.finish(Some(folder))
}

/// The control socket alone, for who asks a running bot.
///
/// # Errors
/// As [`Config::from_env`].
pub fn control_socket(
    lookup: impl Fn(&str) -> Option<OsString>,
    read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Option<PathBuf>, Problems> {
    let mut reader = Reader::new(&lookup, &read_file);
    let socket = reader.get(&table::SABAI_CONTROL_SOCKET, value::path);
    reader.finish(Some(socket))
}

/// The channel's current secret alone, for who signs as LINE does.
///
/// # Errors
/// As [`Config::from_env`].
pub fn channel_secret(
    lookup: impl Fn(&str) -> Option<OsString>,
    read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Secret, Problems> {
    let mut reader = Reader::new(&lookup, &read_file);
    let secrets = reader.get(&table::LINE_CHANNEL_SECRET, line::secrets);
    reader.finish(secrets.and_then(|secrets| secrets.into_iter().next()))
}

impl MigrateConfig {
    /// Reads all that `migrate` needs; LINE is not among it.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_env(
        lookup: impl Fn(&str) -> Option<OsString>,
        read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Problems> {
        let mut reader = Reader::new(&lookup, &read_file);
        let database = DatabaseConfig::read(&mut reader);
        let log = log::read(&mut reader);
        let config = database
            .zip(log)
            .map(|(database, log)| Self { database, log });
        reader.finish(config)
    }
}

/// The names among `names` that look like a variable of ours and are none, neither of the bot nor of Sabai's others.
pub fn unknown_names(names: impl IntoIterator<Item = String>) -> Vec<UnknownName> {
    let others = [programs::AGENT, programs::HARNESS];
    config::unknown_names(names, table::all(), &others)
}

/// The Service of our own pods: HTTP inside the cluster, where nothing else is spoken to `/callback`.
fn peer_url(text: &str) -> Result<http::Uri, String> {
    let url = value::base_url(text)?;
    match url.scheme_str() {
        Some("http") => Ok(url),
        _ => Err("must be http://, the Service of the bot's own pods".to_owned()),
    }
}

/// Whether two listeners would want the same port.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let same_ip =
        one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && same_ip
}

#[cfg(test)]
mod tests;

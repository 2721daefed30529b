//! The agent's configuration: every variable of the environment, typed and checked at once, all problems together. Read
//! once at start; what is file-backed and used again (Postgres) is read again at each use. Its own rows are listed in
//! `config/table.rs`, those that the bot knows too in `sabai_daemon::config`.

mod cluster;
pub mod table;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sabai_daemon::config::{
    self, DatabaseConfig, Problems, Reader, UnknownName, log, programs, settings, value,
};
use sabai_daemon::logging::LogConfig;

pub use cluster::ClusterConfig;

use crate::app::canaries;
use crate::probe::ProbeSettings;
use crate::settings::AgentSettings;

/// Shown to Postgres where the pod's name is not known.
const NO_NAME: &str = "agent";

/// What `run` is told.
#[derive(Clone, Debug)]
pub struct Config {
    pub probe: ProbeConfig,
    pub admin_listen: SocketAddr,
    /// Where the bot is asked.
    pub control_socket: PathBuf,
    /// Whether this agent keeps the idle canaries; `None`: when it holds the release's Lease.
    pub canaries: Option<bool>,
    /// `None` outside of Kubernetes.
    pub cluster: Option<ClusterConfig>,
    pub log: LogConfig,
}

/// What `probe` is told, and `run` too.
#[derive(Clone, Debug)]
pub struct ProbeConfig {
    pub database: DatabaseConfig,
    pub settings: AgentSettings,
    /// Where the bot is asked, if that is said: beside it is what the canaries have found.
    pub control_socket: Option<PathBuf>,
}

impl Config {
    /// Reads all that `run` needs. `lookup` is the environment, `read_file` is [`config::read_file`] outside of tests.
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
        let probe = ProbeConfig::read(reader);
        let admin_listen = reader.get(&table::SABAI_ADMIN_LISTEN, value::address);
        let control_socket = reader.get(&table::SABAI_CONTROL_SOCKET, value::path);
        let canaries = reader.get(&table::SABAI_CANARIES, |text| match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("is neither on nor off".to_owned()),
        });
        let pod = probe
            .as_ref()
            .and_then(|probe| probe.database.pod_name.clone());
        let cluster = cluster::read(reader, pod.as_deref());
        let log = log::read(reader);
        Some(Self {
            probe: ProbeConfig {
                control_socket: control_socket.clone(),
                ..probe?
            },
            admin_listen: admin_listen?,
            control_socket: control_socket?,
            canaries,
            cluster,
            log: log?,
        })
    }

    /// One line for the log, without secrets.
    #[must_use]
    pub fn summary(&self) -> String {
        let settings = &self.probe.settings;
        format!(
            "{}; the bot at {}; a path each {:?}; readiness {}; recycles {}; canaries {}, idle timeout {}; health and metrics on {}",
            self.probe.database.summary(),
            self.control_socket.display(),
            settings.probe.interval,
            settings.readiness.policy.as_str(),
            settings.recycle.mode.as_str(),
            match self.canaries {
                Some(true) => "on",
                Some(false) => "off",
                None if self.cluster.is_some() => "by the Lease holder",
                None => "off",
            },
            settings.discovery.as_str(),
            self.admin_listen,
        )
    }
}

impl ProbeConfig {
    /// Reads all that `probe` needs: the bot is not among it.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_env(
        lookup: impl Fn(&str) -> Option<OsString>,
        read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Problems> {
        let mut reader = Reader::new(&lookup, &read_file);
        let config = Self::read(&mut reader);
        let socket = reader.source(&table::SABAI_CONTROL_SOCKET);
        let control_socket = socket.and_then(|source| {
            reader.value(&table::SABAI_CONTROL_SOCKET, Some(&source), value::path)
        });
        reader.finish(config.map(|config| Self {
            control_socket,
            ..config
        }))
    }

    /// Without the control socket, which `run` must have and `probe` may.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let database = DatabaseConfig::read(reader);
        let settings = settings::read(reader, |lookup| AgentSettings::from_lookup(lookup));
        Some(Self {
            database: database?,
            settings: settings?,
            control_socket: None,
        })
    }

    /// The pod, as Postgres is shown it.
    #[must_use]
    pub fn pod(&self) -> &str {
        self.database.pod_name.as_deref().unwrap_or(NO_NAME)
    }

    /// What the canaries of the running agent have found, if it keeps any.
    #[must_use]
    pub fn kept_finding(&self) -> Option<serde_json::Value> {
        let file = canaries::file(self.control_socket.as_deref()?);
        let text = config::read_file(&file).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// How to probe.
    #[must_use]
    pub fn probe(&self) -> ProbeSettings {
        ProbeSettings::of(&self.settings, &self.database.pool)
    }
}

/// The names among `names` that look like a variable of ours and are none, neither of the agent nor of Sabai's others.
pub fn unknown_names(names: impl IntoIterator<Item = String>) -> Vec<UnknownName> {
    let others = [programs::BOT, programs::AGENT, programs::HARNESS];
    config::unknown_names(names, table::all(), &others)
}

//! Where the database is and how many sessions it is asked for: what every program needs that opens a link.

use std::net::SocketAddr;

use sabai_wire::settings::PoolSettings;

use super::postgres::PostgresConfig;
use super::reader::Reader;
use super::{settings, table, value};

/// Postgres as a program reaches it.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    pub postgres: PostgresConfig,
    pub pool: PoolSettings,
    /// The name server to resolve by; `None` is the system's.
    pub nameserver: Option<SocketAddr>,
    pub pod_name: Option<String>,
    /// Who logs in where, for the log.
    login: String,
}

impl DatabaseConfig {
    /// Reads all of it; `None` when `reader` has noted problems.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let postgres = PostgresConfig::from_env(reader);
        let pool = settings::read(reader, |lookup| PoolSettings::from_lookup(lookup));
        let nameserver = reader.get(&table::SABAI_NAMESERVER, value::address);
        let pod_name = reader.get(&table::POD_NAME, value::plain);
        let (postgres, target) = postgres?;
        let login = format!(
            "{}@{}:{}/{}",
            target.user, target.host, target.port, target.database
        );
        Some(Self {
            postgres,
            pool: pool?,
            nameserver,
            pod_name,
            login,
        })
    }

    /// One line for the log, without secrets.
    #[must_use]
    pub fn summary(&self) -> String {
        let digest = self.pool.digest();
        format!(
            "Postgres {} (verify-full), at most {} sessions, settings {digest}",
            self.login,
            self.pool.max_connections()
        )
    }
}

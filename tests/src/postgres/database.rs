//! One database and how to reach it: what the bot's environment says, and ways to look inside.

use std::path::PathBuf;

use super::session::{self, Session};

/// The role that owns every database; an ordinary one, as in production.
pub const OWNER: &str = "sabai";

pub(super) const DEFAULT: &str = "sabai";

/// Plain facts; change a field to go another way, as through a gate on another port.
#[derive(Clone)]
pub struct Database {
    pub host: String,
    pub port: u16,
    pub name: String,
    pub user: String,
    pub password: String,
    /// PEM file with the only authority to trust.
    pub root_certificate: PathBuf,
    pub(super) socket_folder: PathBuf,
    pub(super) socket_port: u16,
    pub(super) bin: PathBuf,
}

impl Database {
    /// libpq's variables, as the bot reads them (design section 9).
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        [
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGDATABASE", self.name.clone()),
            ("PGUSER", self.user.clone()),
            ("PGPASSWORD", self.password.clone()),
            ("PGSSLROOTCERT", self.root_certificate.display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// A command line for a person who wants to look inside; it holds the throw-away password.
    #[must_use]
    pub fn psql(&self) -> String {
        let own = self.bin.join("psql");
        let psql = if own.is_file() {
            own.display().to_string()
        } else {
            "psql".into()
        };
        let Self {
            host,
            port,
            name,
            user,
            password,
            root_certificate,
            ..
        } = self;
        let root = root_certificate.display();
        format!(
            "PGPASSWORD={password} {psql} 'host={host} port={port} dbname={name} user={user} sslmode=verify-full sslrootcert={root}'"
        )
    }

    /// A session as the bot's role, over TLS that trusts the harness's authority alone.
    ///
    /// # Errors
    /// When any stage fails; the context names it.
    pub async fn connect(&self) -> anyhow::Result<Session> {
        session::over_tls(self).await
    }

    /// The same without TLS, which the server refuses.
    ///
    /// # Errors
    /// Always, when the harness is right.
    pub async fn connect_in_plaintext(&self) -> anyhow::Result<Session> {
        session::in_plaintext(self).await
    }

    /// A superuser's session on this database, over the unix socket: no gate, no TLS, no password.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn superuser(&self) -> anyhow::Result<Session> {
        session::over_socket(&self.socket_folder, self.socket_port, &self.name).await
    }
}

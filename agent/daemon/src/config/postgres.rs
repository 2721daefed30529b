//! How Postgres is reached, in libpq's names. Keeps where each value comes from; `target` reads them all again, so
//! that each dial sees rotated files. TLS is verify-full or refused. Never opens a connection.

mod checks;
mod passfile;
pub mod refused;

use std::path::PathBuf;

use super::problem::Problems;
use super::reader::Reader;
use super::source::{Source, read_file};
use super::variable::Variable;
use super::{table, value};
use crate::secret::Secret;

/// Where the values come from; what they say was valid when the process started.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    host: Option<Source>,
    port: Option<Source>,
    database: Option<Source>,
    user: Option<Source>,
    password: Option<Source>,
    passfile: Option<Source>,
    root: Option<Source>,
    certificate: Option<Source>,
    key: Option<Source>,
}

/// The values of one moment: what one dial needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an IP address, never a list, never a socket's folder.
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    /// Absent only where a client certificate is given.
    pub password: Option<Secret>,
    pub root: RootCertificates,
    pub client: Option<ClientCertificate>,
}

/// What is trusted, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootCertificates {
    /// The system's store (`PGSSLROOTCERT=system`).
    System,
    File(PathBuf),
}

/// Files in PEM, read at each dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl PostgresConfig {
    /// The values now; files are read again. Blocks for as long as the disk does.
    ///
    /// # Errors
    /// When a file is gone or what it holds is no longer valid; all problems at once.
    pub fn target(&self) -> Result<Target, Problems> {
        let mut reader = Reader::of_files(&read_file);
        let target = self.read(&mut reader, false);
        reader.finish(target)
    }

    /// Looks everything up, and reads it once to tell what is wrong now rather than at the first dial.
    pub(super) fn from_env(reader: &mut Reader<'_>) -> Option<(Self, Target)> {
        refused::check(reader);
        // Only to be refused: there is one mode.
        let _ = reader.get(&table::PGSSLMODE, checks::mode);
        let mut source = |variable: &Variable| reader.source(variable);
        let config = Self {
            host: source(&table::PGHOST),
            port: source(&table::PGPORT),
            database: source(&table::PGDATABASE),
            user: source(&table::PGUSER),
            password: source(&table::PGPASSWORD),
            passfile: source(&table::PGPASSFILE),
            root: source(&table::PGSSLROOTCERT),
            certificate: source(&table::PGSSLCERT),
            key: source(&table::PGSSLKEY),
        };
        let target = config.read(reader, true)?;
        Some((config, target))
    }

    /// Reads every value; at start also looks into the certificate files, so that a wrong path is told then.
    fn read(&self, reader: &mut Reader<'_>, at_start: bool) -> Option<Target> {
        let host = reader.value(&table::PGHOST, self.host.as_ref(), checks::host);
        let port = reader.value(&table::PGPORT, self.port.as_ref(), checks::port);
        let user = reader.value(&table::PGUSER, self.user.as_ref(), value::plain);
        let database = reader.value(&table::PGDATABASE, self.database.as_ref(), value::plain);
        let database = if self.database.is_some() {
            database
        } else {
            user.clone()
        };
        let root = reader.value(&table::PGSSLROOTCERT, self.root.as_ref(), checks::root);
        let client = self.client(reader);
        if at_start {
            self.check_files(reader, root.as_ref(), client.as_ref());
        }
        let given = reader.value(&table::PGPASSWORD, self.password.as_ref(), checks::password);
        let passfile = reader.value(&table::PGPASSFILE, self.passfile.as_ref(), value::path);
        self.check_login(reader);
        let (host, port, database, user) = (host?, port?, database?, user?);
        let password = match (given, passfile) {
            (Some(given), _) => Some(given),
            (None, Some(path)) => {
                let wanted = passfile::Wanted {
                    host: &host,
                    port,
                    database: &database,
                    user: &user,
                };
                passfile::password(reader, &path, self.passfile.as_ref(), &wanted)
            }
            (None, None) => None,
        };
        Some(Target {
            host,
            port,
            database,
            user,
            password,
            root: root?,
            client,
        })
    }

    /// The client certificate, which is two variables or none.
    fn client(&self, reader: &mut Reader<'_>) -> Option<ClientCertificate> {
        let certificate = reader.value(&table::PGSSLCERT, self.certificate.as_ref(), value::path);
        let key = reader.value(&table::PGSSLKEY, self.key.as_ref(), value::path);
        match (&self.certificate, &self.key) {
            (Some(_), None) => reader.not_set(
                &table::PGSSLKEY,
                "is not set, but PGSSLCERT is; they go together",
            ),
            (None, Some(_)) => reader.not_set(
                &table::PGSSLCERT,
                "is not set, but PGSSLKEY is; they go together",
            ),
            _ => {}
        }
        Some(ClientCertificate {
            certificate: certificate?,
            key: key?,
        })
    }

    fn check_files(
        &self,
        reader: &mut Reader<'_>,
        root: Option<&RootCertificates>,
        client: Option<&ClientCertificate>,
    ) {
        if let Some(RootCertificates::File(path)) = root {
            checks::holds(reader, &table::PGSSLROOTCERT, path, self.root.as_ref());
        }
        if let Some(client) = client {
            checks::holds(
                reader,
                &table::PGSSLCERT,
                &client.certificate,
                self.certificate.as_ref(),
            );
            checks::holds(reader, &table::PGSSLKEY, &client.key, self.key.as_ref());
        }
    }

    fn check_login(&self, reader: &mut Reader<'_>) {
        match (&self.password, &self.passfile) {
            (Some(_), Some(_)) => {
                reader.problem(table::PGPASSFILE.name, "is set, and so is PGPASSWORD; give one of them");
            }
            (None, None) if self.certificate.is_none() && self.key.is_none() => reader.not_set(
                &table::PGPASSWORD,
                "is not set, nor is PGPASSFILE, nor a client certificate (PGSSLCERT, PGSSLKEY); give one of them",
            ),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;

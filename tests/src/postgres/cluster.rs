//! The files of one server: data from `initdb`, configuration, who may log in, certificates. Starts nothing that
//! stays.

use std::fs::{self, File, Permissions};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use uuid::Uuid;

use super::account::Account;
use super::certificates::{Authority, Identity, Presents};
use crate::preload::Preload;
use crate::scratch::Scratch;

/// Durable as in production; a folder that only its owner can enter makes `trust` on the socket safe.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
max_connections = 200
fsync = on
synchronous_commit = on
password_encryption = 'scram-sha-256'
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'ca.crt'
log_line_prefix = '%m [%p] %q%u@%d '
timezone = 'UTC'
";

const SUPERUSER: &str = "\
local     all,replication postgres trust
local     all all          reject
";

const LOGINS: &str = "\
hostssl   all all      all scram-sha-256
hostnossl all all      all reject
";

/// How a standby calls itself to its primary.
pub(super) const STANDBY: &str = "standby";

pub(super) struct Cluster {
    scratch: Scratch,
    bin: PathBuf,
    account: Option<Account>,
    authority: Arc<Authority>,
    password: String,
    faults: Option<Preload>,
}

impl Cluster {
    pub(super) fn create(bin: &Path, settings: &[(String, String)]) -> anyhow::Result<Self> {
        let account = Account::for_server(bin)?;
        let scratch = Scratch::new("postgres").context("make a temporary folder")?;
        let cluster = Self {
            scratch,
            bin: bin.to_owned(),
            account,
            authority: Arc::new(Authority::new("sabai test authority")?),
            password: Uuid::new_v4().simple().to_string(),
            faults: None,
        };
        cluster.own(cluster.folder())?;
        cluster.initdb()?;
        cluster.configure(settings)?;
        cluster.present(Presents::Trusted)?;
        Ok(cluster)
    }

    /// A copy of a primary's files, made while `backup` goes on there, that will follow it and listen at `address`.
    pub(super) fn copy(primary: &Self, port: u16, address: IpAddr) -> anyhow::Result<Self> {
        let copy = Self {
            scratch: Scratch::new("standby").context("make a temporary folder")?,
            bin: primary.bin.clone(),
            account: primary.account,
            authority: Arc::clone(&primary.authority),
            password: primary.password.clone(),
            faults: None,
        };
        copy.own(copy.folder())?;
        let copied = Command::new("cp")
            .arg("-pR")
            .arg(primary.data())
            .arg(copy.data())
            .status();
        // What comes and goes meanwhile is in the write-ahead log.
        copied.context("run cp")?;
        for own in ["postmaster.pid", "postmaster.opts"] {
            fs::remove_file(copy.data().join(own))
                .with_context(|| format!("copy without {own}"))?;
        }
        let conf = fs::read_to_string(copy.data().join("postgresql.conf"))?;
        let (folder, upstream) = (copy.folder().display(), primary.folder().display());
        let own = format!(
            "{conf}\nunix_socket_directories = '{folder}'\nlisten_addresses = '{address}'\n\
            primary_conninfo = 'host={upstream} port={port} user=postgres application_name={STANDBY}'\n"
        );
        copy.write("postgresql.conf", &own)?;
        copy.write("standby.signal", "")?;
        Ok(copy)
    }

    /// What a backup's end says of its beginning.
    pub(super) fn begins_at(&self, label: &str) -> anyhow::Result<()> {
        self.write("backup_label", label)
    }

    fn initdb(&self) -> anyhow::Result<()> {
        let arguments = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ];
        let output = self
            .program("initdb")
            .arg("--pgdata")
            .arg(self.data())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .context("run initdb")?;
        if !output.status.success() {
            bail!(
                "initdb failed ({}): {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }

    fn configure(&self, settings: &[(String, String)]) -> anyhow::Result<()> {
        let socket = format!("unix_socket_directories = '{}'\n", self.folder().display());
        let given: String = settings
            .iter()
            .map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")))
            .collect();
        let base = fs::read_to_string(self.data().join("postgresql.conf"))?;
        self.write(
            "postgresql.conf",
            &format!("{base}\n{SETTINGS}{socket}include 'tls.conf'\n{given}"),
        )?;
        self.log_in_by(LOGINS)?;
        self.write("ca.crt", &self.authority.pem())
    }

    /// Writes what the server is to present; a reload or a start makes it true.
    pub(super) fn present(&self, presents: Presents) -> anyhow::Result<()> {
        let Some(identity) = self.authority.identity_for(presents)? else {
            return self.write("tls.conf", "ssl = off\n");
        };
        self.present_identity(&identity)
    }

    pub(super) fn present_identity(&self, identity: &Identity) -> anyhow::Result<()> {
        self.write("server.crt", &identity.certificate)?;
        self.write("server.key", &identity.key)?;
        self.write("tls.conf", "ssl = on\n")
    }

    /// A superuser still logs in by the socket.
    pub(super) fn log_in_by(&self, lines: &str) -> anyhow::Result<()> {
        self.write("pg_hba.conf", &format!("{SUPERUSER}{lines}"))
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.data().join(name);
        let write = || -> anyhow::Result<()> {
            fs::write(&path, text)?;
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            self.own(&path)
        };
        write().with_context(|| format!("write {}", path.display()))
    }

    fn own(&self, path: &Path) -> anyhow::Result<()> {
        self.account
            .map_or(Ok(()), |account| account.own(path))
            .with_context(|| format!("give {} away", path.display()))
    }

    /// One of the server's programs, run by the server's user with nothing of our environment.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .current_dir(self.folder());
        if let Some(account) = self.account {
            account.apply(&mut command);
        }
        command
    }

    /// The server itself, ready to be spawned.
    pub(super) fn server(&self, port: u16) -> anyhow::Result<Command> {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log())
            .context("open the server's log")?;
        let mut command = self.program("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-p")
            .arg(port.to_string());
        command
            .envs(self.faults.iter().flat_map(Preload::env))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }

    /// The server is started with faults for its tables.
    pub(super) async fn preload(&mut self) -> anyhow::Result<()> {
        let tables = self.data().join("base");
        self.faults = Some(Preload::new(self.folder(), &tables).await?);
        Ok(())
    }

    pub(super) fn faults(&self) -> Option<&Preload> {
        self.faults.as_ref()
    }

    pub(super) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn bin(&self) -> &Path {
        &self.bin
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    pub(super) fn root_certificate(&self) -> PathBuf {
        self.data().join("ca.crt")
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn log_tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

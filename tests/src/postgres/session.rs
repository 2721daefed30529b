//! Sessions for looking inside: a superuser's over the unix socket, the bot's role's over verified TLS. Not the
//! bot's own dialer on purpose: the harness judges that one.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::{Client, Config, NoTls};

use super::Database;

/// PostgreSQL's SSLRequest: length 8, code 80877103 (protocol-message-formats in its manual).
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A client whose connection ends with it.
pub struct Session {
    client: Client,
    connection: tokio::task::JoinHandle<()>,
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

pub(super) async fn over_socket(
    folder: &Path,
    port: u16,
    database: &str,
) -> anyhow::Result<Session> {
    let socket = folder.join(format!(".s.PGSQL.{port}"));
    let stream = UnixStream::connect(&socket)
        .await
        .with_context(|| format!("connect to {}", socket.display()))?;
    log_in(Config::new().user("postgres").dbname(database), stream).await
}

pub(super) async fn over_tls(database: &Database) -> anyhow::Result<Session> {
    let mut stream = tcp(database).await?;
    stream.write_all(&SSL_REQUEST).await?;
    let answer = stream.read_u8().await.context("no answer to SSLRequest")?;
    ensure!(answer == b'S', "the server offers no TLS");
    let name = ServerName::try_from(database.host.clone()).context("host name")?;
    let stream = tls_connector(&database.root_certificate)?
        .connect(name, stream)
        .await
        .context("TLS handshake")?;
    log_in(&config(database), stream).await
}

pub(super) async fn in_plaintext(database: &Database) -> anyhow::Result<Session> {
    log_in(&config(database), tcp(database).await?).await
}

async fn tcp(database: &Database) -> anyhow::Result<TcpStream> {
    let address = (database.host.as_str(), database.port);
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("connect to {address:?}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn config(database: &Database) -> Config {
    let mut config = Config::new();
    config
        .user(&database.user)
        .password(&database.password)
        .dbname(&database.name);
    config
}

/// Trusts the authority in this PEM file alone.
pub(crate) fn tls_connector(root: &Path) -> anyhow::Result<tokio_rustls::TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in
        CertificateDer::pem_file_iter(root).with_context(|| format!("read {}", root.display()))?
    {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

async fn log_in<S>(config: &Config, stream: S) -> anyhow::Result<Session>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = config.connect_raw(stream, NoTls).await.context("log in")?;
    let connection = tokio::spawn(async move {
        // The client's own calls report how a connection ended.
        let _ = connection.await;
    });
    Ok(Session { client, connection })
}

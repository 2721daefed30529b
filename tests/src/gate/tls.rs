//! The gate as the end of two TLS sessions, so that it can close one in order: what a server or a proxy does that
//! shuts down by the book.

use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::postgres::certificates::Authority;
use crate::postgres::{Database, SSL_REQUEST, tls_connector};

pub(super) struct Termination {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    server: ServerName<'static>,
}

impl Termination {
    /// With a certificate of `authority` for the name by which clients know the server.
    pub(super) fn new(database: &Database, authority: &Authority) -> anyhow::Result<Self> {
        let identity = authority.server(&["localhost", &database.host], false)?;
        let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self {
            acceptor: Arc::new(config).into(),
            connector: tls_connector(&database.root_certificate)?,
            server: ServerName::try_from(database.host.clone()).context("host name")?,
        })
    }

    pub(super) async fn accept(
        &self,
        mut client: TcpStream,
    ) -> anyhow::Result<server::TlsStream<TcpStream>> {
        let mut request = [0; SSL_REQUEST.len()];
        client.read_exact(&mut request).await?;
        ensure!(request == SSL_REQUEST, "the client asks for no TLS");
        client.write_all(b"S").await?;
        Ok(self.acceptor.accept(client).await?)
    }

    pub(super) async fn connect(
        &self,
        mut server: TcpStream,
    ) -> anyhow::Result<client::TlsStream<TcpStream>> {
        server.write_all(&SSL_REQUEST).await?;
        let answer = server.read_u8().await?;
        ensure!(answer == b'S', "the server offers no TLS");
        Ok(self.connector.connect(self.server.clone(), server).await?)
    }
}

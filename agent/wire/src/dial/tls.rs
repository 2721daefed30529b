//! The TLS handshake: verify-full, against the configured CA alone.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Failure;
use crate::certificate::CertificateFacts;
use crate::fault::{Fault, of_io};
use crate::trust::Trust;

/// A failure holds what the server had presented.
pub(super) async fn shake_hands(
    tcp: TcpStream,
    host: &str,
    trust: Arc<Trust>,
) -> Result<(TlsStream<TcpStream>, CertificateFacts), Failure> {
    let ours = |detail: String| Failure::new(Fault::TrustFileBroken, detail);
    let expected = format!("{host}, issued by {}", trust.ca());
    let loaded = tokio::task::spawn_blocking(move || trust.load())
        .await
        .map_err(|error| ours(format!("reading the CA failed: {error}")))?
        .map_err(|error| ours(error.to_string()))?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| ours(format!("PGHOST {host:?} is neither a name nor an address")))?;
    let (config, presented) = loaded.for_one_connection();
    let outcome = TlsConnector::from(config).connect(name, tcp).await;
    let certificate = presented
        .take()
        .and_then(|leaf| CertificateFacts::read(&leaf));
    match (outcome, certificate) {
        (Ok(stream), Some(facts)) => {
            let facts = facts.of_session(stream.get_ref().1);
            Ok((stream, facts))
        }
        (Ok(_), None) => Err(Failure::new(
            Fault::CertificateInvalid,
            "the server's certificate cannot be read",
        )),
        (Err(error), certificate) => {
            let presented = certificate.as_ref().map_or_else(String::new, |facts| {
                format!("; presented: {facts}; expected: {expected}")
            });
            let detail = format!("TLS was refused: {error}{presented}");
            Err(Failure {
                certificate: certificate.map(Box::new),
                ..Failure::new(of_io(&error), detail)
            })
        }
    }
}

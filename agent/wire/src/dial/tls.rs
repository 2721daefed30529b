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

/// A handshake that ended in a refusal, with what the server had presented.
pub(super) struct Refused {
    pub(super) failure: Failure,
    pub(super) certificate: Option<CertificateFacts>,
}

type Shaken = Result<(TlsStream<TcpStream>, CertificateFacts), Refused>;

/// The outer result is for what concerns our own files, the inner one for the server.
pub(super) async fn shake_hands(
    tcp: TcpStream,
    host: &str,
    trust: Arc<Trust>,
) -> Result<Shaken, Failure> {
    let ours = |detail: String| Failure {
        fault: Fault::TrustFileBroken,
        detail,
    };
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
    Ok(match (outcome, certificate) {
        (Ok(stream), Some(facts)) => {
            let facts = facts.of_session(stream.get_ref().1);
            Ok((stream, facts))
        }
        (Ok(_), None) => Err(Refused {
            failure: Failure {
                fault: Fault::CertificateInvalid,
                detail: "the server's certificate cannot be read".to_owned(),
            },
            certificate: None,
        }),
        (Err(error), certificate) => Err(Refused {
            failure: Failure {
                fault: of_io(&error),
                detail: explain(&error, host, certificate.as_ref()),
            },
            certificate,
        }),
    })
}

fn explain(error: &std::io::Error, host: &str, certificate: Option<&CertificateFacts>) -> String {
    let presented = certificate.map_or_else(String::new, |facts| {
        format!(
            "; presented: names [{}], issuer {}, SHA-256 {}; expected: {host}, issued by the CA in PGSSLROOTCERT",
            facts.names.join(", "),
            facts.issuer,
            facts.sha256
        )
    });
    format!("TLS was refused: {error}{presented}")
}

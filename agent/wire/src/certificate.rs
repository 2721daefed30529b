//! The facts of a server's certificate, as an operator wants to read them.

use std::time::{Duration, SystemTime};

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a server presented, read from its leaf certificate and, once there is one, the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of the DER encoding, lower-case hex.
    pub sha256: String,
    /// Names and addresses it is valid for.
    pub names: Vec<String>,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// End of its validity.
    pub not_after: SystemTime,
    /// TLS version of the session, `TLSv1.3` for example; empty when the handshake failed.
    pub protocol: String,
    /// Cipher suite of the session; empty when the handshake failed.
    pub suite: String,
}

impl CertificateFacts {
    /// Reads a leaf certificate. `None` when it is not a certificate at all.
    pub fn read(leaf: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
        let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
        let names = parsed
            .subject_alternative_name()
            .ok()
            .flatten()
            .map(|extension| {
                extension
                    .value
                    .general_names
                    .iter()
                    .filter_map(name)
                    .collect()
            })
            .unwrap_or_default();
        Some(Self {
            sha256: hex(digest(&SHA256, leaf).as_ref()),
            names,
            issuer: parsed.issuer().to_string(),
            not_after: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            protocol: String::new(),
            suite: String::new(),
        })
    }

    /// Adds what only a finished handshake knows.
    pub(crate) fn of_session(mut self, session: &rustls::ClientConnection) -> Self {
        if let Some(version) = session.protocol_version() {
            self.protocol = version.as_str().unwrap_or_default().replace('_', ".");
        }
        if let Some(suite) = session.negotiated_cipher_suite() {
            self.suite = format!("{:?}", suite.suite());
        }
        self
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|b| std::net::Ipv4Addr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|b| std::net::Ipv6Addr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

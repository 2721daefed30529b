//! The facts of a server's certificate, as an operator wants to read them.

use std::fmt;
use std::time::{Duration, SystemTime};

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::control::Timestamp;

/// Who presents a certificate need not be a friend: more names than this, and longer texts, are not kept.
const MAX_NAMES: usize = 64;
const MAX_CHARACTERS: usize = 256;

/// What a server presented, read from its leaf certificate and, once there is one, the session. Bounded, and without
/// control characters: it is shown also when it is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of the DER encoding, lower-case hex.
    pub sha256: String,
    /// Names and addresses it is valid for.
    pub names: Vec<String>,
    /// Distinguished name of its owner; often empty, since the names count.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Begin of its validity.
    pub not_before: SystemTime,
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
                    .take(MAX_NAMES)
                    .collect()
            })
            .unwrap_or_default();
        Some(Self {
            sha256: hex(digest(&SHA256, leaf).as_ref()),
            names,
            subject: shown(&parsed.subject().to_string()),
            issuer: shown(&parsed.issuer().to_string()),
            not_before: time(parsed.validity().not_before),
            not_after: time(parsed.validity().not_after),
            protocol: String::new(),
            suite: String::new(),
        })
    }

    /// Reads the first certificate of a PEM file. `None` when there is none.
    pub fn read_pem(pem: &[u8]) -> Option<Self> {
        Self::read(&CertificateDer::from_pem_slice(pem).ok()?)
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

/// As it is told when it was refused.
impl fmt::Display for CertificateFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "names [{}], issuer {}, valid from {} until {}, SHA-256 {:.16}",
            self.names.join(", "),
            self.issuer,
            Timestamp::from(self.not_before),
            Timestamp::from(self.not_after),
            self.sha256,
        )
    }
}

/// Before 1970 is 1970.
fn time(time: ASN1Time) -> SystemTime {
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn shown(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(MAX_CHARACTERS).map(harmless).collect()
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(shown(name)),
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

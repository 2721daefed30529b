//! What is trusted and who we are, as digests of the contents, so that a change is seen whatever the way the files were
//! swapped: written over, renamed, or a link that leads elsewhere. Says nothing about whether they are any good, but for
//! our own certificate, whose end is to be told before it comes.

use std::fmt;
use std::path::Path;

use ring::digest::SHA256;
use sabai_wire::certificate::CertificateFacts;

use crate::config::postgres::{RootCertificates, Target};
use crate::config::read_file;

/// What was configured at one moment.
#[derive(Clone, Debug)]
pub struct Contents {
    pub digests: Digests,
    /// Our own certificate; `None` without one, or when its file holds none: what is wrong with it the next link tells.
    pub client_certificate: Option<CertificateFacts>,
}

/// SHA-256 of what was configured at one moment. Equal digests are equal contents.
#[derive(Clone, PartialEq, Eq)]
pub struct Digests {
    /// The file of the CA certificates, as `sha256sum` tells it; `None` where the system's are trusted.
    pub ca: Option<[u8; 32]>,
    /// Both files of the client certificate, it and its key; `None` where there is none.
    pub client_certificate: Option<[u8; 32]>,
    /// The password, wherever it comes from; `None` where there is none. Short passwords can be guessed by it: never for a
    /// log.
    pub password: Option<[u8; 32]>,
}

impl Contents {
    /// Reads the certificates that `target` names, each file once. Blocks for as long as the disk does.
    pub(super) fn of(target: &Target) -> Result<Self, String> {
        let ca = match &target.root {
            RootCertificates::System => None,
            RootCertificates::File(path) => Some(digest(&read("PGSSLROOTCERT", path)?)),
        };
        let client = target.client.as_ref().map(|client| {
            let certificate = read("PGSSLCERT", &client.certificate)?;
            let key = digest(&read("PGSSLKEY", &client.key)?);
            Ok::<_, String>((digest(&[digest(&certificate), key].concat()), certificate))
        });
        let (client, certificate) = client.transpose()?.unzip();
        let password = target.password.as_ref();
        let digests = Digests {
            ca,
            client_certificate: client,
            password: password.map(|password| digest(password.expose().as_bytes())),
        };
        Ok(Self {
            digests,
            client_certificate: certificate.and_then(|pem| CertificateFacts::read_pem(&pem)),
        })
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |digest: [u8; 32]| -> String {
            let first = digest.iter().take(4);
            first.map(|byte| format!("{byte:02x}")).collect()
        };
        f.debug_struct("Digests")
            .field("ca", &self.ca.map(hex))
            .field("client_certificate", &self.client_certificate.map(hex))
            .field("password", &self.password.map(|_| "***"))
            .finish()
    }
}

fn digest(content: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&SHA256, content);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn read(variable: &str, path: &Path) -> Result<Vec<u8>, String> {
    read_file(path).map_err(|error| format!("{variable}: cannot read {}: {error}", path.display()))
}

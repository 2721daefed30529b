//! Whom we trust and who we are: the CA file, the client certificate, and the rustls configuration made of them.
//!
//! The files are read again for each connection, so that a rotation is seen by the next one; the
//! configuration is rebuilt only when their content changed. Only the configured CA is trusted, never
//! the system's beside it.

mod files;
mod recording;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use files::Files;
pub(crate) use recording::{Presented, Recording};

/// Where the roots come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// A PEM file with one CA certificate or more; nothing else is trusted.
    File(PathBuf),
    /// The system's own store (libpq's `sslrootcert=system`).
    System,
}

/// A client certificate and its key, both PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// Certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Private key, not encrypted.
    pub key: PathBuf,
}

/// Why no TLS configuration could be made; it names the file and what to do.
#[derive(Clone, Debug)]
pub struct TrustError(String);

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TrustError {}

/// A TLS configuration for one content of the files.
#[derive(Clone)]
pub(crate) struct Loaded {
    fingerprint: [u8; 32],
    config: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Loaded {
    /// The configuration for one connection, and where it will note the certificate that was presented.
    pub(crate) fn for_one_connection(&self) -> (Arc<ClientConfig>, Presented) {
        let presented = Presented::default();
        // A clone shares the session store, which remembers the key exchange group that the server wants.
        let mut config = ClientConfig::clone(&self.config);
        let recording = Recording::new(Arc::clone(&self.verifier), presented.clone());
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(recording));
        (Arc::new(config), presented)
    }
}

/// Reads the files and keeps the configuration made of their last content.
pub(crate) struct Trust {
    roots: Roots,
    identity: Option<ClientIdentity>,
    last: Mutex<Option<Loaded>>,
}

impl Trust {
    pub(crate) fn new(roots: Roots, identity: Option<ClientIdentity>) -> Self {
        Self {
            roots,
            identity,
            last: Mutex::new(None),
        }
    }

    /// Who has to have issued the server's certificate, in words.
    pub(crate) fn ca(&self) -> String {
        match &self.roots {
            Roots::File(path) => format!("the CA in PGSSLROOTCERT ({})", path.display()),
            Roots::System => "a CA that the system trusts (PGSSLROOTCERT=system)".to_owned(),
        }
    }

    /// The configuration for what the files hold now. Blocking: it reads files.
    pub(crate) fn load(&self) -> Result<Loaded, TrustError> {
        let files = Files::read(&self.roots, self.identity.as_ref())?;
        let fingerprint = files.fingerprint();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = last
            .as_ref()
            .filter(|loaded| loaded.fingerprint == fingerprint)
        {
            return Ok(loaded.clone());
        }
        let loaded = files.build(&self.roots, self.identity.as_ref(), fingerprint)?;
        *last = Some(loaded.clone());
        Ok(loaded)
    }
}

impl Files {
    fn fingerprint(&self) -> [u8; 32] {
        let (certificate, key) = self
            .identity
            .as_ref()
            .map_or((&[][..], &[][..]), |(c, k)| (c, k));
        let mut all = Vec::new();
        for part in [self.roots.as_deref().unwrap_or_default(), certificate, key] {
            all.extend_from_slice(&part.len().to_be_bytes());
            all.extend_from_slice(part);
        }
        digest(&SHA256, &all)
            .as_ref()
            .try_into()
            .unwrap_or_default()
    }

    fn build(
        &self,
        roots: &Roots,
        identity: Option<&ClientIdentity>,
        fingerprint: [u8; 32],
    ) -> Result<Loaded, TrustError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let store = Arc::new(self.root_store(roots)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(&provider))
            .build()
            .map_err(|error| TrustError(format!("cannot use the CA of PGSSLROOTCERT: {error}")))?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError(format!("cannot set up TLS: {error}")))?
            .with_webpki_verifier(Arc::clone(&verifier));
        let config = match (&self.identity, identity) {
            (Some((certificate, key)), Some(paths)) => {
                let (chain, key) = client_identity(certificate, key, paths)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    TrustError(format!(
                        "PGSSLCERT and PGSSLKEY do not fit together: {error}"
                    ))
                })?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Loaded {
            fingerprint,
            config: Arc::new(config),
            verifier,
        })
    }

    fn root_store(&self, roots: &Roots) -> Result<RootCertStore, TrustError> {
        let mut store = RootCertStore::empty();
        match (roots, &self.roots) {
            (Roots::File(path), Some(pem)) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    certificate
                        .map_err(|error| error.to_string())
                        .and_then(|certificate| {
                            store.add(certificate).map_err(|error| error.to_string())
                        })
                        .map_err(|error| {
                            TrustError(format!(
                                "PGSSLROOTCERT: {} holds a broken certificate: {error}",
                                path.display()
                            ))
                        })?;
                }
                if store.is_empty() {
                    return Err(TrustError(format!(
                        "PGSSLROOTCERT: {} holds no certificate; it must be the CA of the server, as PEM",
                        path.display()
                    )));
                }
            }
            _ => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if store.is_empty() {
                    return Err(TrustError(
                        "PGSSLROOTCERT=system, but the system has no CA certificates; give the server's CA as a file"
                            .to_owned(),
                    ));
                }
            }
        }
        Ok(store)
    }
}

fn client_identity(
    certificate: &[u8],
    key: &[u8],
    paths: &ClientIdentity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TrustError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|error| {
            TrustError(format!(
                "PGSSLCERT: cannot read {}: {error}",
                paths.certificate.display()
            ))
        })?;
    if chain.is_empty() {
        return Err(TrustError(format!(
            "PGSSLCERT: {} holds no certificate",
            paths.certificate.display()
        )));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
        TrustError(format!(
            "PGSSLKEY: cannot read {}: {error}",
            paths.key.display()
        ))
    })?;
    Ok((chain, key))
}

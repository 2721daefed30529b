//! Certificates of the test's own authority: good ones, and each kind of bad one that a client must refuse.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// What the server shows from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presents {
    /// A new certificate of the trusted authority for [`NAMES`].
    Trusted,
    /// The same, of an authority that nobody trusts.
    Untrusted,
    /// Of the trusted authority, for another host.
    WrongName,
    /// Of the trusted authority, run out.
    Expired,
    /// No TLS at all.
    Plaintext,
}

/// The names by which a server of ours is known: addresses, and one name for a name server of the harness.
pub const NAMES: &[&str] = &["localhost", "127.0.0.1", "::1", NAME];

/// A name that only [`crate::names::Names`] can resolve.
pub const NAME: &str = "postgres.sabai.test";

/// A certificate and its key, both PEM.
#[derive(Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

/// A certificate authority that lives in memory.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    /// A new authority with a key of its own.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// The authority's own certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Signs a certificate for a server with these names (DNS names or addresses).
    ///
    /// # Errors
    /// When a name is neither, or the system gives no randomness.
    pub fn server(&self, names: &[&str], expired: bool) -> anyhow::Result<Identity> {
        let mut params = of_server(names)?;
        if expired {
            (params.not_before, params.not_after) =
                (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        self.sign(params)
    }

    /// The same, valid for so long from now on.
    ///
    /// # Errors
    /// As [`Authority::server`].
    pub fn server_for(&self, names: &[&str], left: Duration) -> anyhow::Result<Identity> {
        let mut params = of_server(names)?;
        end_in(left, &mut params)?;
        self.sign(params)
    }

    /// Signs a client certificate whose common name is `user`, which is what Postgres compares.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn client(&self, user: &str) -> anyhow::Result<Identity> {
        self.sign(of_client(user))
    }

    /// The same for a member of a group, as Kubernetes reads it: its organization.
    ///
    /// # Errors
    /// As [`Authority::client`].
    pub fn member(&self, user: &str, group: &str) -> anyhow::Result<Identity> {
        let mut params = of_client(user);
        params
            .distinguished_name
            .push(DnType::OrganizationName, group);
        self.sign(params)
    }

    /// The same, valid for so long from now on.
    ///
    /// # Errors
    /// As [`Authority::client`].
    pub fn client_for(&self, user: &str, left: Duration) -> anyhow::Result<Identity> {
        let mut params = of_client(user);
        end_in(left, &mut params)?;
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> anyhow::Result<Identity> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// The identity for what a server is to present; none for plaintext.
    pub(super) fn identity_for(&self, presents: Presents) -> anyhow::Result<Option<Identity>> {
        Ok(match presents {
            Presents::Trusted => Some(self.server(NAMES, false)?),
            Presents::Untrusted => {
                Some(Self::new("somebody else's authority")?.server(NAMES, false)?)
            }
            Presents::WrongName => Some(self.server(&["elsewhere.example"], false)?),
            Presents::Expired => Some(self.server(NAMES, true)?),
            Presents::Plaintext => None,
        })
    }
}

fn of_client(user: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, user);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn end_in(left: Duration, params: &mut CertificateParams) -> anyhow::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    params.not_after = date_time_ymd(1970, 1, 1) + now + left;
    Ok(())
}

fn of_server(names: &[&str]) -> anyhow::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).context("names for a certificate")?;
    params
        .distinguished_name
        .push(DnType::CommonName, "sabai test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

//! The files of one API server: its authority, certificates and keys, kubeconfigs, logs. Starts nothing.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::signer::Signer;
use crate::postgres::certificates::{Authority, Identity};
use crate::scratch::Scratch;

/// The names by which clients know the server: here, and as a pod does.
const NAMES: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "::1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

pub(super) const AUDIT_POLICY: &str = "audit-policy.yaml";
pub(super) const AUDIT_LOG: &str = "audit.log";

/// Every request of a client, without bodies; what the components ask is of no interest.
const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ['system:apiserver', 'system:kube-controller-manager']
- level: None
  userGroups: ['system:serviceaccounts:kube-system']
- level: Metadata
";

/// Who a kubeconfig speaks as.
pub(super) enum User<'a> {
    Certificate(&'a Identity),
    /// Read again by the client: what the file holds may change.
    TokenFile(&'a Path),
}

pub(super) struct Files {
    scratch: Scratch,
    authority: Authority,
    tokens: Signer,
}

impl Files {
    pub(super) fn create() -> anyhow::Result<Self> {
        let files = Self {
            scratch: Scratch::new("kubernetes").context("make a temporary folder")?,
            authority: Authority::new("sabai test cluster")?,
            tokens: Signer::new()?,
        };
        files.write("ca.crt", &files.authority.pem())?;
        let server = files.authority.server(NAMES, false)?;
        files.write("apiserver.crt", &server.certificate)?;
        files.write("apiserver.key", &server.key)?;
        files.write("sa.key", &files.tokens.key_pem())?;
        files.write("sa.pub", &files.tokens.public_key_pem())?;
        files.write(AUDIT_POLICY, POLICY)?;
        // Programs that are run in no user's name still want a home.
        fs::create_dir(files.path("home"))?;
        Ok(files)
    }

    pub(super) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(super) fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }

    pub(super) fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// The key of the service accounts' tokens.
    pub(super) fn tokens(&self) -> &Signer {
        &self.tokens
    }

    /// A certificate by which the API server knows `user`, a member of `group`.
    pub(super) fn member(&self, user: &str, group: &str) -> anyhow::Result<Identity> {
        self.authority.member(user, group)
    }

    /// Writes the kubeconfig `name` for a server at `address`.
    pub(super) fn kubeconfig(
        &self,
        name: &str,
        address: SocketAddr,
        namespace: &str,
        user: &User<'_>,
    ) -> anyhow::Result<PathBuf> {
        let authority = STANDARD.encode(self.authority.pem());
        let user = match user {
            User::Certificate(identity) => format!(
                "client-certificate-data: {}\n    client-key-data: {}",
                STANDARD.encode(&identity.certificate),
                STANDARD.encode(&identity.key)
            ),
            User::TokenFile(path) => format!("tokenFile: {:?}", path.display().to_string()),
        };
        let content = format!(
            "apiVersion: v1
kind: Config
clusters:
- name: sabai
  cluster:
    server: https://{address}
    certificate-authority-data: {authority}
users:
- name: sabai
  user:
    {user}
contexts:
- name: sabai
  context: {{cluster: sabai, user: sabai, namespace: {namespace}}}
current-context: sabai
"
        );
        self.write(name, &content)
    }

    /// The last lines that a component wrote.
    pub(super) fn log_tail(&self, component: &str) -> String {
        const LINES: usize = 40;
        let Ok(log) = fs::read(self.log(component)) else {
            return format!("{component} wrote no log");
        };
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    pub(super) fn log(&self, component: &str) -> PathBuf {
        self.path(&format!("{component}.log"))
    }
}

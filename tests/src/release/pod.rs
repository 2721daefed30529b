//! A pod of a release in a cluster: an object that no kubelet runs, the token that is bound to it, and what its agent's environment
//! says of both.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;

use super::Rights;
use crate::bot::Environment;
use crate::kubernetes::{Access, Namespace};

/// One pod.
pub struct Pod {
    pub name: String,
    pub uid: String,
    pub access: Access,
    namespace: String,
    /// Of its PoolConfig.
    release: String,
}

impl Rights<'_> {
    /// A pod of this release. Its agent finds the API server at `api`, with a token that lasts so long.
    ///
    /// # Errors
    /// When the API server refuses, or files cannot be written.
    pub async fn pod(
        &self,
        namespace: &Namespace,
        name: &str,
        api: SocketAddr,
        lasts: Duration,
    ) -> anyhow::Result<Pod> {
        let account = self.service_account;
        let uid = namespace.pod(name, account).await.context("a pod")?;
        let token = namespace.token(account, name, &uid, lasts).await;
        let access = namespace.access(name, &token.context("a token")?, api);
        Ok(Pod {
            name: name.to_owned(),
            uid,
            access: access.context("a kubeconfig")?,
            namespace: namespace.name().to_owned(),
            release: self.name.to_owned(),
        })
    }
}

impl Pod {
    /// What its agent has beside the bot's own variables; `POD_NAME` is the bot's too.
    #[must_use]
    pub fn agent_env(&self) -> Environment {
        let env = [
            ("SABAI_POOLCONFIG", self.release.clone()),
            ("POD_NAME", self.name.clone()),
            ("POD_UID", self.uid.clone()),
            ("POD_NAMESPACE", self.namespace.clone()),
            ("NODE_NAME", format!("node-of-{}", self.name)),
            ("KUBECONFIG", self.access.kubeconfig.display().to_string()),
        ];
        env.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}

//! The PoolInstance as the API server has it: created, and changed by merge patches, since one agent alone writes it.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Patch, PatchParams, PostParams, ValidationDirective};
use sabai_crds::{POOLCONFIG_LABEL, PoolInstance, PoolInstanceStatus};
use sabai_wire::fault::Fault;
use serde_json::Value;
use tokio::time::Instant;

use super::MANAGER;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::instance::bare;
use crate::kubernetes::merge::replacing;
use crate::kubernetes::skew::missing;
use crate::kubernetes::trouble::Trouble;

const DOING: &str = "write the pod's PoolInstance";
const DOING_BARELY: &str = "write what the API server takes of the pod's PoolInstance";
/// After the whole was refused.
const WHOLE_AGAIN: Duration = Duration::from_secs(600);

/// The object, and what the server takes of it.
pub(super) struct Store {
    cluster: Cluster,
    /// As the server has it; null while that is not known, `false` when there is none.
    stored: Value,
    /// The server refuses the whole until then, as far as we know.
    whole_from: Instant,
}

impl Store {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            stored: Value::Null,
            whole_from: Instant::now(),
        }
    }

    /// What is there before the first write, if that is not known yet; whoever wrote it.
    pub(super) async fn find(&mut self) -> Result<Option<PoolInstanceStatus>, Trouble> {
        if !self.stored.is_null() {
            return Ok(None);
        }
        let (cluster, pod) = (&self.cluster, &self.cluster.config().pod);
        let get = |client| {
            let api = cluster.pool_instances(client);
            async move { api.get_opt(pod).await }
        };
        let found = self.cluster.call(DOING, get).await?;
        self.stored = match &found {
            Some(found) => serde_json::to_value(found).unwrap_or_default(),
            None => Value::Bool(false),
        };
        Ok(found.and_then(|found| found.status))
    }

    /// Makes it say this.
    pub(super) async fn write(&mut self, status: &PoolInstanceStatus) -> Result<(), Trouble> {
        if Instant::now() >= self.whole_from {
            match self.store(DOING, status).await {
                // A list of words is closed, and one that we say is not in it.
                Err(Trouble::Fault(Fault::CRDOutdated, _)) => {
                    self.whole_from = Instant::now() + WHOLE_AGAIN;
                }
                other => return other,
            }
        }
        self.store(DOING_BARELY, &bare(status)).await
    }

    async fn store(
        &mut self,
        doing: &'static str,
        status: &PoolInstanceStatus,
    ) -> Result<(), Trouble> {
        let object = self.object(status);
        let wanted = serde_json::to_value(&object).map_err(|error| {
            Trouble::Fault(Fault::ApiRefused, format!("a status of our own: {error}"))
        })?;
        let stored = match self.patch(doing, &wanted).await {
            Err(Trouble::NotFound) => self.create(doing, object).await?,
            other => other?,
        };
        self.stored = serde_json::to_value(&stored).unwrap_or_default();
        let dropped = missing(&wanted["status"], &self.stored["status"]);
        if !dropped.is_empty() {
            let words = format!("PoolInstance: it drops {}", dropped.join(", "));
            self.cluster.outdated(&words);
        }
        Ok(())
    }

    async fn patch(&self, doing: &'static str, wanted: &Value) -> Result<PoolInstance, Trouble> {
        let patch = serde_json::json!({
            "metadata": {"labels": wanted["metadata"]["labels"], "ownerReferences": wanted["metadata"]["ownerReferences"]},
            "status": replacing(&self.stored["status"], &wanted["status"]),
        });
        let (cluster, pod) = (&self.cluster, &self.cluster.config().pod);
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Warn),
            ..PatchParams::default()
        };
        let write = |client| {
            let api = cluster.pool_instances(client);
            async move { api.patch(pod, &params, &Patch::Merge(patch)).await }
        };
        self.cluster.call(doing, write).await
    }

    async fn create(
        &self,
        doing: &'static str,
        object: PoolInstance,
    ) -> Result<PoolInstance, Trouble> {
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let cluster = &self.cluster;
        let write = |client| {
            let api = cluster.pool_instances(client);
            async move { api.create(&params, &object).await }
        };
        self.cluster.call(doing, write).await
    }

    fn object(&self, status: &PoolInstanceStatus) -> PoolInstance {
        let config = self.cluster.config();
        let mut object = PoolInstance::new(&config.pod, status.clone());
        let labels = [
            ("app.kubernetes.io/name", "sabai"),
            ("app.kubernetes.io/managed-by", MANAGER),
            (POOLCONFIG_LABEL, &config.pool_config),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        object.metadata.labels = Some(labels.into());
        object.metadata.owner_references = Some(vec![OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            name: config.pod.clone(),
            uid: config.pod_uid.clone(),
            block_owner_deletion: Some(false),
            controller: None,
        }]);
        object
    }
}

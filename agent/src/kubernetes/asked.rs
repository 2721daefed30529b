//! What people ask of this pod alone, by an annotation of its PoolInstance.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DeserializeGuard;
use sabai_crds::{PoolInstance, RECYCLE_REQUESTED_AT};
use tokio::sync::watch as channel;

use super::cluster::Cluster;
use super::kept::Kept;
use super::obey::pass_on;
use super::watch::watch;
use crate::requests::Request;

/// What it works with.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(super) cluster: Cluster,
    pub(super) kept: Arc<Kept>,
    pub(super) requests: channel::Sender<Option<Request>>,
    /// What is wrong with what was asked.
    pub(super) ill: channel::Sender<Option<String>>,
}

impl Asked {
    /// Listens until it is dropped.
    pub(crate) async fn run(self) {
        let pod = self.cluster.config().pod.clone();
        watch::<PoolInstance>(&self.cluster, &pod, |found| {
            let object = match &found {
                Some(DeserializeGuard(Ok(object))) => object,
                Some(DeserializeGuard(Err(_))) | None => return,
            };
            let annotation = object.annotations().get(RECYCLE_REQUESTED_AT);
            let ill = pass_on(annotation, false, &self.kept, &self.requests);
            let other = |now: &mut Option<String>| std::mem::replace(now, ill.clone()) != ill;
            self.ill.send_if_modified(other);
        })
        .await;
    }
}

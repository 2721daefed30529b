//! Writes what is wanted of the status, on top of the version that was seen last and of no other.

use std::sync::Arc;

use kube::Resource;
use kube::api::{Patch, PatchParams, ValidationDirective};
use kube::runtime::events::{Event, Recorder, Reporter};
use sabai_crds::{PoolConfig, PoolConfigStatus};
use sabai_wire::control::Timestamp;
use serde_json::{Value, json};

use super::{events, patch};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::hold::Holding;
use crate::kubernetes::obey::Followed;
use crate::kubernetes::skew::missing;
use crate::kubernetes::summary::{Facts, Own, Report, status};
use crate::kubernetes::trouble::Trouble;

const DOING: &str = "write the PoolConfig's status";
const TELLING: &str = "publish Events of the PoolConfig";
const MANAGER: &str = "sabai-agent";

/// What is to be written, and on top of what.
#[derive(Debug)]
pub(super) struct Wanted {
    /// As the watch has brought it.
    seen: Arc<PoolConfig>,
    /// The same, or what we have made of it since.
    base: Arc<PoolConfig>,
    status: PoolConfigStatus,
    patch: Value,
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    /// Somebody else has changed the object, or it is gone, or we do not hold the Lease any more.
    Overtaken,
    Failed(Trouble),
}

/// Remembers what was written.
pub(super) struct Writing {
    cluster: Cluster,
    holding: Holding,
    recorder: Option<Recorder>,
    /// The object as it was seen, and as it was after our last write on top of that.
    wrote: Option<(Arc<PoolConfig>, Arc<PoolConfig>)>,
    /// The object on top of which a write came too late.
    overtaken: Option<Arc<PoolConfig>>,
    /// What we wanted last, and the version that came of it: a server with older definitions drops some of it.
    settled: Option<(PoolConfigStatus, Option<String>)>,
}

impl Writing {
    pub(super) const fn new(cluster: Cluster, holding: Holding) -> Self {
        Self {
            cluster,
            holding,
            recorder: None,
            wrote: None,
            overtaken: None,
            settled: None,
        }
    }

    /// What is to be written now, if anything.
    pub(super) fn wanted(
        &mut self,
        followed: &Followed,
        reports: &[Report<'_>],
        own: &Own,
    ) -> Option<Wanted> {
        let seen = followed.object.as_ref()?;
        if is(self.overtaken.as_ref(), seen) {
            return None;
        }
        let base = match &self.wrote {
            Some((on_top_of, ours)) if Arc::ptr_eq(on_top_of, seen) => ours,
            _ => seen,
        };
        let facts = Facts {
            config: base,
            acceptance: &followed.acceptance,
            reports,
            own,
            now: Timestamp::now(),
        };
        let status = status(&facts);
        let stored = base.status.clone().unwrap_or_default();
        let patch = patch::between(&stored, &status)?;
        let version = &base.metadata.resource_version;
        let settled = self.settled.as_ref();
        let is_settled = settled
            .is_some_and(|(wanted, of)| of == version && patch::between(wanted, &status).is_none());
        let wanted = Wanted {
            seen: Arc::clone(seen),
            base: Arc::clone(base),
            status,
            patch,
        };
        (!is_settled).then_some(wanted)
    }

    /// Writes it, and tells of it.
    pub(super) async fn write(&mut self, wanted: Wanted) -> Outcome {
        if !self.holding.may_write() {
            return Outcome::Overtaken;
        }
        match self.send(&wanted).await {
            Ok(got) => {
                self.tell_dropped(&wanted.patch, &got);
                let before = wanted.base.status.clone().unwrap_or_default();
                let events = events::between(&before, &wanted.status);
                let version = got.metadata.resource_version.clone();
                self.settled = Some((wanted.status, version));
                let got = Arc::new(got);
                self.wrote = Some((wanted.seen, Arc::clone(&got)));
                for event in events {
                    self.tell(&event, &got).await;
                }
                Outcome::Done
            }
            Err(Trouble::Conflict | Trouble::NotFound) => {
                self.overtaken = Some(wanted.seen);
                Outcome::Overtaken
            }
            Err(trouble) => Outcome::Failed(trouble),
        }
    }

    async fn send(&self, wanted: &Wanted) -> Result<PoolConfig, Trouble> {
        let metadata = &wanted.base.metadata;
        let name = metadata.name.clone().unwrap_or_default();
        let body = json!({
            "metadata": {"uid": metadata.uid, "resourceVersion": metadata.resource_version},
            "status": wanted.patch,
        });
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Warn),
            ..PatchParams::default()
        };
        let send = |client| async move {
            let configs = self.cluster.pool_configs(client);
            let patch = Patch::Merge(&body);
            configs.patch_status(&name, &params, &patch).await
        };
        self.cluster.call(DOING, send).await
    }

    /// A server with older definitions drops what it does not know.
    fn tell_dropped(&self, sent: &Value, got: &PoolConfig) {
        let got = serde_json::to_value(&got.status).unwrap_or_default();
        let dropped = missing(sent, &got);
        if !dropped.is_empty() {
            let words = format!("PoolConfig: it drops {}", dropped.join(", "));
            self.cluster.outdated(&words);
        }
    }

    /// Whoever misses it sees the condition all the same, so it is not tried again.
    async fn tell(&mut self, event: &Event, config: &PoolConfig) {
        let mut regarding = config.object_ref(&());
        // The same again is the same Event.
        regarding.resource_version = None;
        let recorder = self.recorder.clone();
        let reporter = Reporter {
            controller: MANAGER.to_owned(),
            instance: Some(self.cluster.config().pod.clone()),
        };
        let publish = |client| async move {
            let recorder = recorder.unwrap_or_else(|| Recorder::new(client, reporter));
            recorder.publish(event, &regarding).await?;
            Ok(recorder)
        };
        if let Ok(recorder) = self.cluster.call(TELLING, publish).await {
            self.recorder = Some(recorder);
        }
    }
}

fn is(one: Option<&Arc<PoolConfig>>, other: &Arc<PoolConfig>) -> bool {
    one.is_some_and(|one| Arc::ptr_eq(one, other))
}

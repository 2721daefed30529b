//! While this pod's path is ill, looks at its peers' reports and says whether the pod can be spared. Costs nothing while all is well.

use std::collections::HashMap;
use std::time::Duration;

use kube::api::ListParams;
use sabai_crds::{POOLCONFIG_LABEL, PoolInstance};
use sabai_wire::control::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep;

use super::cluster::Cluster;
use super::peers::{Peer, spared};
use crate::app::standing::Standing;
use crate::verdict::State;

/// From one look to the next; longer and longer, since a whole release may be looking.
const LOOKS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(20));
const DOING: &str = "list the release's PoolInstances";

/// What it works with.
#[derive(Clone)]
pub(crate) struct Spare {
    pub(super) cluster: Cluster,
    pub(super) standing: watch::Receiver<Option<Standing>>,
    /// So many peers are well, and this pod can be spared.
    pub(super) peers: watch::Sender<Option<u32>>,
}

impl Spare {
    /// Looks whenever it is needed, until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            self.wait(|state| state >= State::Degraded).await;
            let mut healing = self.clone();
            tokio::select! {
                () = healing.wait(|state| state < State::Degraded) => {}
                () = self.look() => {}
            }
            self.peers.send_replace(None);
        }
    }

    async fn wait(&mut self, until: impl Fn(State) -> bool) {
        let thinks = |standing: &Option<Standing>| {
            let standing = standing.as_ref();
            standing.is_some_and(|standing| until(standing.verdict.state))
        };
        if self.standing.wait_for(thinks).await.is_err() {
            std::future::pending().await
        }
    }

    async fn look(&self) {
        // What they had said when our path fell ill.
        let mut first: Option<HashMap<String, Option<Timestamp>>> = None;
        let mut rest = LOOKS.0;
        loop {
            if let Some(instances) = self.list().await {
                let first = first.get_or_insert_with(|| {
                    let all = instances.iter();
                    all.filter_map(|one| Some((one.metadata.name.clone()?, heartbeat(one))))
                        .collect()
                });
                self.judge(&instances, first);
            }
            sleep(rest).await;
            rest = (rest * 3 / 2).min(LOOKS.1);
        }
    }

    fn judge(&self, instances: &[PoolInstance], first: &HashMap<String, Option<Timestamp>>) {
        let own = &self.cluster.config().pod;
        let peers: Vec<Peer> = instances
            .iter()
            .filter(|one| one.metadata.name.as_ref() != Some(own))
            .filter_map(|one| {
                let before = one.metadata.name.as_ref().and_then(|name| first.get(name));
                // One that was not there before has been written since.
                let fresh = before.is_none_or(|before| *before != heartbeat(one));
                Peer::of(one, fresh)
            })
            .collect();
        let percent = self
            .standing
            .borrow()
            .as_ref()
            .map(|standing| standing.settings);
        let percent = percent.map_or(0, |settings| settings.max_unready_percent);
        let answer = spared(own, &peers, percent);
        let other = |now: &mut Option<u32>| std::mem::replace(now, answer) != answer;
        self.peers.send_if_modified(other);
    }

    async fn list(&self) -> Option<Vec<PoolInstance>> {
        let cluster = &self.cluster;
        let name = &cluster.config().pool_config;
        let params = ListParams::default().labels(&format!("{POOLCONFIG_LABEL}={name}"));
        let list = |client| {
            let api = cluster.pool_instances(client);
            async move { api.list(&params).await }
        };
        let listed = cluster.call(DOING, list).await.ok()?;
        Some(listed.items)
    }
}

fn heartbeat(instance: &PoolInstance) -> Option<Timestamp> {
    instance.status.as_ref()?.heartbeat_time
}

//! The cluster in a check: a PoolConfig that is applied is obeyed, a recycle that is asked for by annotation is served, and the
//! status says both.

use std::time::{Duration, SystemTime};

use sabai_wire::control::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::super::cluster::{self, Cluster, RELEASE};
use super::super::screen::Screen;
use super::super::stage::Stage;
use super::mark;

/// Another ceiling than the default.
const MAX_CONNECTIONS: u64 = 8;
/// Each comes within a second or two; a busy machine may need longer.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// What became of it, in the order in which it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    /// From the end of `kubectl apply` to the bot's first report under the new settings.
    obeyed_milliseconds: Option<u128>,
    /// The status says so, of this generation.
    in_force: bool,
    /// The sessions were renewed, and the status says that it was asked for.
    recycled: bool,
}

impl Tried {
    /// Tries it and tells.
    pub(super) async fn on(screen: &Screen, stage: &Stage, cluster: &Cluster) -> Self {
        screen.show("\nThe PoolConfig, by kubectl:");
        let obeyed_milliseconds = match apply(stage, cluster).await {
            Ok(took) => took.map(|took| took.as_millis()),
            Err(error) => {
                screen.show(&format!("  ! {error:#}"));
                None
            }
        };
        let took =
            obeyed_milliseconds.map_or("never".to_owned(), |took| format!("after {took} ms"));
        screen.show(&format!(
            "  {} the bot obeys an applied PoolConfig {took}",
            mark(obeyed_milliseconds.is_some())
        ));
        let in_force = within(async || in_force(cluster).await).await;
        let says = cluster.says().await;
        screen.show(&format!("  {} its status: {says}", mark(in_force)));
        let recycled = recycle(screen, stage, cluster).await;
        if let Ok(output) = cluster.kubectl(&["get", "sabai"]).await {
            let table = (output.stdout + &output.stderr)
                .trim_end()
                .replace('\n', "\n    ");
            screen.show(&format!("  · kubectl get sabai\n    {table}"));
        }
        Self {
            obeyed_milliseconds,
            in_force,
            recycled,
        }
    }

    /// All of it is as it should be.
    pub(super) fn is_well(&self) -> bool {
        self.obeyed_milliseconds.is_some() && self.in_force && self.recycled
    }
}

async fn apply(stage: &Stage, cluster: &Cluster) -> anyhow::Result<Option<Duration>> {
    let mut spec = cluster::spec();
    spec["pool"] = json!({"maxConnections": MAX_CONNECTIONS});
    cluster.apply(&spec).await?;
    let began = Instant::now();
    let obeyed = within(async || {
        let report = stage.report().await.unwrap_or_default();
        report["maxConnections"] == MAX_CONNECTIONS
    });
    Ok(obeyed.await.then(|| began.elapsed()))
}

async fn in_force(cluster: &Cluster) -> bool {
    let object = cluster
        .pool_config()
        .await
        .ok()
        .flatten()
        .unwrap_or_default();
    object["spec"]["pool"]["maxConnections"] == MAX_CONNECTIONS && holds(&object)
}

/// Applied, and of the generation that stands in the object.
fn holds(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|one| {
        one["type"] == "Applied"
            && one["status"] == "True"
            && one["observedGeneration"] == object["metadata"]["generation"]
    })
}

async fn recycle(screen: &Screen, stage: &Stage, cluster: &Cluster) -> bool {
    let at = Timestamp::from(SystemTime::now()).to_string();
    let annotation = format!("sabai.dev/recycle-requested-at={at}");
    let annotated = cluster
        .kubectl(&["annotate", "pcfg", RELEASE, &annotation])
        .await;
    if let Err(error) = annotated.and_then(|output| output.ok()) {
        screen.show(&format!("  ! {error:#}"));
        return false;
    }
    let began = Instant::now();
    let served = within(async || {
        let last = stage.report().await.unwrap_or_default()["lastRecycle"].clone();
        let renewed = last["reason"] == "Requested" && last["outcome"] == "Completed";
        let object = cluster
            .pool_config()
            .await
            .ok()
            .flatten()
            .unwrap_or_default();
        renewed && object["status"]["lastHandledRecycleRequest"] == at
    })
    .await;
    let took = began.elapsed().as_millis();
    screen.show(&match served {
        true => {
            format!("  · a recycle asked for by annotation was served, and told, after {took} ms")
        }
        false => format!("  ! a recycle asked for by annotation is not served after {took} ms"),
    });
    served
}

async fn within(check: impl AsyncFn() -> bool) -> bool {
    let end = Instant::now() + LIMIT;
    loop {
        if check().await {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_another_generation_does_not_count() {
        let object = |status: &str, observed: u64| {
            let applied =
                json!({"type": "Applied", "status": status, "observedGeneration": observed});
            json!({"metadata": {"generation": 2}, "status": {"conditions": [applied]}})
        };
        assert!(holds(&object("True", 2)));
        for not in [object("True", 1), object("False", 2), json!({})] {
            assert!(!holds(&not), "{not}");
        }
    }

    #[test]
    fn all_of_it_has_to_be_well() {
        let well = Tried {
            obeyed_milliseconds: Some(90),
            in_force: true,
            recycled: true,
        };
        assert!(well.is_well());
        for wrong in [
            Tried {
                obeyed_milliseconds: None,
                ..well
            },
            Tried {
                in_force: false,
                ..well
            },
            Tried {
                recycled: false,
                ..well
            },
        ] {
            assert!(!wrong.is_well(), "{wrong:?}");
        }
    }
}

//! Publishes Events on the pod, for people: one that cannot be written is not tried again.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::OnceCell;

use super::MANAGER;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::news::News;

/// Who publishes them.
pub(super) struct Teller {
    cluster: Cluster,
    /// It folds what is told again and again.
    recorder: OnceCell<Recorder>,
}

impl Teller {
    pub(super) fn new(cluster: Cluster) -> Self {
        let recorder = OnceCell::new();
        Self { cluster, recorder }
    }

    /// Tells what is new.
    pub(super) async fn tell(&self, news: &[News]) {
        let config = self.cluster.config();
        let pod = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            name: Some(config.pod.clone()),
            namespace: Some(config.namespace.clone()),
            uid: Some(config.pod_uid.clone()),
            ..ObjectReference::default()
        };
        for one in news {
            let event = event(one);
            let publish = |client| async {
                let reporter = Reporter {
                    controller: MANAGER.to_owned(),
                    instance: Some(config.pod.clone()),
                };
                let recorder = async || Recorder::new(client, reporter);
                let recorder = self.recorder.get_or_init(recorder).await;
                recorder.publish(&event, &pod).await
            };
            let _ = self.cluster.call("publish Events", publish).await;
        }
    }
}

/// As the API takes it.
fn event(news: &News) -> Event {
    Event {
        type_: match news.good {
            true => EventType::Normal,
            false => EventType::Warning,
        },
        reason: news.reason.clone(),
        note: Some(news.note.clone()).filter(|note| !note.is_empty()),
        action: news.action.to_owned(),
        secondary: None,
    }
}

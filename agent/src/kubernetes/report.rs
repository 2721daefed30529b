//! Keeps this pod's PoolInstance: written on change, and with a heartbeat; Events on the pod for what people want to see.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Patch, PatchParams, PostParams, ValidationDirective};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use sabai_crds::{POOLCONFIG_LABEL, PoolInstance, PoolInstanceStatus};
use sabai_daemon::backoff::{Backoff, roll};
use sabai_wire::control::Timestamp;
use sabai_wire::fault::Fault;
use serde_json::Value;
use tokio::sync::{Notify, OnceCell, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::cluster::{Cluster, pause};
use super::instance::{self, Facts};
use super::kept::Kept;
use super::merge::replacing;
use super::news::{self, News};
use super::obey::Followed;
use super::plan::Acceptance;
use super::skew::missing;
use super::trouble::Trouble;
use crate::app::standing::Standing;
use crate::canary::Knowledge;
use crate::clock::Clock;
use crate::moment::Moment;
use crate::readiness::Told;

/// Time itself changes what is told; changes within it are told together.
const EVERY: Duration = Duration::from_millis(500);
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// Until something is told, come what may.
const AT_FIRST: Duration = Duration::from_secs(10);
const DOING: &str = "write the pod's PoolInstance";
const DOING_BARELY: &str = "write what the API server takes of the pod's PoolInstance";
/// After the whole was refused.
const WHOLE_AGAIN: Duration = Duration::from_secs(600);
const MANAGER: &str = "sabai-agent";

/// What the report is made of.
#[derive(Clone)]
pub(crate) struct Report {
    pub(super) cluster: Cluster,
    pub(super) kept: Arc<Kept>,
    pub(super) clock: Clock,
    pub(super) followed: watch::Receiver<Followed>,
    pub(super) standing: watch::Receiver<Option<Standing>>,
    pub(super) known: Option<watch::Receiver<Knowledge>>,
    /// What is wrong with a request for a recycle of this pod alone.
    pub(super) ill_request: watch::Receiver<Option<String>>,
    /// Somebody wants to see that this pod is well.
    pub(super) refresh: Arc<Notify>,
}

/// What was written last, and when something is due.
struct Page {
    status: Option<PoolInstanceStatus>,
    /// As the server has it.
    stored: Value,
    due: Instant,
    /// Nothing is told before, unless there is something to tell.
    at_first: Instant,
    /// After a failure nothing is tried before.
    not_before: Instant,
    backoff: Backoff,
    /// The server refuses the whole until then, as far as we know.
    whole_from: Instant,
    /// The verdict's begin, by the two clocks.
    since: Option<(Moment, Timestamp)>,
    recorder: OnceCell<Recorder>,
}

impl Report {
    /// Reports until it is dropped.
    pub(crate) async fn run(self) {
        let now = Instant::now();
        let mut page = Page {
            status: None,
            stored: Value::Null,
            due: now,
            at_first: now + AT_FIRST,
            not_before: now,
            backoff: Backoff::new(PAUSES.0, PAUSES.1),
            whole_from: now,
            since: None,
            recorder: OnceCell::new(),
        };
        let mut turns = interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = turns.tick() => {}
                () = self.refresh.notified() => page.due = Instant::now(),
            }
            self.look(&mut page).await;
        }
    }

    async fn look(&self, page: &mut Page) {
        let now = Instant::now();
        if !self.knows_enough() && now < page.at_first {
            return;
        }
        let Some(status) = self.status(page) else {
            return;
        };
        let same = |before: &PoolInstanceStatus| instance::gist(before) == instance::gist(&status);
        let told = page.status.as_ref().is_some_and(same);
        if now < page.not_before || told && now < page.due {
            return;
        }
        match self.write(page, &status).await {
            Ok(()) => {
                let before = page.status.replace(status.clone());
                page.backoff.reset();
                // Give or take a tenth, so that pods that began together do not go on together.
                let rest = self.cluster.config().report_interval;
                page.due = Instant::now() + rest.mul_f64(0.9 + 0.2 * roll());
                if let Some(before) = before {
                    self.tell(page, news::of(&before, &status)).await;
                }
            }
            Err(trouble) => {
                page.not_before = Instant::now() + pause(&trouble, page.backoff.pause());
            }
        }
    }

    /// An agent that begins again would take back for a moment what the one before it has told.
    fn knows_enough(&self) -> bool {
        let standing = self.standing.borrow();
        let seen = standing.as_ref().is_some_and(|standing| {
            let heard = standing.situation.bot != Told::Nothing(None);
            heard && standing.verdict.seen.is_some()
        });
        seen && self.followed.borrow().acceptance != Acceptance::Unseen
    }

    fn status(&self, page: &mut Page) -> Option<PoolInstanceStatus> {
        let standing = self.standing.borrow().clone()?;
        let (moment, now) = (self.clock.now(), Timestamp::now());
        let begun = standing.verdict.since;
        let since = match page.since {
            Some((same, since)) if same == begun => since,
            _ => (now.get() - moment.since(begun)).into(),
        };
        page.since = Some((begun, since));
        let knowledge = self.known.as_ref().map(|known| known.borrow().clone());
        let (followed, ill_request) = (self.followed.borrow(), self.ill_request.borrow());
        let facts = Facts {
            config: self.cluster.config(),
            followed: &followed,
            standing: &standing,
            knowledge: knowledge.as_ref(),
            served: self.kept.served().last,
            moment,
            now,
            since,
            ill_request: ill_request.as_deref(),
            before: page.status.as_ref(),
        };
        let served = instance::served(&facts);
        if served != self.kept.served().last
            && let Some(served) = served
        {
            self.kept.serve(served);
        }
        Some(instance::status(&facts))
    }

    async fn write(&self, page: &mut Page, status: &PoolInstanceStatus) -> Result<(), Trouble> {
        if page.stored.is_null() {
            self.find(page).await?;
        }
        if Instant::now() >= page.whole_from {
            match self.store(page, DOING, status).await {
                // A list of words is closed, and one that we say is not in it.
                Err(Trouble::Fault(Fault::CRDOutdated, _)) => {
                    page.whole_from = Instant::now() + WHOLE_AGAIN;
                }
                other => return other,
            }
        }
        self.store(page, DOING_BARELY, &instance::bare(status))
            .await
    }

    async fn store(
        &self,
        page: &mut Page,
        doing: &'static str,
        status: &PoolInstanceStatus,
    ) -> Result<(), Trouble> {
        let object = self.object(status);
        let wanted = serde_json::to_value(&object).map_err(|error| {
            Trouble::Fault(Fault::ApiRefused, format!("a status of our own: {error}"))
        })?;
        let stored = match self.patch(page, doing, &wanted).await {
            Err(Trouble::NotFound) => self.create(doing, object).await?,
            other => other?,
        };
        page.stored = serde_json::to_value(&stored).unwrap_or_default();
        let dropped = missing(&wanted["status"], &page.stored["status"]);
        if !dropped.is_empty() {
            let words = format!("PoolInstance: it drops {}", dropped.join(", "));
            self.cluster.outdated(&words);
        }
        Ok(())
    }

    /// What an agent of before has written: conditions keep their times.
    async fn find(&self, page: &mut Page) -> Result<(), Trouble> {
        let (cluster, pod) = (&self.cluster, &self.cluster.config().pod);
        let get = |client| {
            let api = cluster.pool_instances(client);
            async move { api.get_opt(pod).await }
        };
        if let Some(found) = self.cluster.call(DOING, get).await? {
            page.stored = serde_json::to_value(&found).unwrap_or_default();
            page.status = page.status.take().or(found.status);
        }
        Ok(())
    }

    async fn patch(
        &self,
        page: &Page,
        doing: &'static str,
        wanted: &Value,
    ) -> Result<PoolInstance, Trouble> {
        let patch = serde_json::json!({
            "metadata": {"labels": wanted["metadata"]["labels"], "ownerReferences": wanted["metadata"]["ownerReferences"]},
            "status": replacing(&page.stored["status"], &wanted["status"]),
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

    /// Events are for people: one that cannot be written is not tried again.
    async fn tell(&self, page: &Page, news: Vec<News>) {
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
            let event = event(&one);
            let publish = |client| async {
                let reporter = Reporter {
                    controller: MANAGER.to_owned(),
                    instance: Some(config.pod.clone()),
                };
                let recorder = page
                    .recorder
                    .get_or_init(|| async { Recorder::new(client, reporter) });
                recorder.await.publish(&event, &pod).await
            };
            let _ = self.cluster.call("publish Events", publish).await;
        }
    }
}

/// As the API takes it.
pub(super) fn event(news: &News) -> Event {
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

//! The reconcile of one PoolConfig, by its steps: fetch, validate, plan, apply, status. Only its ends touch anything.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DeserializeGuard;
use sabai_crds::{PoolConfig, RECYCLE_REQUESTED_AT};
use sabai_wire::control::Timestamp;
use tokio::sync::watch as channel;

use super::cluster::Cluster;
use super::kept::{InForce, Kept};
use super::plan::{Acceptance, Plan, plan};
use super::request;
use super::validate::{Validated, validate};
use super::watch::{Found, watch};
use crate::orders::Orders;
use crate::requests::Request;

/// What is followed, for whoever reports it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Followed {
    /// The object as it was seen last; its metadata alone where it cannot be read.
    pub(super) object: Option<Arc<PoolConfig>>,
    pub(super) acceptance: Acceptance,
    /// Whose settings are in force; `None`: the environment's.
    pub(super) in_force: Option<InForce>,
    /// What is wrong with the request for a recycle.
    pub(super) ill_request: Option<String>,
}

/// What the reconcile works with.
#[derive(Clone)]
pub(crate) struct Obey {
    pub(super) cluster: Cluster,
    pub(super) kept: Arc<Kept>,
    pub(super) orders: channel::Sender<Orders>,
    pub(super) requests: channel::Sender<Option<Request>>,
    pub(super) followed: channel::Sender<Followed>,
    /// Another release holds the Lease.
    pub(super) name_in_use: channel::Sender<bool>,
}

impl Obey {
    /// `kept` is what was in force before this agent began.
    pub(crate) fn new(
        cluster: Cluster,
        kept: Arc<Kept>,
        orders: channel::Sender<Orders>,
        requests: channel::Sender<Option<Request>>,
    ) -> Self {
        let followed = Followed {
            in_force: kept.in_force(),
            ..Followed::default()
        };
        Self {
            cluster,
            kept,
            orders,
            requests,
            followed: channel::Sender::new(followed),
            name_in_use: channel::Sender::new(false),
        }
    }

    /// What is followed, for whoever reports it.
    pub(super) fn followed(&self) -> channel::Receiver<Followed> {
        self.followed.subscribe()
    }

    /// Follows the PoolConfig until it is dropped.
    pub(crate) async fn run(self) {
        let (seen, mut found) = channel::channel(None);
        let mut name_in_use = self.name_in_use.subscribe();
        let name = self.cluster.config().pool_config.clone();
        let watching = watch(&self.cluster, &name, |now| {
            seen.send_replace(Some(now));
        });
        let reconciling = async {
            loop {
                // Both senders are ours.
                tokio::select! {
                    _ = found.changed() => {}
                    _ = name_in_use.changed() => {}
                }
                if let Some(found) = &*found.borrow_and_update() {
                    self.reconcile(found);
                }
            }
        };
        tokio::join!(watching, reconciling);
    }

    fn reconcile(&self, found: &Found<PoolConfig>) {
        let (valid, orders) = split(found, validate(found));
        let in_force = self.followed.borrow().in_force.clone();
        let plan = plan(valid, in_force.as_ref(), *self.name_in_use.borrow());
        self.apply(&plan, orders);
        let ill_request = self.pass_request_on(found, &plan);
        self.follow(found, plan, ill_request);
    }

    fn apply(&self, plan: &Plan, orders: Option<Orders>) {
        let (Plan::Obey(in_force) | Plan::Hold(in_force)) = plan else {
            return;
        };
        if let Plan::Obey(InForce {
            uid, generation, ..
        }) = plan
        {
            tracing::info!(uid, generation, "the PoolConfig is obeyed");
        }
        self.kept.obey(in_force.clone());
        if let Some(orders) = orders {
            let other = |now: &mut Orders| std::mem::replace(now, orders.clone()) != orders;
            self.orders.send_if_modified(other);
        }
    }

    /// Annotations do not raise the generation, so each state of the object is looked at.
    fn pass_request_on(&self, found: &Found<PoolConfig>, plan: &Plan) -> Option<String> {
        let Some(DeserializeGuard(Ok(object))) = found else {
            return None;
        };
        if *plan == Plan::Keep(Acceptance::NameInUse) {
            return None;
        }
        let annotation = object.annotations().get(RECYCLE_REQUESTED_AT);
        pass_on(annotation, true, &self.kept, &self.requests)
    }

    fn follow(&self, found: &Found<PoolConfig>, plan: Plan, ill_request: Option<String>) {
        let object = match found {
            Some(DeserializeGuard(Ok(object))) => Some(Arc::new(object.clone())),
            // Enough to say so in its status.
            Some(DeserializeGuard(Err(invalid))) => Some(Arc::new(PoolConfig {
                metadata: invalid.metadata.clone(),
                ..PoolConfig::default()
            })),
            None => None,
        };
        let other = |now: &mut Followed| {
            let (acceptance, in_force) = match plan {
                Plan::Keep(why) => (why, now.in_force.clone()),
                Plan::Obey(in_force) | Plan::Hold(in_force) => (Acceptance::Valid, Some(in_force)),
            };
            say(
                &now.acceptance,
                &acceptance,
                self.cluster.config().pool_config.as_str(),
            );
            let next = Followed {
                object,
                acceptance,
                in_force,
                ill_request,
            };
            std::mem::replace(now, next.clone()) != next
        };
        self.followed.send_if_modified(other);
    }
}

/// Passes a request on to whoever recycles, unless it is served.
///
/// What is wrong with the annotation is returned in words.
pub(super) fn pass_on(
    annotation: Option<&String>,
    of_all: bool,
    kept: &Kept,
    requests: &channel::Sender<Option<Request>>,
) -> Option<String> {
    let annotation = annotation.map(String::as_str);
    match request::wanted(annotation, kept.served(), Timestamp::now()) {
        Ok(None) => None,
        Ok(Some(moment)) => {
            let request = Request {
                id: moment.to_string(),
                of_all,
            };
            let other = |now: &mut Option<Request>| {
                let is_new = request::is_later(moment, now.as_ref());
                if is_new {
                    *now = Some(request);
                }
                is_new
            };
            requests.send_if_modified(other);
            None
        }
        Err(why) => Some(format!("{RECYCLE_REQUESTED_AT}: {why}")),
    }
}

/// Orders for what is valid, and what it is of.
fn split(
    found: &Found<PoolConfig>,
    validated: Validated,
) -> (Result<InForce, Acceptance>, Option<Orders>) {
    match (validated, found) {
        (Validated::Valid(orders), Some(DeserializeGuard(Ok(object)))) => {
            let in_force = InForce {
                uid: object.uid().unwrap_or_default(),
                generation: object.metadata.generation.unwrap_or_default(),
                spec: object.spec.clone(),
            };
            (Ok(in_force), Some(*orders))
        }
        (Validated::Unsupported(why), _) => (Err(Acceptance::Unsupported(why)), None),
        (Validated::Valid(_) | Validated::Missing, _) => (Err(Acceptance::Missing), None),
    }
}

/// Once, with what mends it.
fn say(before: &Acceptance, now: &Acceptance, name: &str) {
    if before == now {
        return;
    }
    match now {
        Acceptance::Missing => tracing::warn!(
            "there is no PoolConfig {name}; what is in force stays; to tune: kubectl apply -f - <<< '{{\"apiVersion\": \
             \"sabai.dev/v1alpha1\", \"kind\": \"PoolConfig\", \"metadata\": {{\"name\": \"{name}\"}}}}'"
        ),
        Acceptance::Unsupported(why) => tracing::warn!(
            "the PoolConfig {name} holds what this agent does not know; what is in force stays; run agent and resource definitions of \
             one version: {why}"
        ),
        Acceptance::NameInUse => tracing::warn!(
            "another release holds the Lease {name}; what is in force stays; give each release a PoolConfig of its own name"
        ),
        Acceptance::Valid => tracing::info!("the PoolConfig {name} is accepted"),
        Acceptance::Unseen => {}
    }
}

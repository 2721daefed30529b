//! Keeps the release's Lease, or watches who does.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff;
use kube::Api;
use kube::api::PostParams;
use sabai_daemon::backoff::{Backoff, roll};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::cluster::{Cluster, pause};
use super::connect;
use super::lease::{Candidate, Turn, account};
use super::trouble::Trouble;

const DOING: &str = "hold the Lease";
/// While the API server is away, or another was faster.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));

/// Whether this agent holds the Lease, at each moment anew.
#[derive(Clone, Debug)]
pub(crate) struct Holding(watch::Sender<Option<Instant>>);

impl Holding {
    /// To be asked right before a write: a process that stood still for too long does not hold it any more.
    pub(super) fn may_write(&self) -> bool {
        self.0.borrow().is_some_and(|end| Instant::now() < end)
    }
}

/// What it takes to hold it.
#[derive(Clone)]
pub(crate) struct Hold {
    cluster: Cluster,
    holds: watch::Sender<bool>,
    name_in_use: watch::Sender<bool>,
    holding: Holding,
}

impl Hold {
    /// `holds` and `name_in_use` are told.
    pub(crate) fn new(
        cluster: Cluster,
        holds: watch::Sender<bool>,
        name_in_use: watch::Sender<bool>,
    ) -> Self {
        Self {
            cluster,
            holds,
            name_in_use,
            holding: Holding(watch::Sender::new(None)),
        }
    }

    /// For whoever writes in the release's name.
    pub(crate) fn holding(&self) -> Holding {
        self.holding.clone()
    }

    /// Holds it, or waits for it, until it is dropped.
    pub(crate) async fn run(self) {
        tokio::join!(self.keep(), self.publish());
    }

    async fn keep(&self) {
        let mut candidate = Candidate::new(self.cluster.config().clone());
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut ours = None;
        loop {
            let turn = self.turn(&mut candidate, &mut ours).await;
            self.holding.0.send_replace(candidate.holds_until());
            let next = match turn {
                Ok(next) => {
                    backoff.reset();
                    next
                }
                Err(trouble) => Instant::now() + pause(&trouble, backoff.pause()),
            };
            sleep_until(next).await;
        }
    }

    /// `ours` is the Lease as we wrote it last: then it is written without being read. When to look again is returned.
    async fn turn(
        &self,
        candidate: &mut Candidate,
        ours: &mut Option<Lease>,
    ) -> Result<Instant, Trouble> {
        let found = match ours.take() {
            Some(lease) => Some(lease),
            None => self.read().await?,
        };
        candidate.belongs_to(self.account().await);
        let now = Instant::now();
        let clock = MicroTime(jiff::Timestamp::now());
        let turn = candidate.look(found.as_ref(), now, roll(), &clock);
        self.tell_name_in_use(matches!(turn, Turn::NameInUse(_)));
        let written = match turn {
            Turn::Wait(next) | Turn::NameInUse(next) => return Ok(next),
            Turn::Create(lease) => self.create(*lease).await?,
            Turn::Renew(lease) | Turn::TakeOver(lease) => self.replace(*lease).await?,
        };
        *ours = Some(written);
        Ok(candidate.wrote(now, roll()))
    }

    async fn read(&self) -> Result<Option<Lease>, Trouble> {
        let name = &self.cluster.config().pool_config;
        let read = |client| async move { self.leases(client).get_opt(name).await };
        self.cluster.call(DOING, read).await
    }

    async fn create(&self, lease: Lease) -> Result<Lease, Trouble> {
        let create = |client| async move {
            let leases = self.leases(client);
            leases.create(&PostParams::default(), &lease).await
        };
        self.cluster.call(DOING, create).await
    }

    /// Its resource version is that of what was read: who comes second is told so.
    async fn replace(&self, lease: Lease) -> Result<Lease, Trouble> {
        let name = &self.cluster.config().pool_config;
        let replace = |client| async move {
            let leases = self.leases(client);
            leases.replace(name, &PostParams::default(), &lease).await
        };
        self.cluster.call(DOING, replace).await
    }

    fn leases(&self, client: kube::Client) -> Api<Lease> {
        Api::namespaced(client, &self.cluster.config().namespace)
    }

    /// A token that was rotated names the same account, so this is one small file in memory each time.
    async fn account(&self) -> Option<account::Account> {
        let config = self.cluster.config();
        let client = connect::config(config.kubeconfig.as_deref()).await.ok()?;
        let file = PathBuf::from(client.auth_info.token_file?);
        let namespace = config.namespace.clone();
        let read = spawn_blocking(move || account::read(&file, &namespace));
        read.await.ok().flatten()
    }

    fn tell_name_in_use(&self, is: bool) {
        self.name_in_use
            .send_if_modified(|now| std::mem::replace(now, is) != is);
    }

    /// It ends by itself when it is not renewed in time.
    async fn publish(&self) {
        let mut until = self.holding.0.subscribe();
        loop {
            let end = *until.borrow_and_update();
            match end.filter(|end| Instant::now() < *end) {
                Some(end) => {
                    self.tell(true);
                    tokio::select! {
                        () = sleep_until(end) => {}
                        // The sender is ours.
                        _ = until.changed() => {}
                    }
                }
                None => {
                    self.tell(false);
                    let _ = until.changed().await;
                }
            }
        }
    }

    fn tell(&self, holds: bool) {
        let is_new = |now: &mut bool| std::mem::replace(now, holds) != holds;
        if self.holds.send_if_modified(is_new) {
            let name = &self.cluster.config().pool_config;
            if holds {
                tracing::info!("this agent holds the Lease {name}, and reports for the release");
            } else {
                tracing::info!("this agent does not hold the Lease {name} any more");
            }
        }
    }
}

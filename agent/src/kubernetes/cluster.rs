//! The API server, as the agent's tasks share it: one client, every call with an end, every trouble told once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::{Api, Client};
use sabai_crds::{PoolConfig, PoolInstance};
use sabai_wire::fault::Fault;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::complaints::Complaints;
use super::connect;
use super::trouble::Trouble;
use crate::config::ClusterConfig;
use crate::metrics::Metrics;

/// Of a whole call, its answer's body included.
const CALL: Duration = Duration::from_secs(10);
/// While what is wrong is nobody's but the release's: rights, resources that are not there.
const SLOWLY: Duration = Duration::from_secs(30);
/// Until it is believed.
const SOON: Duration = Duration::from_secs(1);

/// The way to the API server. Clones are the same.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Shared>);

struct Shared {
    config: ClusterConfig,
    client: OnceCell<Client>,
    complaints: Mutex<Complaints>,
    metrics: Metrics,
}

impl Cluster {
    /// Asks nothing yet.
    pub(crate) fn new(config: ClusterConfig, metrics: Metrics) -> Self {
        Self(Arc::new(Shared {
            config,
            client: OnceCell::new(),
            complaints: Mutex::default(),
            metrics,
        }))
    }

    /// Who and where we are.
    pub(super) fn config(&self) -> &ClusterConfig {
        &self.0.config
    }

    /// Does one thing with the client, in time. `doing` completes "cannot ...", and is what troubles are told by.
    ///
    /// # Errors
    /// What came in its way; it is told already, but for what only the caller can judge.
    pub(super) async fn call<T, F>(
        &self,
        doing: &'static str,
        run: impl FnOnce(Client) -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let call = async {
            let client = self.client().await?;
            run(client).await.map_err(Trouble::from)
        };
        let outcome = timeout(CALL, call).await.unwrap_or_else(|_| {
            let why = format!("no answer within {} s", CALL.as_secs());
            Err(Trouble::unreachable(&why))
        });
        match outcome {
            Ok(done) => {
                self.tell(doing, None);
                Ok(done)
            }
            Err(trouble) => Err(self.judge(doing, trouble)),
        }
    }

    /// Tells of a trouble if that is news, and says what it is to be taken for.
    pub(super) fn judge(&self, doing: &'static str, trouble: Trouble) -> Trouble {
        match self.tell(doing, Some(&trouble)) {
            true => trouble,
            false => Trouble::Doubtful,
        }
    }

    /// The client, for a stream that is watched beside calls.
    pub(super) async fn client(&self) -> Result<Client, Trouble> {
        let kubeconfig = self.0.config.kubeconfig.as_deref();
        let made = self
            .0
            .client
            .get_or_try_init(|| connect::client(kubeconfig));
        let made = made.await.cloned();
        made.map_err(|error| Trouble::unreachable(&format!("{error:#}")))
    }

    /// Tells how something went, if that is news; false for what is not believed yet.
    pub(super) fn tell(&self, doing: &'static str, trouble: Option<&Trouble>) -> bool {
        let mut complaints = self.0.complaints.lock();
        let complaints = complaints
            .as_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut());
        match trouble {
            Some(Trouble::Fault(fault, words)) => {
                self.0.metrics.fault(*fault);
                complaints.failed(doing, *fault, words)
            }
            // The server has answered.
            Some(Trouble::NotFound | Trouble::Conflict) | None => {
                complaints.done(doing);
                true
            }
            Some(Trouble::Doubtful) => false,
        }
    }

    /// The server drops fields that its resource definitions do not have: `words` says which.
    pub(super) fn outdated(&self, words: &str) {
        let trouble = Trouble::Fault(Fault::CRDOutdated, words.to_owned());
        self.tell("report everything", Some(&trouble));
    }

    pub(super) fn pool_configs(&self, client: Client) -> Api<PoolConfig> {
        Api::namespaced(client, &self.0.config.namespace)
    }

    pub(super) fn pool_instances(&self, client: Client) -> Api<PoolInstance> {
        Api::namespaced(client, &self.0.config.namespace)
    }
}

/// How long to wait before it is tried again, when `usual` is what a server is given that is only away.
pub(super) fn pause(trouble: &Trouble, usual: Duration) -> Duration {
    match trouble {
        Trouble::Fault(Fault::ApiForbidden | Fault::CRDMissing | Fault::ApiRefused, _) => SLOWLY,
        Trouble::Doubtful => SOON,
        Trouble::Fault(..) | Trouble::NotFound | Trouble::Conflict => usual,
    }
}

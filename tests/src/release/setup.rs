//! What a release is made of, and its start.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::bot::Environment;
use crate::bot::build::Profile;
use crate::gate::Gate;
use crate::kubernetes::{self, Kubernetes, Namespace, Options as ClusterOptions, Shared};
use crate::load::Load;
use crate::postgres::Postgres;
use crate::scene;
use crate::world::{Options, World};

use super::member::{Ground, Member};
use super::rights::Rights;
use super::{LIMIT, Release};

const ANSWERS: &str = "
default_language: th
fallback:
  message/text:
    answer: [ { th: สวัสดี, en: hello } ]
";

/// Most releases leave the API server as it is.
static SHARED: Shared = Shared::new(cluster);
/// And the database server.
static POSTGRES: OnceCell<Arc<Postgres>> = OnceCell::const_new();
/// Releases at a time, with what stands beside them, or a server that starts: each has a load, and a machine may be small.
static TURNS: Semaphore = Semaphore::const_new(AT_A_TIME as usize);
const AT_A_TIME: u32 = 2;

/// An API server with Sabai's resources, and the controllers that collect what a pod leaves.
#[must_use]
pub fn cluster() -> ClusterOptions {
    let definitions = sabai_crds::definitions();
    let definitions = definitions.map(|one| serde_json::to_string(&one).expect("a definition"));
    ClusterOptions {
        manifests: definitions.join("\n---\n"),
        controllers: true,
        audit: true,
        ..ClusterOptions::default()
    }
}

/// An API server of its own, for a test that changes or stops it; while it starts no release is under load.
///
/// # Panics
/// When it does not start.
pub async fn server(options: ClusterOptions) -> Arc<Kubernetes> {
    // Room for the server first: those who have one wait for the other.
    let turn = kubernetes::TURNS.acquire().await.expect("never closed");
    let _alone = TURNS.acquire_many(AT_A_TIME).await.expect("never closed");
    let started = Kubernetes::start_in(options, Some(turn)).await;
    started.expect("an API server")
}

/// What a release is made of.
pub struct Setup {
    members: usize,
    /// Of its PoolConfig; without one when absent.
    spec: Option<serde_json::Value>,
    kubernetes: Option<Arc<Kubernetes>>,
    namespace: Option<Arc<Namespace>>,
    postgres: Option<Arc<Postgres>>,
    rate: u32,
    bot_env: Environment,
    agent_env: Environment,
    profile: Profile,
}

/// The usual: one pod, a PoolConfig with short times, servers that others use too.
#[must_use]
pub fn setup() -> Setup {
    Setup {
        members: 1,
        spec: Some(short_times()),
        kubernetes: None,
        namespace: None,
        postgres: None,
        rate: 50,
        bot_env: vec![("SABAI_LEASE".to_owned(), "8s".to_owned())],
        agent_env: vec![("SABAI_REPORT_INTERVAL".to_owned(), "2s".to_owned())],
        profile: Profile::Dev,
    }
}

/// The spec of a PoolConfig that lets each fault show soon.
#[must_use]
pub fn short_times() -> serde_json::Value {
    json!({
        "pool": {"maxConnections": 10, "minIdle": 4, "statementTimeout": "2s", "checkAfterIdle": "500ms"},
        "path": {"unacknowledgedTimeout": "1s", "idleTimeoutDiscovery": "Disabled"},
        "probe": {"interval": "2s", "timeout": "1500ms", "writeInterval": "2s"},
        "recycle": {"spread": "500ms", "minInterval": "2s", "maxPerHour": 60},
    })
}

impl Setup {
    #[must_use]
    pub fn members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }

    /// Another PoolConfig than the usual; none for `None`.
    #[must_use]
    pub fn spec(mut self, spec: Option<serde_json::Value>) -> Self {
        self.spec = spec;
        self
    }

    /// On an API server of its own.
    #[must_use]
    pub fn on(mut self, kubernetes: &Arc<Kubernetes>) -> Self {
        self.kubernetes = Some(Arc::clone(kubernetes));
        self
    }

    /// In the namespace of another release.
    #[must_use]
    pub fn beside(mut self, other: &Release) -> Self {
        self.namespace = Some(Arc::clone(&other.namespace));
        self
    }

    /// On a database server of its own.
    #[must_use]
    pub fn database_on(mut self, postgres: &Arc<Postgres>) -> Self {
        self.postgres = Some(Arc::clone(postgres));
        self
    }

    /// Events a second.
    #[must_use]
    pub fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// More in the agents' environment.
    #[must_use]
    pub fn agent_env(mut self, name: &str, value: &str) -> Self {
        self.agent_env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How bots and agents are compiled.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Under load, and every agent ready.
    ///
    /// # Panics
    /// When a part does not start.
    pub async fn start(self) -> Release {
        let turn = match self.namespace {
            None => {
                let many = if self.members > 1 { AT_A_TIME } else { 1 };
                Some(TURNS.acquire_many(many).await.expect("never closed"))
            }
            Some(_) => None,
        };
        let postgres = match &self.postgres {
            Some(own) => Arc::clone(own),
            None => Arc::clone(
                POSTGRES
                    .get_or_init(async || scene::server(&[]).await)
                    .await,
            ),
        };
        let (namespace, name) = self.place().await;
        let options = Options {
            profile: self.profile,
            ..Options::answering(ANSWERS).on(Arc::clone(&postgres))
        };
        let world = Arc::new(World::new(options).await.expect("a world"));
        let api = Gate::start(namespace.kubernetes().address()).await;
        let api = api.expect("a gate");
        let ground = Ground {
            world: &world,
            postgres: &postgres,
            namespace: &namespace,
            release: &name,
            service_account: &name,
            api: &api,
            bot_env: &self.bot_env,
            agent_env: &self.agent_env,
            profile: self.profile,
        };
        let mut members = Vec::new();
        for number in 1..=self.members {
            members.push(Member::start(&ground, &format!("{name}-{number}")).await);
        }
        for member in &members {
            member.agent.says(200, "Postgres Healthy", LIMIT).await;
        }
        let first = world.webhook(&members[0].bot);
        let address = watch::Sender::new(Some(first));
        let load = Load::follow(&world, address.subscribe(), self.rate);
        load.answered(self.rate as usize, LIMIT).await;
        Release {
            load,
            members,
            namespace,
            name,
            api,
            postgres,
            world,
            address,
            _turn: turn,
        }
    }

    /// The namespace, and the release's name in it; rights and PoolConfig are there.
    async fn place(&self) -> (Arc<Namespace>, String) {
        let kubernetes = match &self.kubernetes {
            Some(own) => Arc::clone(own),
            None => SHARED.get().await.expect("an API server"),
        };
        let (namespace, kind) = match &self.namespace {
            Some(others) => (Arc::clone(others), "inn"),
            None => {
                let own = kubernetes.namespace("release").await;
                (Arc::new(own.expect("a namespace")), "shop")
            }
        };
        // Policies are not of a namespace, so the name is to be one of its own.
        let name = format!("{kind}-{}", namespace.name());
        let rights = Rights {
            name: &name,
            service_account: &name,
        };
        rights.grant(&namespace).await.expect("rights");
        if let Some(spec) = &self.spec {
            let object = pool_config(&name, spec).to_string();
            namespace.apply(&object).await.expect("a PoolConfig");
        }
        (namespace, name)
    }
}

/// The object that an operator applies.
#[must_use]
pub fn pool_config(name: &str, spec: &serde_json::Value) -> serde_json::Value {
    json!({
        "apiVersion": "sabai.dev/v1alpha1", "kind": "PoolConfig", "metadata": {"name": name}, "spec": spec,
    })
}

//! One pod of a release: its bot and its agent, on a gate of their own, with the rights of its service account.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::agent::Agent;
use crate::bot::build::Profile;
use crate::bot::{Bot, Environment, control};
use crate::gate::{Gate, Tls};
use crate::kubernetes::{Access, Namespace};
use crate::postgres::Postgres;
use crate::scene::beside;
use crate::world::World;

use super::{LIMIT, Rights};

/// As long as the API server gives a token for.
const TOKEN: Duration = Duration::from_secs(3600);

/// A pod.
pub struct Member {
    // The agent goes before its bot.
    pub agent: Agent,
    pub bot: Bot,
    /// Before Postgres; its companion is the agent's way.
    pub gate: Gate,
    pub pod: String,
    pub uid: String,
    pub access: Access,
    /// What its agent is started with.
    env: Environment,
    profile: Profile,
    folder: PathBuf,
}

/// What pods have in common.
pub(super) struct Ground<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) postgres: &'a Arc<Postgres>,
    pub(super) namespace: &'a Namespace,
    pub(super) release: &'a str,
    pub(super) service_account: &'a str,
    /// Where agents find the API server.
    pub(super) api: &'a Gate,
    pub(super) bot_env: &'a Environment,
    pub(super) agent_env: &'a Environment,
    pub(super) profile: Profile,
}

impl Member {
    pub(super) async fn start(ground: &Ground<'_>, pod: &str) -> Self {
        let Ground {
            world, postgres, ..
        } = *ground;
        let gate = Gate::before(postgres, Tls::Passed).await.expect("a gate");
        let gate = gate.with_companion().await.expect("a gate");
        let folder = world.folder().join(pod);
        std::fs::create_dir(&folder).expect("a folder");
        let path = |name: &str| folder.join(name).display().to_string();
        let own = [
            ("PGPORT", gate.addr().port().to_string()),
            ("SABAI_SPOOL_DIR", path("spool")),
            ("SABAI_CONTROL_SOCKET", path("bot.sock")),
            ("POD_NAME", pod.to_owned()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let bot_env = [ground.bot_env.clone(), own.to_vec()].concat();
        let bot = world.bot_with(bot_env.clone()).await.expect("a bot");
        bot.wait_ready(LIMIT).await;

        let rights = Rights {
            name: ground.release,
            service_account: ground.service_account,
        };
        let pod = rights.pod(ground.namespace, pod, ground.api.addr(), TOKEN);
        let pod = pod.await.expect("a pod");
        let env = [pod.agent_env(), ground.agent_env.clone()].concat();
        let env = beside::environment(world, &gate, &bot_env, env);
        let agent = beside::start(ground.profile, env.clone()).await;
        Self {
            agent,
            bot,
            gate,
            pod: pod.name,
            uid: pod.uid,
            access: pod.access,
            env,
            profile: ground.profile,
            folder,
        }
    }

    /// SIGKILL to the agent, and its kubelet starts it again.
    pub async fn agent_again(self) -> Self {
        let Self {
            agent,
            env,
            profile,
            ..
        } = self;
        agent.kill().await;
        let agent = beside::start(profile, env.clone()).await;
        Self { agent, env, ..self }
    }

    /// Where the bot listens for its operators.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.folder.join("bot.sock")
    }

    /// The folder that its two containers share.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the bot reports of its pool.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn report(&self) -> anyhow::Result<Value> {
        control::get(&self.control_socket(), "/v1/report").await
    }
}

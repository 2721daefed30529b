//! The agent beside a scene's bot: it meets what the bot meets, by the companion of the bot's gate, and in the end it still
//! runs and had sessions renewed only for a reason that fits.

use std::collections::BTreeSet;

use crate::agent::{Agent, short_times};
use crate::bot::build::{self, Profile};
use crate::bot::{Bot, Environment, control};
use crate::gate::Gate;
use crate::world::World;
use tokio::sync::Mutex;

use super::{Scene, asking, socket};

/// Of a recycle that an agent wanted.
const RECYCLES: &str = "sabai_agent_recycles_total";

/// The scene's own agent.
pub(super) struct Beside {
    /// Nothing where the scene is without, or a row has another.
    agent: Mutex<Option<Agent>>,
    /// Why it may have sessions renewed.
    reasons: Vec<&'static str>,
}

impl Beside {
    pub(super) fn new(agent: Option<Agent>, reasons: Vec<&'static str>) -> Self {
        let agent = Mutex::new(agent);
        Self { agent, reasons }
    }
}

impl Scene {
    /// Another agent in the place of the scene's own, with short times; with more in its environment, which wins.
    pub async fn agent(&self, env: &[(&str, &str)]) -> Agent {
        if let Some(own) = self.beside.agent.lock().await.take() {
            own.kill().await;
        }
        start(Profile::Dev, self.agent_env(env)).await
    }

    /// What such an agent is started with.
    pub fn agent_env(&self, more: &[(&str, &str)]) -> Environment {
        let more = more.iter();
        let more = more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let ground = self.ground.as_ref();
        let gate = ground.map_or(&self.gate, |ground| ground.gate());
        environment(&self.world, gate, &self.env, more.collect())
    }
}

/// What an agent beside a bot of this environment is started with, and more of its own.
pub(crate) fn environment(
    world: &World,
    gate: &Gate,
    bot: &Environment,
    own: Environment,
) -> Environment {
    let companion = gate.companion().expect("a scene's gate has one");
    let port = ("PGPORT".to_owned(), companion.addr().port().to_string());
    world.environment_with([short_times(), bot.clone(), vec![port], own].concat())
}

pub(crate) async fn start(profile: Profile, environment: Environment) -> Agent {
    let program = build::agent(profile).await.expect("it compiles");
    let agent = Agent::start(&program, environment).await;
    agent.expect("an agent")
}

/// It still runs, and what it had renewed it had renewed for a reason that fits, or the row has asked for it.
#[expect(clippy::print_stdout, reason = "what a run's agent did")]
pub(super) async fn is_well(beside: Beside, world: &World, bot: &Bot) {
    let Some(agent) = beside.agent.into_inner() else {
        return;
    };
    assert_eq!(agent.exit_status(), None, "{}", agent.log().tail());
    let (_, page) = agent.page("/metrics").await.expect("the agent answers");
    let recycles = page.lines().filter(|line| line.starts_with(RECYCLES));
    let recycles: Vec<&str> = recycles.collect();
    // After a row has handed over nobody answers there.
    let report = control::get(&socket(world), "/v1/report").await.ok();
    let report = report.unwrap_or_default();
    let (last, faults) = (&report["lastRecycle"], &report["faults"]);
    println!("the agent: {recycles:?}; the last recycle: {last}; the bot met {faults}");
    let mut reasons: BTreeSet<&str> = recycles.iter().filter_map(|line| reason(line)).collect();
    let (why, id) = (last["reason"].as_str(), last["requestId"].as_str());
    let asked = |why: &str| id.is_some_and(|id| id.starts_with(&format!("{why}-")));
    reasons.extend(why.filter(|why| !asked(why)));
    reasons.retain(|why| !beside.reasons.contains(why));
    if asking::machine_stood_still(bot).await {
        reasons.remove("SessionsLost");
    }
    let tail = agent.log().tail();
    assert!(reasons.is_empty(), "{reasons:?} do not fit; {tail}");
}

/// The label of a line of metrics.
fn reason(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("reason=\"")?;
    Some(rest.split_once('"')?.0)
}

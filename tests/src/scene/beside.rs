//! The agent beside a scene's bot: it meets what the bot meets, by the companion of the bot's gate, and in the end it still
//! runs and had sessions renewed only for a reason that fits.

use std::collections::BTreeSet;

use crate::agent::{Agent, short_times};
use crate::bot::build::{self, Profile};
use crate::bot::{Environment, control};
use crate::gate::Gate;
use crate::world::World;

use super::{Scene, socket};

/// Of a recycle that an agent wanted.
const RECYCLES: &str = "sabai_agent_recycles_total";

impl Scene {
    /// Another agent in the place of the scene's own, with short times; with more in its environment, which wins.
    pub async fn agent(&self, env: &[(&str, &str)]) -> Agent {
        if let Some(own) = self.beside.lock().await.take() {
            own.kill().await;
        }
        let more = env.iter();
        let more = more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let gate = self
            .ground
            .as_ref()
            .map_or(&self.gate, |ground| ground.gate());
        start(
            &self.world,
            gate,
            &[self.env.clone(), more.collect()].concat(),
        )
        .await
    }
}

/// An agent beside a bot of this environment.
pub(super) async fn start(world: &World, gate: &Gate, env: &Environment) -> Agent {
    let program = build::agent(Profile::Dev).await.expect("it compiles");
    let companion = gate.companion().expect("a scene's gate has one");
    let port = ("PGPORT".to_owned(), companion.addr().port().to_string());
    let env = [short_times(), env.clone(), vec![port]].concat();
    let agent = Agent::start(&program, world.environment_with(env)).await;
    agent.expect("an agent")
}

/// It still runs, and what it had renewed it had renewed for one of these reasons, or a row has asked for it.
#[expect(clippy::print_stdout, reason = "what a run's agent did")]
pub(super) async fn is_well(agent: Option<Agent>, world: &World, reasons: &[&'static str]) {
    let Some(agent) = agent else { return };
    assert_eq!(agent.exit_status(), None, "{}", agent.log().tail());
    let (_, page) = agent.page("/metrics").await.expect("the agent answers");
    let recycles: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with(RECYCLES))
        .collect();
    // After a row has handed over nobody answers there.
    let bot = control::get(&socket(world), "/v1/report").await.ok();
    let last = bot
        .map(|report| report["lastRecycle"].clone())
        .unwrap_or_default();
    println!("the agent: {recycles:?}; the last recycle: {last}");
    let mut unfit: BTreeSet<&str> = recycles.iter().filter_map(|line| reason(line)).collect();
    let (why, id) = (last["reason"].as_str(), last["requestId"].as_str());
    let ours = |why: &str| id.is_some_and(|id| id.starts_with(&format!("{why}-")));
    unfit.extend(why.filter(|why| !ours(why)));
    unfit.retain(|why| !reasons.contains(why));
    assert!(
        unfit.is_empty(),
        "{unfit:?} do not fit; {}",
        agent.log().tail()
    );
}

/// The label of a line of metrics.
fn reason(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("reason=\"")?;
    Some(rest.split_once('"')?.0)
}

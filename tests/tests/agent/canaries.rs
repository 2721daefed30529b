//! The path forgets idle sessions after two seconds: the canaries find out, `sabai-agent probe` tells it, and the bot's
//! settings are kept below it when the agent may do that.

#![cfg(target_os = "linux")]

use std::time::Duration;

use sabai_tests::agent::Agent;
use sabai_tests::bot::Bot;
use sabai_tests::bot::build::{self, Profile};
use sabai_tests::gate::{Fault, Gate, IdleEnd, Tls};
use sabai_tests::scene::{LIMIT, SOME, Scene, setup};
use sabai_tests::wait::eventually;
use sabai_wire::settings::PoolSettings;
use serde_json::Value;

use super::asking::begun;
use super::watched::{count, is_unharmed, said};

const FOUND_WITHIN: Duration = Duration::from_secs(120);
const IDLE: Duration = Duration::from_secs(2);
/// The kept session and a path of the probe.
const PROBE: usize = 2;

/// An agent with canaries that comes to Postgres by a gate of its own, where idle sessions end like this.
async fn idle(scene: &Scene, end: IdleEnd, discovery: &str) -> (Gate, Agent, Value) {
    let gate = Gate::before(&scene.world.postgres, Tls::Passed).await;
    let gate = gate.expect("a gate");
    gate.new_connections(Fault::IdleTimeout(IDLE, end)).await;
    let port = gate.addr().port().to_string();
    let env = [
        ("PGPORT", &*port),
        ("SABAI_CANARIES", "on"),
        ("SABAI_PATH_IDLE_TIMEOUT_DISCOVERY", discovery),
    ];
    let agent = scene.agent(&env).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let found = eventually(
        FOUND_WITHIN,
        "the idle timeout to be found",
        async || match count(&agent, "sabai_path_idle_timeout_seconds", &[]).await {
            found if found > 0.0 => Ok(found),
            _ => Err(probe(scene).await.to_string()),
        },
    )
    .await;
    assert!((1.9..=2.0).contains(&found), "{found} s");
    let told = said(&agent, 0, "the path's idle timeout was found and confirmed");
    assert_eq!(told.len(), 1, "once: {told:#?}");
    let known = probe(scene).await["path"].clone();
    (gate, agent, known)
}

/// What `sabai-agent probe --json` prints beside the running agent; by the bot's gate, so that the other counts the
/// agent's sessions alone.
async fn probe(scene: &Scene) -> Value {
    let program = build::agent(Profile::Dev).await.expect("it compiles");
    let env = scene.agent_env(&[]);
    let ended = Bot::run(&program, ["probe", "--json"], env, LIMIT).await;
    let ended = ended.expect("it ends");
    assert!(ended.status.success(), "{}", ended.output);
    serde_json::from_str(&ended.output).expect("one object")
}

/// The settings that a bot of this scene begins with, with these instead.
fn settings(scene: &Scene, instead: &[(&str, &str)]) -> String {
    let env = scene.agent_env(&[]);
    let settings = PoolSettings::from_lookup(|field| {
        let given = instead.iter().find(|(path, _)| *path == field.path);
        let set = env.iter().rfind(|(name, _)| name == field.variable);
        let given = given.map(|(_, value)| (*value).to_owned());
        given.or_else(|| set.map(|(_, value)| value.clone()))
    });
    settings.expect("valid").digest()
}

async fn ends(scene: Scene, gate: Gate, agent: Agent) {
    assert!(gate.peak() <= PROBE + 4, "{} sessions", gate.peak());
    assert!(begun(&agent).is_empty(), "{:?}", begun(&agent));
    is_unharmed(&agent).await;
    scene.answers(SOME).await;
    scene.never_spooled().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_are_forgotten_and_it_is_recommended_what_to_do() {
    let scene = setup().start().await;
    let before = settings(&scene, &[]);
    let (gate, agent, known) = idle(&scene, IdleEnd::Silent, "Recommend").await;
    let finding = &known["finding"];
    assert_eq!(finding["closedBy"], "Silent", "{known}");
    let alive = finding["aliveAfterMilliseconds"]
        .as_u64()
        .expect("a number");
    let dead = finding["deadAfterMilliseconds"].as_u64().expect("a number");
    assert!((1900..=2000).contains(&alive), "{known}");
    assert!((2000..=2100).contains(&dead), "{known}");
    assert!(known["confirmedAt"].is_string(), "{known}");
    // Two fifths, and a third, and neither below a second.
    assert_eq!(known["recommended"]["idleTimeoutMilliseconds"], 1000);
    assert_eq!(known["recommended"]["keepaliveIdleMilliseconds"], 1000);
    scene.answers(SOME).await;
    assert_eq!(scene.report().await["settingsDigest"], before.as_str());
    ends(scene, gate, agent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_are_reset_and_the_bot_is_kept_below() {
    let scene = setup().start().await;
    assert_eq!(
        scene.report().await["settingsDigest"],
        settings(&scene, &[]).as_str()
    );
    let (gate, agent, known) = idle(&scene, IdleEnd::Reset, "Apply").await;
    assert_eq!(known["finding"]["closedBy"], "Reset", "{known}");
    let lowered = [("pool.idleTimeout", "1s"), ("path.keepaliveIdle", "1s")];
    let lowered = settings(&scene, &lowered);
    eventually(LIMIT, "the bot to hold the lower settings", async || {
        let report = scene.report().await;
        match report["settingsDigest"] == lowered.as_str() {
            true => Ok(()),
            false => Err(report.to_string()),
        }
    })
    .await;
    let told = said(&agent, 0, "apply settings: the bot holds them");
    assert_eq!(told.len(), 1, "{told:#?}");
    agent.says(200, "nothing: all is well", LIMIT).await;
    ends(scene, gate, agent).await;
}

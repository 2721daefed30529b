//! One path in three fails: the pod's readiness does not flap with it. Sessions are lost again and again: the bucket
//! holds, and somebody is called instead.

use sabai_tests::agent::Agent;
use sabai_tests::gate::{Fault, Gate, Tls};
use sabai_tests::scene::{LIMIT, SOME, Scene, setup};
use sabai_tests::wait::eventually;

use super::asking::begun;
use super::watched::{count, goes_paths, is_unharmed, said};

/// Each is two paths that pass and one that fails.
const ROUNDS: u32 = 11;
const ALARM: &str = "somebody should look";

async fn failures(agent: &Agent) -> f64 {
    count(agent, "sabai_probe_failures_total", &[("stage", "TCP")]).await
}

/// One path in three finds nobody listening.
async fn flap(gate: &Gate, agent: &Agent) {
    for _ in 0..ROUNDS {
        goes_paths(agent, 2).await;
        let before = failures(agent).await;
        gate.new_connections(Fault::Refuse).await;
        eventually(LIMIT, "a path to fail", async || {
            match failures(agent).await {
                now if now > before => Ok(()),
                now => Err(format!("{now} have")),
            }
        })
        .await;
        gate.new_connections_pass().await;
    }
}

/// An agent that comes to Postgres by a gate of its own.
async fn flapping(scene: &Scene, policy: &str) -> (Gate, Agent) {
    let gate = Gate::before(&scene.world.postgres, Tls::Passed).await;
    let gate = gate.expect("a gate");
    let env = [
        ("PGPORT", &*gate.addr().port().to_string()),
        ("SABAI_PROBE_INTERVAL", "1s"),
        ("SABAI_PROBE_TIMEOUT", "950ms"),
        ("SABAI_READINESS_POLICY", policy),
    ];
    let agent = scene.agent(&env).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    (gate, agent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_path_in_three_fails_and_the_pod_stays() {
    let scene = setup().start().await;
    let (gate, agent) = flapping(&scene, "LocalFaults").await;
    let (strict_gate, strict) = flapping(&scene, "Strict").await;
    let before = (agent.log().count(), strict.log().count());
    tokio::join!(flap(&gate, &agent), flap(&strict_gate, &strict));
    for (agent, before) in [(&agent, before.0), (&strict, before.1)] {
        let withdrawn = said(agent, before, "not ready");
        assert!(withdrawn.is_empty(), "{withdrawn:#?}");
        let worse = said(agent, before, "is Degraded");
        assert!(worse.is_empty(), "{worse:#?}");
        assert!(!said(agent, before, "is Suspect").is_empty(), "it noticed");
        assert!(begun(agent).is_empty(), "{:?}", begun(agent));
        agent.says(200, "Postgres Healthy", LIMIT).await;
        is_unharmed(agent).await;
    }
    scene.ends_well().await;
}

/// Half of the sessions are lost, each few seconds, while the others grow old enough to be suspected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_lost_again_and_again_and_the_bucket_holds() {
    let scene = setup().start().await;
    let agent = scene.agent(&[("SABAI_RECYCLE_MAX_PER_HOUR", "2")]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let mut rounds = 0;
    while said(&agent, 0, ALARM).is_empty() {
        rounds += 1;
        assert!(rounds < 20, "no alarm: {:?}", begun(&agent));
        let sessions = scene.gate.connections();
        for session in &sessions[sessions.len() / 2..] {
            session.inflict(Fault::Reset);
        }
        scene.answers(2 * SOME).await;
    }
    assert_eq!(begun(&agent), ["refresh (SessionsLost)"; 2]);
    let withheld = [("reason", "SessionsLost"), ("outcome", "Withheld")];
    let withheld = count(&agent, "sabai_agent_recycles_total", &withheld).await;
    assert!(withheld >= 1.0, "{withheld}");
    // Nothing more comes of it.
    scene.gate.connections()[0].inflict(Fault::Reset);
    scene.gate.connections()[1].inflict(Fault::Reset);
    scene.answers(2 * SOME).await;
    assert_eq!(begun(&agent).len(), 2, "{:?}", begun(&agent));
    agent.says(200, "", LIMIT).await;
    is_unharmed(&agent).await;
    scene.recovers().await;
    scene.ends_well().await;
}

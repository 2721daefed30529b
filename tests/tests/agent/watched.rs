//! What rows ask of an agent beside its readiness: its metrics, its log, whether it has come through unharmed.

use std::time::Duration;

use sabai_tests::agent::Agent;
use sabai_tests::bot::log::Line;
use sabai_tests::scene::{LIMIT, SOME, Scene};
use sabai_tests::wait::eventually;

/// Two intervals of the scene's agent, the longest that its jitter makes.
pub(crate) const TWO_INTERVALS: Duration = Duration::from_millis(4_800);

/// Samples with these labels; none is 0.
pub(crate) async fn count(agent: &Agent, name: &str, labels: &[(&str, &str)]) -> f64 {
    let metrics = agent.metrics().await.expect("the agent answers");
    metrics.sum(name, labels).unwrap_or_default()
}

/// Paths that led to a session.
pub(crate) async fn paths(agent: &Agent) -> f64 {
    let stage = [("stage", "Query")];
    count(agent, "sabai_probe_stage_duration_seconds_count", &stage).await
}

/// Waits until so many more paths have led to a session.
pub(crate) async fn goes_paths(agent: &Agent, more: u32) {
    let wanted = paths(agent).await + f64::from(more);
    eventually(LIMIT, "paths to be gone", async || {
        match paths(agent).await {
            gone if gone >= wanted => Ok(()),
            gone => Err(format!("{gone} of {wanted}")),
        }
    })
    .await;
}

/// The lines since the first `count` that contain these words.
pub(crate) fn said(agent: &Agent, count: u64, words: &str) -> Vec<Line> {
    let mut lines = agent.log().since(count);
    lines.retain(|line| line.text().contains(words));
    lines
}

/// Nothing was withdrawn, thought ill of or recycled since the first `count` lines.
pub(crate) fn was_calm(agent: &Agent, count: u64) {
    let words = ["not ready", "Suspect", "Degraded", "Down", ": begins"];
    let excited: Vec<_> = words
        .iter()
        .flat_map(|words| said(agent, count, words))
        .collect();
    assert!(excited.is_empty(), "{excited:#?}");
}

/// Whatever happened, it goes on, and none of its tasks had to begin again.
pub(crate) async fn is_unharmed(agent: &Agent) {
    assert_eq!(agent.exit_status(), None);
    let again = count(agent, "sabai_agent_task_restarts_total", &[]).await;
    assert!(again < 1.0, "{again} tasks began again");
}

/// The agent names the fault and leaves everything as it is: the pod ready, the sessions alone.
pub(crate) async fn names_and_waits(scene: &Scene, agent: &Agent, fault: &str, stage: &str) {
    agent
        .says(200, &format!("({fault} at {stage})"), TWO_INTERVALS)
        .await;
    let waits = format!("nothing recycled: no fresh session can be made ({fault})");
    agent.says(200, &waits, LIMIT).await;
    scene.answers(SOME / 2).await;
    let labels = [("stage", stage), ("fault", fault)];
    let failures = count(agent, "sabai_probe_failures_total", &labels).await;
    assert!(failures >= 3.0, "{failures} failures of {fault}");
    let told = format!("the path to Postgres is Degraded: {fault} at {stage}");
    assert_eq!(said(agent, 0, &told).len(), 1, "{told}: once");
}

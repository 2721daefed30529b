//! What rows ask of an agent beside its readiness: what its log tells of its acts, and how the bot's sessions stand.

use std::collections::BTreeSet;

use sabai_tests::agent::Agent;
use sabai_tests::scene::{LIMIT, SOME, Scene};
use sabai_tests::wait::eventually;
use serde_json::Value;

/// An agent with a way of its own, straight to the server: the bot's gate counts and harms the bot alone.
pub(crate) async fn straight(scene: &Scene, more: &[(&str, &str)]) -> Agent {
    let port = scene.world.database.port.to_string();
    let env = [&[("PGPORT", &*port)], more].concat();
    let agent = scene.agent(&env).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    agent
}

/// The recycles that it began, in its words: `refresh (CAChanged)`.
pub(crate) fn begun(agent: &Agent) -> Vec<String> {
    with_end(agent, ": begins")
}

/// How many recycles it planned for a moment that was still to come.
pub(crate) fn planned(agent: &Agent) -> usize {
    let lines = agent.log().lines();
    let messages = lines.iter().filter_map(|line| line.message());
    messages
        .filter(|message| message.contains(": it begins in "))
        .count()
}

fn with_end(agent: &Agent, end: &str) -> Vec<String> {
    let lines = agent.log().lines();
    let messages = lines.iter().filter_map(|line| line.message());
    messages
        .filter_map(|message| message.strip_suffix(end).map(str::to_owned))
        .collect()
}

/// Waits until so many recycles have ended; what its log says of the last one.
pub(crate) async fn ended(agent: &Agent, number: usize) -> Value {
    let what = format!("recycle {number} to end");
    eventually(LIMIT, &what, async || {
        let lines = agent.log().lines();
        let mut ends = lines.iter().filter(|line| {
            let message = line.message().unwrap_or_default();
            message.ends_with(": ended")
        });
        match ends.nth(number - 1) {
            Some(line) => serde_json::from_str::<Value>(line.text()).map_err(|e| e.to_string()),
            None => Err(format!("begun: {:?}", begun(agent))),
        }
    })
    .await
}

/// Waits until its log has a message that begins with these words.
pub(crate) async fn tells(agent: &Agent, words: &str) {
    let what = format!("the agent to tell {words:?}");
    eventually(LIMIT, &what, async || {
        let lines = agent.log().lines();
        let mut messages = lines.iter().filter_map(|line| line.message());
        match messages.any(|message| message.starts_with(words)) {
            true => Ok(()),
            false => Err("it has not"),
        }
    })
    .await;
}

/// How often a stage of its paths failed in this way.
pub(crate) async fn failures(agent: &Agent, stage: &str, fault: &str) -> f64 {
    let metrics = agent.metrics().await.expect("the agent answers");
    let labels = [("stage", stage), ("fault", fault)];
    let failures = metrics.sum("sabai_probe_failures_total", &labels);
    failures.unwrap_or_default()
}

/// What the bot reports of its sessions that are in use or at rest, each value once.
pub(crate) async fn sessions(scene: &Scene, field: &str) -> BTreeSet<String> {
    let report = scene.report().await;
    let sessions = report["sessions"].as_array().expect("sessions").iter();
    let open = sessions.filter(|one| one["state"] == "Idle" || one["state"] == "Busy");
    open.map(|one| one[field].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// A recycle of this kind and reason has ended, as its number `number`: the server knows none of the old sessions, and
/// nobody noticed.
pub(crate) async fn unnoticed(agent: &Agent, number: usize, recycle: &str) {
    let line = ended(agent, number).await;
    assert_eq!(line["message"], format!("{recycle}: ended"), "{line}");
    let told = (&line["outcome"], &line["older_by_the_server"]);
    assert_eq!(told, (&"Completed".into(), &"Some(0)".into()), "{line}");
    let left = (&line["requests_failed"], &line["old_sessions"]);
    assert_eq!(left, (&0.into(), &0.into()), "{line}");
}

/// For two seconds of the load the bot meets no fault of Postgres.
pub(crate) async fn no_statement_fails(scene: &Scene) {
    let before = scene.report().await;
    scene.answers(SOME).await;
    let after = scene.report().await;
    assert_eq!(before["faults"], after["faults"]);
}

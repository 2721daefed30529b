//! The agent is killed and started again: it knows within two seconds what it knew, and does nothing twice.

use std::time::Duration;

use sabai_tests::agent::Agent;
use sabai_tests::postgres::certificates::Presents;
use sabai_tests::scene::{LIMIT, Scene, server, setup};
use sabai_tests::wait::eventually;
use serde_json::Value;

use super::asking::begun;
use super::watched::{count, goes_paths, is_unharmed};

/// From listening to being informed.
const INFORMED: Duration = Duration::from_secs(2);

async fn completes(agent: &Agent, reason: &str) {
    let labels = [("reason", reason), ("outcome", "Completed")];
    eventually(LIMIT, "the recycle to be completed", async || match count(
        agent,
        "sabai_agent_recycles_total",
        &labels,
    )
    .await
    {
        1.0.. => Ok(()),
        _ => Err(format!("{:?}", begun(agent))),
    })
    .await;
}

async fn last_recycle(scene: &Scene) -> Value {
    scene.report().await["lastRecycle"]["requestId"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_was_killed_knows_again_and_recycles_nothing_twice() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    server.present(Presents::Trusted).await.expect("reloads");
    completes(&agent, "CertificateChanged").await;
    let recycled = last_recycle(&scene).await;
    agent.kill().await;
    scene.answers(50).await;

    let agent = scene.agent(&[]).await;
    agent.says(200, "nothing: all is well", INFORMED).await;
    // More than have to agree before anything is done.
    goes_paths(&agent, 5).await;
    assert!(begun(&agent).is_empty(), "{:?}", begun(&agent));
    assert_eq!(last_recycle(&scene).await, recycled);
    is_unharmed(&agent).await;
    scene.never_spooled().await;
    scene.ends_well().await;
}

/// Killed in the middle of what it asked for: the bot does it to the end, and nobody asks for it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_killed_while_a_recycle_that_it_wanted_goes_on() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    server.present(Presents::Trusted).await.expect("reloads");
    let asked = |line: &sabai_tests::bot::log::Line| {
        let message = line.message().unwrap_or_default();
        message.ends_with(": begins")
    };
    let begins = tokio::time::timeout(LIMIT, agent.log().wait_for(asked));
    let begins = begins.await.expect("the refresh begins");
    let id = begins.field("request_id").expect("its id").to_owned();
    eventually(LIMIT, "the bot to begin", async || {
        match last_recycle(&scene).await {
            Value::String(last) if last == id => Ok(()),
            last => Err(last.to_string()),
        }
    })
    .await;
    agent.kill().await;

    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", INFORMED).await;
    goes_paths(&agent, 5).await;
    eventually(LIMIT, "the refresh to end", async || {
        let last = scene.report().await["lastRecycle"].clone();
        match &last["outcome"] {
            outcome if outcome == "Completed" => Ok(()),
            _ => Err(last.to_string()),
        }
    })
    .await;
    assert_eq!(last_recycle(&scene).await, id);
    assert!(begun(&agent).is_empty(), "{:?}", begun(&agent));
    is_unharmed(&agent).await;
    scene.ends_well().await;
}

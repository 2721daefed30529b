//! The server is restarted, killed, or served by another machine: the agent names it, and when it is over the bot has no
//! session of before.

use std::collections::BTreeSet;

use sabai_tests::agent::Agent;
use sabai_tests::postgres::Stop;
use sabai_tests::scene::{LIMIT, SOME, Scene, server, setup};
use sabai_tests::wait::eventually;

use crate::asking::{begun, ended, failures, no_statement_fails, sessions, straight, tells};

#[derive(Clone, Copy)]
enum How {
    Stop(Stop),
    Kill,
}

async fn restarted(how: How) {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let agent = straight(&scene, &[]).await;
    let before = sessions(&scene, "serverStart").await;
    match how {
        How::Stop(how) => server.stop(how).await.expect("it stops"),
        How::Kill => server.kill().await,
    }
    agent.says(200, "Refused at TCP", LIMIT).await;
    scene.answers(SOME).await;
    server.start_again().await.expect("it comes back");
    agent.says(200, "Postgres Healthy", LIMIT).await;
    scene.recovers().await;
    tells(&agent, "the path to Postgres is Suspect").await;
    assert!(failures(&agent, "TCP", "Refused").await > 0.0);
    none_is_left(&scene, &agent, &before).await;
    scene.ends_well().await;
}

/// Every session leads to the server of now. The agent has renewed them at most once: the bot sees dead ones by itself.
async fn none_is_left(scene: &Scene, agent: &Agent, before: &BTreeSet<String>) {
    eventually(LIMIT, "every old session to go", async || {
        let now = sessions(scene, "serverStart").await;
        match now.is_disjoint(before) && now.len() == 1 {
            true => Ok(()),
            false => Err(format!("{now:?}, before {before:?}")),
        }
    })
    .await;
    let begun = begun(agent);
    assert!(begun.len() <= 1, "{begun:?}");
    if !begun.is_empty() {
        let line = ended(agent, 1).await;
        assert_eq!(line["outcome"], "Completed", "{line}");
        assert_eq!(line["requests_failed"], 0, "{line}");
    }
    no_statement_fails(scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_fast() {
    restarted(How::Stop(Stop::Fast)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_immediately() {
    restarted(How::Stop(Stop::Immediate)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed() {
    restarted(How::Kill).await;
}

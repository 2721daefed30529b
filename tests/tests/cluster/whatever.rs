//! Whatever the API server stores, the agent goes on, and the bot obeys what stands in the end.

use http::Method;
use sabai_tests::random::Random;
use sabai_tests::release::{LIMIT, Release, setup};
use sabai_tests::specs;
use serde_json::{Value, json};

use crate::tuned::{obeys, with};

const TAKEN: u64 = 60;
/// The bot is looked at so often.
const LOOKED_AT: u64 = 10;
const GROUP: &str = "sabai.dev/v1alpha1";

/// Replaces the whole spec; false when the server refuses it.
async fn replaced(release: &Release, spec: &Value) -> bool {
    let path = format!("poolconfigs/{}", release.name);
    let path = release.namespace.path(GROUP, &path);
    let patch = json!([{"op": "replace", "path": "/spec", "value": spec}]).to_string();
    let api = release.namespace.kubernetes().api();
    let answer = api
        .send(Method::PATCH, &path, "application/json-patch+json", &patch)
        .await;
    let answer = answer.expect("an answer");
    match answer.status {
        200 => true,
        422 => false,
        other => panic!("{other}: {}", answer.body),
    }
}

#[tokio::test]
async fn whatever_is_stored_the_agent_goes_on_and_the_last_word_is_obeyed() {
    let release = setup().rate(10).start().await;
    let member = release.first();
    let (mut random, mut taken) = (Random::new(20_261_128), 0);
    while taken < TAKEN {
        let spec = specs::decent(&mut random);
        if !replaced(&release, &spec).await {
            continue;
        }
        taken += 1;
        if taken % LOOKED_AT == 0 {
            let max = spec["pool"]["maxConnections"].as_u64().unwrap_or(16);
            obeys(member, max).await;
        }
    }
    let last = with(json!({"pool": {"maxConnections": 9}, "readiness": {"policy": "Strict"}}));
    assert!(replaced(&release, &last).await, "{last}");
    obeys(member, 9).await;
    release.tells(member, "Applied", "True", "InForce").await;
    member.agent.says(200, "Postgres Healthy", LIMIT).await;
    let metrics = member.agent.metrics().await.expect("the agent answers");
    let restarts = metrics.sum("sabai_agent_task_restarts_total", &[]);
    assert_eq!(
        restarts.unwrap_or_default(),
        0.0,
        "{}",
        member.agent.log().tail()
    );
    assert_eq!(
        member.agent.exit_status(),
        None,
        "{}",
        member.agent.log().tail()
    );
    // Some of it had the bot ask LINE to come again; nothing is lost.
    let Release {
        load,
        world,
        members: _members,
        ..
    } = release;
    load.stop().await;
    let report = world.settled(LIMIT).await;
    assert!(report.is_sound(), "{report}");
}

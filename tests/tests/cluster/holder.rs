//! One agent of a release holds its Lease, and what it says of the release is one truth, whoever it is.

use std::collections::BTreeSet;

use sabai_tests::release::{LIMIT, Release, setup};
use sabai_tests::wait::eventually;
use serde_json::Value;

/// The place of the pod that holds the Lease, another than these.
async fn holds(release: &Release, not: &[usize]) -> usize {
    eventually(LIMIT, "a pod to hold the Lease", async || {
        let holder = release
            .holder()
            .await
            .map_err(|error| format!("{error:#}"))?;
        let place = release
            .members
            .iter()
            .position(|member| holder.starts_with(&member.pod));
        place.filter(|place| !not.contains(place)).ok_or(holder)
    })
    .await
}

/// When each condition's status changed last.
fn transitions(object: &Value) -> Vec<(String, String)> {
    let conditions = object["status"]["conditions"].as_array();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    let conditions = conditions.into_iter().flatten();
    conditions
        .map(|one| (text(one, "type"), text(one, "lastTransitionTime")))
        .collect()
}

#[tokio::test]
async fn five_agents_tell_one_truth_while_holders_die_and_stand_still() {
    let mut release = setup().members(5).rate(20).start().await;
    release.says("Ready", "True", "InForce").await;
    release.says("Healthy", "True", "Reachable").await;
    for field in ["total", "ready", "applied", "healthy"] {
        release.counts(field, 5).await;
    }
    let object = release.pool_config().await.expect("it is there");
    let status = &object["status"];
    assert_eq!(status["sessions"]["perInstance"], 12, "{status}");
    assert_eq!(status["sessions"]["ceiling"], 12 * 6 + 4, "{status}");
    assert!(
        status["server"]["certificate"]["sha256"].is_string(),
        "{status}"
    );
    let before = transitions(&object);

    // One that stands still past its time, and a second holder meanwhile.
    let first = holds(&release, &[]).await;
    release.members[first].agent.pause().await;
    let second = holds(&release, &[first]).await;
    release.counts("stale", 1).await;
    release.members[first].agent.resume();
    release.counts("stale", 0).await;
    // One that dies.
    let dead = release.members.remove(second);
    let dead = dead.agent_again().await;
    release.members.insert(second, dead);
    let third = holds(&release, &[]).await;
    release.counts("ready", 5).await;
    release.counts("stale", 0).await;
    release.says("Ready", "True", "InForce").await;
    release.says("Healthy", "True", "Reachable").await;
    let object = release.pool_config().await.expect("it is there");
    let after = transitions(&object);
    assert_eq!(
        before, after,
        "no condition flapped; holders {first}, {second}, {third}"
    );
    // Every write of the status was by one who held the Lease then: no two in one second by different pods, but at a handover.
    let audit = release.namespace.kubernetes().audit().expect("it is noted");
    let here = release.namespace.name();
    let writes = audit
        .iter()
        .filter(|one| one.namespace == here && one.resource == "poolconfigs/status");
    let writers: BTreeSet<_> = writes.clone().filter_map(|one| one.pod.clone()).collect();
    assert!(writers.len() <= 3, "{writers:?}");
    release.ends().await;
}

#[tokio::test]
async fn a_broken_path_and_a_broken_config_are_named_for_the_whole_release() {
    let release = setup().members(2).start().await;
    release.says("Healthy", "True", "Reachable").await;
    let broken = &release.members[1];
    broken.gate.all(sabai_tests::gate::Fault::Drop).await;
    release.says("Healthy", "False", "PathBroken").await;
    let object = release.pool_config().await.expect("it is there");
    let message = object["status"]["conditions"].to_string();
    assert!(message.contains(&broken.pod), "{message}");
    // A database's state fails no rollout.
    release.says("Ready", "True", "InForce").await;
    release.members[0]
        .gate
        .all(sabai_tests::gate::Fault::Drop)
        .await;
    release.says("Healthy", "False", "DatabaseDown").await;
    for member in &release.members {
        member.gate.heal().await;
    }
    release.says("Healthy", "True", "Reachable").await;
    let events = release.namespace.get_json(&["events.events.k8s.io"]).await;
    let events = events.expect("events").to_string();
    assert!(
        events.contains("DatabaseDown") && events.contains("PathBroken"),
        "{events}"
    );
    release.ends().await;
}

#[tokio::test]
async fn two_releases_in_one_namespace_do_not_touch_each_other() {
    let release = setup().start().await;
    let other = setup().beside(&release).start().await;
    for one in [&release, &other] {
        one.says("Ready", "True", "InForce").await;
        one.counts("total", 1).await;
    }
    assert_ne!(release.holder().await.ok(), other.holder().await.ok());
    other.ends().await;
    release.counts("total", 1).await;
    release.ends().await;
}

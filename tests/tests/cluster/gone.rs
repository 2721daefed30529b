//! A pod that is gone takes its report along.

use sabai_tests::release::{LIMIT, setup};
use sabai_tests::wait::eventually;

#[tokio::test]
async fn the_report_of_a_pod_that_is_deleted_is_collected() {
    let mut release = setup().members(2).start().await;
    for member in &release.members {
        release.tells(member, "Ready", "True", "Ready").await;
    }
    release.counts("total", 2).await;
    let gone = release.members.pop().expect("two");
    let pod = gone.pod.clone();
    drop(gone);
    let deleted = release.namespace.kubectl(&["delete", "pod", &pod]).await;
    deleted.expect("kubectl").ok().expect("it is deleted");
    eventually(LIMIT, "its report to be collected", async || {
        let left = release.namespace.get_json(&["poolinstances"]).await;
        let left = left.map_err(|error| format!("{error:#}"))?;
        let items = left["items"].as_array().map(Vec::len);
        (items == Some(1))
            .then_some(())
            .ok_or_else(|| left.to_string())
    })
    .await;
    for field in ["total", "ready", "applied", "healthy"] {
        release.counts(field, 1).await;
    }
    release.ends().await;
}

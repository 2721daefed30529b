//! Nothing is wrong: the agent says so, costs little, and does nothing.

use sabai_tests::scene::{LIMIT, setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_well_is_ready_and_left_alone() {
    let scene = setup().start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    scene.recovers().await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    let report = scene.report().await;
    assert!(report.get("lastRecycle").is_none(), "{report}");
    assert!(agent.terminate().await.expect("it ends").success());
    scene.ends_well().await;
}

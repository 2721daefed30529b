//! What a bot that was killed knows when it is back: its settings and the last recycle.

use sabai_wire::control::RecycleKind;
use serde_json::json;

use super::control::request;
use super::scene::Scene;

#[tokio::test]
async fn a_restarted_bot_remembers_its_settings_and_the_last_request() {
    let mut scene = Scene::new(&[("SABAI_POOL_MAX_CONNECTIONS", "12")]).await;
    assert_eq!(scene.client.report().await.max_connections, 12);
    let answer = scene
        .client
        .settings(&json!({"pool": {"maxConnections": 9}, "retry": {"deadline": "7s"}}))
        .await;
    let asked = request("before-the-restart", RecycleKind::Refresh);
    let report = scene.client.recycle(&asked).await;

    kill(&mut scene).await;
    let after = scene.client.report().await;
    assert_eq!(
        (after.max_connections, after.settings_digest),
        (9, answer.digest)
    );
    assert_eq!(after.generation, 1, "a life of its own");
    assert_eq!(after.last_recycle.as_ref(), Some(&report));
    assert_eq!(
        scene.client.ask(&asked).await,
        (200, report),
        "not run again"
    );
    assert_eq!(scene.client.report().await.generation, 1);

    let kept = scene.client.socket.with_file_name("bot.sock.settings.json");
    std::fs::write(&kept, "{\"pool\": {\"maxConnections\": 1}}").expect("broken");
    kill(&mut scene).await;
    let after = scene.client.report().await;
    assert_eq!(after.max_connections, 12, "the environment's");
    let lines = scene.bot.log().lines();
    let told = lines.iter().find(|line| {
        line.message()
            .is_some_and(|message| message.contains("the environment's settings are"))
    });
    assert!(told.is_some(), "said in the log");
}

async fn kill(scene: &mut Scene) {
    let pid = scene.bot.pid();
    sabai_tests::process::send(pid, sabai_tests::process::Signal::Kill);
    scene.bot.ended(super::scene::LIMIT).await.expect("killed");
    scene.start_again().await;
}

//! The server has no room: the agent names it, leaves the pod ready and recycles nothing, which would cost the server
//! more.

use sabai_tests::scene::{LIMIT, SOME, Scene, setup};
#[cfg(target_os = "linux")]
use sabai_tests::{preload::Disk, scene::faulty_server};

use sabai_tests::agent::Agent;

use super::asking::begun;
use super::watched::{is_unharmed, names_and_waits, said};

async fn ends(scene: Scene, agent: &Agent) {
    agent.says(200, "Postgres Healthy", LIMIT).await;
    scene.recovers().await;
    is_unharmed(agent).await;
    assert!(begun(agent).is_empty(), "{:?}", begun(agent));
    let report = scene.report().await;
    assert!(report.get("lastRecycle").is_none(), "{report}");
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_too_many_connections() {
    let scene = setup().start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let name = &scene.world.database.name;
    let limit = |sessions: i32| format!("ALTER DATABASE {name} CONNECTION LIMIT {sessions}");
    scene.execute(&limit(1)).await;
    names_and_waits(&scene, &agent, "TooManyConnections", "Auth").await;
    scene.execute(&limit(-1)).await;
    ends(scene, &agent).await;
}

/// The agent's row is the first of its table, which has to grow for it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_disk_is_full() {
    let server = faulty_server().await;
    // Another agent would have written a row before.
    let scene = setup().on(&server).without_agent().start().await;
    let disk = server.faults().expect("asked for");
    disk.disk(Disk::Full);
    let agent = scene.agent(&[]).await;
    names_and_waits(&scene, &agent, "DiskFull", "Write").await;
    scene.names("DiskFull").await;
    disk.heal();
    ends(scene, &agent).await;
}

/// The agent's row is there and finds its place again: it is the bot's statements that show what is wrong.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_disk_is_full_for_the_bot_alone() {
    let server = faulty_server().await;
    let scene = setup().on(&server).start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let disk = server.faults().expect("asked for");
    disk.disk(Disk::Full);
    let met = "statements of the bot meet DiskFull";
    agent.says(200, met, LIMIT).await;
    scene.answers(SOME / 2).await;
    assert!(!said(&agent, 0, met).is_empty(), "and in the log");
    disk.heal();
    agent.says(200, "nothing: all is well\n", LIMIT).await;
    ends(scene, &agent).await;
}

/// Every statement that stores events takes longer than it may; a path, with a row of its own, does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_s_statements_take_too_long() {
    let scene = setup().start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END';
        CREATE TRIGGER slow AFTER INSERT ON event EXECUTE FUNCTION slow()";
    scene.execute(slow).await;
    let met = "statements of the bot meet StatementTimeout";
    agent.says(200, met, LIMIT).await;
    scene
        .execute("SET lock_timeout = '10s'; DROP TRIGGER slow ON event")
        .await;
    let faults = &scene.report().await["faults"];
    assert_eq!(
        faults["Silent"],
        serde_json::Value::Null,
        "the server spoke each time: {faults}"
    );
    agent.says(200, "nothing: all is well\n", LIMIT).await;
    ends(scene, &agent).await;
}

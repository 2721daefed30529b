//! Row 10: we are not let in. Those sessions that exist go on; it heals when the secret is there, or room.

use sabai_tests::bot::sessions;
use sabai_tests::gate::Fault;
use sabai_tests::postgres::OWNER;
use tempfile::TempDir;

use sabai_tests::scene::{LIMIT, Scene, WARM, server, setup};

/// As many sessions as before, without a restart.
async fn replaces_it(scene: &Scene) {
    sessions::are_open(&scene.bot, WARM, LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_rotated() {
    let server = server(&[]).await;
    let secrets = TempDir::new().expect("a folder");
    let file = secrets.path().join("password");
    std::fs::write(&file, &server.database().password).expect("writable");
    let path = file.display().to_string();
    let scene = setup()
        .on(&server)
        .env("PGPASSWORD_FILE", path)
        .renewed_for(&["PasswordChanged"])
        .start()
        .await;
    scene
        .execute(&format!("ALTER ROLE {OWNER} PASSWORD 'a new one'"))
        .await;
    scene.loses_one("PasswordRejected").await;
    std::fs::write(&file, "a new one\n").expect("writable");
    replaces_it(&scene).await;
    scene.gate.existing(Fault::Reset);
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_refused() {
    let server = server(&[]).await;
    let setup = setup().on(&server).renewed_only_for(&[]);
    let scene = setup.start().await;
    scene.execute(&format!("ALTER ROLE {OWNER} NOLOGIN")).await;
    scene.loses_one("RoleRejected").await;
    scene.execute(&format!("ALTER ROLE {OWNER} LOGIN")).await;
    replaces_it(&scene).await;
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_too_many_connections() {
    let scene = setup().renewed_only_for(&[]).start().await;
    let name = &scene.world.database.name;
    let limit = async |sessions: i32| {
        let sql = format!("ALTER DATABASE {name} CONNECTION LIMIT {sessions}");
        scene.execute(&sql).await;
    };
    limit(1).await;
    scene.loses_one("TooManyConnections").await;
    limit(-1).await;
    replaces_it(&scene).await;
    scene.recovers().await;
    scene.ends_well().await;
}

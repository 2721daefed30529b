//! Something is wrong with this bot's sessions alone, and the agent's own way is fine: they are renewed at once.

use sabai_tests::bot::log::Line;
use sabai_tests::gate::Fault;
use sabai_tests::scene::{LIMIT, SOME, Scene, setup};
use sabai_tests::wait::eventually;
use tokio::time::timeout;

use crate::asking::{begun, ended, no_statement_fails, planned, straight};

const ANSWERED: &str = "SELECT count(*) FROM turn WHERE outcome = 'answered'";

/// The bot finds dead sessions one by one, and some of them hold a user for as long as a statement may take.
async fn silent(fault: Fault) {
    let setup = setup().env("SABAI_POOL_STATEMENT_TIMEOUT", "5s");
    let scene = setup.start().await;
    let agent = straight(&scene, &[]).await;
    // Who has been well for so long loses its sessions alone.
    agent.says(200, "Postgres Healthy for 11 s", LIMIT).await;
    scene.gate.existing(fault);
    let line = ended(&agent, 1).await;
    assert_eq!(line["message"], "refresh (SessionsLost): ended", "{line}");
    assert_eq!(line["outcome"], "Completed", "{line}");
    assert_eq!(planned(&agent), Vec::<String>::new(), "at once");
    scene.recovers().await;
    no_statement_fails(&scene).await;
    scene.answers(2 * SOME).await;
    assert_eq!(begun(&agent), ["refresh (SessionsLost)"]);
    scene.ends_well().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_the_bot_s_sessions_vanish() {
    silent(Fault::Drop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_s_sessions_stall() {
    silent(Fault::Stall).await;
}

/// Settling waits for it.
const LOCK: &str = "BEGIN; LOCK TABLE turn IN ACCESS EXCLUSIVE MODE";
const WAITING: &str =
    "SELECT client_port FROM pg_stat_activity WHERE pid = ANY($1) AND wait_event_type = 'Lock'";

/// A pool with one place for work.
async fn narrow(statement_timeout: &str) -> Scene {
    let setup = setup()
        .env("SABAI_POOL_MAX_CONNECTIONS", "4")
        .env("SABAI_POOL_MIN_IDLE", "1")
        .env("SABAI_POOL_STATEMENT_TIMEOUT", statement_timeout);
    setup.start().await
}

/// Every session for work is in the middle of a statement, and the server's answer never comes. Intake's go on.
async fn wedge(scene: &Scene) {
    let inside = scene.world.database.superuser().await.expect("there");
    inside.batch_execute(LOCK).await.expect("sound");
    let ports = eventually(LIMIT, "every session for work to wait", async || {
        let working = working(scene).await;
        let rows = inside.query(WAITING, &[&working]).await;
        let rows = rows.map_err(|error| error.to_string())?;
        match rows.len() == working.len() && !working.is_empty() {
            true => Ok(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>()),
            false => Err(format!("{} of {working:?}", rows.len())),
        }
    })
    .await;
    let is_one = |port: u16| ports.contains(&port.into());
    let connections = scene.gate.connections().into_iter();
    let stalled = connections
        .filter(|one| one.port().is_some_and(is_one))
        .inspect(|one| one.inflict(Fault::Stall));
    assert_eq!(stalled.count(), ports.len());
    inside.batch_execute("COMMIT").await.expect("sound");
}

/// The backends of the sessions for work.
async fn working(scene: &Scene) -> Vec<i32> {
    let report = scene.report().await;
    let sessions = report["sessions"].as_array().expect("sessions").iter();
    let work = sessions.filter(|one| one["duty"] == "work" && one["state"] != "Outlived");
    let pids = work.filter_map(|one| one["backendPid"].as_i64());
    pids.map(|pid| i32::try_from(pid).expect("a pid")).collect()
}

/// The bot would wait for as long as a statement may take; the agent thinks that this is less.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figure of a run")]
async fn a_wedged_pool_is_replaced() {
    let scene = narrow("20s").await;
    let agent = straight(&scene, &[("SABAI_POOL_STATEMENT_TIMEOUT", "100ms")]).await;
    wedge(&scene).await;
    let begins = |line: &Line| line.message() == Some("replace (PoolWedged): begins");
    let begins = timeout(LIMIT, agent.log().wait_for(begins)).await;
    let begun_at = begins.expect("it is wedged").read();
    let answered = scene.count(ANSWERED).await;
    eventually(LIMIT, "the next answer", async || {
        match scene.count(ANSWERED).await {
            now if now > answered => Ok(()),
            now => Err(now),
        }
    })
    .await;
    println!("answers {:?} after the replace began", begun_at.elapsed());
    let line = ended(&agent, 1).await;
    let told = (&line["message"], &line["outcome"]);
    let expected = ("replace (PoolWedged): ended".into(), "Completed".into());
    assert_eq!(told, (&expected.0, &expected.1), "{line}");
    assert_eq!(planned(&agent), Vec::<String>::new(), "at once");
    scene.recovers().await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    no_statement_fails(&scene).await;
    assert_eq!(begun(&agent), ["replace (PoolWedged)"]);
    scene.ends_well().await;
}

/// Where both have the same limit the bot has cut the session before the agent can be sure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_frees_itself_within_its_own_limits() {
    let scene = narrow("2s").await;
    let agent = straight(&scene, &[]).await;
    wedge(&scene).await;
    scene.names("Silent").await;
    scene.recovers().await;
    scene.answers(2 * SOME).await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    let begun = begun(&agent);
    assert!(
        !begun.iter().any(|one| one.contains("PoolWedged")),
        "{begun:?}"
    );
    scene.ends_well().await;
}

//! The wall clock jumps, or the agent stands still for a while: no verdict, no readiness and no recycle comes of it.

use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use sabai_tests::preload::Preload;
use sabai_tests::scene::{LIMIT, RATE, setup};
#[cfg(target_os = "linux")]
use tempfile::TempDir;

use super::watched::{goes_paths, is_unharmed, was_calm};

#[cfg(target_os = "linux")]
const HOUR: i64 = 3_600_000;
/// Longer than whatever is counted: three seconds of silence, ten until Down, three intervals, a minute until it counts as
/// stuck.
const STANDS_STILL: Duration = Duration::from_secs(61);

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_s_wall_clock_jumps_by_an_hour() {
    let home = TempDir::new().expect("a folder");
    let preload = Preload::new(home.path(), &home.path().join("nothing")).await;
    let clock = preload.expect("it compiles");
    let scene = setup().start().await;
    let env = clock.env();
    let env: Vec<_> = env
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let strict = [("SABAI_READINESS_POLICY", "Strict")];
    let agent = scene.agent(&[&env[..], &strict].concat()).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let before = agent.log().count();
    for millis in [HOUR, -HOUR, 0] {
        clock.clock_off_by(millis);
        goes_paths(&agent, 3).await;
        agent.says(200, "nothing: all is well", LIMIT).await;
    }
    was_calm(&agent, before);
    is_unharmed(&agent).await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_stands_still() {
    let scene = setup().start().await;
    let strict = [("SABAI_READINESS_POLICY", "Strict")];
    let agent = scene.agent(&strict).await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    let before = agent.log().count();
    agent.pause().await;
    let stopped = Instant::now();
    while stopped.elapsed() < STANDS_STILL {
        scene.answers(RATE as usize).await;
    }
    agent.resume();
    let (status, first) = agent.page("/readyz").await.expect("an answer");
    assert_eq!(status, 200, "{first}");
    goes_paths(&agent, 3).await;
    was_calm(&agent, before);
    is_unharmed(&agent).await;
    scene.ends_well().await;
}

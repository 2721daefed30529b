//! Something is wrong with this bot's sessions alone, and the agent's own way is fine: they are renewed at once.

use sabai_tests::gate::Fault;
use sabai_tests::scene::{LIMIT, SOME, setup};

use crate::asking::{begun, straight};

async fn silent(fault: Fault) {
    let scene = setup().start().await;
    let agent = straight(&scene, &[]).await;
    scene.answers(10 * SOME / 2).await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    for _ in 0..3 {
        scene.gate.existing(fault);
        for _ in 0..8 {
            let report = scene.report().await;
            println!(
                "{} {} {}",
                report["pool"], report["progress"], report["faults"]
            );
            scene.answers(SOME / 4).await;
        }
    }
    scene.recovers().await;
    println!("{:?}", begun(&agent));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wedge_experiment() {
    let scene = setup()
        .env("SABAI_POOL_STATEMENT_TIMEOUT", "20s")
        .env("SABAI_POOL_MAX_CONNECTIONS", "9")
        .start()
        .await;
    let agent = straight(&scene, &[("SABAI_POOL_STATEMENT_TIMEOUT", "1s")]).await;
    let begin = std::time::Instant::now();
    let mut looks = 0;
    while begin.elapsed().as_secs() < 12 && begun(&agent).is_empty() {
        looks += 1;
        if looks < 30 {
            scene.gate.existing(Fault::Stall);
        }
        scene.answers(SOME / 10).await;
        let report = scene.report().await;
        let s: Vec<String> = report["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| {
                format!(
                    "{}/{}/{}/{}",
                    s["duty"], s["state"], s["stateMilliseconds"], s["timesLent"]
                )
            })
            .collect();
        println!(
            "{:?} {} {} {}",
            begin.elapsed(),
            report["pool"],
            report["progress"],
            s.join(" ")
        );
    }
    println!("{:?}", begun(&agent));
    scene.recovers().await;
    scene.ends_well().await;
}

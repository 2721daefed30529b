//! Row 15: the bot is killed in the middle of each of the others, and started again on the same folder.

use sabai_tests::gate::Fault;
#[cfg(target_os = "linux")]
use sabai_tests::mishap::Mishap;
use sabai_tests::postgres::Stop;

use sabai_tests::scene::{LIMIT, SOME, Scene, server, setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_nobody_answers() {
    let mut scene = setup().start().await;
    for fault in [Fault::Stall, Fault::SwallowAnswers, Fault::Refuse] {
        scene.gate.all(fault).await;
        scene.gate.existing(match fault {
            Fault::Refuse => Fault::Reset,
            other => other,
        });
        scene.answers(SOME / 2).await;
        scene = scene.kill(async |scene| scene.gate.heal().await).await;
        scene.recovers().await;
    }
    scene.ends_well().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_packets_vanish_and_started_before_they_pass() {
    let scene = setup().start().await;
    scene.gate.all(Fault::Drop).await;
    scene.answers(SOME / 2).await;
    let scene = scene.kill(async |_| ()).await;
    scene.answers(SOME / 2).await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_server_is_gone_and_started_before_it_is_back() {
    let server = server(&[]).await;
    let setup = setup().on(&server).renewed_for(&["ServerRestarted"]);
    let scene = setup.start().await;
    server.stop(Stop::Immediate).await.expect("it stops");
    scene.answers(SOME / 2).await;
    let scene = scene.kill(async |_| ()).await;
    scene.answers(SOME / 2).await;
    server.start_again().await.expect("it comes back");
    scene.recovers().await;
    scene.ends_well().await;
}

/// While the spool is drained, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_drains() {
    let mut scene = setup().start().await;
    scene.gate.all(Fault::Stall).await;
    scene.answers(2 * SOME).await;
    scene.gate.heal().await;
    for _ in 0..3 {
        scene.answers(5).await;
        scene = scene.kill(async |_| ()).await;
    }
    scene.recovers().await;
    scene.ends_well().await;
}

/// In the middle of each mishap that has a name, and started while it lasts. Of `parts`, the one with this number.
#[cfg(target_os = "linux")]
async fn in_the_middle_of_each(part: usize, parts: usize) {
    // It is we who kill, not the events: none may be buried for it.
    let setup = setup()
        .env("SABAI_MAX_ATTEMPTS", "100")
        .renewed_for(&["CertificateChanged", "ServerRestarted"]);
    let mut scene = setup.on_ground().await.start().await;
    for mishap in Mishap::ALL.iter().skip(part).step_by(parts) {
        scene.ground().inflict(*mishap).await.expect("it happens");
        let on_the_spool = mishap.name().starts_with("spool-");
        if on_the_spool {
            let away = scene.ground().inflict(Mishap::StalledAll).await;
            away.expect("it happens");
        }
        scene.answers(SOME / 4).await;
        let heal = async |scene: &Scene| scene.ground().heal().await.expect("it heals");
        // A bot does not start without a folder that it may write to.
        let before_the_start = async |scene: &Scene| {
            if on_the_spool {
                heal(scene).await;
            }
        };
        scene = scene.kill(before_the_start).await;
        scene.answers(SOME / 4).await;
        heal(&scene).await;
        scene.load.acknowledged(LIMIT).await;
    }
    scene.recovers().await;
    scene.ends_with(&[200, 503]).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_third_of_the_mishaps() {
    in_the_middle_of_each(0, 3).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_another_third_of_the_mishaps() {
    in_the_middle_of_each(1, 3).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_the_last_third_of_the_mishaps() {
    in_the_middle_of_each(2, 3).await;
}

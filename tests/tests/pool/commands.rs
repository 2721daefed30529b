//! The operator's commands: what they print, and how they end.

use sabai_tests::bot::{Bot, Ended};
use sabai_tests::postgres::certificates::Presents;
use sabai_wire::control::{RecycleOutcome, RecycleReport, Report};

use super::control::read;
use super::scene::{LIMIT, Scene};

impl Scene {
    async fn run(&self, arguments: &str) -> Ended {
        let socket = self.client.socket.display().to_string();
        let env = vec![("SABAI_CONTROL_SOCKET".to_owned(), socket)];
        let program = self.world.program();
        let ended = Bot::run(program, arguments.split(' '), env, LIMIT).await;
        ended.expect("it ends")
    }
}

#[tokio::test]
async fn an_operator_looks_at_the_pool_and_renews_it() {
    let scene = Scene::new(&[]).await;
    let table = scene.run("pool report").await;
    assert!(table.status.success(), "{}", table.output);
    for part in [
        "generation 1",
        "at most 16 sessions",
        "IN USE",
        "intake",
        "CERTIFICATE",
    ] {
        assert!(table.output.contains(part), "{part}: {}", table.output);
    }
    let report: Report = read(scene.run("pool report --json").await.output.as_bytes());
    assert_eq!(report.generation, 1);

    let recycled = scene
        .run("pool recycle --kind refresh --request-id r1 --wait --json")
        .await;
    assert!(recycled.status.success(), "{}", recycled.output);
    let recycled: RecycleReport = read(recycled.output.as_bytes());
    assert_eq!(recycled.outcome, RecycleOutcome::Completed);
    let again = scene
        .run("pool recycle --kind refresh --request-id r1")
        .await;
    assert!(
        again
            .output
            .contains("recycle r1: Refresh (Requested) is Completed"),
        "{}",
        again.output
    );

    scene
        .postgres
        .present(Presents::Expired)
        .await
        .expect("presented");
    let stopped = scene
        .run("pool recycle --kind Replace --reason PoolWedged --wait")
        .await;
    assert_eq!(stopped.status.code(), Some(1), "{}", stopped.output);
    assert!(
        stopped
            .output
            .contains("CertificateExpired: renew the server's certificate"),
        "{}",
        stopped.output
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_with_what_to_do() {
    let scene = Scene::new(&[]).await;
    for (arguments, told) in [
        (
            "pool recycle --kind twice",
            "--kind is to be Refresh or Replace",
        ),
        ("pool recycle --kind refresh --deadline 1d", "--deadline"),
    ] {
        let wrong = scene.run(arguments).await;
        assert_eq!(wrong.status.code(), Some(64), "{}", wrong.output);
        assert!(wrong.output.contains(told), "{}", wrong.output);
    }
    let nowhere = scene.run("pool report --socket /nowhere/bot.sock").await;
    assert_eq!(nowhere.status.code(), Some(1), "{}", nowhere.output);
    assert!(
        nowhere.output.contains("is the bot running"),
        "{}",
        nowhere.output
    );
}

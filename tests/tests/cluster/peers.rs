//! A path that is broken for everyone withdraws nobody; one that is broken for a single pod withdraws that pod, and its peers never.

use sabai_tests::gate::Fault;
use sabai_tests::release::{LIMIT, Release, setup};
use sabai_tests::wait::eventually;

async fn all_ready(release: &Release) {
    for member in &release.members {
        let page = member.agent.page("/readyz").await;
        let (status, body) = page.expect("the agent answers");
        assert_eq!(status, 200, "{}: {body}", member.pod);
    }
}

#[tokio::test]
async fn the_pod_whose_path_alone_is_broken_is_withdrawn_and_comes_back() {
    let release = setup().members(3).start().await;
    let broken = &release.members[2];
    broken.gate.all(Fault::Drop).await;
    broken
        .agent
        .says(
            503,
            "2 peers are healthy, so the path from this pod is at fault",
            LIMIT,
        )
        .await;
    release.tells(broken, "Ready", "False", "LocalFault").await;
    for peer in &release.members[..2] {
        let (status, body) = peer.agent.page("/readyz").await.expect("the agent answers");
        assert_eq!(status, 200, "{body}");
    }
    broken.gate.heal().await;
    broken.agent.says(200, "Postgres Healthy", LIMIT).await;
    release.tells(broken, "Ready", "True", "Ready").await;
    release.ends().await;
}

#[tokio::test]
async fn all_stay_ready_when_the_database_is_away_for_everyone() {
    let release = setup().members(3).start().await;
    for member in &release.members {
        member.gate.all(Fault::Drop).await;
    }
    for member in &release.members {
        release.tells(member, "Healthy", "False", "TimedOut").await;
    }
    // Until each has looked at what its peers say.
    let looked = |line: &&sabai_tests::bot::log::Line| {
        line.text().contains("path from this pod is at fault")
    };
    eventually(LIMIT, "every verdict to be Down", async || {
        for member in &release.members {
            let instance = release.instance(member).await;
            let instance = instance.map_err(|error| format!("{error:#}"))?;
            let state = &instance["status"]["probe"]["state"];
            if *state != "Down" {
                return Err(format!("{}: {state}", member.pod));
            }
        }
        Ok(())
    })
    .await;
    release.load.answered(200, LIMIT).await;
    all_ready(&release).await;
    for member in &release.members {
        let lines = member.agent.log().lines();
        assert!(
            lines.iter().find(looked).is_none(),
            "{}",
            member.agent.log().tail()
        );
        member.gate.heal().await;
    }
    for member in &release.members {
        release.tells(member, "Healthy", "True", "Reachable").await;
    }
    release.ends().await;
}

//! A person asks for a recycle with one annotation: each pod that is meant serves it once, and says so where it cannot.

use sabai_tests::postgres::certificates::Presents;
use sabai_tests::release::{LIMIT, Member, Release, setup};
use sabai_tests::scene;
use sabai_tests::wait::eventually;

/// Waits until the bot has served this request.
async fn serves(member: &Member, request: &str) {
    let what = format!("{} to serve {request}", member.pod);
    eventually(LIMIT, &what, async || {
        let report = member.report().await;
        let last = report.map_err(|error| format!("{error:#}"))?["lastRecycle"].clone();
        let ended = last["requestId"] == request && last["outcome"] == "Completed";
        ended.then_some(()).ok_or_else(|| last.to_string())
    })
    .await;
}

/// Waits until the pod's report says so too.
async fn tells_of(release: &Release, member: &Member, request: &str) {
    let what = format!("{} to tell of {request}", member.pod);
    eventually(LIMIT, &what, async || {
        let instance = release.instance(member).await;
        let status = instance.map_err(|error| format!("{error:#}"))?["status"].clone();
        let told = status["lastRecycleRequest"] == request;
        told.then_some(()).ok_or_else(|| status.to_string())
    })
    .await;
}

async fn recycles(member: &Member) -> u64 {
    let metrics = member.agent.metrics().await.expect("the agent answers");
    let labels = [("reason", "Requested"), ("outcome", "Completed")];
    metrics
        .sum("sabai_agent_recycles_total", &labels)
        .unwrap_or_default() as u64
}

#[tokio::test]
async fn all_pods_serve_it_once_and_one_pod_alone_when_it_alone_is_asked() {
    let mut release = setup().members(2).start().await;
    let request = release.now().await;
    release.request_recycle(None, &request).await;
    for member in &release.members {
        serves(member, &request).await;
        tells_of(&release, member, &request).await;
    }
    // Again: the same, and an earlier one.
    release.request_recycle(None, &request).await;
    release.request_recycle(None, "2026-01-01T00:00:00Z").await;
    let of_one = release.now().await;
    assert_ne!(of_one, request, "a later second");
    let (first, second) = (&release.members[0], &release.members[1]);
    release.request_recycle(Some(second), &of_one).await;
    serves(second, &of_one).await;
    tells_of(&release, second, &of_one).await;
    let what = "one recycle of the first pod, two of the second";
    eventually(LIMIT, what, async || {
        let done = (recycles(first).await, recycles(second).await);
        (done == (1, 2)).then_some(()).ok_or(format!("{done:?}"))
    })
    .await;
    // An agent that begins again serves nothing twice.
    let first = release.members.remove(0).agent_again().await;
    first.agent.says(200, "Postgres Healthy", LIMIT).await;
    tells_of(&release, &first, &request).await;
    assert_eq!(recycles(&first).await, 0);
    let report = first.report().await.expect("a report");
    assert_eq!(report["lastRecycle"]["requestId"], request, "{report}");
    release.members.insert(0, first);
    release.ends().await;
}

#[tokio::test]
async fn it_is_refused_and_said_so_while_no_fresh_session_can_be_made() {
    let postgres = scene::server(&[]).await;
    let release = setup().database_on(&postgres).start().await;
    let member = release.first();
    release.tells(member, "Ready", "True", "Ready").await;
    postgres
        .present(Presents::Expired)
        .await
        .expect("presented");
    release
        .tells(member, "Healthy", "False", "CertificateExpired")
        .await;
    let request = release.now().await;
    release.request_recycle(None, &request).await;
    tells_of(&release, member, &request).await;
    let what = "the refusal to be told";
    eventually(LIMIT, what, async || {
        let instance = release.instance(member).await;
        let text = instance.map_err(|error| format!("{error:#}"))?["status"].to_string();
        let told = text.contains("was refused") && text.contains("CertificateExpired");
        told.then_some(()).ok_or(text)
    })
    .await;
    postgres
        .present(Presents::Trusted)
        .await
        .expect("presented");
    release.tells(member, "Healthy", "True", "Reachable").await;
    assert_eq!(recycles(member).await, 0);
    let later = release.now().await;
    release.request_recycle(None, &later).await;
    serves(member, &later).await;
    release.ends().await;
}

#[tokio::test]
async fn what_is_no_time_is_told() {
    let release = setup().start().await;
    let member = release.first();
    release.request_recycle(None, "now").await;
    eventually(LIMIT, "it to be told", async || {
        let instance = release.instance(member).await;
        let text = instance.map_err(|error| format!("{error:#}"))?["status"].to_string();
        let told = text.contains("is no time in UTC");
        told.then_some(()).ok_or(text)
    })
    .await;
    assert_eq!(recycles(member).await, 0);
    release.ends().await;
}

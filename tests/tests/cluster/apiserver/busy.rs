//! The API server answers that it is too busy: 429 by its own flow control, 504 since its etcd does not answer.

use http::Method;
use sabai_tests::gate::Fault;
use sabai_tests::kubernetes::Held;
use sabai_tests::process::{Signal, send};
use sabai_tests::release::{LIMIT, Member, Release, cluster, server, setup};
use serde_json::json;

use super::{
    GROUP, RATE, RIGHT, asked, at_a_bounded_pace, audited, away_said_once, complains,
    complains_of_absence, pass, right_within, told_and_over, unnoticed, within_bounds,
};
use crate::tuned::{obeys, with};

/// A level for this release's agents alone, with room for one request at a time.
fn closed(release: &Release) -> String {
    let name = format!("closed-to-{}", release.namespace.name());
    let account = json!({"name": release.name, "namespace": release.namespace.name()});
    let everything =
        json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]});
    let level = json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration", "metadata": {"name": name},
        "spec": {"type": "Limited", "limited": {
            "nominalConcurrencyShares": 0, "lendablePercent": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"},
        }},
    });
    let schema = json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": name},
        "spec": {
            "priorityLevelConfiguration": {"name": name}, "matchingPrecedence": 100,
            "rules": [{"subjects": [{"kind": "ServiceAccount", "serviceAccount": account}], "resourceRules": [everything]}],
        },
    });
    format!("{level}\n---\n{schema}")
}

/// Keeps that room, as the agent of this pod.
async fn keep(release: &Release, member: &Member) -> Held {
    let token = std::fs::read_to_string(&member.access.token_file).expect("a token");
    let api = release.namespace.kubernetes().api_with_token(&token);
    let path = release.namespace.path(GROUP, "poolinstances");
    api.hold(Method::POST, &path).await.expect("a request")
}

#[tokio::test]
async fn a_429_is_told_and_asked_again_at_a_bounded_pace() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let (log, memory) = (member.agent.log().count(), member.agent.rss_kib());
    let memory = memory.expect("Linux");
    let closed = closed(&release);
    unnoticed(member, async {
        let first = audited(&release);
        release.namespace.apply(&closed).await.expect("a level");
        let kept = keep(&release, member).await;
        complains(member, log, "ApiBusy").await;
        // A watch that is there goes on.
        release
            .apply(&with(json!({"pool": {"maxConnections": 9}})))
            .await;
        obeys(member, 9).await;
        release.api.existing(Fault::Reset);
        pass(&release, 5).await;
        let since = audited(&release);
        pass(&release, 15).await;
        let requests = asked(&release, since);
        assert!(requests.iter().all(|one| one.code == 429), "{requests:?}");
        // Three tasks, each every 1.5 s to 3 s.
        assert!(requests.len() < 45, "{}", requests.len());
        drop(kept);
        let delete = ["delete", "-f", "-"];
        let deleted = release.namespace.kubectl_with_input(&delete, &closed).await;
        deleted
            .and_then(sabai_tests::kubernetes::Output::ok)
            .expect("deleted");
        right_within(&release, member, 8, RIGHT).await;
        at_a_bounded_pace(&asked(&release, first));
    })
    .await;
    told_and_over(member, log, "ApiBusy").await;
    within_bounds(member, memory);
    release.ends_well().await;
}

#[tokio::test]
async fn a_504_is_told_once_and_what_is_written_later_is_obeyed() {
    let mut options = cluster();
    options.flags.push("--request-timeout=3s".to_owned());
    let kubernetes = server(options).await;
    let release = setup().on(&kubernetes).rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let (log, first) = (member.agent.log().count(), audited(&release));
    let pids = kubernetes.pids();
    let (_, etcd) = pids.iter().find(|(name, _)| *name == "etcd").expect("etcd");
    unnoticed(member, async {
        send(*etcd, Signal::Stop);
        complains_of_absence(member, log).await;
        pass(&release, 12).await;
        send(*etcd, Signal::Continue);
        right_within(&release, member, 7, RIGHT).await;
        obeys(member, 7).await;
    })
    .await;
    let requests = asked(&release, first);
    assert!(requests.iter().any(|one| one.code == 504), "{requests:?}");
    at_a_bounded_pace(&requests);
    away_said_once(member, log).await;
    release.ends_well().await;
}

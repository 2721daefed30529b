//! What the release needs is not there: the resources, the PoolConfig, the right to see it.

use sabai_tests::gate::Fault;
use sabai_tests::kubernetes::Kubernetes;
use sabai_tests::release::{LIMIT, Member, Release, Rights, cluster, server, setup};
use sabai_tests::wait::eventually;

use super::{RATE, RIGHT, ceiling, complains, is, pass, reported, right_within, said, unnoticed};
use crate::tuned::obeys;

/// The agent's line about this fault, or in these words, holds the command that mends it.
fn advises(member: &Member, since: u64, command: &str) {
    let lines = member.agent.log().since(since);
    let found = lines
        .iter()
        .any(|line| line.message().is_some_and(|words| words.contains(command)));
    assert!(found, "{command}: {}", member.agent.log().tail());
}

/// Each thing that could not be done was told of once, and is over.
async fn each_once(member: &Member, since: u64, fault: &str) {
    eventually(LIMIT, &format!("{fault} to be over"), async || {
        match said(member, since, fault) {
            (told, over) if told > 0 && told == over => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let lines = member.agent.log().since(since);
    let mut told: Vec<_> = lines
        .iter()
        .filter(|line| is(line, "WARN", fault))
        .collect();
    let all = told.len();
    let what = |line: &&sabai_tests::bot::log::Line| {
        let words = line.message().unwrap_or_default().to_owned();
        words.split(": ").nth(1).map(str::to_owned)
    };
    told.sort_by_key(what);
    told.dedup_by_key(|line| what(&*line));
    assert_eq!(told.len(), all, "{}", member.agent.log().tail());
}

#[tokio::test]
async fn without_its_resources_the_agent_goes_on_and_comes_back_when_they_do() {
    let kubernetes = server(cluster()).await;
    let mut release = setup().on(&kubernetes).rate(RATE).start().await;
    right_within(&release, release.first(), 11, LIMIT).await;
    let log = release.first().agent.log().count();
    unnoticed(release.first(), async {
        let definitions = ["poolconfigs.sabai.dev", "poolinstances.sabai.dev"];
        let delete = [&["delete", "crd"], &definitions[..]].concat();
        let deleted = kubernetes.kubectl(&delete).await.expect("kubectl");
        deleted.ok().expect("deleted");
        complains(release.first(), log, "CRDMissing").await;
        pass(&release, 5).await;
    })
    .await;
    advises(
        release.first(),
        log,
        "kubectl apply --server-side --force-conflicts -f crds/",
    );
    // One that begins now obeys what was in force.
    let member = release.members.remove(0).agent_again().await;
    release.members.push(member);
    let member = release.first();
    member.agent.says(200, "Postgres Healthy", LIMIT).await;
    obeys(member, 11).await;
    unnoticed(member, async {
        complains(member, 0, "CRDMissing").await;
        comes_back(&kubernetes, &release).await;
    })
    .await;
    each_once(member, 0, "CRDMissing").await;
    release.ends_well().await;
}

async fn comes_back(kubernetes: &Kubernetes, release: &Release) {
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    let applied = kubernetes
        .kubectl_with_input(&apply, &cluster().manifests)
        .await;
    applied
        .and_then(sabai_tests::kubernetes::Output::ok)
        .expect("applied");
    let what = "the PoolConfig to be taken";
    let object = sabai_tests::release::pool_config(&release.name, &ceiling(7)).to_string();
    eventually(LIMIT, what, async || {
        release.namespace.try_apply(&object).await
    })
    .await;
    reported(release, release.first(), 7, LIMIT).await;
    obeys(release.first(), 7).await;
}

#[tokio::test]
async fn without_a_poolconfig_the_environment_is_in_force_and_the_first_is_obeyed_at_once() {
    let release = setup().spec(None).rate(RATE).start().await;
    let member = release.first();
    release
        .tells(member, "Applied", "Unknown", "ConfigMissing")
        .await;
    advises(member, 0, "there is no PoolConfig");
    advises(member, 0, "kubectl apply -f -");
    unnoticed(member, async {
        right_within(&release, member, 7, RIGHT).await;
        obeys(member, 7).await;
        release.tells(member, "Applied", "True", "InForce").await;
    })
    .await;
    release.ends_well().await;
}

#[tokio::test]
async fn without_permission_the_agent_goes_on_and_comes_back_when_it_is_given() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let log = member.agent.log().count();
    unnoticed(member, async {
        let delete = ["delete", "rolebinding", release.name.as_str()];
        let deleted = release.namespace.kubectl(&delete).await.expect("kubectl");
        deleted.ok().expect("deleted");
        // Watches outlive their right; these meet the server again.
        complains(member, log, "ApiForbidden").await;
        release.api.existing(Fault::Reset);
        release.apply(&ceiling(7)).await;
        pass(&release, 10).await;
        obeys(member, 11).await;
        let rights = rights_of(&release);
        release.namespace.apply(&rights).await.expect("rights");
        reported(&release, member, 7, LIMIT).await;
        obeys(member, 7).await;
    })
    .await;
    advises(
        member,
        log,
        "apply the release's Role and RoleBinding again",
    );
    each_once(member, log, "ApiForbidden").await;
    release.ends_well().await;
}

#[tokio::test]
async fn without_the_right_to_watch_lists_are_obeyed_and_the_complaint_stands() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let log = member.agent.log().count();
    unnoticed(member, async {
        let rights = rights_of(&release).replace("verbs: [get, list, watch]", "verbs: [get, list]");
        release.namespace.apply(&rights).await.expect("rights");
        release.api.existing(Fault::Reset);
        complains(member, log, "ApiForbidden").await;
        right_within(&release, member, 7, LIMIT).await;
        obeys(member, 7).await;
        assert_eq!(
            said(member, log, "ApiForbidden"),
            (1, 0),
            "lists that go well end nothing"
        );
        let rights = rights_of(&release);
        release.namespace.apply(&rights).await.expect("rights");
    })
    .await;
    each_once(member, log, "ApiForbidden").await;
    right_within(&release, member, 8, RIGHT).await;
    release.ends_well().await;
}

/// As the chart grants them.
fn rights_of(release: &Release) -> String {
    let rights = Rights {
        name: &release.name,
        service_account: &release.name,
    };
    rights.rights(release.namespace.name())
}

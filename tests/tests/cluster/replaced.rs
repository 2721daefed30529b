//! A PoolConfig that is deleted, made anew, replaced, or has a name that nobody reads: what is in force stays until something valid
//! takes its place, by content and not by generation.

use sabai_tests::release::{LIMIT, Member, Release, pool_config, setup, short_times};
use sabai_tests::wait::eventually;
use serde_json::Value;

fn of(max: u64) -> Value {
    let mut spec = short_times();
    spec["pool"]["maxConnections"] = max.into();
    spec
}

async fn obeys(member: &Member, max: u64) {
    eventually(
        LIMIT,
        &format!("the bot to obey {max}"),
        async || match member.report().await {
            Ok(report) if report["maxConnections"] == max => Ok(()),
            Ok(report) => Err(report["maxConnections"].to_string()),
            Err(error) => Err(format!("{error:#}")),
        },
    )
    .await;
}

async fn delete(release: &Release) {
    let delete = ["delete", "pcfg", &release.name];
    let deleted = release.namespace.kubectl(&delete).await;
    deleted.expect("kubectl").ok().expect("it is deleted");
}

#[tokio::test]
async fn settings_stay_when_it_is_deleted_and_a_new_one_is_obeyed_though_its_generation_is_1() {
    let release = setup().spec(Some(of(12))).start().await;
    let member = release.first();
    release.tells(member, "Applied", "True", "InForce").await;
    obeys(member, 12).await;
    release.apply(&of(11)).await;
    obeys(member, 11).await;

    delete(&release).await;
    release
        .tells(member, "Applied", "Unknown", "ConfigMissing")
        .await;
    release.load.answered(50, LIMIT).await;
    obeys(member, 11).await;

    release.apply(&of(9)).await;
    release.tells(member, "Applied", "True", "InForce").await;
    obeys(member, 9).await;
    let object = release.pool_config().await.expect("it is there");
    assert_eq!(object["metadata"]["generation"], 1);

    let replacement = pool_config(&release.name, &of(8)).to_string();
    let replace = [
        "-n",
        release.namespace.name(),
        "replace",
        "--force",
        "-f",
        "-",
    ];
    let kubernetes = release.namespace.kubernetes();
    let replaced = kubernetes.kubectl_with_input(&replace, &replacement).await;
    replaced.expect("kubectl").ok().expect("it is replaced");
    obeys(member, 8).await;
    release.tells(member, "Applied", "True", "InForce").await;
    release.ends().await;
}

#[tokio::test]
async fn without_one_the_environment_is_in_force_and_one_of_another_name_is_nobody_s() {
    let release = setup().spec(None).start().await;
    let member = release.first();
    release
        .tells(member, "Applied", "Unknown", "ConfigMissing")
        .await;
    obeys(member, 16).await;
    let other = pool_config("nobody", &of(7)).to_string();
    release
        .namespace
        .apply(&other)
        .await
        .expect("it is applied");
    let object = release.namespace.get_json(&["pcfg", "nobody"]).await;
    let object = object.expect("it is there");
    let ready = object["status"]["conditions"].as_array();
    let ready = ready.and_then(|all| all.iter().find(|one| one["type"] == "Ready"));
    assert_eq!(
        ready.map(|one| &one["reason"]),
        Some(&"Pending".into()),
        "{object}"
    );
    obeys(member, 16).await;
    // Its own name: the agent says what to apply, and obeys it.
    let log = member.agent.log();
    let hint = format!("\"name\": \"{}\"", release.name);
    let told = log
        .lines()
        .iter()
        .filter(|line| line.text().contains("kubectl apply"))
        .count();
    assert_eq!(told, 1, "{}", log.tail());
    assert!(
        log.lines()
            .iter()
            .any(|line| line.text().replace('\\', "").contains(&hint)),
        "{}",
        log.tail()
    );
    release.apply(&of(9)).await;
    obeys(member, 9).await;
    release.ends().await;
}

#[tokio::test]
async fn an_agent_that_begins_again_while_the_api_server_is_away_obeys_what_it_obeyed() {
    let mut release = setup().spec(Some(of(9))).start().await;
    let member = release.first();
    release.tells(member, "Applied", "True", "InForce").await;
    obeys(member, 9).await;
    release
        .api
        .new_connections(sabai_tests::gate::Fault::Refuse)
        .await;
    release.api.existing(sabai_tests::gate::Fault::Reset);
    let member = release.members.remove(0).agent_again().await;
    member.agent.says(200, "Postgres Healthy", LIMIT).await;
    let summary = member.agent.log().lines();
    let probes = summary
        .iter()
        .any(|line| line.text().contains("ApiUnreachable"));
    release.load.answered(50, LIMIT).await;
    obeys(&member, 9).await;
    release.members.push(member);
    release.apply(&of(8)).await;
    release.api.heal().await;
    obeys(release.first(), 8).await;
    assert!(probes, "{}", release.first().agent.log().tail());
    release.ends().await;
}

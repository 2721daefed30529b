//! `kubectl apply` tunes the pool of a bot under full load: obeyed by every new checkout, confirmed when the last old session is
//! gone, and nobody notices.

use sabai_tests::release::{LIMIT, Member, Release, setup, short_times};
use sabai_tests::wait::eventually;
use serde_json::{Value, json};

/// The usual spec with these groups merged into it.
pub(crate) fn with(groups: Value) -> Value {
    let mut spec = short_times();
    for (group, fields) in groups.as_object().expect("groups") {
        for (name, value) in fields.as_object().expect("fields") {
            spec[group][name] = value.clone();
        }
    }
    spec
}

/// Waits until the bot obeys this ceiling.
pub(crate) async fn obeys(member: &Member, max: u64) {
    eventually(LIMIT, &format!("the bot to obey {max}"), async || {
        let report = member
            .report()
            .await
            .map_err(|error| format!("{error:#}"))?;
        match report["maxConnections"].as_u64() {
            Some(is) if is == max => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

pub(crate) async fn generation(release: &Release) -> i64 {
    let object = release.pool_config().await.expect("it is there");
    object["metadata"]["generation"].as_i64().expect("a number")
}

/// Waits until the pod tells that this generation is in force.
async fn in_force(release: &Release, member: &Member, generation: i64) {
    let what = format!("generation {generation} to be in force");
    eventually(LIMIT, &what, async || {
        let instance = release.instance(member).await;
        let status = &instance.map_err(|error| format!("{error:#}"))?["status"];
        let applied = status["conditions"].as_array();
        let applied = applied.and_then(|all| all.iter().find(|one| one["type"] == "Applied"));
        let is = applied.is_some_and(|applied| {
            applied["status"] == "True" && applied["observedGeneration"] == generation
        });
        is.then_some(()).ok_or_else(|| status.to_string())
    })
    .await;
}

#[tokio::test]
async fn every_field_is_obeyed_by_a_bot_under_load_and_confirmed() {
    let release = setup().rate(100).start().await;
    let member = release.first();
    in_force(&release, member, generation(&release).await).await;
    let before = member.bot.pid();
    let changes = [
        json!({"pool": {"maxConnections": 16, "minIdle": 6}}),
        json!({"pool": {"acquireTimeout": "4s", "statementTimeout": "3s", "checkTimeout": "300ms"}}),
        json!({"path": {"keepaliveIdle": "30s", "keepaliveInterval": "5s", "keepaliveCount": 4}}),
        json!({"readiness": {"policy": "Strict"}, "probe": {"interval": "3s"}}),
        json!({"retry": {"deadline": "6s"}}),
    ];
    for change in changes {
        release.apply(&with(change)).await;
        in_force(&release, member, generation(&release).await).await;
    }
    let report = member.report().await.expect("a report");
    assert_eq!(report["applied"], true, "{report}");
    assert_eq!(member.bot.pid(), before, "no restart");
    assert_eq!(member.agent.exit_status(), None);
    release.ends_well().await;
}

#[tokio::test]
async fn it_shrinks_and_grows_ten_times_under_load_and_never_goes_above_the_ceiling() {
    let release = setup().rate(100).start().await;
    let member = release.first();
    for turn in 0..10 {
        for (max, idle) in [(16, 6), (4, 1)] {
            release
                .apply(&with(
                    json!({"pool": {"maxConnections": max, "minIdle": idle}}),
                ))
                .await;
            obeys(member, max).await;
            assert!(
                member.gate.peak() <= 16,
                "turn {turn}: {}",
                member.gate.peak()
            );
        }
        in_force(&release, member, generation(&release).await).await;
        let report = member.report().await.expect("a report");
        let size = report["pool"]["size"].as_u64().expect("a number");
        assert!(size <= 4, "turn {turn}: {report}");
    }
    release.ends_well().await;
}

//! Resource definitions of another version than the agent: what both know is obeyed and told, and what the agent does not know
//! changes nothing.

use sabai_tests::kubernetes::Options;
use sabai_tests::release::{LIMIT, cluster, server, setup};
use sabai_tests::wait::eventually;
use serde_json::{Value, json};

use crate::tuned::{obeys, with};

const SPEC: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
const STATUS: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";

/// A server whose definitions of PoolConfig and PoolInstance are changed so.
fn cluster_with(change: impl FnOnce(&mut Value, &mut Value)) -> Options {
    let definitions = sabai_crds::definitions();
    let definitions = definitions.map(|one| serde_json::to_value(one).expect("a definition"));
    let [mut pool_config, mut pool_instance] = definitions;
    change(&mut pool_config, &mut pool_instance);
    Options {
        manifests: format!("{pool_config}\n---\n{pool_instance}"),
        ..cluster()
    }
}

/// Without a field, and without the rules that look at it.
fn without(definition: &mut Value, group: &str, name: &str) {
    let fields = definition.pointer_mut(group).and_then(Value::as_object_mut);
    let gone = fields.expect("fields").remove(name);
    assert!(gone.is_some(), "{group} has no {name}");
    let rules = group.trim_end_matches("/properties").to_owned() + "/x-kubernetes-validations";
    if let Some(rules) = definition.pointer_mut(&rules) {
        let rules = rules.as_array_mut().expect("a list");
        rules.retain(|rule| !rule["rule"].to_string().contains(name));
    }
}

#[tokio::test]
async fn older_definitions_are_obeyed_and_what_they_drop_is_told_once() {
    let options = cluster_with(|pool_config, pool_instance| {
        without(
            pool_config,
            &format!("{SPEC}/pool/properties"),
            "checkTimeout",
        );
        without(pool_config, SPEC, "readiness");
        without(pool_config, STATUS, "server");
        without(pool_instance, STATUS, "server");
        without(
            pool_instance,
            &format!("{STATUS}/probe/properties"),
            "stages",
        );
    });
    let kubernetes = server(options).await;
    let release = setup().on(&kubernetes).start().await;
    let member = release.first();
    for max in [7, 9] {
        release
            .apply(&with(json!({"pool": {"maxConnections": max}})))
            .await;
        obeys(member, max).await;
        eventually(LIMIT, &format!("the report to tell of {max}"), async || {
            let object = release
                .instance(member)
                .await
                .map_err(|error| error.to_string())?;
            let right = object["status"]["pool"]["maxConnections"] == max;
            right
                .then_some(())
                .ok_or_else(|| object["status"].to_string())
        })
        .await;
    }
    release.tells(member, "Applied", "True", "InForce").await;
    let status = &release.instance(member).await.expect("a report")["status"];
    assert!(
        status["server"].is_null() && status["probe"]["stages"].is_null(),
        "{status}"
    );
    assert_eq!(status["probe"]["state"], "Healthy", "{status}");
    // What the definition does not have has its default.
    let report = member.report().await.expect("a report");
    assert_eq!(report["applied"], true, "{report}");
    let lines = member.agent.log().lines();
    let told = lines
        .iter()
        .filter(|line| line.field("fault") == Some("CRDOutdated"));
    let told: Vec<_> = told.filter_map(|line| line.message()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    for words in [
        // Both definitions lack it, and one of them is enough to tell.
        ".server",
        "kubectl apply --server-side --force-conflicts -f crds/",
    ] {
        assert!(told[0].contains(words), "{words}: {told:?}");
    }
    release.ends().await;
}

#[tokio::test]
async fn newer_definitions_are_obeyed_until_they_hold_a_word_that_the_agent_does_not_know() {
    let options = cluster_with(|pool_config, pool_instance| {
        let pool = pool_config.pointer_mut(&format!("{SPEC}/pool/properties"));
        pool.expect("fields")["flavour"] = json!({"type": "string", "default": "sweet"});
        let policy = format!("{SPEC}/readiness/properties/policy/enum");
        let words = pool_config
            .pointer_mut(&policy)
            .and_then(Value::as_array_mut);
        words.expect("words").push(json!("Sometimes"));
        let status = pool_instance.pointer_mut(STATUS).expect("fields");
        status["flavour"] = json!({"type": "string"});
    });
    let kubernetes = server(options).await;
    let release = setup().on(&kubernetes).start().await;
    let member = release.first();
    release
        .apply(&with(
            json!({"pool": {"maxConnections": 7, "flavour": "sour"}}),
        ))
        .await;
    obeys(member, 7).await;
    release.tells(member, "Applied", "True", "InForce").await;
    let before = member.agent.log().count();

    let unknown = json!({"pool": {"maxConnections": 9}, "readiness": {"policy": "Sometimes"}});
    release.apply(&with(unknown)).await;
    release
        .tells(member, "Applied", "False", "UnsupportedValue")
        .await;
    let report = member.report().await.expect("a report");
    assert_eq!(report["maxConnections"], 7, "what is in force stays");
    member.agent.says(200, "", LIMIT).await;
    let object = release.instance(member).await.expect("a report");
    let status = object["status"].to_string();
    assert!(status.contains("readiness.policy"), "{status}");
    let lines = member.agent.log().since(before);
    let told = lines.iter().filter_map(|line| line.message());
    let told = told.filter(|words| words.contains("holds what this agent does not know"));
    assert_eq!(told.count(), 1, "{}", member.agent.log().tail());

    let known = json!({"pool": {"maxConnections": 9}, "readiness": {"policy": "Strict"}});
    release.apply(&with(known)).await;
    obeys(member, 9).await;
    release.tells(member, "Applied", "True", "InForce").await;
    let lines = member.agent.log().lines();
    let outdated = lines
        .iter()
        .any(|line| line.field("fault") == Some("CRDOutdated"));
    assert!(!outdated, "{}", member.agent.log().tail());
    release.ends().await;
}

#[tokio::test]
async fn a_word_that_older_definitions_do_not_have_costs_the_group_that_it_stands_in() {
    let options = cluster_with(|_, pool_instance| {
        let reasons = format!("{STATUS}/lastRecycle/properties/reason/enum");
        let words = pool_instance.pointer_mut(&reasons);
        let words = words.and_then(Value::as_array_mut).expect("words");
        words.retain(|word| word != "SettingsChanged" && word != "Requested");
    });
    let kubernetes = server(options).await;
    let release = setup().on(&kubernetes).start().await;
    let member = release.first();
    release.tells(member, "Applied", "True", "InForce").await;
    let request = release.now().await;
    release.request_recycle(None, &request).await;
    let outdated = || {
        let lines = member.agent.log().lines();
        let outdated = lines
            .iter()
            .filter(|line| line.field("fault") == Some("CRDOutdated"));
        outdated.count()
    };
    eventually(LIMIT, "the refusal to be told", async || {
        (outdated() > 0).then_some(()).ok_or("not yet")
    })
    .await;
    eventually(LIMIT, "the request to be told as served", async || {
        let object = release.instance(member).await;
        let status = object.map_err(|error| format!("{error:#}"))?["status"].clone();
        let told = status["lastRecycleRequest"] == request && status["lastRecycle"].is_null();
        told.then_some(()).ok_or_else(|| status.to_string())
    })
    .await;
    let change = json!({"pool": {"maxConnections": 9}});
    release.apply(&with(change)).await;
    obeys(member, 9).await;
    release.tells(member, "Applied", "True", "InForce").await;
    assert_eq!(outdated(), 1, "{}", member.agent.log().tail());
    release.ends().await;
}

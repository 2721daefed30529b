//! Statuses, as the types write them: the API server takes every field of both kinds, and nothing unbounded or unknown.

use http::Method;
use sabai_crds::{PoolConfigStatus, PoolInstance, PoolInstanceStatus};
use sabai_tests::kubernetes::{Answer, Namespace};
use serde_json::{Value, json};

use super::{namespace, pool_config};

const TIME: &str = "2026-11-23T09:14:37.25Z";
const SHA: &str = "9f2c00000000000000000000000000000000000000000000000000000000a1b2";

fn conditions(names: &[&str]) -> Value {
    let condition = |name: &&str| {
        json!({"type": name, "status": "False", "reason": "PathBroken", "message": "2 of 3",
               "observedGeneration": 4, "lastTransitionTime": TIME})
    };
    names.iter().map(condition).collect()
}

fn path() -> Value {
    json!({
        "idleTimeout": {"aliveAfter": "340s", "deadAfter": "350s", "confirmedAt": TIME, "closedBy": "Reset", "nodeName": "node-a"},
        "recommended": {"idleTimeout": "136s", "keepaliveIdle": "60s"},
    })
}

pub(super) fn of_pool_config() -> Value {
    json!({
        "observedGeneration": 4,
        "lastHandledRecycleRequest": "2026-11-23T09:10:00Z",
        "instances": {"total": 3, "ready": 2, "applied": 3, "healthy": 2, "recycled": 3, "stale": 0},
        "sessions": {"perInstance": 18, "ceiling": 76, "serverLimit": 97},
        "server": {"version": "18.1", "startTime": TIME,
            "certificate": {"sha256": SHA, "issuer": "CN=shop-db,OU=line", "notAfter": TIME, "tlsVersion": "TLSv1.3"}},
        "path": path(),
        "effective": {"idleTimeout": "150s", "keepaliveIdle": "60s"},
        "conditions": conditions(&["Accepted", "Applied", "WithinLimits", "Ready", "Healthy"]),
    })
}

pub(super) fn of_pool_instance() -> Value {
    json!({
        "heartbeatTime": TIME,
        "agentVersion": "0.4.0",
        "nodeName": "node-c",
        "poolConfig": {"name": "shop", "uid": "0b1c", "observedGeneration": 4, "settingsDigest": "3f9ad2c1"},
        "pool": {"generation": 7, "maxConnections": 16, "size": 12, "inUse": 3, "waiting": 3, "oldSessions": 1},
        "spool": {"events": 41, "bytes": 88_213, "oldestTime": TIME},
        "lastRecycle": {"kind": "Refresh", "reason": "CertificateChanged", "outcome": "Completed", "startTime": TIME,
            "completionTime": TIME, "sessionsReplaced": 15, "requestsFailed": 0},
        "lastRecycleRequest": "2026-11-23T09:10:00Z",
        "server": {"version": "18.1", "startTime": TIME},
        "sessionLimit": 97,
        "probe": {"state": "Down", "since": TIME, "failedStage": "TCP",
            "stages": [{"name": "TCP", "result": "Failed", "fault": "TimedOut", "durationMicroseconds": 1_000_000}]},
        "certificate": {"sha256": SHA, "notAfter": TIME},
        "path": path(),
        "conditions": conditions(&["Applied", "Healthy", "Ready"]),
    })
}

pub(super) fn instance(name: &str) -> PoolInstance {
    let status = of_pool_instance();
    PoolInstance::new(name, serde_json::from_value(status).expect("read"))
}

pub(super) async fn patch(namespace: &Namespace, resource: &str, status: &Value) -> Answer {
    let path = namespace.path(
        "sabai.dev/v1alpha1",
        &format!("{resource}?fieldValidation=Strict"),
    );
    let body = json!({"status": status}).to_string();
    let api = namespace.kubernetes().api();
    let answer = api
        .send(Method::PATCH, &path, "application/merge-patch+json", &body)
        .await;
    answer.expect("an answer")
}

#[tokio::test]
async fn the_whole_status_of_a_pool_config_is_taken_and_read_again() {
    let namespace = namespace("status").await;
    namespace
        .apply(&pool_config(&json!({})).to_string())
        .await
        .expect("valid");
    let status = of_pool_config();
    let typed: PoolConfigStatus = serde_json::from_value(status.clone()).expect("read");
    assert_eq!(
        serde_json::to_value(&typed).expect("written"),
        status,
        "the types know every field"
    );
    let stored = patch(&namespace, "poolconfigs/shop/status", &status)
        .await
        .ok()
        .expect("taken");
    assert_eq!(stored["status"], status);
    // The other door is for spec alone.
    let ignored = patch(
        &namespace,
        "poolconfigs/shop",
        &json!({"observedGeneration": 9}),
    )
    .await;
    assert_eq!(ignored.ok().expect("taken")["status"], status);
}

#[tokio::test]
async fn a_pool_instance_is_created_whole_and_patched_without_a_subresource() {
    let namespace = namespace("instance").await;
    let instance = instance("shop-x2k4q");
    let body = serde_json::to_string(&instance).expect("written");
    let path = namespace.path("sabai.dev/v1alpha1", "poolinstances?fieldValidation=Strict");
    let api = namespace.kubernetes().api();
    let created = api
        .send(Method::POST, &path, "application/json", &body)
        .await
        .expect("an answer");
    let created: PoolInstance =
        serde_json::from_value(created.ok().expect("created")).expect("read");
    assert_eq!(created.status, instance.status, "no field is dropped");
    let patched = patch(
        &namespace,
        "poolinstances/shop-x2k4q",
        &json!({"pool": {"size": 0}, "spool": null}),
    )
    .await;
    let patched: PoolInstance =
        serde_json::from_value(patched.ok().expect("patched")).expect("read");
    let status: PoolInstanceStatus = patched.status.expect("a status");
    let pool = status.pool.expect("a pool");
    assert_eq!(
        (pool.size, pool.generation, status.spool),
        (Some(0), Some(7), None)
    );
}

#[tokio::test]
async fn a_status_that_is_unbounded_or_unknown_is_refused() {
    let namespace = namespace("refused").await;
    let body = serde_json::to_string(&instance("shop-x2k4q")).expect("written");
    namespace.apply(&body).await.expect("valid");
    let double = json!([{"type": "A", "status": "True", "reason": "X"}, {"type": "A", "status": "True", "reason": "X"}]);
    let table = [
        (json!({"dreams": 1}), "unknown field \"status.dreams\""),
        (
            json!({"probe": {"state": "Dreaming"}}),
            "supported values: \"Healthy\", \"Suspect\", \"Degraded\", \"Down\"",
        ),
        (
            json!({"heartbeatTime": "2026-02-31T00:00:00Z"}),
            "must be of type date-time",
        ),
        (
            json!({"heartbeatTime": "2026-02-20T00:00:00+07:00"}),
            "status.heartbeatTime in body should match",
        ),
        (
            json!({"nodeName": "n".repeat(254)}),
            "status.nodeName: Too long",
        ),
        (
            json!({"pool": {"size": -1}}),
            "status.pool.size in body should be greater than or equal to 0",
        ),
        (
            json!({"conditions": double}),
            "Duplicate value: {\"type\":\"A\"}",
        ),
        (
            json!({"conditions": [{"type": "A", "status": "Maybe", "reason": "X"}]}),
            "supported values: \"True\", \"False\", \"Unknown\"",
        ),
        (
            json!({"conditions": [{"type": "A", "status": "True", "reason": ""}]}),
            "reason in body should match",
        ),
    ];
    for (status, words) in table {
        let answer = patch(&namespace, "poolinstances/shop-x2k4q", &status).await;
        let said = answer.ok().expect_err("refused").to_string();
        assert!(said.contains(words), "{status}: {said}");
    }
}

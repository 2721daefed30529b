mod conditions;
mod kept;

use sabai_crds::{Condition, ConditionStatus};
use serde_json::{Value, json};

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Generation 4 of the object, with this status.
fn config(spec: Value, status: Value) -> PoolConfig {
    let object = json!({
        "apiVersion": "sabai.dev/v1alpha1",
        "kind": "PoolConfig",
        "metadata": {"name": "shop", "uid": "u", "generation": 4},
        "spec": spec,
        "status": status,
    });
    serde_json::from_value(object).expect("a PoolConfig")
}

fn condition(type_: &str, status: &str, reason: &str) -> Value {
    json!({"type": type_, "status": status, "reason": reason})
}

/// All is well with it.
fn well(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "status": {
            "nodeName": format!("node-of-{name}"),
            "poolConfig": {"name": "shop", "uid": "u", "observedGeneration": 4},
            "sessionLimit": 97,
            "probe": {"state": "Healthy", "since": "2026-11-23T08:00:00Z"},
            "conditions": [
                condition("Applied", "True", "InForce"),
                condition("Healthy", "True", "Reachable"),
                condition("Ready", "True", "Ready"),
            ],
        },
    })
}

/// Its path is ill.
fn ill(name: &str) -> Value {
    let mut pod = well(name);
    pod["status"]["probe"] = json!({
        "state": "Down", "since": "2026-11-23T09:14:37.25Z", "failedStage": "TCP",
    });
    pod["status"]["conditions"][1] = condition("Healthy", "False", "TimedOut");
    pod["status"]["conditions"][2] = condition("Ready", "False", "LocalFault");
    pod
}

/// It has just begun.
fn new(name: &str) -> Value {
    let mut pod = well(name);
    pod["status"]["probe"] = json!({"state": "Suspect"});
    pod["status"]["conditions"] = json!([
        condition("Applied", "False", "BotSilent"),
        condition("Healthy", "Unknown", "Pending"),
    ]);
    pod
}

fn applied(name: &str, status: &str, reason: &str, generation: i64) -> Value {
    let mut pod = well(name);
    pod["status"]["conditions"][0] = condition("Applied", status, reason);
    pod["status"]["poolConfig"]["observedGeneration"] = json!(generation);
    pod
}

/// Those whose name begins with `stale` are stale.
fn summed(
    config: &PoolConfig,
    acceptance: &Acceptance,
    pods: &[Value],
    own: &Own,
) -> PoolConfigStatus {
    let pods: Vec<PoolInstance> = pods
        .iter()
        .map(|pod| serde_json::from_value(pod.clone()).expect("a PoolInstance"))
        .collect();
    let reports: Vec<Report<'_>> = pods
        .iter()
        .map(|instance| {
            let name = instance.metadata.name.as_deref().unwrap_or_default();
            let stale = name.starts_with("stale");
            Report { instance, stale }
        })
        .collect();
    status(&Facts {
        config,
        acceptance,
        reports: &reports,
        own,
        now: time("2026-11-23T09:20:00.75Z"),
    })
}

fn of_pods(pods: &[Value]) -> PoolConfigStatus {
    let config = config(json!({}), json!({}));
    summed(&config, &Acceptance::Valid, pods, &Own::default())
}

fn get<'a>(status: &'a PoolConfigStatus, type_: &str) -> &'a Condition {
    let mut all = status.conditions.iter().flatten();
    all.find(|condition| condition.type_ == type_)
        .expect("a condition")
}

/// Status, reason and message of a condition in one line.
fn line(status: &PoolConfigStatus, type_: &str) -> String {
    let condition = get(status, type_);
    let (state, reason) = (condition.status.as_str(), &condition.reason);
    format!("{state} {reason}: {}", condition.message)
}

#[test]
fn three_pods_that_are_well_are_the_example_of_the_docs() {
    let status = of_pods(&[well("a"), well("b"), well("c")]);
    let json = serde_json::to_value(&status).expect("JSON");
    let (at, generation) = ("2026-11-23T09:20:00Z", 4);
    let said = |type_: &str, reason: &str, message: &str| {
        json!({
            "type": type_, "status": "True", "reason": reason, "message": message,
            "observedGeneration": generation, "lastTransitionTime": at,
        })
    };
    let expected = json!({
        "observedGeneration": generation,
        "instances": {"total": 3, "ready": 3, "applied": 3, "healthy": 3, "stale": 0},
        "sessions": {"perInstance": 18, "ceiling": 76, "serverLimit": 97},
        "conditions": [
            said("Accepted", "Valid", "every value is understood"),
            said("Applied", "InForce", "3 of 3 instances hold generation 4; no session above 16, none older"),
            said("WithinLimits", "Fits", "at most 76 of 97 sessions"),
            said("Ready", "InForce", "accepted, and in force in every instance"),
            said("Healthy", "Reachable", "3 of 3 instances healthy"),
        ],
    });
    assert_eq!(json, expected);
}

#[test]
fn pods_are_counted() {
    let status = of_pods(&[
        well("a"),
        ill("b"),
        new("c"),
        well("stale-d"),
        applied("e", "False", "NameInUse", 4),
    ]);
    let json = serde_json::to_value(status.instances).expect("JSON");
    let expected = json!({"total": 4, "ready": 1, "applied": 3, "healthy": 1, "stale": 1});
    assert_eq!(json, expected);
}

#[test]
fn sessions_add_up_and_the_least_limit_counts() {
    let with = |limit: Value| {
        let mut pod = well("a");
        pod["status"]["sessionLimit"] = limit;
        pod
    };
    let before = json!({"sessions": {"perInstance": 10, "ceiling": 24, "serverLimit": 50}});
    let unknown = || json!({});
    let valid = Acceptance::Valid;
    let unsupported = Acceptance::Unsupported("pool.maxConnections".to_owned());
    let none = "Unknown Unknown: no instance has learnt yet how many sessions the server has for this role";
    let table = [
        (
            &valid,
            unknown(),
            vec![with(json!(97)), well("b")],
            "True Fits: at most 58 of 97 sessions",
        ),
        (
            &valid,
            unknown(),
            vec![with(json!(58)), well("b")],
            "True Fits: at most 58 of 58 sessions",
        ),
        (
            &valid,
            unknown(),
            vec![with(json!(57)), well("b")],
            "False TooManySessions: at most 58 of 57 sessions, with one pod more while they are rolled: lower \
             spec.pool.maxConnections or the number of pods, or raise the server's limit",
        ),
        (&valid, unknown(), vec![with(Value::Null)], none),
        (
            &valid,
            before.clone(),
            vec![with(Value::Null)],
            "True Fits: at most 40 of 50 sessions",
        ),
        (
            &unsupported,
            before,
            vec![well("a")],
            "True Fits: at most 24 of 97 sessions",
        ),
        (&unsupported, unknown(), vec![well("a")], none),
    ];
    for (acceptance, before, pods, expected) in table {
        let config = config(json!({}), before);
        let status = summed(&config, acceptance, &pods, &Own::default());
        assert_eq!(line(&status, "WithinLimits"), expected);
    }
}

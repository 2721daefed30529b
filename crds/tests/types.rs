//! The types against their own JSON: what a report says is what its schema knows, and a spec is read by the table.

use sabai_crds::{Condition, ConditionStatus, PoolConfig, PoolConfigSpec, PoolInstance};
use sabai_wire::settings::{FIELDS, PoolSettings};
use serde_json::{Value, json};

#[test]
fn a_report_is_written_as_the_reference_says_and_read_again() {
    let report = json!({
        "apiVersion": "sabai.dev/v1alpha1",
        "kind": "PoolInstance",
        "metadata": {"name": "shop-x2k4q"},
        "status": {
            "heartbeatTime": "2026-11-23T09:16:40Z",
            "agentVersion": "0.4.0",
            "nodeName": "node-c",
            "poolConfig": {"name": "shop", "uid": "u", "observedGeneration": 4, "settingsDigest": "3f9ad2c1"},
            "pool": {"generation": 7, "maxConnections": 16, "size": 0, "inUse": 0, "waiting": 3, "oldSessions": 0},
            "spool": {"events": 41, "bytes": 88213, "oldestTime": "2026-11-23T09:14:39Z"},
            "lastRecycle": {"kind": "Refresh", "reason": "CertificateChanged", "outcome": "Completed", "requestsFailed": 0},
            "lastRecycleRequest": "2026-11-23T09:10:00Z",
            "server": {"version": "18.1", "startTime": "2026-11-20T02:11:45Z"},
            "sessionLimit": 97,
            "probe": {"state": "Down", "failedStage": "TCP", "stages": [{"name": "TCP", "result": "Failed", "fault": "TimedOut", "durationMicroseconds": 1_000_000}]},
            "certificate": {"sha256": "9f", "notAfter": "2027-02-18T02:11:00Z"},
            "path": {"idleTimeout": {"aliveAfter": "340s", "closedBy": "Reset"}, "recommended": {"idleTimeout": "136s"}},
            "conditions": [{"type": "Applied", "status": "True", "reason": "InForce", "message": ""}],
        },
    });
    let read: PoolInstance = serde_json::from_value(report.clone()).expect("read");
    assert_eq!(
        serde_json::to_value(&read).expect("written"),
        report,
        "no field is lost"
    );
    // A newer agent's words do not make its report unreadable.
    let mut newer = report;
    newer["status"]["probe"]["state"] = "Dreaming".into();
    newer["status"]["dreams"] = json!({"of": "sheep"});
    serde_json::from_value::<PoolInstance>(newer).expect("read");
}

#[test]
fn a_condition_has_the_names_of_the_conventions() {
    let condition = Condition {
        type_: "Ready".to_owned(),
        status: ConditionStatus::False,
        reason: "LocalFault".to_owned(),
        message: "why".to_owned(),
        observed_generation: Some(4),
        last_transition_time: Some("2026-11-23T09:16:40Z".parse().expect("a time")),
    };
    let json = json!({
        "type": "Ready", "status": "False", "reason": "LocalFault", "message": "why",
        "observedGeneration": 4, "lastTransitionTime": "2026-11-23T09:16:40Z",
    });
    assert_eq!(serde_json::to_value(&condition).expect("written"), json);
}

#[test]
fn a_spec_is_read_by_the_table_and_passes_over_what_it_does_not_know() {
    let config = |spec: Value| -> PoolConfig {
        let whole = json!({"apiVersion": "sabai.dev/v1alpha1", "kind": "PoolConfig", "metadata": {"name": "shop"}, "spec": spec});
        serde_json::from_value(whole).expect("read")
    };
    assert_eq!(
        config(json!({})).spec.pool_settings(),
        Ok(PoolSettings::default())
    );
    let newer =
        json!({"pool": {"maxConnections": 8, "minIdle": null, "colour": "blue"}, "weather": {}});
    let settings = config(newer).spec.pool_settings().expect("valid");
    assert_eq!((settings.max_connections(), settings.min_idle()), (8, 4));
    let ill = config(json!({"pool": {"maxConnections": "8", "minIdle": 14}}));
    let problems = ill.spec.pool_settings().expect_err("ill");
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "pool.maxConnections: is to be a number, without quotes",
            "pool.minIdle: must be at most pool.maxConnections - 3"
        ]
    );
}

#[test]
fn a_spec_of_settings_is_read_back_to_them() {
    let changed = PoolSettings::from_json(
        &json!({"pool": {"maxConnections": 8}, "retry": {"deadline": "9s"}}),
    )
    .expect("valid");
    let json = changed.to_json();
    let spec = PoolConfigSpec::of(FIELDS.iter().map(|&field| {
        let (group, name) = field.group_and_name();
        (field, json[group][name].clone())
    }));
    assert_eq!(spec.pool_settings(), Ok(changed));
}

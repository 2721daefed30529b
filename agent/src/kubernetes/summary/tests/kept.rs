//! What stays from one status to the next.

use std::time::Duration;

use super::*;
use crate::canary::{ClosedBy, Knowledge};
use crate::config::ClusterConfig;

const REQUESTED: &str = "2026-11-23T09:10:00Z";

/// It has served this request last.
fn served(name: &str, last: &str) -> Value {
    let mut pod = well(name);
    pod["status"]["lastRecycleRequest"] = json!(last);
    pod
}

fn young(began: &str) -> Value {
    let mut pod = well("young");
    pod["metadata"]["creationTimestamp"] = json!(began);
    pod
}

#[test]
fn a_request_is_handled_once_every_pod_that_is_heard_has_served_it() {
    let done = || served("a", REQUESTED);
    let requested = Some(REQUESTED);
    // The annotation; pods; what is handled, and how many have served it.
    let table = [
        (
            requested,
            vec![done(), served("b", REQUESTED)],
            REQUESTED,
            Some(2),
        ),
        (requested, vec![done(), well("b")], "before", Some(1)),
        (
            requested,
            vec![done(), served("b", "2026-11-23T09:00:00Z")],
            "before",
            Some(1),
        ),
        (
            requested,
            vec![done(), served("b", "2026-11-23T09:11:00Z")],
            REQUESTED,
            Some(2),
        ),
        (requested, vec![done(), well("stale-b")], REQUESTED, Some(1)),
        (
            requested,
            vec![done(), young("2026-11-23T09:10:01Z")],
            REQUESTED,
            Some(2),
        ),
        (
            requested,
            vec![done(), young("2026-11-23T09:09:59Z")],
            "before",
            Some(1),
        ),
        (requested, vec![], "before", Some(0)),
        (Some("now"), vec![done()], "before", None),
        (None, vec![done()], "before", None),
    ];
    for (turn, (annotation, pods, handled, recycled)) in table.into_iter().enumerate() {
        let mut config = config(json!({}), json!({"lastHandledRecycleRequest": "before"}));
        config.metadata.annotations = annotation.map(|annotation| {
            let entry = (RECYCLE_REQUESTED_AT.to_owned(), annotation.to_owned());
            [entry].into()
        });
        let status = summed(&config, &Acceptance::Valid, &pods, &Own::default());
        let last = status.last_handled_recycle_request.as_deref();
        assert_eq!(last, Some(handled), "{turn}");
        let counted = status.instances.and_then(|counted| counted.recycled);
        assert_eq!(counted, recycled, "{turn}");
    }
}

/// Sessions live for so long without a word, as this agent has found on node-c.
fn found(seconds: u64) -> Own {
    let knowledge = Knowledge {
        finding: Some(Finding {
            alive_after: Duration::from_secs(seconds),
            dead_after: Duration::from_micros(seconds * 1_040_000 + 1),
            closed_by: ClosedBy::Silent,
        }),
        ..Knowledge::default()
    };
    let at = ClusterConfig {
        pool_config: "shop".to_owned(),
        pod: "c".to_owned(),
        pod_uid: "1".to_owned(),
        namespace: "line".to_owned(),
        node: Some("node-c".to_owned()),
        kubeconfig: None,
        report_interval: Duration::from_secs(120),
    };
    Own::of(None, Some(&knowledge), &at)
}

#[test]
fn what_this_agent_does_not_know_stays_as_another_has_told_it() {
    let told = json!({
        "server": {"version": "18.1", "certificate": {"sha256": "9f"}},
        "path": {"idleTimeout": {"aliveAfter": "5m40s", "deadAfter": "5m50s", "closedBy": "Reset", "nodeName": "node-a"}},
    });
    let spec = |policy: &str| json!({"path": {"idleTimeoutDiscovery": policy}});
    // Policy, what was told before, what we have found; alive after, where, recommended, in force.
    let recommended = ("5m40s", "node-a", "2m16s", None);
    let table = [
        ("Recommend", Own::default(), recommended),
        (
            "Apply",
            Own::default(),
            ("5m40s", "node-a", "2m16s", Some(("2m16s", "1m"))),
        ),
        (
            "Apply",
            found(1_000),
            ("16m40s", "node-c", "6m40s", Some(("2m30s", "1m"))),
        ),
        (
            "Apply",
            found(30),
            ("30s", "node-c", "12s", Some(("12s", "10s"))),
        ),
        ("Disabled", Own::default(), recommended),
    ];
    for (policy, own, (alive, node, advice, in_force)) in table {
        let config = config(spec(policy), told.clone());
        let status = summed(&config, &Acceptance::Valid, &[well("a")], &own);
        let server = status.server.expect("a server");
        assert_eq!(server.version.as_deref(), Some("18.1"));
        assert_eq!(
            server.certificate.and_then(|one| one.sha256).as_deref(),
            Some("9f")
        );
        let path = status.path.expect("a path");
        let idle = path.idle_timeout.expect("an idle timeout");
        assert_eq!(idle.alive_after.as_deref(), Some(alive), "{policy}");
        assert_eq!(idle.node_name.as_deref(), Some(node), "{policy}");
        let recommended = path.recommended.expect("a recommendation");
        assert_eq!(
            recommended.idle_timeout.as_deref(),
            Some(advice),
            "{policy}"
        );
        let effective = status
            .effective
            .map(|one| (one.idle_timeout, one.keepalive_idle));
        let expected =
            in_force.map(|(idle, keepalive)| (Some(idle.to_owned()), Some(keepalive.to_owned())));
        assert_eq!(effective, expected, "{policy}");
    }
    let status = of_pods(&[well("a")]);
    assert_eq!((status.server, status.path), (None, None));
}

#[test]
fn a_status_that_has_not_changed_keeps_its_time_and_what_is_not_ours_stays() {
    let early = "2026-11-23T08:00:00Z";
    let before = |type_: &str, status: &str| json!({"type": type_, "status": status, "reason": "R", "message": "", "lastTransitionTime": early});
    let conditions = json!([
        before("Applied", "True"),
        before("Healthy", "False"),
        before("Approved", "True"),
    ]);
    let config = config(json!({}), json!({"conditions": conditions}));
    let status = summed(&config, &Acceptance::Valid, &[well("a")], &Own::default());
    let now = "2026-11-23T09:20:00Z";
    for (type_, expected) in [
        ("Applied", early),
        ("Healthy", now),
        ("Ready", now),
        ("Approved", early),
    ] {
        let since = get(&status, type_).last_transition_time;
        assert_eq!(since, Some(time(expected)), "{type_}");
    }
    // The same again is the same.
    let again = PoolConfig {
        status: Some(status.clone()),
        ..config
    };
    let later = summed(&again, &Acceptance::Valid, &[well("a")], &Own::default());
    assert_eq!(later, status);
}

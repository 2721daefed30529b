//! From a PoolConfig as it is stored to orders that are valid by construction: pure. The raw spec ends here.

use std::fmt::Display;
use std::time::Duration;

use kube::core::DeserializeGuard;
use sabai_crds::{PoolConfig, PoolConfigSpec};
use sabai_wire::duration::GepDuration;

use super::watch::Found;
use crate::canary::{ClosedBy, Finding};
use crate::orders::Orders;
use crate::settings::AgentSettings;

/// What is to be made of what was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Validated {
    /// There is no PoolConfig of that name.
    Missing,
    /// A value that this agent does not know, from a resource definition of another version.
    Unsupported(String),
    Valid(Box<Orders>),
}

/// Reads it.
pub(super) fn validate(found: &Found<PoolConfig>) -> Validated {
    match found {
        None => Validated::Missing,
        Some(DeserializeGuard(Err(invalid))) => Validated::Unsupported(invalid.error.clone()),
        Some(DeserializeGuard(Ok(object))) => match orders(&object.spec) {
            Ok(orders) => Validated::Valid(Box::new(Orders {
                found: kept_finding(object),
                ..orders
            })),
            Err(problems) => Validated::Unsupported(problems),
        },
    }
}

/// What a spec orders.
///
/// # Errors
/// All problems in words; none for what a server stored that has this agent's resource definitions.
pub(super) fn orders(spec: &PoolConfigSpec) -> Result<Orders, String> {
    let pool = spec.pool_settings();
    let agent = spec.settings(|lookup| AgentSettings::from_lookup(lookup));
    match (pool, agent) {
        (Ok(pool), Ok(agent)) => Ok(Orders {
            told: true,
            ..Orders::of_environment(agent, pool)
        }),
        (pool, agent) => {
            let problems = [pool.err(), agent.err()].into_iter().flatten().flatten();
            Err(joined(problems))
        }
    }
}

fn joined(problems: impl Iterator<Item = impl Display>) -> String {
    let problems: Vec<_> = problems.map(|problem| problem.to_string()).collect();
    problems.join("; ")
}

/// What the release's agents have found about the path, as its status keeps it.
fn kept_finding(object: &PoolConfig) -> Option<Finding> {
    let kept = object
        .status
        .as_ref()?
        .path
        .as_ref()?
        .idle_timeout
        .as_ref()?;
    let time = |text: &Option<String>| -> Option<Duration> {
        let time: GepDuration = text.as_ref()?.parse().ok()?;
        Some(time.get())
    };
    let word = kept.closed_by.as_deref()?;
    let mut all = ClosedBy::ALL.iter().copied();
    Some(Finding {
        alive_after: time(&kept.alive_after)?,
        dead_after: time(&kept.dead_after)?,
        closed_by: all.find(|one| one.as_str() == word)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(spec: serde_json::Value, status: serde_json::Value) -> Found<PoolConfig> {
        let object = json!({
            "apiVersion": "sabai.dev/v1alpha1", "kind": "PoolConfig",
            "metadata": {"name": "shop"}, "spec": spec, "status": status,
        });
        Some(serde_json::from_value(object).expect("a guard reads all"))
    }

    #[test]
    fn an_object_becomes_orders_or_says_what_this_agent_does_not_know() {
        let unsupported = |spec| match validate(&found(spec, json!({}))) {
            Validated::Unsupported(words) => words,
            other => panic!("{other:?}"),
        };
        let spec = json!({"pool": {"maxConnections": 5000}, "readiness": {"policy": "Sometimes"}});
        let words = unsupported(spec);
        assert!(
            words.contains("pool.maxConnections") && words.contains("readiness.policy"),
            "{words}"
        );
        let words = unsupported(json!({"pool": 3}));
        assert!(words.contains("Expected a map"), "{words}");
        assert_eq!(validate(&None), Validated::Missing);
    }

    #[test]
    fn what_is_absent_has_its_default_and_what_is_unknown_is_passed_over() {
        let spec =
            json!({"pool": {"maxConnections": 8, "flavour": "new"}, "probe": {"interval": "20s"}});
        let Validated::Valid(orders) = validate(&found(spec, json!({}))) else {
            panic!("valid");
        };
        assert!(orders.told && orders.found.is_none());
        assert_eq!(orders.pool.max_connections(), 8);
        assert_eq!(orders.pool.min_idle(), 4);
        assert_eq!(orders.agent.probe.interval, Duration::from_secs(20));
        assert_eq!(orders.agent.probe.timeout, Duration::from_secs(5));
    }

    #[test]
    fn what_was_found_about_the_path_is_read_from_the_status() {
        let kept = json!({"path": {"idleTimeout": {
            "aliveAfter": "340s", "deadAfter": "350s", "closedBy": "Reset", "confirmedAt": "2026-11-23T08:02:10Z",
        }}});
        let Validated::Valid(orders) = validate(&found(json!({}), kept)) else {
            panic!("valid");
        };
        let expected = Finding {
            alive_after: Duration::from_secs(340),
            dead_after: Duration::from_secs(350),
            closed_by: ClosedBy::Reset,
        };
        assert_eq!(orders.found, Some(expected));
    }
}

//! Whether a status is to be written, and what is sent for it: pure.

use sabai_crds::PoolConfigStatus;
use serde_json::Value;

use crate::kubernetes::merge::replacing;

/// A merge patch; `None` when they are the same but for the times of conditions. What is not ours to know is left as it is.
pub(super) fn between(stored: &PoolConfigStatus, wanted: &PoolConfigStatus) -> Option<Value> {
    let json = |status| serde_json::to_value(status).expect("a status is JSON");
    let differ = timeless(stored) != timeless(wanted);
    differ.then(|| replacing(&json(stored), &json(wanted)))
}

fn timeless(status: &PoolConfigStatus) -> PoolConfigStatus {
    let mut status = status.clone();
    for condition in status.conditions.iter_mut().flatten() {
        condition.last_transition_time = None;
    }
    status
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_in_more_than_times_is_sent_and_what_should_not_be_there_as_null() {
        let condition = |status: &str, time: &str| json!({"type": "Ready", "status": status, "reason": "R", "message": "", "lastTransitionTime": time});
        let (early, late) = ("2026-11-23T09:10:00Z", "2026-11-23T09:20:00Z");
        // Stored, wanted, sent.
        let table = [
            (json!({}), json!({}), None),
            (
                json!({"observedGeneration": 3}),
                json!({"observedGeneration": 4}),
                Some(json!({"observedGeneration": 4})),
            ),
            (
                json!({"observedGeneration": 3, "instances": {"total": 2, "ready": 1}}),
                json!({"observedGeneration": 3, "instances": {"total": 3, "ready": 1}}),
                Some(json!({"observedGeneration": 3, "instances": {"total": 3, "ready": 1}})),
            ),
            (
                json!({"effective": {"idleTimeout": "1s"}, "instances": {"total": 2, "recycled": 1}}),
                json!({"instances": {"total": 2}}),
                Some(json!({"effective": null, "instances": {"total": 2, "recycled": null}})),
            ),
            (
                json!({"conditions": [condition("True", early)]}),
                json!({"conditions": [condition("True", late)]}),
                None,
            ),
            (
                json!({"conditions": [condition("True", early)]}),
                json!({"conditions": [condition("False", late)]}),
                Some(json!({"conditions": [condition("False", late)]})),
            ),
        ];
        for (stored, wanted, expected) in table {
            let status = |value: &Value| -> PoolConfigStatus {
                serde_json::from_value(value.clone()).expect("a status")
            };
            let sent = between(&status(&stored), &status(&wanted));
            assert_eq!(sent, expected, "{stored} to {wanted}");
        }
    }
}

//! What is worth an Event on the pod: pure, from one status of its PoolInstance to the next. Each thing is told once.

use sabai_crds::{Condition, ConditionStatus, PoolInstanceStatus};

use super::instance::condition;
use crate::reason::Reason;

/// One Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) good: bool,
    /// One word in CamelCase.
    pub(super) reason: String,
    pub(super) note: String,
    /// What was done, one word in CamelCase.
    pub(super) action: &'static str,
}

/// What has changed that people want to see in `kubectl describe pod`.
pub(super) fn of(before: &PoolInstanceStatus, now: &PoolInstanceStatus) -> Vec<News> {
    let mut news = Vec::new();
    for (type_, action) in [
        ("Ready", "JudgeReadiness"),
        ("Healthy", "ProbePostgres"),
        ("Applied", "ApplySettings"),
    ] {
        let earlier = condition(before.conditions.as_ref(), type_);
        let later = condition(now.conditions.as_ref(), type_);
        news.extend(changed(earlier, later, action));
    }
    news.extend(recycled(before, now));
    news
}

/// A condition whose status has changed, but for its very first.
fn changed(
    before: Option<&Condition>,
    now: Option<&Condition>,
    action: &'static str,
) -> Option<News> {
    let (before, now) = (before?, now?);
    let known = |one: &Condition| one.status != ConditionStatus::Unknown;
    (before.status != now.status && known(now)).then(|| News {
        // Settings on their way are no trouble.
        good: now.status == ConditionStatus::True || now.reason == Reason::Applying.as_str(),
        reason: now.reason.clone(),
        note: now.message.clone(),
        action,
    })
}

/// A recycle that has ended.
fn recycled(before: &PoolInstanceStatus, now: &PoolInstanceStatus) -> Option<News> {
    let last = now.last_recycle.as_ref()?;
    let ended = last.completion_time?;
    let earlier = before.last_recycle.as_ref();
    if earlier.and_then(|earlier| earlier.completion_time) == Some(ended) {
        return None;
    }
    let word = |word: &Option<String>| word.clone().unwrap_or_default();
    let (kind, reason, outcome) = (word(&last.kind), word(&last.reason), word(&last.outcome));
    let replaced = last.sessions_replaced.unwrap_or_default();
    let failed = last.requests_failed.unwrap_or_default();
    Some(News {
        good: outcome == "Completed",
        reason: "Recycled".to_owned(),
        note: format!(
            "{kind} ({reason}): {outcome}, {replaced} sessions replaced, {failed} requests failed"
        ),
        action: "RecycleSessions",
    })
}

#[cfg(test)]
mod tests {
    use sabai_crds::pool_instance::LastRecycle;

    use super::*;

    fn status(ready: ConditionStatus, recycled: Option<&str>) -> PoolInstanceStatus {
        PoolInstanceStatus {
            conditions: Some(vec![Condition {
                type_: "Ready".to_owned(),
                status: ready,
                reason: "REASON".to_owned(),
                message: "words".to_owned(),
                observed_generation: None,
                last_transition_time: None,
            }]),
            last_recycle: recycled.map(|time| LastRecycle {
                kind: Some("Refresh".to_owned()),
                reason: Some("Requested".to_owned()),
                outcome: Some("Completed".to_owned()),
                completion_time: time.parse().ok(),
                ..LastRecycle::default()
            }),
            ..PoolInstanceStatus::default()
        }
    }

    #[test]
    fn settings_on_their_way_are_no_trouble() {
        let mut applying = status(ConditionStatus::False, None);
        let conditions = applying.conditions.as_mut().expect("one");
        conditions[0].reason = "Applying".to_owned();
        let news = of(&status(ConditionStatus::True, None), &applying);
        assert!(news.len() == 1 && news[0].good, "{news:?}");
    }

    #[test]
    fn changes_are_told_and_beginnings_are_not() {
        use ConditionStatus::{False, True, Unknown};
        let empty = PoolInstanceStatus::default();
        let (first, second) = (Some("2026-11-23T09:00:00Z"), Some("2026-11-23T10:00:00Z"));
        let table = [
            (empty.clone(), status(False, None), vec![]),
            (status(True, None), status(True, None), vec![]),
            (
                status(True, None),
                status(False, None),
                vec![("REASON", false)],
            ),
            (
                status(False, None),
                status(True, None),
                vec![("REASON", true)],
            ),
            (status(True, None), status(Unknown, None), vec![]),
            (
                status(True, None),
                status(True, first),
                vec![("Recycled", true)],
            ),
            (status(True, first), status(True, first), vec![]),
            (
                status(True, first),
                status(True, second),
                vec![("Recycled", true)],
            ),
        ];
        for (turn, (before, now, expected)) in table.into_iter().enumerate() {
            let news = of(&before, &now);
            let news: Vec<_> = news
                .iter()
                .map(|one| (one.reason.as_str(), one.good))
                .collect();
            assert_eq!(news, expected, "{turn}");
        }
    }
}

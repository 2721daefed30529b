//! Which Events a change of the status is: pure.

use kube::runtime::events::{Event, EventType};
use sabai_crds::{Condition, ConditionStatus, PoolConfigStatus};

use crate::reason::Reason;

/// Of an Event's note, in bytes.
const LONGEST: usize = 1024;
/// It repeats what Accepted and Applied say.
const REPEATED: &str = "Ready";
/// It passes by itself.
const PASSING: Reason = Reason::Applying;

/// One for each condition that is another now, or bad for another reason. None for the first status of an object.
pub(super) fn between(before: &PoolConfigStatus, now: &PoolConfigStatus) -> Vec<Event> {
    if before.observed_generation.is_none() {
        return Vec::new();
    }
    let told = now.conditions.iter().flatten();
    let told = told.filter(|one| one.type_ != REPEATED);
    let news = told.filter(|one| {
        let mut before = before.conditions.iter().flatten();
        let before = before.find(|before| before.type_ == one.type_);
        before.is_some_and(|before| is_news(before, one))
    });
    news.map(event).collect()
}

fn is_news(before: &Condition, now: &Condition) -> bool {
    let is_good = now.status == ConditionStatus::True;
    before.status != now.status || (!is_good && before.reason != now.reason)
}

fn event(condition: &Condition) -> Event {
    let is_good = condition.status == ConditionStatus::True;
    let is_normal = is_good || condition.reason == PASSING.as_str();
    let mut note = condition.message.clone();
    while note.len() > LONGEST {
        note.pop();
    }
    Event {
        type_: if is_normal {
            EventType::Normal
        } else {
            EventType::Warning
        },
        reason: condition.reason.clone(),
        note: Some(note).filter(|note| !note.is_empty()),
        action: condition.type_.clone(),
        secondary: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (&'a str, ConditionStatus, &'a str);

    fn status(rows: &[Row<'_>]) -> PoolConfigStatus {
        let condition = |(type_, status, reason): &Row<'_>| Condition {
            type_: (*type_).to_owned(),
            status: *status,
            reason: (*reason).to_owned(),
            message: "words".to_owned(),
            observed_generation: None,
            last_transition_time: None,
        };
        PoolConfigStatus {
            observed_generation: Some(1),
            conditions: Some(rows.iter().map(condition).collect()),
            ..PoolConfigStatus::default()
        }
    }

    #[test]
    fn what_changes_is_told_once_and_not_the_first_status_of_all() {
        use ConditionStatus::{False, True, Unknown};
        let reachable = ("Healthy", True, "Reachable");
        let broken = ("Healthy", False, "PathBroken");
        let down = ("Healthy", False, "DatabaseDown");
        let in_force = ("Applied", True, "InForce");
        let applying = ("Applied", False, "Applying");
        let (normal, warning) = (EventType::Normal, EventType::Warning);
        type Told<'a> = &'a [(EventType, &'a str)];
        let table: [(&[Row<'_>], &[Row<'_>], Told<'_>); 8] = [
            (&[reachable, in_force], &[reachable, in_force], &[]),
            (&[reachable], &[broken], &[(warning, "PathBroken")]),
            (&[broken], &[down], &[(warning, "DatabaseDown")]),
            (&[broken], &[reachable], &[(normal, "Reachable")]),
            (
                &[reachable, in_force],
                &[down, applying],
                &[(warning, "DatabaseDown"), (normal, "Applying")],
            ),
            (
                &[("Ready", False, "Applying")],
                &[("Ready", True, "InForce")],
                &[],
            ),
            (
                &[("WithinLimits", Unknown, "Unknown")],
                &[("WithinLimits", False, "TooManySessions")],
                &[(warning, "TooManySessions")],
            ),
            (&[], &[reachable], &[]),
        ];
        for (before, now, expected) in table {
            let events = between(&status(before), &status(now));
            let told: Vec<_> = events
                .iter()
                .map(|event| (event.type_, event.reason.as_str()))
                .collect();
            assert_eq!(told, expected, "{before:?} to {now:?}");
        }
        let pending = PoolConfigStatus {
            observed_generation: None,
            ..status(&[("Applied", Unknown, "Pending")])
        };
        assert!(between(&pending, &status(&[in_force])).is_empty());
    }

    #[test]
    fn a_note_is_cut_between_characters() {
        let mut long = status(&[("Healthy", ConditionStatus::False, "DatabaseDown")]);
        let conditions = long.conditions.as_mut().expect("one");
        conditions[0].message = "ไม่".repeat(400);
        let before = status(&[("Healthy", ConditionStatus::True, "Reachable")]);
        let events = between(&before, &long);
        let note = events[0].note.as_ref().expect("a note");
        assert!(note.len() <= LONGEST && note.len() > LONGEST - 4);
    }
}

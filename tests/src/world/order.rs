//! "In order", exactly as the design's section 5 defines it: of two events of a lane that were both acknowledged
//! before work on either began, the one with the smaller (`occurred_at`, `received_at`, ordinal) is answered first.
//! Pure; judged from outside only, so a pair whose order of receipt nobody can know is left out.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::SystemTime;

use super::history::Sent;

/// An event that was acknowledged and answered.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    pub sent: &'a Sent,
    /// When it was acknowledged, by the sender's clock.
    pub acknowledged_at: SystemTime,
    /// When work on it began, or its first call to LINE if that was earlier.
    pub begun_at: SystemTime,
    /// The place of its first accepted message in LINE's journal.
    pub position: u64,
}

/// Pairs of ids answered the wrong way round: the first should have come before the second.
#[must_use]
pub fn violations(answered: &[Answered<'_>]) -> Vec<(String, String)> {
    let mut lanes: BTreeMap<&str, Vec<&Answered<'_>>> = BTreeMap::new();
    for event in answered {
        if let Some(lane) = &event.sent.lane {
            lanes.entry(lane).or_default().push(event);
        }
    }
    let mut wrong = Vec::new();
    for lane in lanes.values() {
        for (index, one) in lane.iter().enumerate() {
            wrong.extend(
                lane[index + 1..]
                    .iter()
                    .filter_map(|other| violation(one, other)),
            );
        }
    }
    wrong
}

fn violation(one: &Answered<'_>, other: &Answered<'_>) -> Option<(String, String)> {
    let began = one.begun_at.min(other.begun_at);
    if one.acknowledged_at >= began || other.acknowledged_at >= began {
        return None;
    }
    let (first, second) = match due(one.sent, other.sent)? {
        Ordering::Less => (one, other),
        _ => (other, one),
    };
    (first.position > second.position).then(|| (first.sent.id.clone(), second.sent.id.clone()))
}

/// Which is due first; nothing when that cannot be known from outside.
fn due(one: &Sent, other: &Sent) -> Option<Ordering> {
    let by_time = one.occurred_at.cmp(&other.occurred_at);
    if by_time != Ordering::Equal {
        return Some(by_time);
    }
    if one.call == other.call && one.deliveries == 1 && other.deliveries == 1 {
        return Some(one.place.cmp(&other.place));
    }
    let before = |a: &Sent, b: &Sent| {
        a.acknowledged_at
            .is_some_and(|acknowledged| acknowledged < b.first_sent_at)
    };
    if before(one, other) {
        Some(Ordering::Less)
    } else if before(other, one) {
        Some(Ordering::Greater)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    /// Sent at `sent`, acknowledged 1 ms later, in a call of its own.
    fn sent(id: &str, occurred_at: u64, sent: u64) -> Sent {
        Sent {
            id: id.into(),
            lane: Some("lane".into()),
            occurred_at,
            is_message: true,
            first_sent_at: at(sent),
            acknowledged_at: Some(at(sent + 1)),
            deliveries: 1,
            call: sent,
            place: 0,
        }
    }

    fn verdict(events: [(&Sent, u64, u64); 2]) -> usize {
        let answered = events.map(|(sent, begun, position)| Answered {
            sent,
            acknowledged_at: sent.acknowledged_at.expect("acknowledged"),
            begun_at: at(begun),
            position,
        });
        violations(&answered).len()
    }

    #[test]
    fn the_earlier_event_comes_first_when_both_waited() {
        let (early, late) = (sent("early", 10, 120), sent("late", 20, 110));
        assert_eq!(verdict([(&early, 200, 0), (&late, 210, 1)]), 0);
        assert_eq!(verdict([(&early, 210, 1), (&late, 200, 0)]), 1);
        assert_eq!(
            verdict([(&late, 200, 0), (&early, 210, 1)]),
            1,
            "whatever the order of looking"
        );
        assert_eq!(
            verdict([(&early, 210, 1), (&late, 115, 0)]),
            0,
            "work had begun before the earlier one was there"
        );
    }

    #[test]
    fn equal_times_are_told_apart_by_receipt_where_it_is_known() {
        let (first, second) = (sent("first", 10, 100), sent("second", 10, 110));
        assert_eq!(verdict([(&first, 210, 1), (&second, 200, 0)]), 1);
        let beside = Sent {
            first_sent_at: at(100),
            ..second
        };
        assert_eq!(
            verdict([(&first, 210, 1), (&beside, 200, 0)]),
            0,
            "both under way at once: nobody knows"
        );
        let same_call = Sent {
            id: "same".into(),
            place: 1,
            ..first.clone()
        };
        assert_eq!(verdict([(&first, 210, 1), (&same_call, 200, 0)]), 1);
        let elsewhere = Sent {
            lane: Some("another".into()),
            ..same_call
        };
        assert_eq!(verdict([(&first, 210, 1), (&elsewhere, 200, 0)]), 0);
    }
}

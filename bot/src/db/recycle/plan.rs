//! Which old session a refresh renews next, and when: pure.

use std::time::Duration;

use crate::db::Duty;

/// Of the time of a refresh one part in so many is spent on opening sessions. A handshake costs both sides processor
/// time that users of the same machine wait for.
const PARTS: u32 = 10;
/// The longest rest: on a slow path opening a session takes long, and hardly any processor.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// The old sessions of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Old {
    pub(super) idle: usize,
    /// Stragglers: renewed when they come back.
    pub(super) busy: usize,
}

/// The pool to open the next fresh session for: one with an idle old session first, since nothing has to be waited
/// for; intake before work, since LINE is waiting. `None` when no old one is left.
pub(super) fn next(intake: Old, work: Old) -> Option<Duty> {
    match (intake, work) {
        (Old { idle: 1.., .. }, _) => Some(Duty::Intake),
        (_, Old { idle: 1.., .. }) => Some(Duty::Work),
        (Old { busy: 1.., .. }, _) => Some(Duty::Intake),
        (_, Old { busy: 1.., .. }) => Some(Duty::Work),
        _ => None,
    }
}

/// How long to rest after a session whose opening took `took`, when `old` sessions are to be renewed in what is `left`
/// before the deadline. At most half of that is spent on resting.
pub(super) fn rest(took: Duration, old: usize, left: Duration) -> Duration {
    let even = left / 2 / u32::try_from(old).unwrap_or(u32::MAX).max(1);
    (took * (PARTS - 1)).min(LONGEST_REST).min(even)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_before_busy_and_intake_before_work() {
        let table = [
            ((0, 0), (0, 0), None),
            ((1, 1), (5, 5), Some(Duty::Intake)),
            ((0, 2), (5, 5), Some(Duty::Work)),
            ((0, 2), (0, 5), Some(Duty::Intake)),
            ((0, 0), (0, 1), Some(Duty::Work)),
        ];
        for (intake, work, expected) in table {
            let old = |(idle, busy)| Old { idle, busy };
            assert_eq!(
                next(old(intake), old(work)),
                expected,
                "{intake:?} {work:?}"
            );
        }
    }

    #[test]
    fn it_rests_nine_times_as_long_as_it_opens() {
        let table = [
            // took, old, left, rest; in milliseconds
            (10, 8, 30_000, 90),
            (100, 8, 30_000, 250),
            (10, 8, 800, 50),
            (10, 0, 100, 50),
            (10, 8, 0, 0),
        ];
        for (took, old, left, expected) in table {
            let [took, left, expected] = [took, left, expected].map(Duration::from_millis);
            assert_eq!(rest(took, old, left), expected, "{took:?} {old} {left:?}");
        }
    }
}

//! Which old session a refresh renews next: pure.

use crate::db::Duty;

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
}

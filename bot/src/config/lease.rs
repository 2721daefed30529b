//! The lease's length and the numbers that follow from it (design, sections 5 and 9). Arithmetic only.

use std::time::Duration;

/// A lease of a lane. Its margin exceeds the deadline of a LINE call, so that a call begun at the last permitted
/// moment (`until - margin`) has ended before another pod may take the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub length: Duration,
    pub renew_every: Duration,
    pub margin: Duration,
    pub line_call_deadline: Duration,
}

/// No call to LINE is given longer than this, however long the lease.
const LINE_CALL_LONGEST: Duration = Duration::from_secs(10);

impl Lease {
    #[must_use]
    pub fn new(length: Duration) -> Self {
        Self {
            length,
            renew_every: length / 3,
            margin: length / 3,
            line_call_deadline: LINE_CALL_LONGEST.min(length / 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_begun_at_the_last_moment_ends_within_the_lease() {
        for seconds in [1, 2, 3, 10, 29, 30, 31, 40, 60, 3_600] {
            let lease = Lease::new(Duration::from_secs(seconds));
            assert!(lease.margin > lease.line_call_deadline, "{lease:?}");
            assert!(
                lease.renew_every + lease.margin < lease.length,
                "a missed renewal leaves time to send: {lease:?}"
            );
        }
        assert_eq!(
            Lease::new(Duration::from_secs(30)).line_call_deadline,
            Duration::from_millis(7_500)
        );
    }
}

//! The times of a Lease: all of them follow from one heartbeat to the next.

use std::time::Duration;

/// A record says whole seconds, and one is too little for a write and a look.
const SHORTEST: u64 = 2;
/// A record of somebody else's hand is not waited for longer.
const LONGEST: u64 = 3600;
/// What is done each while is done this share earlier or later.
const JITTER: f64 = 0.1;

/// How long is held, and how often it is said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct Times {
    renew: Duration,
    seconds: u64,
    /// The holder ends so long before others may begin: what it has sent has arrived by then.
    margin: Duration,
}

impl Times {
    /// By the heartbeat's interval, which is 1 s to 10 min.
    pub(in crate::kubernetes) fn of(interval: Duration) -> Self {
        let lasts = interval * 7 / 4;
        let up = u64::from(lasts.subsec_nanos() > 0);
        Self {
            renew: interval * 3 / 4,
            seconds: (lasts.as_secs() + up).max(SHORTEST),
            margin: interval / 4,
        }
    }

    /// Until it is renewed, or looked at again. `roll` is 0..=1.
    pub(super) fn renewal(self, roll: f64) -> Duration {
        self.renew.mul_f64(1.0 - JITTER + 2.0 * JITTER * roll)
    }

    /// How long a holder holds from when it asked.
    pub(super) fn hold(self) -> Duration {
        Duration::from_secs(self.seconds).saturating_sub(self.margin)
    }

    /// How long others wait.
    pub(super) fn seconds(self) -> i32 {
        i32::try_from(self.seconds).unwrap_or(i32::MAX)
    }

    /// How long a record lasts that says so.
    pub(super) fn of_record(self, seconds: Option<i32>) -> Duration {
        let said = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let said = said.filter(|seconds| *seconds > 0);
        Duration::from_secs(said.unwrap_or(self.seconds).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_follow_from_the_interval_and_leave_room_for_a_renewal_that_fails() {
        // Interval; renewed, held by the holder, waited for by others; in milliseconds.
        let table = [
            (1_000, 750, 1_750, 2_000),
            (2_000, 1_500, 3_500, 4_000),
            (10_000, 7_500, 15_500, 18_000),
            (120_000, 90_000, 180_000, 210_000),
            (600_000, 450_000, 900_000, 1_050_000),
        ];
        for (interval, renewed, held, waited) in table {
            let times = Times::of(Duration::from_millis(interval));
            assert_eq!(times.renewal(0.5).as_millis(), renewed, "{interval}");
            assert_eq!(times.hold().as_millis(), held, "{interval}");
            let said = Some(times.seconds());
            assert_eq!(times.of_record(said).as_millis(), waited, "{interval}");
            assert!(times.renewal(1.0) < times.hold() * 2 / 3, "{interval}");
            assert!(times.renewal(0.0) < times.renewal(1.0), "{interval}");
        }
    }

    #[test]
    fn a_record_of_another_hand_is_bounded() {
        let times = Times::of(Duration::from_secs(120));
        for (said, waited) in [
            (None, 210),
            (Some(0), 210),
            (Some(-5), 210),
            (Some(15), 15),
            (Some(i32::MAX), LONGEST),
        ] {
            assert_eq!(times.of_record(said).as_secs(), waited, "{said:?}");
        }
    }
}

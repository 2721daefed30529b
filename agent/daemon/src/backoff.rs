//! Waiting longer after each failure, with jitter, so that many who fail together do not return together.

use std::time::Duration;

/// Delays that double from `first` to `most`, each drawn from its upper half.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Starts at `first`.
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            failures: 0,
        }
    }

    /// The delay after one more failure.
    pub fn pause(&mut self) -> Duration {
        let delay = delay(self.first, self.most, self.failures, roll());
        self.failures = self.failures.saturating_add(1);
        delay
    }

    /// After a success.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The delay after `failures` earlier ones; `roll` is 0..=1. Pure.
pub fn delay(first: Duration, most: Duration, failures: u32, roll: f64) -> Duration {
    let full = first
        .saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX))
        .min(most);
    full.mul_f64(0.5 + roll / 2.0)
}

/// A number from 0 to 1, as random as a UUID.
pub fn roll() -> f64 {
    let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_most_and_stays_in_the_upper_half() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(1));
        let table = [
            (0, 1.0, 100),
            (0, 0.0, 50),
            (1, 1.0, 200),
            (3, 1.0, 800),
            (4, 1.0, 1000),
            (99, 0.0, 500),
        ];
        for (failures, roll, millis) in table {
            assert_eq!(
                delay(first, most, failures, roll),
                Duration::from_millis(millis),
                "{failures} {roll}"
            );
        }
    }
}

//! At most one log line a second of a kind, with the count of those left out: what anyone on the
//! internet can cause must not fill a disk.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

const PAUSE: Duration = Duration::from_secs(1);

/// One kind of line.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<(Option<Instant>, u64)>);

impl Throttle {
    /// `Some(n)`: write the line, `n` like it were left out before. `None`: leave it out.
    pub fn admit(&self, now: Instant) -> Option<u64> {
        let mut state = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let (last, left_out) = &mut *state;
        if last.is_some_and(|last| now.duration_since(last) < PAUSE) {
            *left_out += 1;
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_and_the_others_counted() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for (ms, admitted) in [
            (0, Some(0)),
            (0, None),
            (999, None),
            (1000, Some(2)),
            (1001, None),
        ] {
            let now = start + Duration::from_millis(ms);
            assert_eq!(throttle.admit(now), admitted, "at {ms} ms");
        }
    }
}

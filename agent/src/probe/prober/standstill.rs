//! Whether the process stood still: two clocks disagree then, since one of them counts only the time awake.

use std::time::Duration;

use tokio::time::Instant;

use crate::moment::Moment;

/// So much the clocks may differ.
const TOLERANCE: Duration = Duration::from_millis(250);

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    awake: Moment,
    monotonic: Instant,
}

impl Mark {
    pub(super) fn new(awake: Moment) -> Self {
        Self {
            awake,
            monotonic: Instant::now(),
        }
    }

    /// Whether it did since then.
    pub(super) fn stood_still(&self, awake: Moment) -> bool {
        let counted = awake.since(self.awake);
        self.monotonic.elapsed().abs_diff(counted) > TOLERANCE
    }
}

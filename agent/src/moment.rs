//! Time as the agent counts it: how long it has been awake. A clock that jumps does not move it, and the time in which the
//! process stood still is not part of it, so neither makes evidence look old.

use std::time::Duration;

/// A moment: the time the agent had been awake until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

impl Moment {
    /// How long ago `earlier` was; zero when it was not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

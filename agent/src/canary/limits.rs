//! Where the canaries search, and with how much.

use std::time::Duration;

/// Where it is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first age. A timeout down to a tenth of it is found.
    pub smallest: Duration,
    /// Longer timeouts are not looked for. Kernels hold keepalives back for at most nine hours.
    pub largest: Duration,
    /// So many sessions at a time, at least 2 and at most 4.
    pub sessions: usize,
    /// Until it is looked again at what was found, or was not.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            smallest: Duration::from_secs(1),
            largest: Duration::from_secs(900),
            sessions: 4,
            pause: Duration::from_secs(3600),
        }
    }
}

impl Limits {
    /// So many sessions at a time, whatever was asked for.
    #[must_use]
    pub fn sessions(self) -> usize {
        self.sessions.clamp(2, 4)
    }
}

//! The spare place under the ceiling: one session at a time, for what is neither intake nor work.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::pool::Slots;

/// The place. Clones share it.
#[derive(Clone, Debug)]
pub struct Spare {
    seat: Arc<Semaphore>,
    use_: Arc<Mutex<Use>>,
}

/// What the place is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Use {
    #[default]
    Empty,
    Dialing,
    Busy,
    Closing,
}

/// The place, taken. Dropping it frees it, so whoever opens a session in it drops it when that has ended.
#[derive(Debug)]
pub struct SparePlace {
    _seat: OwnedSemaphorePermit,
    use_: Arc<Mutex<Use>>,
}

impl Default for Spare {
    fn default() -> Self {
        Self {
            seat: Arc::new(Semaphore::new(1)),
            use_: Arc::default(),
        }
    }
}

impl Spare {
    /// Takes the place, or `None` when it is not free before `deadline`.
    pub async fn take(&self, deadline: Instant) -> Option<SparePlace> {
        let seat = timeout_at(deadline, Arc::clone(&self.seat).acquire_owned()).await;
        let place = SparePlace {
            _seat: seat.ok()?.ok()?,
            use_: Arc::clone(&self.use_),
        };
        place.is(Use::Dialing);
        Some(place)
    }

    /// How it is used now.
    pub fn slots(&self) -> Slots {
        let now = *self.use_.lock().unwrap_or_else(PoisonError::into_inner);
        let one_if = |then| usize::from(now == then);
        Slots {
            places: 1,
            dialing: one_if(Use::Dialing),
            idle: 0,
            busy: one_if(Use::Busy),
            closing: one_if(Use::Closing),
        }
    }
}

impl SparePlace {
    pub(super) fn is(&self, now: Use) {
        *self.use_.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Drop for SparePlace {
    fn drop(&mut self) {
        self.is(Use::Empty);
    }
}

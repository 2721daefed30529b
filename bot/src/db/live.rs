//! The settings in force and the generation of sessions: one place that everything reads at each use, so that a change
//! is obeyed by whatever happens next.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sabai_wire::settings::PoolSettings;

/// The generation of a process's first sessions.
const FIRST: u64 = 1;

/// Shared by pools, connector and whoever retries.
#[derive(Debug)]
pub(super) struct Live {
    settings: Mutex<Arc<PoolSettings>>,
    generation: AtomicU64,
}

impl Live {
    /// Begins with these settings, in the first generation.
    pub(super) fn new(settings: PoolSettings) -> Self {
        Self {
            settings: Mutex::new(Arc::new(settings)),
            generation: AtomicU64::new(FIRST),
        }
    }

    /// The settings in force now.
    pub(super) fn settings(&self) -> Arc<PoolSettings> {
        Arc::clone(&self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts settings in force and gives back those before.
    pub(super) fn replace(&self, settings: PoolSettings) -> Arc<PoolSettings> {
        let mut now = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut now, Arc::new(settings))
    }

    /// The generation of sessions that are opened now; older ones have a smaller one.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Sessions opened from now on are of this generation, unless it is higher already.
    pub(super) fn raise(&self, generation: u64) {
        self.generation.fetch_max(generation, Ordering::Relaxed);
    }
}

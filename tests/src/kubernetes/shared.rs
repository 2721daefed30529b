//! One server for all tests of a program, started by the first that asks. It is bound to no test's runtime, and ends
//! with the process.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{Kubernetes, Options};

/// For a `static`.
pub struct Shared {
    options: fn() -> Options,
    server: OnceCell<Arc<Kubernetes>>,
}

impl Shared {
    #[must_use]
    pub const fn new(options: fn() -> Options) -> Self {
        Self {
            options,
            server: OnceCell::const_new(),
        }
    }

    /// The server. Whoever pauses or stops it does so to every other test; start another for that.
    ///
    /// # Errors
    /// As [`Kubernetes::start`].
    pub async fn get(&self) -> anyhow::Result<Arc<Kubernetes>> {
        let start = || Kubernetes::start_in((self.options)(), None);
        self.server.get_or_try_init(start).await.map(Arc::clone)
    }
}

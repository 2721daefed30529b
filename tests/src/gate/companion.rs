//! A gate's companion: a port of its own to the same server, for who goes beside the client.

use std::sync::Arc;

use super::Gate;

impl Gate {
    /// With a companion, whose connections meet every fault that this gate's meet and are counted nowhere: an agent beside
    /// a bot has a part in what happens to it, and none in how many sessions the bot has.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn with_companion(mut self) -> anyhow::Result<Self> {
        let leads_to = *self.shared.leads_to.borrow();
        let termination = self.shared.termination.as_ref().map(Arc::clone);
        self.companion = Some(Box::new(Self::with(leads_to, termination).await?));
        Ok(self)
    }

    /// The companion, if there is one.
    #[must_use]
    pub fn companion(&self) -> Option<&Self> {
        self.companion.as_deref()
    }

    /// What is inflicted on this gate is inflicted on these.
    pub(super) fn both(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.companion())
    }
}

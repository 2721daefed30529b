//! Suspects: links that rested when another was found dead. After one failed check the others are asked at once and in
//! the background, so that with many dead ones no caller pays for more than one.

use std::sync::Arc;

use tokio::time::Instant;

use super::Shared;

impl Shared {
    /// Has every idle suspect checked; the fit ones come back.
    pub(super) fn ask_suspects(self: &Arc<Self>) {
        let taken = {
            let mut state = self.state();
            let marks = state.ledger.marks;
            state
                .ledger
                .weed(|_, resting| marks.suspect(resting.since).then_some(()))
        };
        let limit = Instant::now() + self.connector.settings().check_timeout();
        for (taken, ()) in taken {
            let lent = self.lent(taken);
            // Coming back gives it to who waits, or lets it rest.
            tokio::spawn(async move { drop(lent.checked(limit).await) });
        }
    }
}

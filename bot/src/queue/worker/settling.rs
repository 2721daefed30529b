//! The end of an event: its turn and its settling, in one statement. What Postgres cannot be told is owed.

use std::pin::pin;
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::time::sleep;

use super::{Onward, Shared};
use crate::conversation::store::{Ending, Sent, Settled, Settlement};
use crate::outbox::store::Fact;
use crate::queue::debts::Kept;
use crate::queue::job::End;
use crate::queue::store::{Defer, Key};
use crate::queue::{Part, Work, settlement};

/// Postgres is slow to settle: what LINE accepted is kept on the spool meanwhile, so that a kill forgets nothing.
const KEPT_AFTER: Duration = Duration::from_millis(250);

impl Shared {
    pub(super) async fn settle(&self, key: &Key, work: Work, end: End, rest: &Part) -> Onward {
        let fact = end.sent.clone().map(|sent| Fact {
            event: work.id,
            accepted_at: sent.at,
            request_id: sent.request_id,
            sent_by: sent.by,
        });
        if matches!(
            end.ending,
            Ending::Unknown | Ending::DeadLetter | Ending::Unanswered
        ) {
            tracing::warn!(
                event = work.id,
                trace = %work.trace,
                reason = end.reason,
                detail = end.detail,
                "an event ended as {}",
                end.ending.as_str()
            );
        }
        let (mut ending, last, sent) = (end.ending, rest.is_last(), end.sent.clone());
        let full = settlement::of(key, &work, end, last);
        let (mut settled, kept) = self.settled(full, fact.as_ref()).await;
        if let Err(fault) = settled
            && is_events_own(fault)
        {
            ending = Ending::DeadLetter;
            settled = self.bury(key, &work, sent, last, fault).await;
        }
        match (fact, settled) {
            // Whoever holds the lane now may have settled it as unknown; we know better.
            (Some(fact), Ok(Settled::Lost) | Err(_)) => self.parts.debts.owe_fact(fact, kept),
            _ => self.parts.debts.forget(vec![kept]),
        }
        if settled.is_ok_and(|settled| settled != Settled::Lost) {
            self.parts.metrics.event(ending.into());
            self.parts.profiles.want(&work);
        }
        match settled {
            Ok(Settled::Released | Settled::Lost) => Onward::Stop,
            Ok(Settled::Held { news: true }) => Onward::Refresh,
            Ok(Settled::Held { news: false }) => Onward::Next,
            Err(fault) => {
                self.owe_lane(key, Some(work.id), fault);
                Onward::Stop
            }
        }
    }

    /// Settles; when that takes long, what LINE accepted is kept on the spool meanwhile.
    async fn settled(
        &self,
        turn: Settlement,
        fact: Option<&Fact>,
    ) -> (Result<Settled, Fault>, Kept) {
        let mut settling = pin!(self.parts.settle.call(turn));
        tokio::select! {
            biased;
            settled = &mut settling => (settled, Kept::No),
            () = sleep(KEPT_AFTER) => {
                let kept = fact.map(|fact| self.parts.debts.keep(fact));
                (settling.await, kept.unwrap_or_default())
            }
        }
    }

    /// Postgres refuses the turn: settled as a dead letter with the event's bytes, without what was read of them.
    async fn bury(
        &self,
        key: &Key,
        work: &Work,
        sent: Option<Sent>,
        last: bool,
        fault: Fault,
    ) -> Result<Settled, Fault> {
        tracing::error!(event = work.id, trace = %work.trace, %fault, "Postgres refuses a turn; its event becomes a dead letter");
        let end = End {
            ending: Ending::DeadLetter,
            reason: Some("cannot_be_saved"),
            detail: Some(format!("Postgres refuses its turn: {fault}")),
            sent,
            chooses: true,
        };
        let bare = settlement::without_texts(settlement::of(key, work, end, last));
        self.parts.settle.call(bare).await
    }

    /// Gives the lane back, due after `delay`; `refund` names the event whose attempt was not its own fault.
    pub(super) async fn give_back(&self, key: &Key, delay: Duration, refund: Option<i64>) {
        let defer = Defer {
            key: key.clone(),
            delay,
            refund,
        };
        if self.parts.defer.call(defer.clone()).await.is_err() {
            self.parts.debts.owe_lane(defer);
        }
    }

    pub(super) fn owe_lane(&self, key: &Key, refund: Option<i64>, fault: Fault) {
        tracing::debug!(%fault, "a lane is given back when Postgres is");
        self.parts.debts.owe_lane(Defer {
            key: key.clone(),
            delay: Duration::ZERO,
            refund,
        });
    }
}

/// Whether an event's own data are to blame: trying again gives the same answer, and so counts.
pub(super) fn is_events_own(fault: Fault) -> bool {
    matches!(fault, Fault::DataRefused | Fault::Unexpected)
}

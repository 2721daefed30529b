//! Renewing a pool's links without a gap: a fresh one, opened in the spare's place, changes places with an old one.
//! Who decides what is renewed, and when, is `db/recycle.rs`.

use std::sync::Arc;

use sabai_wire::fault::Fault;
use sabai_wire::link::Link;
use tokio::sync::oneshot;

use super::rest::Life;
use super::{Pool, Shared, Why};
use crate::db::roll::Stand;
use crate::db::spare::SparePlace;

/// A session in the spare's place.
pub(in crate::db) struct Fresh {
    pub(in crate::db) link: Link,
    pub(in crate::db) life: Life,
    pub(in crate::db) place: SparePlace,
}

/// An old link that has left its place to a fresh one, and why it is closed.
pub(in crate::db) type Old = (Link, Life, Why);

pub(super) struct Standby {
    link: Link,
    life: Life,
    old: oneshot::Sender<Old>,
}

/// How a fresh link was offered.
#[expect(
    clippy::large_enum_variant,
    reason = "made a few times in a recycle, and taken apart at once"
)]
pub(in crate::db) enum Swap {
    /// It has the place of an idle one, which is to be closed in the spare's.
    Done(Old),
    /// It waits for an old one to come back.
    Waits(oneshot::Receiver<Old>),
}

impl super::State {
    pub(super) fn take_standby_for(&mut self, life: Life) -> Option<Standby> {
        self.standby
            .take_if(|fresh| life.generation < fresh.life.generation)
    }
}

impl Pool {
    /// Offers a fresh link in exchange for an older one.
    pub(in crate::db) fn exchange(&self, link: Link, life: Life) -> Swap {
        let shared = &self.0;
        let mut state = shared.state();
        match state.ledger.exchange(life.generation) {
            Some((old, old_life)) => {
                drop(state);
                shared.take_place(link, life);
                Swap::Done((old, old_life, Why::Recycle))
            }
            None => {
                let (sender, receiver) = oneshot::channel();
                state.standby = Some(Standby {
                    link,
                    life,
                    old: sender,
                });
                Swap::Waits(receiver)
            }
        }
    }

    /// Takes a link back that nobody has changed places with.
    pub(in crate::db) fn withdraw(&self) -> Option<(Link, Life)> {
        let standby = self.0.state().standby.take()?;
        Some((standby.link, standby.life))
    }

    /// Gives a fresh link an empty place; gives it back when there is none.
    pub(in crate::db) fn settle(&self, link: Link, life: Life) -> Option<(Link, Life)> {
        if !self.0.state().ledger.take_in() {
            return Some((link, life));
        }
        self.0.take_place(link, life);
        None
    }

    /// From now on a link that is older comes back to be closed; 0 for none.
    pub(in crate::db) fn least_generation(&self, generation: u64) {
        self.0.state().ledger.marks.least_generation = generation;
    }

    /// Closes every idle link that is older and cuts every busy one, whose users are told `fault`; how many of each.
    pub(in crate::db) fn cut_down(&self, generation: u64, fault: Fault) -> (usize, usize) {
        let shared = &self.0;
        self.least_generation(generation);
        let idle = shared
            .state()
            .ledger
            .weed(|_, resting| (resting.life.generation < generation).then_some(()));
        let closed = idle.len();
        for ((link, life), ()) in idle {
            shared.close(link, life, Why::Recycle);
        }
        let cut = shared.closer.roll.cut_busy(shared.duty, generation, fault);
        (closed, cut)
    }
}

impl Shared {
    /// An old link leaves its place to the one that stood by.
    pub(super) fn swap(self: &Arc<Self>, standby: Standby, old: (Link, Life), why: Why) {
        let (link, life) = old;
        if let Err((link, life, why)) = standby.old.send((link, life, why)) {
            // Whoever offered the fresh one has gone, and the spare's place with him: we are stopping.
            self.closer.close(link, life.id, why, ());
        }
        self.take_place(standby.link, standby.life);
    }

    fn take_place(self: &Arc<Self>, link: Link, life: Life) {
        self.healed();
        self.closer.roll.serves(life.id, self.duty);
        self.closer.roll.stands(life.id, Stand::Busy);
        self.come_back(link, life, None);
    }
}

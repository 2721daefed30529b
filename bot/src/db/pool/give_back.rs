//! Giving a link back: to who waits longest, to rest, or to its end.

use std::sync::Arc;

use sabai_wire::link::{End, Link};
use tokio::time::Instant;

use super::rest::Life;
use super::{Lent, Shared, Why};
use crate::db::roll::Stand;

impl Shared {
    /// Takes back a link: gives it to who waits longest, lets it rest, or closes it when it is not to be lent again,
    /// for the reason given or for another.
    pub(super) fn come_back(self: &Arc<Self>, link: Link, life: Life, ill: Option<Why>) {
        let (now, rules) = (Instant::now(), self.rules());
        let ill = ill.or_else(|| unquiet(&link));
        let mut state = self.state();
        let ill = ill.or_else(|| state.ledger.unwanted(life, rules, now));
        if let Some(standby) = state.take_standby_for(life) {
            drop(state);
            return self.swap(standby, (link, life), ill.unwrap_or(Why::Recycle));
        }
        if let Some(why) = ill {
            drop(state);
            return self.close(link, life, why);
        }
        drop(state);
        self.hand_on(Lent::new(link, life, Arc::clone(self)));
    }

    fn hand_on(self: &Arc<Self>, mut lent: Lent) {
        loop {
            let mut state = self.state();
            let Some(waiter) = state.ledger.next_waiter() else {
                let (link, life) = lent.dissolve();
                if state.ledger.is_stopped() {
                    drop(state);
                    return self.close(link, life, Why::Stopped);
                }
                state.ledger.rest(link, life, Instant::now());
                // Under the lock, so that whoever takes it next is noted after this.
                self.closer.roll.stands(life.id, Stand::Idle);
                return;
            };
            drop(state);
            lent.counted();
            match waiter.send(Ok(lent)) {
                Ok(()) => return,
                // Its user has gone away; the next one, please.
                Err(Ok(back)) => lent = back,
                Err(Err(_)) => return,
            }
        }
    }

    /// Says goodbye to a busy link; its place is free when the end was seen, or when the server or the kernel must
    /// have given up.
    pub(super) fn close(self: &Arc<Self>, link: Link, life: Life, why: Why) {
        self.state().ledger.closing();
        self.counters.closed();
        let place = ClosingPlace(Arc::clone(self));
        self.closer.close(link, life.id, why, place);
    }
}

/// Why a link is not fit to be lent.
pub(super) fn unquiet(link: &Link) -> Option<Why> {
    match link.end() {
        Some(End::Lost(fault)) => Some(Why::Lost(fault)),
        Some(End::Cut(_)) => Some(Why::Recycle),
        _ => (!link.is_quiet()).then_some(Why::Dirty),
    }
}

/// The place of a link that says goodbye.
struct ClosingPlace(Arc<Shared>);

impl Drop for ClosingPlace {
    fn drop(&mut self) {
        self.0.state().ledger.ended();
        self.0.bell.notify_one();
    }
}

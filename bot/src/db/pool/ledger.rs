//! The books of a pool: its places, its idle links, who waits. Pure; links and waiters are whatever the caller has,
//! so that a test can run it without either. Every link is in exactly one state, whatever order things happen in.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::end::Why;
use super::rest::{self, Life, Marks, Resting, Rules, Verdict};
use super::slots::Slots;

pub(super) struct Ledger<L, W> {
    slots: Slots,
    warm: usize,
    /// The one used last is at the end, and is lent first: what is not needed idles out.
    idle: Vec<(L, Resting)>,
    waiting: VecDeque<W>,
    pub(super) marks: Marks,
    stopped: bool,
}

/// A link that leaves the idle ones; it counts as busy until the caller says what becomes of it.
pub(super) type Taken<L> = (L, Life);

impl<L, W> Ledger<L, W> {
    pub(super) fn new(places: usize, warm: usize) -> Self {
        Self {
            slots: Slots {
                places,
                ..Slots::default()
            },
            warm,
            idle: Vec::new(),
            waiting: VecDeque::new(),
            marks: Marks::default(),
            stopped: false,
        }
    }

    pub(super) fn slots(&self) -> Slots {
        self.slots
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The link used last, lent to the caller, and what it needs first.
    pub(super) fn lend(&mut self, rules: Rules, now: Instant) -> Option<(Taken<L>, Verdict)> {
        let (link, resting) = self.idle.pop()?;
        self.slots.idle -= 1;
        self.slots.busy += 1;
        let verdict = rest::judge(resting, self.marks, rules, now);
        if let Verdict::Retire(why) = verdict {
            self.retires(why);
        }
        Some(((link, resting.life), verdict))
    }

    /// Queues who found nothing. Once stopped nobody is queued, and dropping the waiter tells it.
    pub(super) fn queue(&mut self, waiter: W) {
        if !self.stopped {
            self.waiting.push_back(waiter);
        }
    }

    /// Why a link that comes back cannot stay, if so. It still counts as busy.
    pub(super) fn unwanted(&mut self, life: Life, rules: Rules, now: Instant) -> Option<Why> {
        if self.stopped {
            Some(Why::Stopped)
        } else if self.slots.surplus() > 0 {
            Some(Why::Resize)
        } else {
            let why = rest::past(life, self.marks, rules, now)?;
            self.retires(why);
            Some(why)
        }
    }

    /// How many idle links may be closed for their age at a time: of what nobody needs one in `share`, of what is to be kept
    /// warm one, since whether another can be opened in its place has to be seen first.
    pub(super) fn may_go(&self, share: usize) -> usize {
        let open = self.slots.dialing + self.slots.idle + self.slots.busy;
        let unneeded = open.saturating_sub(self.warm);
        self.slots.idle.div_ceil(share).min(unneeded.max(1))
    }

    /// A link is to be closed for this reason. Of those that still work, the next one waits until a fresh one has come.
    pub(super) fn retires(&mut self, why: Why) {
        self.marks.renewing |= matches!(why, Why::Lifetime | Why::Idle);
    }

    /// Who waits longest, for a link that came back and stays busy.
    pub(super) fn next_waiter(&mut self) -> Option<W> {
        self.waiting.pop_front()
    }

    /// A busy link comes to rest: nobody waits.
    pub(super) fn rest(&mut self, link: L, life: Life, now: Instant) {
        self.slots.busy -= 1;
        self.slots.idle += 1;
        self.idle.push((link, Resting { since: now, life }));
    }

    /// A busy link says goodbye.
    pub(super) fn closing(&mut self) {
        self.slots.busy -= 1;
        self.slots.closing += 1;
    }

    /// Its end was seen: the place is free.
    pub(super) fn ended(&mut self) {
        self.slots.closing -= 1;
    }

    /// Forgets who waits no more.
    pub(super) fn forget(&mut self, gone: impl Fn(&W) -> bool) {
        self.waiting.retain(|waiter| !gone(waiter));
    }

    /// How many sessions to open now; they are counted as dialing from here on. After a dial has failed one at a time
    /// feels its way, also when nobody needs it: else nobody would learn that sessions can be opened again.
    pub(super) fn begin_dials(&mut self, gone: impl Fn(&W) -> bool, troubled: bool) -> usize {
        if self.stopped {
            return 0;
        }
        self.forget(gone);
        let wanted = if troubled {
            self.slots
                .empty()
                .min(1_usize.saturating_sub(self.slots.dialing))
        } else {
            self.slots.wanted(self.waiting.len(), self.warm)
        };
        self.slots.dialing += wanted;
        // Nobody needs another one in its place.
        let (slots, room) = (
            self.slots,
            self.slots.empty() > 0 || self.slots.closing == 0,
        );
        self.marks.renewing &= slots.dialing > 0 || !room;
        wanted
    }

    /// A dial succeeded; its link counts as busy until it comes back for the first time.
    pub(super) fn dialed(&mut self) {
        self.slots.dialing -= 1;
        self.slots.busy += 1;
        self.marks.renewing = false;
    }

    pub(super) fn not_dialed(&mut self) {
        self.slots.dialing -= 1;
    }

    /// Everybody who waits.
    pub(super) fn drain_waiting(&mut self) -> Vec<W> {
        self.waiting.drain(..).collect()
    }

    /// Changes the number of places; what idles and is too much comes out, the longest idle first.
    pub(super) fn resize(&mut self, places: usize, warm: usize) -> Vec<Taken<L>> {
        self.slots.places = places;
        self.warm = warm;
        let surplus = self.slots.surplus().min(self.idle.len());
        let taken = self.idle.drain(..surplus).collect::<Vec<_>>();
        self.taken(taken)
    }

    /// Takes out the idle links of which `wanted` gives a reason; asked from the longest idle on.
    pub(super) fn weed<R>(
        &mut self,
        mut wanted: impl FnMut(&L, &Resting) -> Option<R>,
    ) -> Vec<(Taken<L>, R)> {
        let mut out = Vec::new();
        let mut kept = Vec::with_capacity(self.idle.len());
        for (link, resting) in self.idle.drain(..) {
            match wanted(&link, &resting) {
                Some(reason) => out.push(((link, resting.life), reason)),
                None => kept.push((link, resting)),
            }
        }
        self.idle = kept;
        self.slots.idle -= out.len();
        self.slots.busy += out.len();
        out
    }

    /// Takes in a link from the spare's place in exchange for one that the caller takes there; it counts as busy.
    /// Both are busy before and after, so nothing is counted.
    pub(super) fn exchange(&mut self, older_than: u64) -> Option<Taken<L>> {
        let at = self
            .idle
            .iter()
            .position(|(_, resting)| resting.life.generation < older_than)?;
        let (link, resting) = self.idle.remove(at);
        self.slots.idle -= 1;
        self.slots.busy += 1;
        self.marks.renewing = false;
        Some((link, resting.life))
    }

    /// Takes in a link where a place is empty; it counts as busy.
    pub(super) fn take_in(&mut self) -> bool {
        let room = self.slots.empty() > 0 && !self.stopped;
        self.slots.busy += usize::from(room);
        self.marks.renewing &= !room;
        room
    }

    /// Ends it: nobody is queued any more, nothing idles.
    pub(super) fn stop(&mut self) -> Vec<Taken<L>> {
        self.stopped = true;
        self.waiting.clear();
        let idle = std::mem::take(&mut self.idle);
        self.taken(idle)
    }

    fn taken(&mut self, idle: Vec<(L, Resting)>) -> Vec<Taken<L>> {
        self.slots.idle -= idle.len();
        self.slots.busy += idle.len();
        idle.into_iter()
            .map(|(link, resting)| (link, resting.life))
            .collect()
    }
}

#[cfg(test)]
mod tests;

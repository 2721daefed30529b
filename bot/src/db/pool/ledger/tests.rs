//! The books hold whatever happens, in whatever order, and whoever gives up waiting.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const RULES: Rules = Rules {
    check_after_idle: Duration::from_secs(2),
    idle_timeout: Duration::from_secs(20),
    lifetime: Duration::from_secs(60),
    jitter: 0,
};

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// Set when its caller has given up.
type Waiter = Rc<Cell<bool>>;

/// A pool whose links are numbers; what the books cannot know is kept here.
struct World {
    dice: Dice,
    ledger: Ledger<u64, Waiter>,
    now: Instant,
    places: usize,
    dialing: usize,
    /// Lent, by number.
    busy: HashMap<u64, Life>,
    closing: usize,
    callers: Vec<Waiter>,
    last: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            ledger: Ledger::new(8, 2),
            now: Instant::now(),
            places: 8,
            dialing: 0,
            busy: HashMap::new(),
            closing: 0,
            callers: Vec::new(),
            last: 0,
        }
    }

    fn step(&mut self) {
        match self.dice.below(12) {
            0 | 1 => self.ask(),
            2..=4 => self.give_back(),
            5 => self.dial(),
            6 => self.dial_ends(),
            7 => {
                if self.closing > 0 {
                    self.closing -= 1;
                    self.ledger.ended();
                }
            }
            8 => self.give_up(),
            9 => self.now += SECOND * self.dice.below(8) as u32,
            10 => self.resize(),
            _ => self.weed(),
        }
        self.holds();
    }

    fn ask(&mut self) {
        match self.ledger.lend(RULES, self.now) {
            Some(((link, life), Verdict::Retire(_))) => self.close(link, life),
            Some(((link, life), _)) => {
                self.busy.insert(link, life);
            }
            None => {
                let waiter = Waiter::default();
                self.callers.push(Rc::clone(&waiter));
                self.ledger.queue(waiter);
            }
        }
    }

    fn close(&mut self, _link: u64, _life: Life) {
        self.ledger.closing();
        self.closing += 1;
    }

    fn come_back(&mut self, link: u64, life: Life) {
        let ill = self.dice.below(4) == 0;
        if ill || self.ledger.unwanted(life, RULES, self.now).is_some() {
            return self.close(link, life);
        }
        while let Some(waiter) = self.ledger.next_waiter() {
            if !waiter.get() {
                self.busy.insert(link, life);
                return;
            }
        }
        self.ledger.rest(link, life, self.now);
    }

    fn give_back(&mut self) {
        let links: Vec<u64> = self.busy.keys().copied().collect();
        if !links.is_empty() {
            let link = links[self.dice.below(links.len())];
            let life = self.busy.remove(&link).expect("there");
            self.come_back(link, life);
        }
    }

    fn dial(&mut self) {
        let troubled = self.dice.below(2) == 0;
        self.dialing += self.ledger.begin_dials(|waiter| waiter.get(), troubled);
    }

    fn dial_ends(&mut self) {
        if self.dialing == 0 {
            return;
        }
        self.dialing -= 1;
        if self.dice.below(3) == 0 {
            return self.ledger.not_dialed();
        }
        self.last += 1;
        let life = Life {
            id: self.last,
            generation: self.last / 10,
            opened: self.now,
            roll: 0.5,
        };
        self.ledger.dialed();
        self.come_back(self.last, life);
    }

    fn give_up(&mut self) {
        if !self.callers.is_empty() {
            let at = self.dice.below(self.callers.len());
            self.callers.swap_remove(at).set(true);
        }
    }

    fn resize(&mut self) {
        self.places = 1 + self.dice.below(12);
        for (link, life) in self.ledger.resize(self.places, self.dice.below(3)) {
            self.close(link, life);
        }
    }

    fn weed(&mut self) {
        self.ledger.marks.suspect_before = Some(self.now);
        let out = self.ledger.weed(|link, _| (link % 3 == 0).then_some(()));
        for ((link, life), ()) in out {
            self.come_back(link, life);
        }
    }

    fn holds(&self) {
        let slots = self.ledger.slots();
        assert_eq!(
            (slots.dialing, slots.busy, slots.closing),
            (self.dialing, self.busy.len(), self.closing)
        );
        assert_eq!(slots.idle, self.ledger.idle.len());
        assert!(
            slots.idle == 0 || slots.surplus() == 0,
            "what is too much does not idle: {slots:?}"
        );
    }
}

#[test]
fn every_link_is_in_one_state_whatever_happens() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        for _ in 0..2_000 {
            world.step();
        }
        // Everybody gives up or gives back, and everything ends: no place is missing.
        world.callers.drain(..).for_each(|waiter| waiter.set(true));
        while world.dialing + world.busy.len() + world.closing > 0 {
            world.dial_ends();
            world.give_back();
            if world.closing > 0 {
                world.closing -= 1;
                world.ledger.ended();
            }
        }
        world.holds();
        let slots = world.ledger.slots();
        assert_eq!(slots.size(), slots.idle, "seed {seed}");
        world.dial();
        assert!(
            world.dialing <= slots.places.saturating_sub(slots.idle),
            "seed {seed}"
        );
        assert_eq!(world.ledger.waiting(), 0, "seed {seed}");
    }
}

#[test]
fn a_smaller_pool_sheds_at_once_and_a_larger_one_opens_what_is_waited_for() {
    let now = Instant::now();
    let mut ledger: Ledger<u64, Waiter> = Ledger::new(4, 0);
    let life = |id| Life {
        id,
        generation: 1,
        opened: now,
        roll: 0.5,
    };
    for _ in 0..3 {
        ledger.queue(Waiter::default());
    }
    assert_eq!(ledger.begin_dials(|_| false, false), 3);
    for id in 0..3 {
        ledger.dialed();
        let _ = ledger.next_waiter();
        if id < 2 {
            ledger.rest(id, life(id), now);
        }
    }
    // Two idle, one busy, one place from now on.
    let shed: Vec<u64> = ledger.resize(1, 0).into_iter().map(|one| one.0).collect();
    assert_eq!(shed, [0, 1]);
    shed.iter().for_each(|_| ledger.closing());
    ledger.queue(Waiter::default());
    assert_eq!(ledger.begin_dials(|_| false, false), 0, "no place");
    assert_eq!(ledger.unwanted(life(2), RULES, now), None, "fits");
    ledger.resize(2, 0);
    assert_eq!(
        ledger.begin_dials(|_| false, false),
        0,
        "the places of those that have not ended are taken"
    );
    ledger.ended();
    ledger.ended();
    assert_eq!(ledger.begin_dials(|_| false, false), 1);
}

/// Two links of the same age, past their lifetime: the second is used until it is known whether another can be opened.
#[test]
fn of_those_that_are_past_their_time_one_goes_at_a_time() {
    let opened = Instant::now();
    let life = |id| Life {
        id,
        generation: 1,
        opened,
        roll: 0.5,
    };
    let old = opened + RULES.lifetime;
    let mut ledger: Ledger<u64, Waiter> = Ledger::new(2, 2);
    assert_eq!(ledger.begin_dials(|gone| gone.get(), false), 2);
    for id in [1, 2] {
        ledger.dialed();
        ledger.rest(id, life(id), old - SECOND);
    }
    let (_, verdict) = ledger.lend(RULES, old).expect("idle");
    assert_eq!(verdict, Verdict::Retire(Why::Lifetime));
    ledger.closing();
    let (_, verdict) = ledger.lend(RULES, old).expect("idle");
    assert_eq!(verdict, Verdict::Lend, "its place is not free yet");
    assert_eq!(ledger.begin_dials(|gone| gone.get(), false), 0);
    assert_eq!(ledger.unwanted(life(1), RULES, old), None);
    ledger.ended();
    assert_eq!(ledger.begin_dials(|gone| gone.get(), false), 1);
    assert_eq!(ledger.unwanted(life(1), RULES, old), None, "not open yet");
    ledger.dialed();
    assert_eq!(ledger.unwanted(life(1), RULES, old), Some(Why::Lifetime));
}

/// Where no other is needed in its place, nothing is waited for.
#[test]
fn what_is_not_needed_is_closed_without_waiting_for_another() {
    let opened = Instant::now();
    let mut ledger: Ledger<u64, Waiter> = Ledger::new(8, 0);
    for id in [1, 2] {
        assert!(ledger.take_in());
        let life = Life {
            id,
            generation: 1,
            opened,
            roll: 0.5,
        };
        ledger.rest(id, life, opened);
    }
    let idle = opened + RULES.idle_timeout;
    for _ in 0..2 {
        let (_, verdict) = ledger.lend(RULES, idle).expect("idle");
        assert_eq!(verdict, Verdict::Retire(Why::Idle));
        ledger.closing();
        assert_eq!(ledger.begin_dials(|gone| gone.get(), false), 0);
    }
}

#[test]
fn of_what_is_kept_warm_one_may_go_and_of_the_rest_a_part() {
    // idle, busy, warm -> how many of the idle, one in four
    let table = [
        (0, 3, 2, 0),
        (1, 0, 2, 1),
        (8, 0, 8, 1),
        (8, 0, 7, 1),
        (8, 0, 0, 2),
        (7, 5, 2, 2),
        (8, 2, 9, 1),
    ];
    for (idle, busy, warm, expected) in table {
        let mut ledger: Ledger<u64, Waiter> = Ledger::new(16, warm);
        (ledger.slots.idle, ledger.slots.busy) = (idle, busy);
        assert_eq!(ledger.may_go(4), expected, "{idle} {busy} {warm}");
    }
}

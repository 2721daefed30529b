//! Random lives of a spool against a list in memory, from fixed seeds.

use std::collections::BTreeMap;

use super::scene::{Scene, body, close, sized};
use crate::spool::{RecordId, Spool};

/// Xorshift, so that a seed means the same everywhere and for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

struct Life {
    scene: Scene,
    spool: Spool,
    dice: Dice,
    appended: usize,
    /// What must be there, by its number.
    there: BTreeMap<usize, RecordId>,
    /// What was removed and may come again after a restart.
    removed: Vec<usize>,
}

impl Life {
    async fn append(&mut self) {
        let some = 1 + self.dice.roll(5);
        let tickets: Vec<_> = (0..some)
            .map(|n| {
                let record = sized(&(self.appended + n).to_string(), self.dice.roll(900));
                self.spool.append(record)
            })
            .collect();
        for ticket in tickets {
            let id = ticket.await.expect("kept");
            self.there.insert(self.appended, id);
            self.appended += 1;
        }
    }

    /// Reads on after a record that may be gone by now, in pieces.
    async fn read(&mut self) {
        let from = self.dice.roll(self.appended + 1);
        let mut after = self.there.range(..from).next_back().map(|(_, id)| *id);
        let expected: Vec<usize> = match after {
            Some(after) => self
                .there
                .iter()
                .filter(|(_, id)| **id > after)
                .map(|(n, _)| *n)
                .collect(),
            None => self.there.keys().copied().collect(),
        };
        let mut seen = vec![];
        loop {
            let most = (1 + self.dice.roll(9), 1 + self.dice.roll(5_000));
            let records = self
                .spool
                .read(after, most.0, most.1)
                .await
                .expect("readable");
            let Some((last, _)) = records.last() else {
                break;
            };
            after = Some(*last);
            for (id, record) in &records {
                let n: usize = body(record).parse().expect("a number");
                assert_eq!(self.there.get(&n), Some(id));
                seen.push(n);
            }
        }
        assert_eq!(seen, expected);
    }

    fn remove(&mut self) {
        // The drainer takes the oldest; now and then something else goes.
        let from = if self.dice.roll(4) == 0 {
            self.dice.roll(self.there.len().max(1))
        } else {
            0
        };
        let some = self.dice.roll(12);
        let gone: Vec<(usize, RecordId)> = self
            .there
            .iter()
            .skip(from)
            .take(some)
            .map(|(n, id)| (*n, *id))
            .collect();
        let ids: Vec<RecordId> = gone.iter().map(|(_, id)| *id).collect();
        self.spool.remove(&ids);
        for (n, _) in gone {
            self.there.remove(&n);
            self.removed.push(n);
        }
    }

    /// Goes on with what a kill leaves.
    async fn restart(&mut self) {
        let killed = self.scene.killed();
        let old = std::mem::replace(&mut self.spool, killed.open());
        self.scene = killed;
        close(old).await;
        let records = self
            .spool
            .read(None, usize::MAX, usize::MAX)
            .await
            .expect("readable");
        let found: BTreeMap<usize, RecordId> = records
            .iter()
            .map(|(id, record)| (body(record).parse().expect("a number"), *id))
            .collect();
        assert_eq!(found.len(), records.len(), "none is there twice");
        assert!(
            self.there.keys().all(|n| found.contains_key(n)),
            "none is lost"
        );
        let known = |n: &usize| self.there.contains_key(n) || self.removed.contains(n);
        assert!(found.keys().all(known));
        self.there = found;
    }

    fn check(&self) {
        let depth = self.spool.depth();
        assert_eq!(depth.records, self.there.len() as u64);
        assert_eq!(depth.events, depth.records);
        assert_eq!(depth.bytes == 0, depth.is_empty());
        assert_eq!(depth.rejected, 0);
    }
}

#[tokio::test]
async fn lives() {
    for seed in 1..=12 {
        println_seed(seed);
        let scene = Scene::new();
        let mut life = Life {
            spool: scene.open(),
            scene,
            dice: Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed)),
            appended: 0,
            there: BTreeMap::new(),
            removed: vec![],
        };
        for _ in 0..120 {
            match life.dice.roll(10) {
                0..4 => life.append().await,
                4..6 => life.read().await,
                6..9 => life.remove(),
                _ => life.restart().await,
            }
            life.check();
        }
    }
}

/// Shown when the test fails.
#[expect(clippy::print_stdout, reason = "the seed of a failure")]
fn println_seed(seed: u64) {
    println!("seed {seed}");
}

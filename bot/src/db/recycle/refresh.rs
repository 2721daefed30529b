//! Make before break: one fresh session at a time, in the spare's place; an old one leaves its place to it, says
//! goodbye there, and when its end was seen the place is the spare again.

use std::time::Duration;

use sabai_wire::link::Link;
use tokio::sync::oneshot::Receiver;
use tokio::time::{Instant, interval, sleep};

use super::plan::{self, Old};
use super::statements::Statements;
use super::{Begun, Halt, Tally, add};
use crate::db::pool::rest::Life;
use crate::db::pool::{Fresh, Old as Left, Pool, Swap, Why};
use crate::db::roll::Stand;
use crate::db::{Db, Duty};

/// How often it is looked whether an old session may still come back.
const LOOK: Duration = Duration::from_millis(20);

impl Db {
    pub(super) async fn refresh(
        &self,
        begun: Begun,
        deadline: Instant,
        tally: &Tally,
    ) -> Result<(), Halt> {
        let generation = begun.generation;
        let mut first = Some(begun.fresh);
        let mut statements = Statements::default();
        let mut renewing = async || {
            while let Some(duty) = plan::next(
                self.old(Duty::Intake, generation),
                self.old(Duty::Work, generation),
            ) {
                let began = Instant::now();
                // The first was opened for work; intake's have a limit of their own.
                let fresh = match first.take() {
                    Some(fresh) if duty == Duty::Work => fresh,
                    other => {
                        if let Some(fresh) = other {
                            self.close_spare(fresh, Why::Done);
                        }
                        self.fresh(generation, duty, deadline, tally).await?
                    }
                };
                let by = deadline.min(Instant::now() + self.settings().connect_timeout());
                statements.prepare(duty, &fresh.link, by).await;
                let took = began.elapsed();
                self.swap(duty, generation, fresh, deadline, tally, &mut statements)
                    .await?;
                let left = deadline.saturating_duration_since(Instant::now());
                sleep(plan::rest(took, self.older_than(generation), left)).await;
            }
            Ok(())
        };
        let renewed = renewing().await;
        if let Some(fresh) = first.take() {
            self.close_spare(fresh, Why::Done);
        }
        // Unless it stopped: what is old and busy now is closed when it comes back, also after the deadline.
        if !matches!(renewed, Err(Halt::NoSession(_))) {
            self.intake.least_generation(generation);
            self.work.least_generation(generation);
        }
        renewed?;
        self.none_older(generation, deadline).await
    }

    fn old(&self, duty: Duty, generation: u64) -> Old {
        let count = |stand| {
            self.roll().count(|entry| {
                entry.duty == duty && entry.stand == stand && entry.facts.generation < generation
            })
        };
        Old {
            idle: count(Stand::Idle),
            busy: count(Stand::Busy),
        }
    }

    /// Puts a fresh session into the place of an old one, and closes that one in the spare's place.
    async fn swap(
        &self,
        duty: Duty,
        generation: u64,
        fresh: Fresh,
        deadline: Instant,
        tally: &Tally,
        statements: &mut Statements,
    ) -> Result<(), Halt> {
        let pool = self.pool(duty);
        let Fresh { link, life, place } = fresh;
        let old = match pool.exchange(link, life) {
            Swap::Done(old) => Ok(old),
            Swap::Waits(back) => self.returned(duty, generation, back, deadline).await,
        };
        match old {
            Ok((link, life, why)) => {
                statements.learn(duty, &link);
                add(&tally.replaced, 1);
                add(&tally.closed, 1);
                self.close_spare(Fresh { link, life, place }, why);
                return Ok(());
            }
            // The old ones have ended by themselves, or there is no more time.
            Err(Some((link, life))) => {
                if let Some((link, life)) = pool.settle(link, life) {
                    self.close_spare(Fresh { link, life, place }, Why::Done);
                }
            }
            Err(None) => {}
        }
        if Instant::now() < deadline {
            Ok(())
        } else {
            Err(Halt::Late)
        }
    }

    /// The old session that came back; else, when none can come or there is no more time, the fresh one.
    async fn returned(
        &self,
        duty: Duty,
        generation: u64,
        mut back: Receiver<Left>,
        deadline: Instant,
    ) -> Result<Left, Option<(Link, Life)>> {
        let pool: &Pool = self.pool(duty);
        let mut look = interval(LOOK);
        loop {
            tokio::select! {
                old = &mut back => return old.map_err(|_| None),
                _ = look.tick() => {}
            }
            let old = self.old(duty, generation);
            let over = old == Old::default() || Instant::now() >= deadline;
            if !over && old.idle == 0 {
                continue;
            }
            // When it has just changed places, the old one is in the channel.
            let Some((link, life)) = pool.withdraw() else {
                continue;
            };
            if over {
                return Err(Some((link, life)));
            }
            match pool.exchange(link, life) {
                Swap::Done(old) => return Ok(old),
                Swap::Waits(again) => back = again,
            }
        }
    }
}

//! Reading a lane that has news: clear the flag, then read, in two statements and this order; an empty lane ends.

use std::collections::HashSet;

use sabai_wire::link::StatementError;
use tokio::time::Instant;

use super::Part;
use super::store::{self, Defer, Key};
use crate::db::group::Batch;
use crate::db::pool::Lent;

/// What a lane was found to hold.
#[derive(Debug)]
pub enum Refreshed {
    /// Its first events.
    Work(Part),
    /// Nothing: the lane has ended.
    Released,
    /// Somebody else holds it.
    Lost,
}

/// Refreshes lanes, many at a time.
pub struct RefreshBatch;

impl Batch for RefreshBatch {
    type Item = Key;
    type Out = Refreshed;

    async fn run(
        &self,
        link: &mut Lent,
        items: &[&Key],
        deadline: Instant,
    ) -> Result<Vec<Refreshed>, StatementError> {
        let mut outcomes: Vec<Option<Refreshed>> = items.iter().map(|_| None).collect();
        // Lanes that are empty and get news while they are being released come round again.
        while outcomes.iter().any(Option::is_none) {
            let open: Vec<&Key> = items
                .iter()
                .zip(&outcomes)
                .filter(|(_, outcome)| outcome.is_none())
                .map(|(key, _)| *key)
                .collect();
            let held = store::clear(link, &open, deadline).await?;
            let lanes: Vec<&str> = held.iter().map(|key| &*key.lane).collect();
            let mut found = store::read(link, &lanes, deadline).await?;
            let empty: Vec<&Key> = held
                .iter()
                .filter(|key| !found.contains_key(&*key.lane))
                .collect();
            let released = match empty.is_empty() {
                true => HashSet::new(),
                false => store::release(link, &empty, deadline).await?,
            };
            for (key, outcome) in items
                .iter()
                .zip(&mut outcomes)
                .filter(|(_, outcome)| outcome.is_none())
            {
                *outcome = if !held.contains(*key) {
                    Some(Refreshed::Lost)
                } else if let Some(work) = found.remove(&*key.lane) {
                    Some(Refreshed::Work(work))
                } else {
                    released.contains(*key).then_some(Refreshed::Released)
                };
            }
        }
        Ok(outcomes.into_iter().flatten().collect())
    }
}

/// Gives lanes back, many at a time.
pub struct DeferBatch;

impl Batch for DeferBatch {
    type Item = Defer;
    type Out = ();

    async fn run(
        &self,
        link: &mut Lent,
        items: &[&Defer],
        deadline: Instant,
    ) -> Result<Vec<()>, StatementError> {
        store::defer(link, items, deadline).await?;
        Ok(vec![(); items.len()])
    }
}

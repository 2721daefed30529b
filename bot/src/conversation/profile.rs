//! Names of customers: fetched aside from LINE, kept in Postgres, never in the way of an answer.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sabai_wire::link::Statement;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::db::pool::Pool;
use crate::line::LineClient;
use crate::queue::Work;

const SAVE: Statement = Statement {
    name: "conversation.person",
    sql: include_str!("person.sql"),
};
/// A profile is asked for again after this.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// Customers that may wait; beyond that they are asked for with their next message.
const WAITING: usize = 1024;
const LIMIT: Duration = Duration::from_secs(5);

/// The door: who is wanted.
#[derive(Clone)]
pub struct Profiles {
    sender: mpsc::Sender<String>,
    asked: Arc<Mutex<HashSet<String>>>,
}

impl Profiles {
    /// Opens the door; the future fetches until every door is dropped.
    pub fn new(line: Arc<LineClient>, pool: Pool) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, mut receiver) = mpsc::channel::<String>(WAITING);
        let asked = Arc::new(Mutex::new(HashSet::new()));
        let profiles = Self {
            sender,
            asked: Arc::clone(&asked),
        };
        let work = async move {
            while let Some(user) = receiver.recv().await {
                fetch(&line, &pool, &user).await;
                asked
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&user);
            }
        };
        (profiles, work)
    }

    /// Asks for the profile of who wrote `work`, unless it is fresh or already asked for.
    pub fn want(&self, work: &Work) {
        let fresh = work
            .person
            .fetched_at
            .is_some_and(|at| at.elapsed().is_ok_and(|age| age < FRESH));
        let Some(user) = work.user_id().filter(|_| !fresh) else {
            return;
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.contains(user) && self.sender.try_send(user.to_owned()).is_ok() {
            asked.insert(user.to_owned());
        }
    }
}

async fn fetch(line: &LineClient, pool: &Pool, user: &str) {
    let profile = match line.profile(user).await {
        // No consent, or blocked: noted, so that it is not asked for with every message.
        Ok(profile) => profile,
        Err(error) => {
            tracing::debug!("cannot fetch a profile: {error}");
            return;
        }
    };
    let (name, language) = match profile {
        Some(profile) => (
            Some(profile.display_name.replace('\0', "\u{fffd}")),
            profile.language,
        ),
        None => (None, None),
    };
    let deadline = Instant::now() + LIMIT;
    let saved = match pool.acquire(deadline).await {
        Ok(mut link) => link
            .query(
                &SAVE,
                &[&user, &name, &language, &SystemTime::now()],
                deadline,
            )
            .await
            .map_err(|e| e.fault),
        Err(error) => Err(error.fault),
    };
    if let Err(fault) = saved {
        tracing::debug!(%fault, "cannot save a profile");
    }
}

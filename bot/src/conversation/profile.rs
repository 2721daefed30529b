//! Names of customers: fetched aside from LINE, kept in Postgres, never in the way of an answer. Who speaks in a group
//! or room need be no friend of the account, so LINE is asked where they speak.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sabai_wire::link::Statement;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::db::pool::Pool;
use crate::event::Source;
use crate::event::kind::SourceKind;
use crate::line::{LineClient, LookupError, Profile};
use crate::queue::{Person, Work};

const SAVE: Statement = Statement {
    name: "conversation.person",
    sql: include_str!("person.sql"),
};
/// A profile is asked for again after this.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// Customers that may wait; beyond that they are asked for with their next message.
const WAITING: usize = 1024;
const LIMIT: Duration = Duration::from_secs(5);

/// Whose profile is wanted, and where LINE knows them.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    user: String,
    seen: Seen,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    OneToOne,
    InGroup(String),
    InRoom(String),
}

/// The door: who is wanted.
#[derive(Clone)]
pub struct Profiles {
    sender: mpsc::Sender<Wanted>,
    asked: Arc<Mutex<HashSet<String>>>,
}

impl Profiles {
    /// Opens the door; the future fetches until every door is dropped.
    pub fn new(line: Arc<LineClient>, pool: Pool) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, mut receiver) = mpsc::channel::<Wanted>(WAITING);
        let asked = Arc::new(Mutex::new(HashSet::new()));
        let profiles = Self {
            sender,
            asked: Arc::clone(&asked),
        };
        let work = async move {
            while let Some(wanted) = receiver.recv().await {
                let profile = fetch(&line, &wanted).await;
                // Before the statement takes its snapshot: a turn that is settled meanwhile is not in it, and asks again.
                asked
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&wanted.user);
                if let Some(profile) = profile {
                    save(&pool, &wanted, profile).await;
                }
            }
        };
        (profiles, work)
    }

    /// Asks for the profile of who wrote `work`, whose turn is saved, unless it is fresh or already asked for.
    pub fn want(&self, work: &Work) {
        let wanted = work.event.as_ref().and_then(|event| wanted(&event.source));
        let Some(wanted) = wanted.filter(|wanted| !is_fresh(&work.person, wanted)) else {
            return;
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let user = wanted.user.clone();
        if !asked.contains(&user) && self.sender.try_send(wanted).is_ok() {
            asked.insert(user);
        }
    }
}

/// Whether all that could be asked for was, not long ago: in a group LINE does not tell the language.
fn is_fresh(person: &Person, wanted: &Wanted) -> bool {
    let lately = person
        .fetched_at
        .is_some_and(|at| at.elapsed().is_ok_and(|age| age < FRESH));
    lately && (wanted.seen != Seen::OneToOne || person.profile_language.is_some())
}

fn wanted(source: &Source) -> Option<Wanted> {
    let user = source.user_id.clone()?;
    let seen = match (source.kind, &source.group_id, &source.room_id) {
        (SourceKind::Group, Some(group), _) => Seen::InGroup(group.clone()),
        (SourceKind::Room, _, Some(room)) => Seen::InRoom(room.clone()),
        _ => Seen::OneToOne,
    };
    Some(Wanted { user, seen })
}

async fn ask(line: &LineClient, wanted: &Wanted) -> Result<Option<Profile>, LookupError> {
    let user = &wanted.user;
    match &wanted.seen {
        Seen::OneToOne => line.profile(user).await,
        Seen::InGroup(group) => line.group_member(group, user).await,
        Seen::InRoom(room) => line.room_member(room, user).await,
    }
}

/// The name, then the language.
type Told = (Option<String>, Option<String>);

/// Nothing if LINE cannot be asked now.
async fn fetch(line: &LineClient, wanted: &Wanted) -> Option<Told> {
    match ask(line, wanted).await {
        Ok(Some(profile)) => Some((
            Some(profile.display_name.replace('\0', "\u{fffd}")),
            profile.language,
        )),
        // No consent, blocked or gone: noted, so that it is not asked for with every message.
        Ok(None) => Some((None, None)),
        Err(error) => {
            tracing::debug!("cannot fetch a profile: {error}");
            None
        }
    }
}

async fn save(pool: &Pool, wanted: &Wanted, (name, language): Told) {
    // Of a member LINE never tells the language: what a one-to-one chat told stays.
    let tells_language = wanted.seen == Seen::OneToOne;
    let deadline = Instant::now() + LIMIT;
    let saved = match pool.acquire(deadline).await {
        Ok(mut link) => link
            .query(
                &SAVE,
                &[
                    &wanted.user,
                    &name,
                    &language,
                    &SystemTime::now(),
                    &tells_language,
                ],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_group_is_fresh_there_and_not_in_a_chat_of_two() {
        let now = SystemTime::now();
        let table = [
            (None, None, false, false),
            (Some(now - 2 * FRESH), Some("th"), false, false),
            (Some(now), None, false, true),
            // Asked, and not told.
            (Some(now), Some(""), true, true),
            (Some(now), Some("th"), true, true),
        ];
        for (fetched_at, language, alone, in_group) in table {
            let person = Person {
                profile_language: language.map(str::to_owned),
                fetched_at,
                ..Person::default()
            };
            let fresh = |seen| {
                let user = "U1".to_owned();
                is_fresh(&person, &Wanted { user, seen })
            };
            assert_eq!(fresh(Seen::OneToOne), alone, "{person:?}");
            assert_eq!(fresh(Seen::InGroup("C1".into())), in_group, "{person:?}");
        }
    }

    #[test]
    fn a_member_is_asked_for_where_they_speak_and_anyone_else_by_themselves() {
        let id = |id: &str| Some(id.to_owned());
        let source = |kind, user_id, group_id, room_id| Source {
            kind,
            user_id,
            group_id,
            room_id,
        };
        let table = [
            (
                source(SourceKind::User, id("U1"), None, None),
                Some(Seen::OneToOne),
            ),
            (
                source(SourceKind::Group, id("U1"), id("C1"), None),
                Some(Seen::InGroup("C1".to_owned())),
            ),
            (
                source(SourceKind::Room, id("U1"), None, id("R1")),
                Some(Seen::InRoom("R1".to_owned())),
            ),
            // The kind counts, whatever else LINE may send one day.
            (
                source(SourceKind::User, id("U1"), id("C1"), id("R1")),
                Some(Seen::OneToOne),
            ),
            (
                source(SourceKind::Group, id("U1"), None, id("R1")),
                Some(Seen::OneToOne),
            ),
            (
                source(SourceKind::Unknown, id("U1"), None, None),
                Some(Seen::OneToOne),
            ),
            (source(SourceKind::Group, None, id("C1"), None), None),
        ];
        for (source, seen) in table {
            let found = wanted(&source);
            let expected = seen.map(|seen| Wanted {
                user: "U1".to_owned(),
                seen,
            });
            assert_eq!(found, expected, "{source:?}");
        }
    }
}

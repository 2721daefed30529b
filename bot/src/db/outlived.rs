//! Sessions that we closed and whose end we have not seen: a commit that hangs on a missing standby, a peer that went
//! silent. They hold their places until the server says that they are gone. One asker asks for all of them at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Statement, StatementError};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Row;

use super::pool::{Lent, Why};
use super::spare::SparePlace;
use super::{Db, Duty};

/// From one question to the next, while nothing changes.
const EVERY: Duration = Duration::from_secs(1);
/// After an answer that ends something for the first time: who was told to end is soon gone, unless it stands still.
const SOON: Duration = Duration::from_millis(50);
/// One question, with waiting for a link to ask by.
const LIMIT: Duration = Duration::from_secs(1);

/// Which of these are still there. What only waits for us, who are gone, is ended; a backend that works is left
/// alone: a commit is never cancelled.
const ASK: Statement = Statement {
    name: "pool.outlived",
    sql: "/* pool.outlived */ select a.pid, a.backend_start, \
          case when a.state like 'idle%' or (a.state = 'active' and a.wait_event_type = 'Client') \
               then pg_terminate_backend(a.pid) else false end \
          from pg_stat_activity a join unnest($1::int4[], $2::timestamptz[]) gone (pid, backend_start) \
            on a.pid = gone.pid and a.backend_start = gone.backend_start",
};

/// The same where we may not end sessions.
const LOOK: Statement = Statement {
    name: "pool.outlived_look",
    sql: "/* pool.outlived_look */ select a.pid, a.backend_start, false \
          from pg_stat_activity a join unnest($1::int4[], $2::timestamptz[]) gone (pid, backend_start) \
            on a.pid = gone.pid and a.backend_start = gone.backend_start",
};

/// A session's name at the server.
pub(super) type Backend = (i32, SystemTime);

/// The sessions in question.
#[derive(Debug, Default)]
pub(super) struct Outlived {
    entries: Mutex<BTreeMap<u64, Entry>>,
    bell: Notify,
}

#[derive(Debug)]
struct Entry {
    backend: Backend,
    /// The kernel has given it up too: where nobody can be asked, it is taken for gone.
    overdue: bool,
    gone: oneshot::Sender<()>,
}

/// What came of a question.
enum Answer {
    /// These are left.
    Left {
        left: HashSet<Backend>,
        /// Of these, who were told to end.
        ended: HashSet<Backend>,
    },
    /// There is no session to ask by, and none can be opened.
    Nobody,
    /// All are in use: ask again.
    Later,
}

impl Outlived {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the server asked about a session until it is gone, which ends the receiver.
    pub(super) fn ask_about(&self, id: u64, backend: Backend) -> oneshot::Receiver<()> {
        let (gone, receiver) = oneshot::channel();
        let entry = Entry {
            backend,
            overdue: false,
            gone,
        };
        self.entries().insert(id, entry);
        self.bell.notify_one();
        receiver
    }

    /// From now on it counts as gone when nobody can be asked.
    pub(super) fn is_overdue(&self, id: u64) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.overdue = true;
        }
    }

    /// Its end was seen after all.
    pub(super) fn forget(&self, id: u64) {
        self.entries().remove(&id);
    }

    fn asked(&self) -> Vec<(u64, Backend)> {
        let entries = self.entries();
        entries
            .iter()
            .map(|(id, entry)| (*id, entry.backend))
            .collect()
    }

    /// Ends those of `asked` that are gone; whether there were any.
    fn settle(&self, asked: &[(u64, Backend)], answer: &Answer) -> bool {
        let mut entries = self.entries();
        let mut any = false;
        for (id, backend) in asked {
            let gone = match (answer, entries.get(id)) {
                (Answer::Left { left, .. }, Some(_)) => !left.contains(backend),
                (Answer::Nobody, Some(entry)) => entry.overdue,
                (Answer::Later, _) | (_, None) => false,
            };
            if gone && let Some(entry) = entries.remove(id) {
                let _ = entry.gone.send(());
                any = true;
            }
        }
        any
    }
}

impl Outlived {
    /// There is no place to ask by: an asker whose own end was not seen, and that the kernel has given up, is taken for
    /// gone. It had only looked; else every place could wait for an answer for ever.
    fn give_up(&self, is_asker: impl Fn(u64) -> bool) {
        let mut entries = self.entries();
        let askers = entries.extract_if(.., |id, entry| entry.overdue && is_asker(*id));
        for (_, entry) in askers {
            let _ = entry.gone.send(());
        }
    }
}

impl Db {
    /// Asks about outlived sessions until it is dropped.
    pub(super) async fn ask_on(self) {
        let outlived = Arc::clone(&self.closer.outlived);
        let mut told = HashSet::new();
        loop {
            let asked = outlived.asked();
            if asked.is_empty() {
                outlived.bell.notified().await;
                continue;
            }
            let backends: Vec<Backend> = asked.iter().map(|(_, backend)| *backend).collect();
            let answer = self.ask(&backends).await;
            outlived.settle(&asked, &answer);
            if matches!(answer, Answer::Later) {
                outlived.give_up(|id| self.roll().duty(id) == Some(Duty::Spare));
            }
            let soon = matches!(&answer, Answer::Left { ended, .. } if ended.iter().any(|one| !told.contains(one)));
            if let Answer::Left { ended, .. } = answer {
                told = ended;
            }
            if !soon {
                let _ = timeout(EVERY, outlived.bell.notified()).await;
            }
            sleep(SOON).await;
        }
    }

    /// By an idle link of work, else by one of the spare's, else by the next one that is free.
    async fn ask(&self, backends: &[Backend]) -> Answer {
        if let Some(mut lent) = self.work.take_idle()
            && let Some(answer) = asked(By::Lent(&mut lent), backends).await
        {
            return answer;
        }
        // Whichever is free first: the spare's place is often given back within the moment.
        let until = Instant::now() + LIMIT;
        tokio::select! {
            biased;
            place = self.spare.take(until) => match place {
                Some(place) => self.ask_by_spare(place, backends).await,
                None => Answer::Later,
            },
            lent = self.work.acquire(until) => match lent {
                Ok(mut lent) => asked(By::Lent(&mut lent), backends)
                    .await
                    .unwrap_or(Answer::Later),
                Err(error) if error.fault == Fault::PoolExhausted => Answer::Later,
                Err(_) => Answer::Nobody,
            },
        }
    }

    async fn ask_by_spare(&self, place: SparePlace, backends: &[Backend]) -> Answer {
        let Ok(fresh) = self.open_spare(place).await else {
            return Answer::Nobody;
        };
        let answer = asked(By::Link(&fresh.link), backends).await;
        self.close_spare(fresh, Why::Done);
        answer.unwrap_or(Answer::Later)
    }
}

/// A session to ask by.
enum By<'a> {
    Lent(&'a mut Lent),
    Link(&'a Link),
}

impl By<'_> {
    async fn ask(
        &mut self,
        statement: &'static Statement,
        backends: &[Backend],
    ) -> Result<Vec<Row>, StatementError> {
        let (pids, starts): (Vec<i32>, Vec<SystemTime>) = backends.iter().copied().unzip();
        let deadline = Instant::now() + LIMIT;
        match self {
            Self::Lent(lent) => lent.query(statement, &[&pids, &starts], deadline).await,
            Self::Link(link) => link.query(statement, &[&pids, &starts], deadline).await,
        }
    }
}

/// Asks, and only looks where sessions may not be ended; `None` when there was no answer.
async fn asked(mut by: By<'_>, backends: &[Backend]) -> Option<Answer> {
    let rows = match by.ask(&ASK, backends).await {
        Err(error) if error.fault == Fault::PermissionDenied => by.ask(&LOOK, backends).await,
        outcome => outcome,
    };
    rows.ok().map(|rows| left(&rows))
}

fn left(rows: &[Row]) -> Answer {
    let backend = |row: &Row| (row.get(0), row.get(1));
    let ended = rows.iter().filter(|row| row.get(2));
    Answer::Left {
        left: rows.iter().map(backend).collect(),
        ended: ended.map(backend).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_kept_until_the_server_or_nobody_can_say_that_it_is_gone() {
        let outlived = Outlived::default();
        let at = SystemTime::UNIX_EPOCH;
        let mut one = outlived.ask_about(1, (10, at));
        let mut reused = outlived.ask_about(2, (11, at));
        let asked = outlived.asked();
        let mut late = outlived.ask_about(3, (12, at));

        assert!(!outlived.settle(&asked, &Answer::Later));
        assert!(!outlived.settle(&asked, &Answer::Nobody), "not overdue yet");
        // The pid of the second belongs to another session now.
        let left = HashSet::from([(10, at), (11, at + EVERY)]);
        let ended = HashSet::new();
        assert!(outlived.settle(&asked, &Answer::Left { left, ended }));
        assert!(one.try_recv().is_err() && late.try_recv().is_err());
        assert!(reused.try_recv().is_ok());
        outlived.is_overdue(1);
        assert!(outlived.settle(&asked, &Answer::Nobody));
        assert!(one.try_recv().is_ok());
        assert_eq!(outlived.asked(), [(3, (12, at))], "was not asked about");
    }
}

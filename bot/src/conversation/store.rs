//! The statement that settles: the turn, the event, the outbox row and the lane in one transaction.

use std::time::SystemTime;

use sabai_wire::link::{Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::group::Batch;
use crate::db::pool::Lent;
use crate::metrics::EventOutcome;
use crate::queue::store::Key;
use crate::queue::told::told;

const SETTLE: Statement = Statement {
    name: "conversation.settle",
    sql: concat!(
        include_str!("settle/saved.sql"),
        include_str!("settle/released.sql")
    ),
};
/// With what few batches need; it costs all of them a fifth more.
const SETTLE_RARE: Statement = Statement {
    name: "conversation.settle_rare",
    sql: concat!(
        include_str!("settle/saved.sql"),
        include_str!("settle/rare.sql"),
        include_str!("settle/released.sql")
    ),
};

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// LINE accepted the answer.
    Answered,
    /// Nothing was to be answered.
    StoredOnly,
    /// It was to be answered, but too late or too dear by now.
    Unanswered,
    /// Nobody can know whether LINE accepted.
    Unknown,
    /// It could not be worked.
    DeadLetter,
}

impl Ending {
    /// As it stands in the table and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::StoredOnly => "stored_only",
            Self::Unanswered => "unanswered",
            Self::Unknown => "unknown",
            Self::DeadLetter => "dead_letter",
        }
    }
}

impl From<Ending> for EventOutcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Answered => Self::Answered,
            Ending::StoredOnly => Self::StoredOnly,
            Ending::Unanswered => Self::Unanswered,
            Ending::Unknown => Self::Unknown,
            Ending::DeadLetter => Self::DeadLetter,
        }
    }
}

/// An event about to be settled. What the event row itself knows is taken from there.
#[derive(Debug)]
pub struct Settlement {
    /// The event.
    pub event: i64,
    /// Its lane and our token.
    pub key: Key,
    /// We know of no other event in the lane: release it, unless there is news.
    pub last: bool,
    /// How it ended.
    pub ending: Ending,
    /// Why, in a word; not for answered ones.
    pub reason: Option<&'static str>,
    /// More about a dead letter; no customer text.
    pub detail: Option<String>,
    /// LINE's id of the event.
    pub webhook_event_id: Option<String>,
    /// Who wrote it.
    pub user_id: Option<String>,
    /// `message/text`, `postback` and so on.
    pub kind: String,
    /// What was written.
    pub user_text: Option<String>,
    /// Name of the file that was sent.
    pub file_name: Option<String>,
    /// Its type, by its name's ending.
    pub file_type: Option<String>,
    /// `reply` or `push`, and when LINE accepted under which id.
    pub sent: Option<Sent>,
    /// The customer may have chosen a language by it; the outbox row tells.
    pub chooses: bool,
}

impl Settlement {
    fn is_rare(&self) -> bool {
        self.chooses || self.ending == Ending::DeadLetter
    }
}

/// What LINE accepted.
#[derive(Clone, Debug)]
pub struct Sent {
    /// `reply` or `push`.
    pub by: &'static str,
    /// When we learned it.
    pub at: SystemTime,
    /// LINE's id of the call.
    pub request_id: Option<String>,
}

/// What settling did to the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The lane has ended.
    Released,
    /// It is still ours; with `news`, events came that we have not read.
    Held {
        /// Clear and read before going on.
        news: bool,
    },
    /// Somebody else holds it: stop. What LINE accepted is still to be written.
    Lost,
}

/// Settles events, many lanes at a time.
pub struct SettleBatch;

impl Batch for SettleBatch {
    type Item = Settlement;
    type Out = Settled;

    async fn run(
        &self,
        link: &mut Lent,
        items: &[&Settlement],
        deadline: Instant,
    ) -> Result<Vec<Settled>, StatementError> {
        let params: [Column<'_>; 16] = [
            column(items, |one| one.event),
            column(items, |one| &*one.key.lane),
            column(items, |one| one.key.token),
            column(items, |one| one.last),
            column(items, |one| one.webhook_event_id.as_deref()),
            column(items, |one| one.user_id.as_deref()),
            column(items, |one| one.kind.as_str()),
            column(items, |one| one.user_text.as_deref()),
            column(items, |one| one.file_name.as_deref()),
            column(items, |one| one.file_type.as_deref()),
            column(items, |one| one.ending.as_str()),
            column(items, |one| one.reason),
            column(items, |one| one.detail.as_deref()),
            column(items, |one| Some(one.sent.as_ref()?.by)),
            column(items, |one| Some(one.sent.as_ref()?.at)),
            column(items, |one| one.sent.as_ref()?.request_id.as_deref()),
        ];
        let params: Vec<&(dyn ToSql + Sync)> = params
            .iter()
            .map(|column| &**column as &(dyn ToSql + Sync))
            .collect();
        let rare = items.iter().any(|one| one.is_rare());
        let statement = if rare { &SETTLE_RARE } else { &SETTLE };
        let rows = link.query(statement, &params, deadline).await?;
        let holders = items.iter().map(|one| (one.event, &one.key));
        Ok(told(holders, &rows, Settled::Lost, settled))
    }
}

fn settled(row: &Row) -> Settled {
    if row.get("released") {
        Settled::Released
    } else {
        Settled::Held {
            news: row.get("dirty"),
        }
    }
}

type Column<'a> = Box<dyn ToSql + Sync + Send + 'a>;

fn column<'a, T: ToSql + Sync + Send + 'a>(
    items: &[&'a Settlement],
    value: impl Fn(&'a Settlement) -> T,
) -> Column<'a> {
    Box::new(items.iter().map(|one| value(one)).collect::<Vec<T>>())
}

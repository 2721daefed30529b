//! The list, and a dead letter as scripts get it.

use std::io::Write;
use std::time::SystemTime;

use sabai_daemon::exit::Failure;
use serde::Serialize;

use super::requeue::refusal;
use super::store::{self, DeadLetter};
use super::{How, Which};
use crate::commands::database::Database;
use crate::commands::show;
use crate::commands::table::{self, Column};
use crate::trace::TraceId;

/// A dead letter as scripts get it.
#[derive(Serialize)]
pub(super) struct Entry<'a> {
    id: i64,
    reason: &'a str,
    detail: Option<&'a str>,
    kind: Option<&'a str>,
    attempts: i16,
    occurred_at: String,
    received_at: String,
    dead_at: String,
    trace: Option<String>,
    bytes: i32,
    begun_at: Option<String>,
    accepted_at: Option<String>,
    sent_by: Option<&'a str>,
    /// Why it cannot be requeued; absent when it can.
    requeue_refused: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<Private<'a>>,
}

#[derive(Serialize)]
struct Private<'a> {
    lane: Option<&'a str>,
    destination: Option<&'a str>,
    message_id: Option<&'a str>,
    user_id: Option<&'a str>,
    body: Option<String>,
}

impl<'a> Entry<'a> {
    pub(super) fn of(one: &'a DeadLetter, text: bool) -> Self {
        let private = &one.private;
        Self {
            id: one.id,
            reason: &one.reason,
            detail: one.detail.as_deref(),
            kind: one.kind.as_deref(),
            attempts: one.attempts,
            occurred_at: show::utc(one.occurred_at),
            received_at: show::utc(one.received_at),
            dead_at: show::utc(one.dead_at),
            trace: trace(one),
            bytes: one.bytes,
            begun_at: one.begun_at.map(show::utc),
            accepted_at: one.accepted_at.map(show::utc),
            sent_by: one.sent_by.as_deref(),
            requeue_refused: refusal(one),
            private: text.then(|| Private {
                lane: private.lane.as_deref(),
                destination: private.destination.as_deref(),
                message_id: private.message_id.as_deref(),
                user_id: private.user_id.as_deref(),
                body: body(one),
            }),
        }
    }
}

pub(super) fn trace(one: &DeadLetter) -> Option<String> {
    let bytes = one.trace.as_deref()?.try_into().ok()?;
    Some(TraceId::from_bytes(bytes).to_string())
}

pub(super) fn body(one: &DeadLetter) -> Option<String> {
    let body = one.private.body.as_deref()?;
    Some(String::from_utf8_lossy(body).into_owned())
}

const COLUMNS: [Column; 7] = [
    Column::right("ID", 0),
    Column::left("REASON", 0),
    Column::left("KIND", 0),
    Column::right("ATTEMPTS", 0),
    Column::right("AGE", 0),
    Column::left("CAN BE REQUEUED", 0),
    Column::left("DETAIL", 0),
];

pub(super) async fn run(
    database: &Database,
    which: &Which,
    limit: u32,
    how: How,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let filter = which.filter(None);
    let found = store::find(database, &filter, Some(limit.into()), how.text).await?;
    if how.json {
        for one in &found {
            table::json(out, &Entry::of(one, how.text))?;
        }
        return Ok(());
    }
    let now = SystemTime::now();
    let rows: Vec<Vec<String>> = found.iter().map(|one| row(one, now)).collect();
    let mut columns = COLUMNS.to_vec();
    let mut rows = rows;
    if how.text {
        columns.extend([Column::left("LANE", 0), Column::left("EVENT", 0)]);
        for (row, one) in rows.iter_mut().zip(&found) {
            row.push(show::line(one.private.lane.as_deref().unwrap_or("-")));
            row.push(show::line(&body(one).unwrap_or_default()));
        }
    }
    table::fitted(out, &columns, &rows)?;
    let shown = show::count(found.len() as u64, "dead letter");
    let more = if found.len() as u64 == u64::from(limit) {
        "; there may be more, see --limit"
    } else {
        ""
    };
    writeln!(out, "{shown}{more}")?;
    Ok(())
}

fn row(one: &DeadLetter, now: SystemTime) -> Vec<String> {
    vec![
        one.id.to_string(),
        show::line(&one.reason),
        show::line(
            one.kind
                .as_deref()
                .filter(|kind| !kind.is_empty())
                .unwrap_or("-"),
        ),
        one.attempts.to_string(),
        show::age(one.dead_at, now),
        refusal(one).map_or("yes", |_| "no").to_owned(),
        show::line(one.detail.as_deref().unwrap_or("-")),
    ]
}

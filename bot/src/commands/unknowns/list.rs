//! The list.

use std::io::Write;
use std::time::SystemTime;

use sabai_daemon::exit::Failure;
use sabai_wire::link::Statement;
use serde::Serialize;
use tokio_postgres::Row;

use super::Which;
use crate::commands::database::Database;
use crate::commands::show;
use crate::commands::table::{self, Column};
use crate::trace::TraceId;

const LIST: Statement = Statement {
    name: "unknowns.list",
    sql: include_str!("list.sql"),
};

/// As scripts get it.
#[derive(Serialize)]
struct Entry {
    event: i64,
    kind: String,
    occurred_at: String,
    received_at: String,
    begun_at: Option<String>,
    settled_at: String,
    request_id: Option<String>,
    trace: Option<String>,
    #[serde(skip)]
    since: SystemTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

const COLUMNS: [Column; 6] = [
    Column::right("ID", 0),
    Column::left("KIND", 0),
    Column::left("OCCURRED", 0),
    Column::right("AGE", 0),
    Column::left("BEGUN", 0),
    Column::left("TRACE", 0),
];
const TEXTS: [Column; 3] = [
    Column::left("LANE", 0),
    Column::left("QUESTION", 0),
    Column::left("ANSWER", 0),
];

pub(super) async fn run(
    database: &Database,
    which: &Which,
    json: bool,
    text: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let older_than = which.older_than.map(|age| age.as_secs_f64());
    let limit = i64::from(which.limit);
    let rows = database.query(&LIST, &[&older_than, &limit, &text]).await?;
    let found: Vec<Entry> = rows.iter().map(entry).collect();
    if json {
        return Ok(found.iter().try_for_each(|one| table::json(out, one))?);
    }
    let mut columns = COLUMNS.to_vec();
    if text {
        columns.extend(TEXTS);
    }
    let rows: Vec<Vec<String>> = found.iter().map(|one| row(one, text)).collect();
    table::fitted(out, &columns, &rows)?;
    writeln!(
        out,
        "{}",
        show::count(found.len() as u64, "unknown outcome")
    )?;
    if found.len() as u64 == u64::from(which.limit) {
        writeln!(out, "there may be more, see --limit")?;
    }
    Ok(())
}

fn row(one: &Entry, text: bool) -> Vec<String> {
    let told = |text: &Option<String>| show::line(text.as_deref().unwrap_or("-"));
    let mut row = vec![
        one.event.to_string(),
        show::line(&one.kind),
        one.occurred_at.clone(),
        show::age(one.since, SystemTime::now()),
        told(&one.begun_at),
        told(&one.trace),
    ];
    if text {
        row.extend([told(&one.lane), told(&one.user_text), told(&one.answer)]);
    }
    row
}

fn entry(row: &Row) -> Entry {
    let trace: Option<Vec<u8>> = row.get("trace");
    let trace = trace.and_then(|bytes| bytes.as_slice().try_into().ok());
    let settled_at: SystemTime = row.get("settled_at");
    Entry {
        event: row.get("event"),
        kind: row.get("kind"),
        occurred_at: show::utc(row.get("occurred_at")),
        received_at: show::utc(row.get("received_at")),
        begun_at: row.get::<_, Option<SystemTime>>("begun_at").map(show::utc),
        settled_at: show::utc(settled_at),
        request_id: row.get("request_id"),
        trace: trace.map(|bytes| TraceId::from_bytes(bytes).to_string()),
        since: settled_at,
        lane: row.get("lane"),
        user_text: row.get("user_text"),
        answer: row.get("answer"),
    }
}

//! The records, as they are met: a spool may be large.

use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use sabai_daemon::exit::Failure;
use serde::Serialize;

use super::{OUTCOMES, WEBHOOKS, unreadable};
use crate::commands::show;
use crate::commands::table::{self, Column, Table};
use crate::spool::Record;
use crate::spool::inspect::{self, SegmentReport};

/// A record as scripts get it.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Entry<'a> {
    Webhook {
        received: String,
        trace: String,
        events: u32,
        bytes: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    Outcome {
        accepted_at: String,
        event: i64,
        sent_by: &'static str,
        request_id: Option<&'a str>,
        bytes: u64,
    },
}

const WEBHOOK_COLUMNS: [Column; 5] = [
    Column::left("RECEIVED", 20),
    Column::right("AGE", 7),
    Column::right("EVENTS", 6),
    Column::right("BYTES", 8),
    Column::left("TRACE", 32),
];
const OUTCOME_COLUMNS: [Column; 5] = [
    Column::left("ACCEPTED", 20),
    Column::right("AGE", 7),
    Column::right("EVENT", 10),
    Column::left("SENT BY", 7),
    Column::left("REQUEST ID", 36),
];

pub(super) fn run(
    folder: &Path,
    json: bool,
    bodies: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for (name, columns) in [(WEBHOOKS, WEBHOOK_COLUMNS), (OUTCOMES, OUTCOME_COLUMNS)] {
        let folder = folder.join(name);
        let reports = if json {
            inspect::visit(&folder, |record, bytes| {
                table::json(out, &entry(&record, bytes, bodies))
            })
        } else {
            for_people(&folder, &columns, bodies, out)
        };
        let reports = reports.map_err(|error| unreadable(&folder, error))?;
        if !json {
            let rejected =
                inspect::rejected(&folder).map_err(|error| unreadable(&folder, error))?;
            writeln!(out, "{name}: {}\n", totals(&reports, rejected))?;
        }
    }
    Ok(())
}

fn for_people(
    folder: &Path,
    columns: &[Column],
    bodies: bool,
    out: &mut dyn Write,
) -> io::Result<Vec<SegmentReport>> {
    let now = SystemTime::now();
    let mut table = Table::begin(out, columns)?;
    inspect::visit(folder, |record, bytes| match record {
        Record::Webhook(one) => {
            table.row(&[
                show::utc(one.received),
                show::age(one.received, now),
                one.events.to_string(),
                bytes.to_string(),
                one.trace.to_string(),
            ])?;
            if bodies {
                table.below(&show::line(&String::from_utf8_lossy(&one.body)))?;
            }
            Ok(())
        }
        Record::Outcome(one) => table.row(&[
            show::utc(one.accepted_at),
            show::age(one.accepted_at, now),
            one.event.to_string(),
            one.sent_by.as_str().to_owned(),
            show::line(one.request_id.as_deref().unwrap_or("-")),
        ]),
    })
}

fn entry(record: &Record, bytes: u64, bodies: bool) -> Entry<'_> {
    match record {
        Record::Webhook(one) => Entry::Webhook {
            received: show::utc(one.received),
            trace: one.trace.to_string(),
            events: one.events,
            bytes,
            body: bodies.then(|| String::from_utf8_lossy(&one.body).into_owned()),
        },
        Record::Outcome(one) => Entry::Outcome {
            accepted_at: show::utc(one.accepted_at),
            event: one.event,
            sent_by: one.sent_by.as_str(),
            request_id: one.request_id.as_deref(),
            bytes,
        },
    }
}

fn totals(reports: &[SegmentReport], rejected: inspect::Held) -> String {
    let sum = |value: fn(&SegmentReport) -> u64| reports.iter().map(value).sum::<u64>();
    let mut text = format!(
        "{}, {}, {} in {}",
        show::count(sum(|one| one.records), "record"),
        show::count(sum(|one| one.events), "event"),
        show::bytes(sum(|one| one.bytes)),
        show::count(reports.len() as u64, "segment"),
    );
    let damaged = sum(|one| one.damaged_places);
    if damaged > 0 {
        text += &format!(
            "; {} cannot be read, see `sabai-bot spool verify`",
            show::count(damaged, "place")
        );
    }
    if rejected.files > 0 {
        text += &format!(
            "; {} set aside in rejected/",
            show::count(rejected.files, "file")
        );
    }
    text
}

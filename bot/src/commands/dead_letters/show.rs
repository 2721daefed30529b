//! Everything about one.

use std::io::Write;
use std::time::SystemTime;

use sabai_daemon::exit::Failure;

use super::How;
use super::list::{self, Entry};
use super::requeue::refusal;
use super::store::{self, DeadLetter, Filter};
use crate::commands::database::Database;
use crate::commands::{show, table};

pub(super) async fn run(
    database: &Database,
    id: i64,
    how: How,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let filter = Filter {
        ids: Some(vec![id]),
        ..Filter::default()
    };
    let found = store::find(database, &filter, None, how.text).await?;
    let Some(one) = found.first() else {
        return Err(super::unknown(&[id]));
    };
    if how.json {
        table::json(out, &Entry::of(one, how.text))?;
        return Ok(());
    }
    for (name, value) in facts(one, how.text) {
        writeln!(out, "{name:<12}  {}", show::line(&value))?;
    }
    if !how.text {
        writeln!(out, "--text shows the conversation and what was written")?;
    }
    Ok(())
}

fn facts(one: &DeadLetter, text: bool) -> Vec<(&'static str, String)> {
    let now = SystemTime::now();
    let time = |time| format!("{} ({} ago)", show::utc(time), show::age(time, now));
    let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let answer = match (one.accepted_at, &one.sent_by, one.begun_at) {
        (Some(at), by, _) => format!("accepted by LINE as a {} at {}", told(by), show::utc(at)),
        (None, Some(by), _) => format!("accepted by LINE as a {by}"),
        (None, None, Some(at)) => format!("begun at {}, not known to be accepted", show::utc(at)),
        (None, None, None) => "none was begun".to_owned(),
    };
    let requeue = refusal(one).map_or("yes".to_owned(), |why| format!("no: {why}"));
    let mut facts = vec![
        ("id", one.id.to_string()),
        ("reason", one.reason.clone()),
        ("detail", told(&one.detail)),
        ("kind", told(&one.kind)),
        ("attempts", one.attempts.to_string()),
        ("occurred", time(one.occurred_at)),
        ("received", time(one.received_at)),
        ("died", time(one.dead_at)),
        ("trace", told(&list::trace(one))),
        ("answer", answer),
        ("requeue", requeue),
        ("event", format!("{} bytes", one.bytes)),
    ];
    if text {
        let private = &one.private;
        facts.extend([
            ("lane", told(&private.lane)),
            ("destination", told(&private.destination)),
            ("message id", told(&private.message_id)),
            ("user id", told(&private.user_id)),
            ("body", told(&list::body(one))),
        ]);
    }
    facts
}

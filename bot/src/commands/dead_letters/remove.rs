//! Dropping for good.

use std::io::Write;

use sabai_daemon::exit::Failure;
use serde::Serialize;

use super::store;
use crate::commands::database::Database;
use crate::commands::{show, table};

const AT_ONCE: usize = 1000;

/// As scripts get it.
#[derive(Serialize)]
struct Told {
    dropped: Vec<i64>,
    unknown: Vec<i64>,
}

pub(super) async fn run(
    database: &Database,
    ids: &[i64],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut dropped = vec![];
    for some in ids.chunks(AT_ONCE) {
        dropped.extend(store::drop(database, some).await?);
    }
    dropped.sort_unstable();
    let unknown = ids
        .iter()
        .copied()
        .filter(|id| dropped.binary_search(id).is_err());
    let unknown: Vec<i64> = unknown.collect();
    let failed = if unknown.is_empty() {
        Ok(())
    } else {
        Err(super::unknown(&unknown))
    };
    if json {
        table::json(out, &Told { dropped, unknown })?;
    } else {
        writeln!(
            out,
            "{} dropped for good",
            show::count(dropped.len() as u64, "dead letter")
        )?;
    }
    failed
}

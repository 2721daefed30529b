//! Writing down what a person has found out.

use std::io::Write;

use anyhow::anyhow;
use sabai_daemon::exit::Failure;
use sabai_wire::link::Statement;
use serde::Serialize;

use super::Truth;
use crate::commands::database::Database;
use crate::commands::{show, table};

const SETTLE: Statement = Statement {
    name: "unknowns.settle",
    sql: include_str!("settle.sql"),
};

/// As scripts get it.
#[derive(Serialize)]
struct Told {
    settled: Vec<i64>,
    unknown_ids: Vec<i64>,
}

pub(super) async fn run(
    database: &Database,
    ids: &[i64],
    truth: Truth,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rows = database.query(&SETTLE, &[&ids, &truth.as_str()]).await?;
    let mut settled: Vec<i64> = rows.iter().map(|row| row.get("event")).collect();
    settled.sort_unstable();
    let missing = ids
        .iter()
        .copied()
        .filter(|id| settled.binary_search(id).is_err());
    let missing: Vec<i64> = missing.collect();
    let names: Vec<String> = missing.iter().map(i64::to_string).collect();
    if json {
        let unknown_ids = missing.clone();
        table::json(
            out,
            &Told {
                settled,
                unknown_ids,
            },
        )?;
    } else {
        let settled = show::count(settled.len() as u64, "event");
        writeln!(out, "{settled} settled as {}", truth.as_str())?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Command(anyhow!(
        "not unknown (any more): {}; see `sabai-bot unknowns list`",
        names.join(", ")
    )))
}

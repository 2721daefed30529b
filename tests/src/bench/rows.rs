//! The rows of design section 11 that one bot can show, with their goals, and the bench that measures them.

use std::path::Path;

use super::measured::{Measured, Pair};
use super::options::Options;
use super::report::{self, Goal, Row, Series};
use super::rounds::Stage;
use crate::bot::build;
use crate::postgres::{self, Postgres};

const NAMES: [&str; 11] = [
    "acknowledgements",
    "events",
    "events_answered",
    "replies",
    "cpu",
    "cpu_postgres",
    "latency",
    "latency_paced",
    "tail",
    "memory_rest",
    "memory_peak",
];
const INSERT: &str = "INSERT/s, 16 clients, TLS";

/// Measures what `options` ask for, prints the table and writes `folder/bot.json`.
///
/// # Errors
/// When a part does not start, or a run loses, doubles or misplaces anything.
pub async fn run(options: &Options, folder: &Path) -> anyhow::Result<()> {
    if !options.wants_any(&NAMES) {
        return Ok(());
    }
    let program = build::bot(options.profile).await?;
    let postgres = Postgres::start(postgres::Options::default()).await?;
    let mut measured = Measured::default();
    let stage = Stage::set(postgres, program, options.clone(), &mut measured).await?;
    for _ in 0..options.rounds() {
        stage.round(&mut measured).await?;
    }
    stage.check().await?;
    let mut rows = rows(measured);
    rows.retain(|row| options.wants(row.name) && !row.ours.values.is_empty());
    report::publish("bot", &rows, options.quick, folder)
}

fn rows(measured: Measured) -> Vec<Row> {
    let mut rows = throughput(
        measured.acknowledgements,
        measured.events,
        measured.events_answered,
        measured.replies,
    );
    rows.extend(processors(measured.cpu, measured.cpu_postgres));
    rows.extend(latency(
        measured.latency,
        measured.latency_paced,
        measured.tail,
    ));
    rows.extend(memory(measured.rest, measured.peak));
    rows
}

fn processors(all: Pair, postgres: Series) -> [Row; 2] {
    let postgres = Pair {
        reference: all.reference.clone(),
        ours: postgres,
    };
    let row = |name, what, pair, goal| Row {
        against: "bare handler",
        unit: "us",
        ..rate(name, what, pair, goal)
    };
    [
        row(
            "cpu",
            "processor time per event, bot and Postgres",
            all,
            Goal::RatioAtMost(7.0),
        ),
        row("cpu_postgres", "of it Postgres", postgres, Goal::None),
    ]
}

fn latency(usual: Pair, paced: Series, tail: Series) -> [Row; 3] {
    let paced = Pair {
        reference: paced,
        ours: usual.ours.clone(),
    };
    [
        Row {
            against: "INSERT, 1 client, p50",
            unit: "ms",
            ..rate(
                "latency",
                "acknowledgement p50 at 50 events/s",
                usual,
                Goal::RatioAtMost(3.0),
            )
        },
        Row {
            against: "INSERT, 50/s, p50",
            unit: "ms",
            ..rate(
                "latency_paced",
                "the same, beside INSERTs at that rate",
                paced,
                Goal::None,
            )
        },
        Row {
            against: "LINE's 2 s",
            unit: "ms",
            ..alone(
                "tail",
                "acknowledgement p99 at half of saturation",
                tail,
                Goal::AtMost(50.0),
            )
        },
    ]
}

fn memory(rest: Series, peak: Series) -> [Row; 2] {
    [
        alone(
            "memory_rest",
            "resident memory at rest",
            rest,
            Goal::AtMost(15.0),
        ),
        alone(
            "memory_peak",
            "resident memory at full load, peak",
            peak,
            Goal::AtMost(40.0),
        ),
    ]
}

fn throughput(acknowledgements: Pair, events: Pair, answered: Series, replies: Pair) -> Vec<Row> {
    let until_answered = Pair {
        reference: events.reference.clone(),
        ours: answered,
    };
    let acknowledged = "acknowledged, 1 event a call, 64 connections";
    vec![
        rate(
            "acknowledgements",
            acknowledged,
            acknowledgements,
            Goal::RatioAtLeast(2.0),
        ),
        rate(
            "events",
            "events acknowledged, 1-10 a call, workers on",
            events,
            Goal::RatioAtLeast(3.0),
        ),
        rate(
            "events_answered",
            "the same, until all is answered and saved",
            until_answered,
            Goal::None,
        ),
        rate(
            "replies",
            "whole pipeline, 32 connections",
            replies,
            Goal::RatioAtLeast(1.0),
        ),
    ]
}

/// Beside single-row INSERTs, unless the caller says otherwise.
fn rate(name: &'static str, what: &'static str, pair: Pair, goal: Goal) -> Row {
    let Pair { reference, ours } = pair;
    Row {
        name,
        what,
        against: INSERT,
        unit: "/s",
        reference: Some(reference),
        ours,
        goal,
    }
}

/// Against a limit; in MiB, unless the caller says otherwise.
fn alone(name: &'static str, what: &'static str, ours: Series, goal: Goal) -> Row {
    Row {
        name,
        what,
        against: "-",
        unit: "MiB",
        reference: None,
        ours,
        goal,
    }
}

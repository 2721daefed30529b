//! What the agent costs: memory and processor at rest, by its defaults, and what a path costs the server.

use std::time::Instant;

use anyhow::{Context, ensure};
use tokio::time::sleep;

use super::super::meter::Reading;
use super::super::report::{Goal, Row, Series};
use super::{Stage, sum};

pub(super) const ROWS: &[&str] = &["rest_memory", "rest_cpu", "path_server_cpu", "path_latency"];

pub(super) async fn rows(stage: &Stage) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    if stage.options.wants_any(&ROWS[..2]) {
        rows.extend(rest(stage).await?);
    }
    if stage.options.wants_any(&ROWS[2..]) {
        rows.extend(path(stage).await?);
    }
    rows.retain(|row| stage.options.wants(row.name));
    Ok(rows)
}

/// A minute, after a minute of settling.
async fn rest(stage: &Stage) -> anyhow::Result<[Row; 2]> {
    let (mut memory, mut processor) = (Series::default(), Series::default());
    let minute = stage.options.seconds(60.0);
    let agent = stage.agent(&[]).await?;
    sleep(minute).await;
    for _ in 0..stage.options.rounds() {
        let began = Instant::now();
        let before = reading(stage, agent.pid())?;
        sleep(minute).await;
        let usage = reading(stage, agent.pid())?.since(&before);
        let share = usage.processes.as_secs_f64() / began.elapsed().as_secs_f64();
        processor.push(100.0 * share, usage.not_ours);
        memory.push(agent.rss_kib()? as f64 / 1024.0, usage.not_ours);
    }
    Ok([
        Row::alone(
            "rest_memory",
            "resident memory at rest",
            "MiB",
            memory,
            Goal::AtMost(12.0),
        ),
        Row::alone(
            "rest_cpu",
            "a core at rest",
            "%",
            processor,
            Goal::AtMost(0.2),
        ),
    ])
}

/// A path each second, in which no ping is due; without it the server does what it did before.
async fn path(stage: &Stage) -> anyhow::Result<[Row; 2]> {
    let (mut processor, mut latency) = (Series::default(), Series::default());
    let lasts = stage.options.seconds(30.0);
    for _ in 0..stage.options.rounds() {
        let before = reading(stage, stage.subject.bot.pid())?;
        let began = Instant::now();
        sleep(lasts).await;
        let idle = reading(stage, stage.subject.bot.pid())?.since(&before);
        let idle = idle.postgres.as_secs_f64() / began.elapsed().as_secs_f64();

        let short = [
            ("SABAI_PROBE_INTERVAL", "1s"),
            ("SABAI_PROBE_TIMEOUT", "900ms"),
            ("SABAI_PROBE_WRITE_INTERVAL", "1s"),
        ];
        let agent = stage.agent(&short).await?;
        let (before, began) = (reading(stage, agent.pid())?, Instant::now());
        let name = "sabai_probe_stage_duration_seconds";
        let query = [("stage", "Query")];
        let first = sum(&agent, &format!("{name}_count"), &query).await?;
        let (first_took, lasts) = (sum(&agent, &format!("{name}_sum"), &[]).await?, lasts);
        sleep(lasts).await;
        let paths = sum(&agent, &format!("{name}_count"), &query).await? - first;
        let took = sum(&agent, &format!("{name}_sum"), &[]).await? - first_took;
        let usage = reading(stage, agent.pid())?.since(&before);
        ensure!(paths >= 1.0, "no path was gone in {lasts:?}");
        let extra = usage.postgres.as_secs_f64() - idle * began.elapsed().as_secs_f64();
        processor.push(1e3 * extra.max(0.0) / paths, usage.not_ours);
        latency.push(1e3 * took / paths, usage.not_ours);
    }
    let what = "the server's processor for a path with a row written";
    Ok([
        Row::alone("path_server_cpu", what, "ms", processor, Goal::None),
        Row::alone(
            "path_latency",
            "a path, all stages, mean",
            "ms",
            latency,
            Goal::None,
        ),
    ])
}

fn reading(stage: &Stage, process: u32) -> anyhow::Result<Reading> {
    Reading::take(&stage.postgres, &[process]).context("counters of processors, which need Linux")
}

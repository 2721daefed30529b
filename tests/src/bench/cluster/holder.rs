//! What it costs the agent that holds the Lease to tell of 200 pods, beside the same agent without them.

use std::time::Duration;

use anyhow::anyhow;
use tokio::time::sleep;

use super::super::options::Options;
use super::super::report::{Goal, Row, Series};
use super::asked::Asked;
use super::crowd::Crowd;
use super::{holder, used, usual};
use crate::release::Release;

pub(super) const ROWS: &[&str] = &["holder_200_cpu", "holder_200_memory", "holder_200_writes"];

/// A heartbeat of each pod.
const WINDOW: f64 = 120.0;
const SETTLES: f64 = 30.0;
const STATUS: &str = "poolconfigs/status";

/// One side of each row.
#[derive(Default)]
struct Side {
    processor: Series,
    memory: Series,
    writes: Series,
}

pub(super) async fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    if !options.wants_any(ROWS) {
        return Ok(Vec::new());
    }
    let release = usual(options, 1).rate(1).start().await;
    release.says("Healthy", "True", "Reachable").await;
    holder(&release).await;
    let alone = side(&release, options).await?;
    let crowd = Crowd::gather(&release).await?;
    let among = tokio::select! {
        side = side(&release, options) => side?,
        ended = crowd.live() => return Err(ended.err().unwrap_or_else(|| anyhow!("no more heartbeats"))),
    };
    drop(release);
    let row = |name, what, unit, reference, ours| Row {
        against: "without them",
        reference: Some(reference),
        ..Row::alone(name, what, unit, ours, Goal::None)
    };
    Ok(vec![
        row(
            ROWS[0],
            "a core, of the holder among 200 pods",
            "%",
            alone.processor,
            among.processor,
        ),
        row(
            ROWS[1],
            "its resident memory",
            "MiB",
            alone.memory,
            among.memory,
        ),
        row(
            ROWS[2],
            "its writes of the PoolConfig's status",
            "/min",
            alone.writes,
            among.writes,
        ),
    ])
}

async fn side(release: &Release, options: &Options) -> anyhow::Result<Side> {
    sleep(options.seconds(SETTLES)).await;
    let mut side = Side::default();
    for _ in 0..options.rounds() {
        let lasts: Duration = options.seconds(WINDOW);
        let before = Asked::so_far(release)?;
        for used in used(release, lasts).await? {
            side.processor.push(used.processor, used.not_ours);
            side.memory.push(used.memory, used.not_ours);
        }
        let writes = Asked::since(release, before)?.writes(release.first(), STATUS);
        let minutes = lasts.as_secs_f64() / 60.0;
        side.writes.push(writes as f64 / minutes, f64::NAN);
    }
    Ok(side)
}

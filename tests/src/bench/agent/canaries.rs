//! How well the canaries measure a path that forgets idle sessions.

use std::time::Duration;

use super::super::report::{Goal, Row, Series};
use super::{Stage, sum};
use crate::gate::{Fault, Gate, IdleEnd, Tls};
use crate::wait::eventually;

pub(super) const ROWS: &[&str] = &["canary_2", "canary_10", "canary_60"];

/// Beyond what `docs/verdict.md` promises, on a machine that does other things too.
const PATIENCE: u32 = 20;
const LEAST: Duration = Duration::from_secs(120);

pub(super) async fn rows(stage: &Stage) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let (named, quick) = (!stage.options.filters.is_empty(), stage.options.quick);
    let all = [
        (ROWS[0], 2, "error of the canaries on a path of 2 s", true),
        (
            ROWS[1],
            10,
            "error of the canaries on a path of 10 s",
            !quick || named,
        ),
        (
            ROWS[2],
            60,
            "error of the canaries on a path of 60 s",
            named,
        ),
    ];
    for (name, seconds, what, offered) in all {
        if offered && stage.options.wants(name) {
            let error = error(stage, Duration::from_secs(seconds)).await?;
            rows.push(Row::alone(name, what, "%", error, Goal::AtMost(5.0)));
        }
    }
    Ok(rows)
}

async fn error(stage: &Stage, idle: Duration) -> anyhow::Result<Series> {
    let mut series = Series::default();
    let rounds = if idle > LEAST / PATIENCE * 2 {
        1
    } else {
        stage.options.rounds()
    };
    for _ in 0..rounds {
        let gate = Gate::before(&stage.postgres, Tls::Passed).await?;
        let silent = Fault::IdleTimeout(idle, IdleEnd::Silent);
        gate.new_connections(silent).await;
        let agent = stage.agent_by(&gate, &[("SABAI_CANARIES", "on")]).await?;
        let limit = LEAST.max(idle * PATIENCE);
        let found = eventually(limit, "the canaries to find it", async || {
            match sum(&agent, "sabai_path_idle_timeout_seconds", &[]).await {
                Ok(found) if found > 0.0 => Ok(found),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        let right = idle.as_secs_f64();
        series.push(100.0 * (found - right).abs() / right, f64::NAN);
    }
    Ok(series)
}

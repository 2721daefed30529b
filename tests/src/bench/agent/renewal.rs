//! How long it takes from knowing that a certificate was rotated until no session is older, without the delay that
//! spreads pods.

use std::time::Instant;

use anyhow::{Context, ensure};
use tokio::time::timeout;

use super::super::report::{Goal, Row, Series};
use super::{LIMIT, Stage};
use crate::agent::Agent;
use crate::bot::log::Line;
use crate::postgres::certificates::Presents;

pub(super) const ROWS: &[&str] = &["renewal"];
const TIMES: usize = 5;

pub(super) async fn rows(stage: &Stage) -> anyhow::Result<Option<Row>> {
    if !stage.options.wants_any(ROWS) {
        return Ok(None);
    }
    let env = [
        ("SABAI_PROBE_INTERVAL", "2s"),
        ("SABAI_PROBE_TIMEOUT", "1500ms"),
        ("SABAI_RECYCLE_SPREAD", "0s"),
        ("SABAI_RECYCLE_MIN_INTERVAL", "1s"),
        ("SABAI_RECYCLE_MAX_PER_HOUR", "60"),
    ];
    let agent = stage.agent(&env).await?;
    let mut series = Series::default();
    for _ in 0..if stage.options.quick { 1 } else { TIMES } {
        let before = agent.log().count();
        stage.postgres.present(Presents::Trusted).await?;
        says(&agent, before, "refresh (CertificateChanged): begins").await?;
        let noticed = Instant::now();
        let ended = says(&agent, before, "refresh (CertificateChanged): ended").await?;
        series.push(noticed.elapsed().as_secs_f64() * 1e3, f64::NAN);
        let outcome = ended.field("outcome");
        ensure!(outcome == Some("Completed"), "{}", ended.text());
    }
    let what = "from noticing a rotated certificate until every session is new";
    Ok(Some(Row::alone("renewal", what, "ms", series, Goal::None)))
}

/// A line of the log after the first `count`.
async fn says(agent: &Agent, count: u64, words: &str) -> anyhow::Result<Line> {
    let log = agent.log();
    let line = log.wait_for_since(count, |line| line.message() == Some(words));
    let line = timeout(LIMIT, line).await;
    line.with_context(|| format!("no line {words:?}:\n{}", log.tail()))
}

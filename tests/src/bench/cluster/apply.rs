//! How soon every bot of a release goes by new settings, from when `kubectl apply` has returned.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::super::options::Options;
use super::super::report::{Goal, Row, Series};
use super::{LIMIT, usual};
use crate::bot::control;
use crate::random::Random;
use crate::release::Release;

pub(super) const ROWS: &[&str] = &["apply_latency", "apply_latency_max", "apply_begun"];

const PODS: usize = 5;
const TIMES: usize = 20;
/// A bot is asked again after this long.
const EVERY: Duration = Duration::from_millis(4);
/// What the agents do each while is met at any moment of it.
const APART: usize = 2_000;

pub(super) async fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    if !options.wants_any(ROWS) {
        return Ok(Vec::new());
    }
    let release = usual(options, PODS).start().await;
    release.says("Ready", "True", "InForce").await;
    let (mut random, mut most) = (Random::new(5), 0.0_f64);
    let (mut returned, mut begun) = (Series::default(), Series::default());
    for turn in 0..if options.quick { 2 } else { TIMES } {
        sleep(Duration::from_millis(random.within(0..=APART) as u64)).await;
        let spec = json!({"pool": {"maxConnections": 12 + turn % 2}});
        for took in obeyed(&release, &spec).await? {
            returned.push(took.since_return, f64::NAN);
            begun.push(took.since_begin, f64::NAN);
            most = most.max(took.since_return);
        }
    }
    drop(release);
    let mut max = Series::default();
    max.push(most, f64::NAN);
    let row = |place: usize, what, ours, goal| Row::alone(ROWS[place], what, "ms", ours, goal);
    let goal = Goal::AtMost(1000.0);
    Ok(vec![
        row(0, "from kubectl apply to each of 5 bots", returned, goal),
        row(1, "the slowest of them", max, goal),
        row(2, "from when kubectl was started", begun, Goal::None),
    ])
}

/// In milliseconds.
struct Took {
    /// 0 for a bot that obeyed before kubectl had returned.
    since_return: f64,
    since_begin: f64,
}

/// Until each bot's checkouts go by these settings.
async fn obeyed(release: &Release, spec: &serde_json::Value) -> anyhow::Result<Vec<Took>> {
    let mut bots = JoinSet::new();
    for member in &release.members {
        let socket = member.control_socket();
        let before = digest(&socket).await?;
        bots.spawn(async move { changes(&socket, &before).await });
    }
    let begun = Instant::now();
    release.apply(spec).await;
    let returned = Instant::now();
    let mut took = Vec::new();
    while let Some(changed) = timeout(LIMIT, bots.join_next())
        .await
        .context("a bot does not obey")?
    {
        let changed = changed??;
        let since = |moment| 1e3 * changed.saturating_duration_since(moment).as_secs_f64();
        took.push(Took {
            since_return: since(returned),
            since_begin: since(begun),
        });
    }
    Ok(took)
}

/// When a bot says that other settings are in force.
async fn changes(socket: &Path, before: &str) -> anyhow::Result<Instant> {
    loop {
        if digest(socket).await? != before {
            return Ok(Instant::now());
        }
        sleep(EVERY).await;
    }
}

async fn digest(socket: &Path) -> anyhow::Result<String> {
    let report = control::get(socket, "/v1/report").await?;
    let digest = report["settingsDigest"].as_str();
    Ok(digest.context("a report without a digest")?.to_owned())
}

//! Ten minutes without an API server, while customers write: how often an agent asks for it, what that costs in memory, whether
//! anybody notices, and how soon the reports are right once it is back.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use tokio::time::{interval, sleep};

use super::super::options::Options;
use super::super::report::{Goal, Row, Series};
use super::{LIMIT, usual};
use crate::gate::Fault;
use crate::release::{Member, Release};
use crate::wait::eventually;

pub(super) const ROWS: &[&str] = &[
    "away_attempts",
    "away_memory",
    "away_not_ready",
    "away_refused",
    "away_right",
];
const PODS: usize = 3;
/// Events a second.
const RATE: u32 = 20;
const AWAY: f64 = 600.0;
const SETTLES: f64 = 60.0;
const LOOK: Duration = Duration::from_millis(100);
/// What is in force when the server goes, and what is applied meanwhile.
const CEILINGS: [u64; 2] = [12, 7];

pub(super) async fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    if !options.wants_any(ROWS) {
        return Ok(Vec::new());
    }
    let release = usual(options, PODS).rate(RATE).start().await;
    let began = Instant::now();
    right(&release, CEILINGS[0]).await;
    sleep(options.seconds(SETTLES)).await;
    let settled = began.elapsed();
    let mut not_ready = vec![0; PODS];
    let [attempts, memory, took] = tokio::select! {
        measured = away(&release, options) => measured?,
        never = watch(&release.members, &mut not_ready) => match never {},
    };
    let answers = release.ends().await.answers;
    let refused = answers
        .iter()
        .filter(|one| one.sent > settled && !one.is_acknowledged());
    let refused = refused.count() as f64;
    let once = |values: Vec<f64>| {
        let mut series = Series::default();
        values
            .into_iter()
            .for_each(|one| series.push(one, f64::NAN));
        series
    };
    let not_ready = not_ready.into_iter().map(f64::from).sum();
    let row = |place: usize, what, unit, values, goal| {
        Row::alone(ROWS[place], what, unit, once(values), Goal::AtMost(goal))
    };
    Ok(vec![
        row(
            0,
            "connections an agent tries while the API server is away",
            "/min",
            attempts,
            // Watches, report, Lease and Events, each after three seconds at least: all are right within five of the return.
            120.0,
        ),
        row(1, "what its memory grows by meanwhile", "MiB", memory, 1.0),
        row(
            2,
            "looks at /readyz, ten a second, that say no",
            "",
            vec![not_ready],
            0.0,
        ),
        row(
            3,
            "webhooks that did not get their 200 at once",
            "",
            vec![refused],
            0.0,
        ),
        row(4, "from its return to all 3 reports right", "s", took, 5.0),
    ])
}

/// Attempts, growth and time, as in the rows.
async fn away(release: &Release, options: &Options) -> anyhow::Result<[Vec<f64>; 3]> {
    let lasts = options.seconds(AWAY);
    let before = memory(&release.members)?;
    let accepted = release.api.accepted();
    release.api.all(Fault::Reset).await;
    change(release, CEILINGS[1]).await;
    sleep(lasts).await;
    let attempts = release.api.accepted() - accepted;
    let after = memory(&release.members)?;
    release.api.heal().await;
    let back = Instant::now();
    right_now(release, CEILINGS[1]).await;
    let took = back.elapsed().as_secs_f64();
    let minutes = lasts.as_secs_f64() / 60.0;
    let grown = after
        .iter()
        .zip(&before)
        .map(|(after, before)| after - before);
    Ok([
        vec![attempts as f64 / minutes / PODS as f64],
        grown.collect(),
        vec![took],
    ])
}

/// MiB of each agent.
fn memory(members: &[Member]) -> anyhow::Result<Vec<f64>> {
    let each = members.iter().map(|member| {
        let kib = member.agent.rss_kib().context("Linux")?;
        Ok(kib as f64 / 1024.0)
    });
    each.collect()
}

/// Counts the looks at each agent that found it not ready, for ever.
async fn watch(members: &[Member], not_ready: &mut [u32]) -> Infallible {
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        for (member, count) in members.iter().zip(&mut *not_ready) {
            let page = member.agent.page("/readyz").await;
            *count += u32::from(!page.is_ok_and(|(status, _)| status == 200));
        }
    }
}

async fn change(release: &Release, ceiling: u64) {
    let spec = json!({"pool": {"maxConnections": ceiling}});
    release.apply(&spec).await;
}

async fn right(release: &Release, ceiling: u64) {
    change(release, ceiling).await;
    right_now(release, ceiling).await;
}

/// Waits until every pod's report tells of this ceiling as in force.
async fn right_now(release: &Release, ceiling: u64) {
    let what = format!("every report to tell of {ceiling}");
    let kubernetes = release.namespace.kubernetes().api();
    eventually(LIMIT, &what, async || {
        for member in &release.members {
            let path = format!("poolinstances/{}", member.pod);
            let path = release.namespace.path("sabai.dev/v1alpha1", &path);
            let object = kubernetes.get(&path).await;
            let status = object.map_err(|error| format!("{error:#}"))?["status"].clone();
            if status["pool"]["maxConnections"] != ceiling {
                return Err(status.to_string());
            }
        }
        Ok(())
    })
    .await;
}

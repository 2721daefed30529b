//! The rows about agents in a cluster, with their goals. From `kubectl apply` to the bots: `apply_latency`, `apply_latency_max`,
//! `apply_begun`. At rest, each with `_holder` for the one that holds the Lease: `requests_at_rest`, `agent_rest_cluster_memory`,
//! `agent_rest_cluster_cpu`. Ten minutes without an API server: `away_attempts`, `away_memory`, `away_not_ready`,
//! `away_refused`, `away_right`. Of a holder that counts 200 pods: `holder_200_cpu`, `holder_200_memory`, `holder_200_writes`.

mod apply;
mod asked;
mod away;
mod crowd;
mod holder;
mod rest;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use tokio::time::sleep;

use super::meter::Reading;
use super::options::Options;
use super::report::{self, Row};
use crate::release::{Member, Release, Setup, setup};
use crate::wait::eventually;

/// For whatever comes about without being measured.
const LIMIT: Duration = Duration::from_secs(60);

/// Measures what `options` ask for, prints each part of the table and in the end the whole, and writes `folder/cluster.json`.
///
/// # Errors
/// When something that is waited for does not come about.
///
/// # Panics
/// When a part does not start.
#[expect(clippy::print_stdout, reason = "the figures of a run")]
pub async fn run(options: &Options, folder: &Path) -> anyhow::Result<()> {
    let names = [apply::ROWS, rest::ROWS, away::ROWS, holder::ROWS].concat();
    if !options.wants_any(&names) {
        return Ok(());
    }
    let mut rows = Vec::new();
    // Told as they come: each takes many minutes, and a later one may fail.
    let mut told = |found: Vec<Row>| {
        let found = found.into_iter().filter(|row| options.wants(row.name));
        let found: Vec<Row> = found.collect();
        if !found.is_empty() {
            print!("{}", report::table(&found));
        }
        rows.extend(found);
    };
    told(apply::rows(options).await?);
    told(rest::rows(options).await?);
    told(away::rows(options).await?);
    told(holder::rows(options).await?);
    report::publish("cluster", &rows, options.quick, folder)
}

/// A release of so many pods by all the defaults of a PoolConfig, with heartbeats as they are by default.
fn usual(options: &Options, members: usize) -> Setup {
    setup()
        .profile(options.profile)
        .members(members)
        .spec(Some(json!({})))
        .agent_env("SABAI_REPORT_INTERVAL", "2m")
}

/// The place of the pod that holds the Lease.
async fn holder(release: &Release) -> usize {
    eventually(LIMIT, "a pod to hold the Lease", async || {
        let holder = release.holder().await;
        let holder = holder.map_err(|error| format!("{error:#}"))?;
        let mut members = release.members.iter();
        members
            .position(|member| holder.starts_with(&member.pod))
            .ok_or(holder)
    })
    .await
}

/// What an agent used in a while.
struct Used {
    /// Per cent of a core.
    processor: f64,
    /// MiB, at the end.
    memory: f64,
    not_ours: f64,
}

/// What each agent uses in so long a while, in the order of the pods.
async fn used(release: &Release, lasts: Duration) -> anyhow::Result<Vec<Used>> {
    let times = || release.members.iter().map(|one| one.agent.cpu_time());
    let before = times().collect::<Result<Vec<_>, _>>()?;
    let (reading_before, began) = (reading(release)?, Instant::now());
    sleep(lasts).await;
    let not_ours = reading(release)?.since(&reading_before).not_ours;
    let took = began.elapsed().as_secs_f64();
    let after = times().collect::<Result<Vec<_>, _>>()?;
    let mut all = Vec::new();
    for ((member, before), after) in release.members.iter().zip(before).zip(after) {
        all.push(Used {
            processor: 100.0 * (after - before).as_secs_f64() / took,
            memory: member.agent.rss_kib()? as f64 / 1024.0,
            not_ours,
        });
    }
    Ok(all)
}

/// The counters, with all that belongs to the release and its API server.
fn reading(release: &Release) -> anyhow::Result<Reading> {
    let servers = release.namespace.kubernetes().pids();
    let servers = servers.into_iter().map(|(_, pid)| pid);
    let pods = release.members.iter();
    let pods = pods.flat_map(|Member { agent, bot, .. }| [agent.pid(), bot.pid()]);
    let all: Vec<u32> = servers.chain(pods).collect();
    Reading::take(&release.postgres, &all).context("counters of processors, which need Linux")
}

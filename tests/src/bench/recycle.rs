//! The rows about recycling: the same full load with and without a refresh every half second, and how many sessions the
//! server ever saw.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::time::{interval, sleep};
use uuid::Uuid;

use super::measured::Pair;
use super::options::Options;
use super::report::{Goal, Row, Series};
use super::subject::{Duty, Subject};
use crate::bot::control;
use crate::postgres::Postgres;
use crate::scratch::Scratch;

/// From one recycle to the next, which begins when the one before has ended.
const EVERY: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(20);
const CONNECTIONS: usize = 32;
/// In one round: the p99 of a few seconds wanders by a third.
const PAIRS: usize = 4;

/// What was measured.
#[derive(Default)]
pub(super) struct Measured {
    /// p99 of an acknowledgement in milliseconds, without and with recycles.
    latency: Pair,
    /// The server's own count, and the ceiling.
    sessions: Pair,
    recycles: usize,
}

/// One round: with and without in turn.
///
/// # Errors
/// When a webhook is not answered 200, a recycle does not complete, or anything is lost.
pub(super) async fn round(
    postgres: &Postgres,
    program: &Path,
    options: &Options,
    number: usize,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let scratch = Scratch::new("recycle").context("make a folder for the socket")?;
    let socket = scratch.path().join("control.sock");
    let environment = vec![(
        "SABAI_CONTROL_SOCKET".to_owned(),
        socket.display().to_string(),
    )];
    let name = format!("recycle_{number}");
    let subject = Subject::start_with(postgres, program, &name, Duty::Answer, environment).await?;
    subject.warm_up(options.seconds(2.0)).await?;
    let lasts = options.seconds(4.0);
    for _ in 0..PAIRS {
        let without = subject.load(lasts).closed(CONNECTIONS, false).await?;
        subject.settled().await?;
        let load = subject.load(lasts);
        let with = tokio::select! {
            with = load.closed(CONNECTIONS, false) => with?,
            failed = recycling(&socket, &mut measured.recycles) => anyhow::bail!("{failed:#}"),
            failed = counting(&subject, &socket, &mut measured.sessions) => anyhow::bail!("{failed:#}"),
        };
        subject.settled().await?;
        let Pair { reference, ours } = &mut measured.latency;
        reference.push(without.quantile_ms(0.99), f64::NAN);
        ours.push(with.quantile_ms(0.99), f64::NAN);
    }
    subject.check_saved().await
}

/// Recycles until it is dropped or one does not complete.
async fn recycling(socket: &Path, recycles: &mut usize) -> anyhow::Error {
    loop {
        match recycle(socket).await {
            Ok(()) => *recycles += 1,
            Err(error) => return error,
        }
        sleep(EVERY).await;
    }
}

async fn recycle(socket: &Path) -> anyhow::Result<()> {
    let request =
        json!({"requestId": Uuid::new_v4().to_string(), "kind": "Refresh", "reason": "Requested"});
    let request = Bytes::from(request.to_string());
    loop {
        let (status, body) =
            control::exchange(socket, Method::POST, "/v1/recycle", request.clone()).await?;
        let report: Value = serde_json::from_slice(&body).context("no JSON")?;
        match report["outcome"].as_str() {
            Some("InProgress") => sleep(LOOK).await,
            Some("Completed") => {
                ensure!(
                    report["oldSessions"] == 0 && report["requestsFailed"] == 0,
                    "{report}"
                );
                return Ok(());
            }
            _ => anyhow::bail!("{status}: {report}"),
        }
    }
}

/// Counts the bot's sessions as the server has them, until it is dropped.
async fn counting(subject: &Subject, socket: &Path, sessions: &mut Pair) -> anyhow::Error {
    let counted = async {
        let report = control::get(socket, "/v1/report").await?;
        let ceiling = report["maxConnections"].as_f64().context("a ceiling")?;
        let inside = subject.inside().await?;
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            let count = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'sabai/%'";
            let now: i64 = inside.query_one(count, &[]).await?.get(0);
            sessions.reference.push(ceiling, f64::NAN);
            sessions.ours.push(now as f64, f64::NAN);
        }
    };
    let ended: anyhow::Result<()> = counted.await;
    ended
        .err()
        .unwrap_or_else(|| anyhow::anyhow!("counting ended"))
}

/// The rows.
pub(super) fn rows(measured: Measured) -> Vec<Row> {
    let row = |name, what, against, unit, pair: Pair, goal| Row {
        name,
        what,
        against,
        unit,
        reference: Some(pair.reference),
        ours: pair.ours,
        goal,
    };
    let most = |series: &Series| {
        let mut most = Series::default();
        let all = series.values.iter().copied();
        most.push(all.fold(f64::NAN, f64::max), f64::NAN);
        most
    };
    let sessions = Pair {
        reference: most(&measured.sessions.reference),
        ours: most(&measured.sessions.ours),
    };
    let latency = "acknowledgement p99, a refresh every 500 ms";
    vec![
        row(
            "recycle",
            latency,
            "the same load without",
            "ms",
            measured.latency,
            Goal::RatioAtMost(1.1),
        ),
        row(
            "recycle_sessions",
            "most sessions the server saw",
            "the ceiling",
            "",
            sessions,
            Goal::RatioAtMost(1.0),
        ),
    ]
}

//! How soon the agent notices a fault, in intervals of its probe, from any moment of an interval.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::report::{Goal, Row, Series};
use super::{LIMIT, Stage, thinks};
use crate::agent::Agent;
use crate::gate::Fault;
use crate::postgres::certificates::Presents;
use crate::random::Random;

pub(super) const ROWS: &[&str] = &[
    "notice_refused",
    "notice_dropped",
    "notice_stalled",
    "notice_expired",
];
const TIMES: usize = 5;

/// What is noticed.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// Nobody listens any more; sessions that exist go on.
    Refused,
    /// Packets vanish, of all sessions.
    Dropped,
    /// Nobody answers, in all sessions.
    Stalled,
    /// New sessions are shown an expired certificate.
    Expired,
}

pub(super) async fn rows(stage: &Stage) -> anyhow::Result<Vec<Row>> {
    let all = [
        (Trouble::Refused, "until it notices that nobody listens"),
        (Trouble::Dropped, "until it notices that packets vanish"),
        (Trouble::Stalled, "until it notices that nobody answers"),
        (Trouble::Expired, "until it notices an expired certificate"),
    ];
    let mut rows = Vec::new();
    let all = ROWS.iter().zip(all);
    for (name, (trouble, what)) in all.filter(|(name, _)| stage.options.wants(name)) {
        let noticed = noticed(stage, trouble).await?;
        rows.push(Row::alone(
            name,
            what,
            "intervals",
            noticed,
            Goal::AtMost(2.0),
        ));
    }
    Ok(rows)
}

async fn noticed(stage: &Stage, trouble: Trouble) -> anyhow::Result<Series> {
    // By the defaults, or as short as may be where it is only seen whether this works.
    let (seconds, timeout) = if stage.options.quick {
        (2, "1500ms")
    } else {
        (10, "5s")
    };
    let interval = Duration::from_secs(seconds);
    let env = [
        ("SABAI_PROBE_INTERVAL", &*format!("{seconds}s")),
        ("SABAI_PROBE_TIMEOUT", timeout),
    ];
    let agent = stage.agent(&env).await?;
    let (mut random, mut series) = (Random::new(trouble as u64), Series::default());
    let times = if stage.options.quick { 1 } else { TIMES };
    for _ in 0..times {
        healthy(&agent).await;
        // Any moment of an interval.
        sleep(interval.mul_f64(random.within(0..=100) as f64 / 100.0)).await;
        let began = Instant::now();
        begin(stage, trouble).await?;
        thinks(&agent, "Healthy", false).await;
        let took = began.elapsed().as_secs_f64();
        series.push(took / interval.as_secs_f64(), f64::NAN);
        end(stage, trouble).await?;
    }
    healthy(&agent).await;
    Ok(series)
}

async fn healthy(agent: &Agent) {
    agent.says(200, "Postgres Healthy", LIMIT).await;
}

async fn begin(stage: &Stage, trouble: Trouble) -> anyhow::Result<()> {
    match trouble {
        Trouble::Refused => stage.gate.new_connections(Fault::Refuse).await,
        Trouble::Dropped => stage.gate.all(Fault::Drop).await,
        Trouble::Stalled => stage.gate.all(Fault::Stall).await,
        Trouble::Expired => stage.postgres.present(Presents::Expired).await?,
    }
    Ok(())
}

async fn end(stage: &Stage, trouble: Trouble) -> anyhow::Result<()> {
    match trouble {
        Trouble::Expired => stage.postgres.present(Presents::Trusted).await,
        Trouble::Refused | Trouble::Dropped | Trouble::Stalled => {
            stage.gate.heal().await;
            Ok(())
        }
    }
}

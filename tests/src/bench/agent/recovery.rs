//! Whether a bot with an agent beside it comes back from an outage as soon as one without: the same outage in turns.

use std::time::{Duration, Instant};

use super::super::measured::Pair;
use super::super::report::{Goal, Row};
use super::Stage;
use crate::postgres::Stop;
use crate::wait::eventually;

pub(super) const ROWS: &[&str] = &["recovery_first", "recovery_all"];

/// Events a second.
const RATE: f64 = 200.0;
const AWAY: Duration = Duration::from_secs(4);
const BACK: Duration = Duration::from_secs(60);

/// What one outage came to, in milliseconds from the moment at which the server accepts sessions again.
struct Recovery {
    /// Until something is answered.
    first: f64,
    /// Until everything is.
    all: f64,
}

pub(super) async fn rows(stage: &Stage) -> anyhow::Result<Vec<Row>> {
    if !stage.options.wants_any(ROWS) {
        return Ok(Vec::new());
    }
    stage.subject.warm_up(stage.options.seconds(2.0)).await?;
    let (mut first, mut all) = (Pair::default(), Pair::default());
    for round in 0..2 * stage.options.rounds() {
        // A B, then B A: neither is always the one that comes second.
        let with_agent = (round % 2 == 0) == (round / 2 % 2 == 1);
        let agent = match with_agent {
            true => Some(stage.agent(&[]).await?),
            false => None,
        };
        let recovery = recover(stage).await?;
        for (pair, value) in [(&mut first, recovery.first), (&mut all, recovery.all)] {
            let side = match with_agent {
                true => &mut pair.ours,
                false => &mut pair.reference,
            };
            side.push(value, f64::NAN);
        }
        if let Some(agent) = agent {
            agent.kill().await;
        }
    }
    let against = "without an agent";
    let row = |name, what, Pair { reference, ours }| Row {
        reference: Some(reference),
        against,
        ..Row::alone(name, what, "ms", ours, Goal::RatioAtMost(1.1))
    };
    let rows = [
        row(ROWS[0], "first answer once Postgres is back", first),
        row(ROWS[1], "everything answered once Postgres is back", all),
    ];
    Ok(rows
        .into_iter()
        .filter(|row| stage.options.wants(row.name))
        .collect())
}

async fn recover(stage: &Stage) -> anyhow::Result<Recovery> {
    let Stage {
        subject, postgres, ..
    } = stage;
    let load = subject.load(AWAY);
    let (load, stopped) = tokio::join!(load.open(RATE), postgres.stop(Stop::Immediate));
    stopped?;
    load?;
    let answered = subject.replies();
    postgres.start_again().await?;
    let back = Instant::now();
    eventually(BACK, "the first answer", async || match subject.replies() {
        now if now > answered => Ok(()),
        now => Err(now),
    })
    .await;
    let first = back.elapsed().as_secs_f64() * 1e3;
    subject.settled().await?;
    let all = back.elapsed().as_secs_f64() * 1e3;
    Ok(Recovery { first, all })
}

//! `--check`: a plan is delivered, the bot killed twice meanwhile, everything left to settle, the run judged, and the
//! agent tried, and with `--kube` the PoolConfig. The last line is JSON; the rest is for people.

mod agent;
mod cluster;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use serde::Serialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::delivery::Deliveries;
use super::options::CUSTOMERS;
use super::plan::Plan;
use super::record::{self, Left};
use super::screen::Screen;
use super::stage::Stage;
use super::verdict::{Call, Due, Evidence, Verdict};
use crate::line::Endpoint;
use crate::postgres::Session;
use crate::world::{check, contract};

const SETTLE_LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);
const TELL: Duration = Duration::from_secs(5);
/// Problems are told one by one up to here.
const MOST_TOLD: usize = 20;

/// The last line.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    agent: &'a agent::Tried,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a cluster::Tried>,
    deliveries: usize,
    kills: usize,
    seed: u64,
}

/// Runs a check; true when all was well.
///
/// # Errors
/// When it cannot be carried through.
pub(super) async fn check(
    screen: &Screen,
    kube: bool,
    seed: Option<u64>,
    events: usize,
) -> anyhow::Result<bool> {
    // Short enough to be typed.
    let seed = seed.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0 % 1_000_000);
    let stage = Stage::start(screen, "check.log", kube).await?;
    let plan = Arc::new(Plan::new(seed, events));
    screen.show(&format!(
        "· sending {events} events of {CUSTOMERS} customers in {} calls, {} deliveries in all (--seed {seed})",
        plan.calls.len(),
        plan.deliveries()
    ));
    let started = Instant::now();
    let deliveries = Deliveries::new(stage.webhook(), Arc::clone(&plan));
    let kills = deliver(screen, &stage, &deliveries).await?;
    screen.show(&format!(
        "· everything is acknowledged after {:.1} s; {} calls were made again",
        started.elapsed().as_secs_f64(),
        deliveries.made_again()
    ));
    let session = stage.database().superuser().await?;
    settle(screen, &session).await?;
    let evidence = evidence(&stage, &session, &deliveries, kills).await?;
    let kills = evidence.kills.len();
    let verdict = Verdict::of(evidence);
    tell(screen, &verdict, started.elapsed(), &stage);
    let agent = agent::Tried::on(screen, &stage).await;
    let cluster = match stage.cluster() {
        Some(cluster) => Some(cluster::Tried::on(screen, &stage, cluster).await),
        None => None,
    };
    let summary = Summary {
        verdict: &verdict,
        agent: &agent,
        cluster: cluster.as_ref(),
        deliveries: plan.deliveries(),
        kills,
        seed,
    };
    screen.show(&serde_json::to_string(&summary).context("write the summary")?);
    Ok(verdict.all_well() && agent.is_well() && cluster.is_none_or(|tried| tried.is_well()))
}

/// Makes the calls and the kills; returns the moments of the kills.
async fn deliver(
    screen: &Screen,
    stage: &Stage,
    deliveries: &Arc<Deliveries>,
) -> anyhow::Result<Vec<SystemTime>> {
    let planned = deliveries.plan().kills;
    let (order, mut orders) = mpsc::unbounded_channel();
    let killing = async {
        let mut kills = Vec::new();
        while let Some(call) = orders.recv().await {
            kills.push(stage.kill_bot().await);
            let took = stage.start_bot().await?;
            screen.show(&format!(
                "· killed the bot (SIGKILL) at call {call}; it was ready again after {} ms",
                took.as_millis()
            ));
        }
        anyhow::Ok(kills)
    };
    let making = async move {
        deliveries
            .make(|call| {
                if planned.contains(&call) {
                    // The receiver lives as long as this.
                    let _ = order.send(call);
                }
            })
            .await
    };
    let ((), kills) = tokio::try_join!(making, killing)?;
    Ok(kills)
}

/// Waits until nothing is left to do, or for two minutes: what is not settled then is judged as such.
async fn settle(screen: &Screen, session: &Session) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut tick = tokio::time::interval(LOOK);
    let mut told = started;
    loop {
        tick.tick().await;
        let left = Left::read(session).await?;
        let took = started.elapsed();
        if left.nothing() {
            screen.show(&format!(
                "· everything is settled {:.1} s later",
                took.as_secs_f64()
            ));
            return Ok(());
        }
        if took >= SETTLE_LIMIT {
            screen.show(&format!("· after {SETTLE_LIMIT:?} {left}"));
            return Ok(());
        }
        if told.elapsed() >= TELL {
            told = Instant::now();
            screen.show(&format!("· {left}"));
            for lane in record::lanes(session).await? {
                screen.show(&format!("    {lane}"));
            }
        }
    }
}

async fn evidence(
    stage: &Stage,
    session: &Session,
    deliveries: &Deliveries,
    kills: Vec<SystemTime>,
) -> anyhow::Result<Evidence> {
    let destination = stage.destination();
    let endings = contract::endings(&stage.database()).await?;
    let turns = record::turns(session).await?;
    let due = deliveries.plan().events.iter().map(|planned| Due {
        id: planned.event.id.clone(),
        key: contract::event_key(destination, &planned.event.id),
        expected: planned.expected,
    });
    let events = deliveries.history().events();
    Ok(stage.line().journal(|journal| Evidence {
        report: check::report(&events, destination, &endings, journal),
        due: due.collect(),
        turns,
        calls: journal
            .since(0)
            .iter()
            .filter(|call| matches!(call.endpoint, Endpoint::Reply | Endpoint::Push))
            .map(|call| Call {
                event: call.event.as_deref().map(str::to_owned),
                how: call.endpoint,
                accepted: call.accepted,
                status: call.status,
                request_id: call.request_id.clone(),
                at: call.at,
            })
            .collect(),
        kills,
    }))
}

fn tell(screen: &Screen, verdict: &Verdict, took: Duration, stage: &Stage) {
    let report = &verdict.report;
    let answered = report.outcomes.get(contract::ANSWERED).unwrap_or(&0);
    screen.show(&format!(
        "\n{} events sent, {} acknowledged, in {:.1} s. What became of them:
  {answered:>6}  answered
  {:>6}  stored, no answer due
  {:>6}  unknown: the bot was killed between its call to LINE and its note of the answer
  {:>6}  unanswered
  {:>6}  dead letters
  {:>6}  lost
  {:>6}  answered or saved twice
  {:>6}  pairs answered in the wrong order",
        report.sent,
        report.acknowledged,
        took.as_secs_f64(),
        verdict.stored_only,
        verdict.unknown,
        verdict.unanswered,
        verdict.dead_letters,
        report.lost,
        report.duplicates,
        report.out_of_order,
    ));
    for problem in verdict.problems.iter().take(MOST_TOLD) {
        screen.show(&format!("  ! {problem}"));
    }
    if verdict.problems.len() > MOST_TOLD {
        let more = verdict.problems.len() - MOST_TOLD;
        screen.show(&format!("  ! and {more} more"));
    }
    if !verdict.all_well() {
        screen.show(&format!(
            "The bot's log is in {}",
            stage.log().path().display()
        ));
    }
}

/// Before a line that tells what was tried.
fn mark(well: bool) -> &'static str {
    if well { "·" } else { "!" }
}

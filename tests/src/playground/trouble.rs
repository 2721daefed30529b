//! `/fault`, `/heal`, `/status`: what goes wrong, and one line that says how the bot stands, what the agent thinks and what its
//! PoolConfig says.

use std::time::Duration;

use serde_json::Value;

use super::screen::Screen;
use super::stage::Stage;
use crate::mishap::Mishap;

/// How often it is looked whether something stands otherwise.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// Makes something go wrong.
pub(super) async fn inflict(stage: &Stage, screen: &Screen, mishap: Mishap) {
    screen.show(&format!("  · {}", mishap.about()));
    if let Err(error) = stage.ground().inflict(mishap).await {
        screen.show(&format!("  ! {error:#}"));
    }
}

/// Takes back all that is in force.
pub(super) async fn heal(stage: &Stage, screen: &Screen) {
    match stage.ground().heal().await {
        Ok(()) => screen.show("  · all is well again"),
        Err(error) => screen.show(&format!("  ! {error:#}")),
    }
}

/// All that can go wrong.
pub(super) fn list() -> String {
    let width = Mishap::ALL
        .iter()
        .map(|mishap| mishap.name().len())
        .max()
        .unwrap_or(0);
    let lines = Mishap::ALL
        .iter()
        .map(|mishap| format!("  {:width$}  {}", mishap.name(), mishap.about()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Shows how bot and agent stand, now.
pub(super) async fn status(stage: &Stage, screen: &Screen) {
    screen.show(&format!("  ~ {}", line(stage).await));
}

/// Shows it whenever one stands otherwise, until it is dropped. Sessions come and go: that alone is no news.
pub(super) async fn watch(stage: &Stage, screen: &Screen) {
    let (mut bot, mut agent, mut told) = (None, None, None);
    loop {
        tokio::time::sleep(LOOK).await;
        let report = stage.report().await.map(|report| {
            let generation = report["generation"].clone();
            (generation, fault(&report), spooled(&report) > 0)
        });
        // A bot that is away is no news: who killed it knows.
        let now = (
            report.or(bot.clone()),
            Some(stage.sidecar().verdict().await),
            Some(pool_config(stage).await),
        );
        let news = |before: bool, same: bool| before && !same;
        if news(bot.is_some(), bot == now.0)
            || news(agent.is_some(), agent == now.1)
            || news(told.is_some(), told == now.2)
        {
            status(stage, screen).await;
        }
        (bot, agent, told) = now;
    }
}

/// The line of `/status`.
pub(super) async fn line(stage: &Stage) -> String {
    let wrong = stage.ground().in_force().await;
    let mut wrong: Vec<String> = wrong.iter().map(|one| one.name().to_owned()).collect();
    if let Some(limit) = stage.ground().idle_limit().await {
        wrong.push(format!("path {}", limit.as_secs()));
    }
    let wrong = match wrong.is_empty() {
        true => String::new(),
        false => format!(" · inflicted: {}", wrong.join(", ")),
    };
    let bot = match stage.report().await {
        Some(report) => standing(&report),
        None => "the bot does not say".to_owned(),
    };
    let agent = stage.sidecar().verdict().await;
    let told = pool_config(stage).await;
    format!("{bot} · agent: {agent}{told}{wrong}")
}

/// The part of the line that tells what the PoolConfig says; empty without a cluster.
async fn pool_config(stage: &Stage) -> String {
    match stage.cluster() {
        Some(cluster) => format!(" · PoolConfig: {}", cluster.says().await),
        None => String::new(),
    }
}

/// The line of a report.
fn standing(report: &Value) -> String {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let pool = &report["pool"];
    format!(
        "generation {} · sessions {} of {} ({} busy, {} closing) · spool {} events · {}",
        number(&report["generation"]),
        number(&pool["size"]),
        number(&report["maxConnections"]),
        number(&pool["inUse"]),
        number(&pool["closing"]),
        spooled(report),
        fault(report).unwrap_or_else(|| "no fault".to_owned()),
    )
}

fn spooled(report: &Value) -> u64 {
    report["spool"]["events"].as_u64().unwrap_or_default()
}

/// The Fault in force: what the drainer of the spool waits for, else why no session can be opened.
fn fault(report: &Value) -> Option<String> {
    let drainer = report["spool"]["fault"].as_str();
    let fault = drainer.or_else(|| report["trouble"]["fault"].as_str())?;
    Some(fault.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_says_generation_sessions_spool_and_fault() {
        let mut report = json!({
            "generation": 7, "maxConnections": 16, "pool": {"size": 6, "inUse": 2, "closing": 1},
            "spool": {"events": 12}, "trouble": {"fault": "Refused"},
        });
        let expected =
            "generation 7 · sessions 6 of 16 (2 busy, 1 closing) · spool 12 events · Refused";
        assert_eq!(standing(&report), expected);
        report["spool"]["fault"] = json!("CommitHanging");
        assert!(standing(&report).ends_with(" · CommitHanging"));
    }
}

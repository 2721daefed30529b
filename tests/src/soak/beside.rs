//! The agent beside a soak's bot, and what it is held against in the end.

use std::time::Instant;

use anyhow::Context;

use super::verdicts::{Judgement, Said, Span, judge};
use crate::agent::Agent;
use crate::bot::log::Line;
use crate::wait::eventually;

/// The agent, and what was inflicted since it found all well for the first time.
pub(super) struct Beside {
    pub(super) agent: Agent,
    /// Lines of its log before that.
    before: u64,
    spans: Vec<Span>,
}

impl Beside {
    pub(super) fn new(agent: Agent) -> Self {
        Self {
            before: agent.log().count(),
            agent,
            spans: Vec::new(),
        }
    }

    /// Something was wrong from then until now.
    pub(super) fn was(&mut self, span: Span) {
        self.spans.push(span);
    }

    /// Waits a while for the agent to find that all is well; whether it has is judged in the end.
    pub(super) async fn rests(&self) {
        let ready = || async {
            let page = self.agent.page("/readyz").await;
            page.is_ok_and(|(status, text)| status == 200 && text.contains("Postgres Healthy"))
        };
        let end = Instant::now() + super::verdicts::BACK;
        while Instant::now() < end && !ready().await {
            tokio::time::sleep(super::WELL).await;
        }
    }

    /// Whether it was right all the time.
    ///
    /// # Errors
    /// When it has ended, or not all of what it said is kept.
    pub(super) async fn judged(self) -> anyhow::Result<Judgement> {
        let Self {
            agent,
            before,
            spans,
        } = self;
        eventually(super::LIMIT, "the agent's recycles to end", async || {
            let (begun, ended) = (lines(&agent, "begins"), lines(&agent, "ended"));
            let given_up = lines(&agent, "given up");
            match ended + given_up >= begun {
                true => Ok(()),
                false => Err(format!("{begun} begun, {ended} ended, {given_up} given up")),
            }
        })
        .await;
        let metrics = agent.metrics().await.context("the agent answers")?;
        let counted = metrics.sum("sabai_agent_recycles_total", &[]);
        let log = agent.log();
        anyhow::ensure!(!log.has_dropped(), "the agent said too much to be kept");
        let said: Vec<_> = log
            .since(before)
            .iter()
            .filter_map(|line| Some((line.read(), said(line)?)))
            .collect();
        Ok(judge(&spans, &said, counted.unwrap_or_default() as usize))
    }
}

/// What follows on the recycle's own words.
fn act(line: &Line) -> Option<(&str, &str)> {
    let (recycle, act) = line.message()?.split_once("): ")?;
    let is_recycle = recycle.starts_with("refresh (") || recycle.starts_with("replace (");
    is_recycle.then_some((recycle, act))
}

fn lines(agent: &Agent, word: &str) -> usize {
    let lines = agent.log().lines();
    let acts = lines.iter().filter_map(act);
    acts.filter(|(_, act)| act.starts_with(word)).count()
}

fn said(line: &Line) -> Option<Said> {
    let message = line.message()?;
    if let Some(state) = line.field("state") {
        return Some(Said::State(state.to_owned()));
    }
    if let Some(why) = message.strip_prefix("not ready: ") {
        return Some(Said::NotReady(why.to_owned()));
    }
    let (recycle, act) = act(line)?;
    match act {
        "begins" => {
            let id = line.field("request_id").unwrap_or_default();
            Some(Said::Begins(format!("{recycle})"), id.to_owned()))
        }
        _ if ["ended", "given up", "withheld"]
            .iter()
            .any(|end| act.starts_with(end)) =>
        {
            Some(Said::Ended)
        }
        _ => None,
    }
}

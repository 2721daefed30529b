//! The runs of one round, each beside its reference, and what they came to. Takes no view of the values.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::hello::Hello;
use super::insert::Inserts;
use super::load::Load;
use super::measured::Measured;
use super::meter::{Reading, Usage};
use super::options::Options;
use super::report::Series;
use super::subject::{Duty, Subject};
use super::traffic::Traffic;
use crate::postgres::Postgres;

/// Everything that runs while a round does.
pub struct Stage {
    postgres: Arc<Postgres>,
    inserts: Inserts,
    answering: Subject,
    storing: Subject,
    hello: Hello,
    options: Options,
}

impl Stage {
    /// Starts the bots and warms them up. The resident memory at rest is read before anything was sent.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set(
        postgres: Arc<Postgres>,
        program: PathBuf,
        options: Options,
        measured: &mut Measured,
    ) -> anyhow::Result<Self> {
        let inserts = Inserts::prepare(&postgres).await?;
        let answering = Subject::start(&postgres, &program, "answering", Duty::Answer).await?;
        let storing = Subject::start(&postgres, &program, "storing", Duty::StoreOnly).await?;
        let hello = Hello::start()?;
        let before = Reading::take(&postgres, &[]);
        // Ready, its links open, a round of each of its clocks behind it.
        tokio::time::sleep(options.seconds(2.0)).await;
        let noise = before
            .zip(Reading::take(&postgres, &[]))
            .map_or(f64::NAN, |(from, to)| to.since(&from).not_ours);
        if let Ok(kib) = answering.bot.rss_kib() {
            measured.rest.push(kib as f64 / 1024.0, noise);
        }
        let stage = Self {
            postgres,
            inserts,
            answering,
            storing,
            hello,
            options,
        };
        let lasts = stage.options.seconds(2.0);
        stage
            .answering
            .warm_up(lasts)
            .await
            .context("warm up the bot")?;
        stage
            .storing
            .warm_up(lasts)
            .await
            .context("warm up the bot that stores")?;
        Ok(stage)
    }

    /// One round.
    ///
    /// # Errors
    /// When a run fails, or loses, doubles or misplaces anything.
    pub async fn round(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let wants = |row: &str| self.options.wants(row);
        if wants("acknowledgements") {
            self.inserts(&mut measured.acknowledgements.reference)
                .await?;
            self.acknowledgements(&mut measured.acknowledgements.ours)
                .await?;
        }
        if wants("events") || wants("memory") {
            self.inserts(&mut measured.events.reference).await?;
            self.events(measured).await?;
        }
        if wants("replies") || wants("cpu") || wants("tail") || wants("memory") {
            self.inserts(&mut measured.replies.reference).await?;
            self.replies(measured).await?;
        }
        if wants("cpu") {
            self.bare_handler(&mut measured.cpu.reference).await?;
        }
        if wants("latency") {
            self.latency(measured).await?;
        }
        if wants("tail") {
            self.tail(measured).await?;
        }
        if let Ok(kib) = self.answering.bot.peak_rss_kib() {
            measured.peak.push(kib as f64 / 1024.0, f64::NAN);
        }
        Ok(())
    }

    /// At the end, since it reads every turn.
    ///
    /// # Errors
    /// When something that was answered is not saved.
    pub async fn check(&self) -> anyhow::Result<()> {
        self.answering.check_saved().await
    }

    async fn inserts(&self, series: &mut Series) -> anyhow::Result<()> {
        let before = self.begin().await?;
        let timed = self.inserts.run(16, self.options.seconds(3.0)).await?;
        series.push(timed.rate(), self.usage(before).1);
        Ok(())
    }

    /// Acknowledgements alone: events are stored with their lanes, due for whoever can answer them, by the same
    /// statement as always; no worker takes part of the processors. The backlog grows meanwhile, as in an outage.
    async fn acknowledgements(&self, series: &mut Series) -> anyhow::Result<()> {
        let before = self.begin().await?;
        let timed = self
            .storing
            .load(self.options.seconds(4.0))
            .closed(64, false)
            .await?;
        series.push(timed.rate(), self.usage(before).1);
        self.storing.settled().await
    }

    async fn events(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let before = self.begin().await?;
        let (started, sent) = (Instant::now(), self.answering.traffic.events());
        let timed = self
            .answering
            .load(self.options.seconds(4.0))
            .closed(32, true)
            .await?;
        let events = (self.answering.traffic.events() - sent) as f64;
        let not_ours = self.usage(before).1;
        measured
            .events
            .ours
            .push(events / timed.elapsed.as_secs_f64(), not_ours);
        self.answering.settled().await?;
        let answered = events / started.elapsed().as_secs_f64();
        measured
            .events_answered
            .push(answered, self.usage(before).1);
        Ok(())
    }

    async fn replies(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let before = self.begin().await?;
        let (started, sent) = (Instant::now(), self.answering.traffic.events());
        self.answering
            .load(self.options.seconds(4.0))
            .closed(32, false)
            .await?;
        self.answering.settled().await?;
        let events = (self.answering.traffic.events() - sent) as f64;
        let (usage, not_ours) = self.usage(before);
        measured
            .replies
            .ours
            .push(events / started.elapsed().as_secs_f64(), not_ours);
        if let Some(usage) = usage {
            let used = usage.postgres + usage.processes;
            measured
                .cpu
                .ours
                .push(used.as_secs_f64() * 1e6 / events, not_ours);
            measured
                .cpu_postgres
                .push(usage.postgres.as_secs_f64() * 1e6 / events, not_ours);
        }
        Ok(())
    }

    async fn bare_handler(&self, series: &mut Series) -> anyhow::Result<()> {
        let before = Reading::take(&self.postgres, &[self.hello.pid()]);
        let load = Load {
            to: self.hello.address,
            traffic: Arc::<Traffic>::default(),
            lasts: self.options.seconds(3.0),
        };
        let timed = load.closed(32, false).await?;
        let after = Reading::take(&self.postgres, &[self.hello.pid()]);
        if let Some((before, after)) = before.zip(after) {
            let usage = after.since(&before);
            let requests = timed.took.len() as f64;
            series.push(
                usage.processes.as_secs_f64() * 1e6 / requests,
                usage.not_ours,
            );
        }
        Ok(())
    }

    async fn latency(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let pair = &mut measured.latency;
        let before = self.begin().await?;
        let inserts = self.inserts.run(1, self.options.seconds(3.0)).await?;
        pair.reference
            .push(inserts.quantile_ms(0.5), self.usage(before).1);
        let before = self.begin().await?;
        let pause = Duration::from_millis(20);
        let inserts = self.inserts.paced(1, pause, self.options.seconds(3.0));
        measured
            .latency_paced
            .push(inserts.await?.quantile_ms(0.5), self.usage(before).1);
        let before = self.begin().await?;
        let timed = self
            .answering
            .load(self.options.seconds(6.0))
            .open(50.0)
            .await?;
        pair.ours.push(timed.quantile_ms(0.5), self.usage(before).1);
        self.answering.settled().await
    }

    /// Half of what this round's pipeline sustained.
    async fn tail(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let saturation = measured
            .replies
            .ours
            .values
            .last()
            .copied()
            .context("measured just before")?;
        let before = self.begin().await?;
        let timed = self
            .answering
            .load(self.options.seconds(4.0))
            .open(saturation / 2.0)
            .await?;
        measured
            .tail
            .push(timed.quantile_ms(0.99), self.usage(before).1);
        self.answering.settled().await
    }

    /// A checkpoint first, so that none that another run caused falls into this one.
    async fn begin(&self) -> anyhow::Result<Option<Reading>> {
        self.postgres
            .superuser()
            .await?
            .batch_execute("CHECKPOINT")
            .await?;
        Ok(self.reading())
    }

    fn reading(&self) -> Option<Reading> {
        Reading::take(
            &self.postgres,
            &[
                self.answering.bot.pid(),
                self.storing.bot.pid(),
                self.hello.pid(),
            ],
        )
    }

    fn usage(&self, before: Option<Reading>) -> (Option<Usage>, f64) {
        let usage = before
            .zip(self.reading())
            .map(|(before, after)| after.since(&before));
        (usage, usage.map_or(f64::NAN, |usage| usage.not_ours))
    }
}

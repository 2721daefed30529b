//! The rows about a Postgres that goes away and comes back, with their goals, and the bench that measures them and
//! those of `recycle`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::measured::Pair;
use super::options::Options;
use super::recycle;
use super::report::{self, Goal, Row, Series};
use super::subject::{Duty, Subject};
use crate::bot::build;
use crate::postgres::{self, Postgres, Stop};
use crate::scratch::Scratch;
use crate::wait::eventually;

/// Events a second while Postgres is away: a busy shop.
const RATE: f64 = 200.0;
/// Enough for every session to have been seen as dead.
const ENTERED: Duration = Duration::from_secs(2);
/// The spool takes a hundred thousand events a second; each of them is to be answered before the round is over.
const BACKLOG: Duration = Duration::from_millis(500);
const DRAIN: Duration = Duration::from_secs(300);
const GIB: f64 = (1_u64 << 30) as f64;

/// What was measured; series that were not asked for stay empty.
#[derive(Default)]
struct Measured {
    /// Acknowledgements while Postgres is there and while it is away, p99 in milliseconds.
    acknowledgements: Pair,
    /// The slowest of those that were out while it went away.
    slowest: Series,
    /// Milliseconds from the server's first answer to the first answer of the bot.
    first_success: Series,
    /// Events a second: straight into Postgres, and from the spool.
    drain: Pair,
    memory: Series,
    memory_restarted: Series,
}

/// Measures what `options` ask for, prints the table and writes `folder/outage.json`.
///
/// # Errors
/// When a part does not start, a webhook is not answered 200, or anything is lost, doubled or misplaced.
pub async fn run(options: &Options, folder: &Path) -> anyhow::Result<()> {
    let outage = ["away", "leaving", "first_success", "drain"];
    let recycles = ["recycle", "recycle_sessions"];
    let memory = ["memory_spool", "memory_spool_restarted"];
    if !options.wants_any(&[&outage[..], &recycles, &memory].concat()) {
        return Ok(());
    }
    let stage = Stage {
        program: build::bot(options.profile).await?,
        postgres: Postgres::start(postgres::Options::default()).await?,
        options: options.clone(),
        scratch: Scratch::new("outage").context("make a folder for spools")?,
    };
    let (mut measured, mut recycled) = (Measured::default(), recycle::Measured::default());
    for round in 0..options.rounds() {
        if options.wants_any(&outage) {
            stage.outage(round, &mut measured).await?;
        }
        if options.wants_any(&recycles) {
            let Stage {
                postgres, program, ..
            } = &stage;
            recycle::round(postgres, program, options, round, &mut recycled).await?;
        }
    }
    if options.wants_any(&memory) {
        stage.memory(&mut measured).await?;
    }
    let mut rows = rows(measured);
    rows.extend(recycle::rows(recycled));
    rows.retain(|row| options.wants(row.name) && !row.ours.values.is_empty());
    report::publish("outage", &rows, options.quick, folder)
}

struct Stage {
    program: PathBuf,
    postgres: Arc<Postgres>,
    options: Options,
    scratch: Scratch,
}

impl Stage {
    async fn subject(&self, name: &str, duty: Duty) -> anyhow::Result<Subject> {
        let folder = self.scratch.path().join(name).display().to_string();
        let environment = [
            ("SABAI_SPOOL_DIR", &*folder),
            ("SABAI_SPOOL_MAX_BYTES", "4GiB"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Subject::start_with(
            &self.postgres,
            &self.program,
            name,
            duty,
            environment.to_vec(),
        )
        .await
    }

    /// One outage: a steady rate while Postgres is there, goes away, is away; then as much as can be taken, and the
    /// way back.
    async fn outage(&self, round: usize, measured: &mut Measured) -> anyhow::Result<()> {
        let subject = self
            .subject(&format!("round_{round}"), Duty::Answer)
            .await?;
        subject.warm_up(self.options.seconds(2.0)).await?;
        let lasts = self.options.seconds(5.0);

        let present = subject.load(lasts).open(RATE).await?;
        measured
            .acknowledgements
            .reference
            .push(present.quantile_ms(0.99), f64::NAN);
        subject.settled().await?;
        let (began, sent) = (Instant::now(), subject.traffic.events());
        subject.load(lasts).closed(64, true).await?;
        subject.settled().await?;
        let events = (subject.traffic.events() - sent) as f64;
        measured
            .drain
            .reference
            .push(events / began.elapsed().as_secs_f64(), f64::NAN);

        let going = subject.load(ENTERED);
        let (going, stopped) = tokio::join!(going.open(RATE), self.postgres.stop(Stop::Immediate));
        stopped?;
        measured.slowest.push(going?.quantile_ms(1.0), f64::NAN);
        let away = subject.load(lasts).open(RATE).await?;
        measured
            .acknowledgements
            .ours
            .push(away.quantile_ms(0.99), f64::NAN);
        subject.load(BACKLOG).closed(64, true).await?;
        self.back(&subject, measured).await?;
        subject.check_saved().await
    }

    /// The server answers again: how long until the bot does, and how fast it drains.
    async fn back(&self, subject: &Subject, measured: &mut Measured) -> anyhow::Result<()> {
        let (spooled, replies) = (subject.spooled().await?, subject.replies());
        ensure!(spooled > 0, "nothing was spooled");
        self.postgres.start_again().await?;
        let back = Instant::now();
        let answered = || match subject.replies() {
            now if now > replies => Ok(()),
            now => Err(now),
        };
        eventually(DRAIN, "the first answer", async || answered()).await;
        measured
            .first_success
            .push(back.elapsed().as_secs_f64() * 1e3, f64::NAN);
        eventually(DRAIN, "the spool to be empty", async || {
            match subject.spooled().await {
                Ok(0) => Ok(()),
                left => Err(format!("{left:?}")),
            }
        })
        .await;
        measured
            .drain
            .ours
            .push(spooled as f64 / back.elapsed().as_secs_f64(), f64::NAN);
        subject.settled().await
    }

    /// Memory with a full spool: while it was filled, and after a start with all of it there.
    async fn memory(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let subject = self.subject("memory", Duty::StoreOnly).await?;
        self.postgres.stop(Stop::Immediate).await?;
        let bytes = if self.options.quick { GIB / 10.0 } else { GIB };
        subject
            .load(Duration::ZERO)
            .fill(16, 50, bytes as u64)
            .await?;
        let mib = |kib: u64| kib as f64 / 1024.0;
        measured.memory.push(mib(subject.bot.rss_kib()?), f64::NAN);
        let subject = subject.again(&self.program).await?;
        eventually(DRAIN, "the spool to be read", async || {
            match subject.spooled().await {
                Ok(0) | Err(_) => Err("nothing yet"),
                Ok(_) => Ok(()),
            }
        })
        .await;
        measured
            .memory_restarted
            .push(mib(subject.bot.peak_rss_kib()?), f64::NAN);
        self.postgres.start_again().await
    }
}

fn rows(measured: Measured) -> Vec<Row> {
    let Pair {
        reference: present,
        ours: away,
    } = measured.acknowledgements;
    let Pair {
        reference: pipeline,
        ours: drained,
    } = measured.drain;
    let mut rows = latency(present, away, measured.slowest, measured.first_success);
    rows.push(Row {
        reference: Some(pipeline),
        against: "whole pipeline, 1-10 a call",
        ..Row::alone(
            "drain",
            "events drained",
            "/s",
            drained,
            Goal::RatioAtLeast(1.0),
        )
    });
    let memory = "resident memory with 1 GiB on the spool";
    let restarted = "the same after a start with it, peak";
    rows.extend([
        Row::alone(
            "memory_spool",
            memory,
            "MiB",
            measured.memory,
            Goal::AtMost(40.0),
        ),
        Row::alone(
            "memory_spool_restarted",
            restarted,
            "MiB",
            measured.memory_restarted,
            Goal::AtMost(40.0),
        ),
    ]);
    rows
}

fn latency(present: Series, away: Series, slowest: Series, first: Series) -> Vec<Row> {
    let what = "acknowledgement p99 at 200/s while Postgres is away";
    let leaving = "slowest acknowledgement as it goes away";
    vec![
        Row {
            reference: Some(present),
            against: "while it is there",
            ..Row::alone("away", what, "ms", away, Goal::AtMost(50.0))
        },
        Row::alone("leaving", leaving, "ms", slowest, Goal::AtMost(1500.0)),
        Row::alone(
            "first_success",
            "first answer once it is back",
            "ms",
            first,
            Goal::AtMost(1000.0),
        ),
    ]
}

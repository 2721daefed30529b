//! The one who judges: takes in what was seen and heard, says what is thought, and has done what was decided.

use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::access::Access;
use sabai_daemon::backoff::roll;
use sabai_daemon::control::Client;
use sabai_wire::fault::Fault;
use sabai_wire::settings::PoolSettings;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::{Instant, timeout};

use super::acting::Acting;
use super::asking::Heard;
use super::expiry::{Ends, Expiry};
use super::standing::Standing;
use super::telling::Telling;
use crate::canary::Knowledge;
use crate::canary::recommendation::{Recommendation, effective};
use crate::clock::Clock;
use crate::decision::Decision;
use crate::metrics::{Metrics, Role};
use crate::mind::{Found, Mind, Now};
use crate::moment::Moment;
use crate::probe::prober::{Gone, Seen};
use crate::probe::report::{PathReport, StageResult};
use crate::settings::{AgentSettings, Discovery};

/// Files are read from local disk.
const READING: Duration = Duration::from_secs(1);
/// A statement of the bot's takes at most its own limit; a pool that stands still for longer is wedged.
const STUCK_MARGIN: Duration = Duration::from_secs(1);

/// What the judge works with. The channels outlive a judge that panicked.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) clock: Clock,
    pub(super) settings: AgentSettings,
    /// What the bot should hold, by the agent's own environment.
    pub(super) pool: PoolSettings,
    pub(super) access: Arc<Access>,
    pub(super) client: Client,
    pub(super) metrics: Metrics,
    pub(super) seen: Arc<Mutex<mpsc::Receiver<Seen>>>,
    pub(super) heard: Arc<Mutex<mpsc::Receiver<Heard>>>,
    /// What the canaries know, if this agent keeps them.
    pub(super) known: Option<watch::Receiver<Knowledge>>,
    /// Has the probe go a path soon.
    pub(super) hurry: Arc<Notify>,
    pub(super) standing: watch::Sender<Option<Standing>>,
}

impl Judge {
    /// Judges until it is dropped.
    pub(super) async fn run(self) {
        let (seen, heard) = (Arc::clone(&self.seen), Arc::clone(&self.heard));
        let (mut seen, mut heard) = (seen.lock().await, heard.lock().await);
        let stuck_after = self.pool.statement_timeout() + STUCK_MARGIN;
        let mind = Mind::new(self.clock.now(), self.settings.clone(), stuck_after);
        let acting = Acting::new(self.client.clone(), self.metrics.clone());
        let clock = self.clock.clone();
        let mut bench = Bench {
            judge: self,
            mind,
            acting,
            server: Expiry::default(),
            client: Expiry::default(),
            telling: Telling::default(),
            unheard: None,
        };
        loop {
            bench.judges().await;
            tokio::select! {
                Some(seen) = seen.recv() => bench.sees(seen).await,
                Some(heard) = heard.recv() => bench.hears(heard).await,
                // Time itself changes verdicts.
                () = clock.ticked() => {}
            }
        }
    }
}

/// A judge at work.
struct Bench {
    judge: Judge,
    mind: Mind,
    acting: Acting,
    /// What was told of the end of the server's certificate, and of ours.
    server: Expiry,
    client: Expiry,
    telling: Telling,
    /// What was wrong with the bot's last answer.
    unheard: Option<Fault>,
}

impl Bench {
    async fn sees(&mut self, seen: Seen) {
        let metrics = &self.judge.metrics;
        let Some(Gone {
            began,
            report: path,
        }) = &seen.path
        else {
            if let Err(cause) = seen.sight.outcome {
                metrics.failure(cause.stage, cause.fault);
            }
            self.mind.sees(seen.sight, None);
            return;
        };
        measure(path, metrics);
        self.telling.last_path(path);
        if let Some(certificate) = &path.certificate {
            self.looks_at(Ends {
                role: Role::Server,
                names: &certificate.names,
                issuer: &certificate.issuer,
                not_after: certificate.not_after.get(),
            });
        }
        let began = *began;
        let found = path.met().map(|met| Found { began, met });
        let is_new = self.mind.sees(seen.sight, found);
        let changed = self.reads().await;
        if changed {
            tracing::info!(
                "CA, client certificate or password have changed; a path shows whether they are good"
            );
        }
        if is_new || changed {
            self.judge.hurry.notify_one();
        }
    }

    /// A certificate was seen: how long it is valid is measured, and told in time.
    fn looks_at(&mut self, ends: Ends<'_>) {
        let warning = self.judge.settings.certificate_expiry_warning;
        self.judge.metrics.certificate(ends.role, ends.not_after);
        let expiry = match ends.role {
            Role::Server => &mut self.server,
            Role::Client => &mut self.client,
        };
        expiry.tells(self.judge.clock.now(), ends, warning);
    }

    /// Whether files of ours have changed. Postgres refuses a client certificate that has ended, so its end is told too.
    async fn reads(&mut self) -> bool {
        let read = timeout(READING, self.judge.access.contents()).await;
        // What is wrong with a file the next path tells.
        let Some(contents) = read.ok().and_then(Result::ok) else {
            return false;
        };
        if let Some(certificate) = &contents.client_certificate {
            self.looks_at(Ends {
                role: Role::Client,
                names: &certificate.names,
                issuer: &certificate.issuer,
                not_after: certificate.not_after,
            });
        }
        self.mind.reads(Instant::now(), contents.digests)
    }

    async fn hears(&mut self, heard: Heard) {
        let Heard {
            at,
            answer,
            stood_still,
        } = heard;
        let fault = answer.as_ref().err().map(|(fault, _)| *fault);
        if let Err((fault, why)) = &answer {
            self.judge.metrics.fault(*fault);
            if self.unheard != Some(*fault) {
                tracing::warn!(%fault, "the bot cannot be heard: {why}; {}", fault.advice());
            }
        } else if let Some(fault) = self.unheard {
            tracing::info!(%fault, "the bot is heard again");
        }
        self.unheard = fault;
        let answer = answer.map_err(|(fault, why)| format!("{fault}: {why}"));
        self.mind.hears(at, answer, stood_still);
        self.acting.ask(at).await;
        if let Some(report) = self.mind.report().filter(|_| fault.is_none())
            && self.acting.follow(at, report)
        {
            self.mind.replaced(at);
        }
    }

    async fn judges(&mut self) {
        let now = Now {
            moment: self.judge.clock.now(),
            instant: Instant::now(),
        };
        let wanted = self.wanted();
        let wanted = wanted.filter(|wanted| !self.acting.was_refused(now.moment, wanted));
        self.mind.wants(wanted.as_ref().map(PoolSettings::digest));
        let decision = self.mind.decision(now);
        self.publish(now.moment, decision);
        match (decision, wanted) {
            (Decision::ApplySettings, Some(wanted)) => {
                self.acting.apply(now.moment, &wanted).await;
            }
            _ if self.acting.is_busy() => {}
            _ => {
                let step = self.mind.step(now, decision, roll());
                let settings = self.judge.settings.recycle;
                self.acting.take(now.moment, step, &settings).await;
            }
        }
    }

    /// What the bot should hold, when the canaries know better and may say so.
    fn wanted(&self) -> Option<PoolSettings> {
        if self.judge.settings.discovery != Discovery::Apply {
            return None;
        }
        let finding = self.judge.known.as_ref()?.borrow().finding?;
        Some(effective(&self.judge.pool, Recommendation::of(&finding)))
    }

    fn publish(&mut self, now: Moment, decision: Decision) {
        let verdict = self.mind.verdict(now);
        let situation = self.mind.standing(now);
        let standing = Standing {
            at: now,
            verdict,
            situation,
            settings: self.judge.settings.readiness,
            decision,
            overload: self.mind.overload(now),
        };
        self.telling.tell(&standing, now);
        self.judge.standing.send_replace(Some(standing));
    }
}

fn measure(path: &PathReport, metrics: &Metrics) {
    for stage in &path.stages {
        let took = stage.duration_microseconds.map(Duration::from_micros);
        if let (StageResult::Passed, Some(took)) = (stage.result, took) {
            metrics.stage(stage.name, took);
        }
    }
    if let Some(cause) = path.cause() {
        metrics.failure(cause.stage, cause.fault);
    }
}

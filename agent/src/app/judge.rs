//! The one who judges: takes in what was seen and heard, says what is thought, and has done what was decided.

use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::access::Access;
use sabai_daemon::backoff::roll;
use sabai_daemon::control::Client;
use sabai_wire::fault::Fault;
use sabai_wire::settings::PoolSettings;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

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
use crate::probe::report::{CertificateReport, PathReport, StageResult};
use crate::settings::{AgentSettings, Discovery};

/// Time itself changes verdicts.
const EVERY: Duration = Duration::from_millis(250);
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
        let mut turns = interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
            tokio::select! {
                Some(seen) = seen.recv() => bench.sees(seen).await,
                Some(heard) = heard.recv() => bench.hears(heard).await,
                _ = turns.tick() => {}
            }
            bench.judges().await;
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
            self.looks_at(certificate);
        }
        let began = *began;
        let found = path.met().map(|met| Found { began, met });
        let is_new = self.mind.sees(seen.sight, found);
        self.looks_at_our_own().await;
        let read = timeout(READING, self.judge.access.digests()).await;
        // What is wrong with a file the next path tells.
        let digests = read.ok().and_then(Result::ok);
        let changed = digests.is_some_and(|digests| self.mind.reads(Instant::now(), digests));
        if changed {
            tracing::info!(
                "CA, client certificate or password have changed; a path shows whether they are good"
            );
        }
        if is_new || changed {
            self.judge.hurry.notify_one();
        }
    }

    fn looks_at(&mut self, certificate: &CertificateReport) {
        let not_after = certificate.not_after.get();
        let ends = Ends {
            role: Role::Server,
            names: &certificate.names,
            issuer: &certificate.issuer,
            not_after,
        };
        let warning = self.judge.settings.certificate_expiry_warning;
        self.judge.metrics.certificate(ends.role, not_after);
        self.server.tells(self.judge.clock.now(), ends, warning);
    }

    /// Postgres refuses a client certificate that has ended.
    async fn looks_at_our_own(&mut self) {
        let read = timeout(READING, self.judge.access.client_certificate()).await;
        let Ok(Some(certificate)) = read else { return };
        let ends = Ends {
            role: Role::Client,
            names: &certificate.names,
            issuer: &certificate.issuer,
            not_after: certificate.not_after,
        };
        let warning = self.judge.settings.certificate_expiry_warning;
        self.judge.metrics.certificate(ends.role, ends.not_after);
        self.client.tells(self.judge.clock.now(), ends, warning);
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

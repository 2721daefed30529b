//! The one who judges: takes in what was seen and heard, says what is thought, and has done what was decided.

use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sabai_daemon::access::Access;
use sabai_daemon::backoff::roll;
use sabai_daemon::control::Client;
use sabai_wire::fault::Fault;
use sabai_wire::settings::PoolSettings;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::acting::Acting;
use super::asking::Heard;
use super::expiry::{Expiry, Soon};
use super::standing::Standing;
use crate::canary::Knowledge;
use crate::canary::recommendation::{Recommendation, effective};
use crate::clock::Clock;
use crate::decision::{Decision, Why};
use crate::metrics::Metrics;
use crate::mind::{Found, Mind, Now};
use crate::moment::Moment;
use crate::probe::prober::Seen;
use crate::probe::report::{CertificateReport, PathReport, StageResult};
use crate::readiness::{Readiness, Why as Withdrawn};
use crate::settings::{AgentSettings, Discovery};
use crate::verdict::{Cause, State, Verdict};

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
            expiry: Expiry::default(),
            told: None,
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

/// Each is told again only when it has become another.
#[derive(Clone, PartialEq)]
struct Told {
    state: State,
    cause: Option<Cause>,
    /// Why the pod is withdrawn, without the seconds that go by.
    withdrawn: Option<Discriminant<Withdrawn>>,
    decision: Decision,
    overload: Option<Fault>,
}

/// A judge at work.
struct Bench {
    judge: Judge,
    mind: Mind,
    acting: Acting,
    expiry: Expiry,
    /// What was said last of the path, of readiness and of what is done.
    told: Option<Told>,
    /// What was wrong with the bot's last answer.
    unheard: Option<Fault>,
}

impl Bench {
    async fn sees(&mut self, seen: Seen) {
        let metrics = &self.judge.metrics;
        let Some(path) = &seen.path else {
            if let Err(cause) = seen.sight.outcome {
                metrics.failure(cause.stage, cause.fault);
            }
            self.mind.sees(seen.sight, None);
            return;
        };
        measure(path, metrics);
        if let Some(certificate) = &path.certificate {
            self.looks_at(certificate);
        }
        let met = path.met();
        let began = Instant::now() - path.took();
        let found = met.map(|met| Found { began, met });
        let is_new = self.mind.sees(seen.sight, found);
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
        self.judge.metrics.server_certificate(not_after);
        let warning = self.judge.settings.certificate_expiry_warning;
        let now = self.judge.clock.now();
        let days = certificate.days_left;
        let (names, issuer) = (certificate.names.join(", "), &certificate.issuer);
        match self.expiry.sees(now, SystemTime::now(), not_after, warning) {
            Some(Soon::InDays) => tracing::error!(
                days,
                names,
                issuer,
                not_after = %certificate.not_after,
                "the server's certificate ends very soon; renew it"
            ),
            Some(Soon::InWeeks) => tracing::warn!(
                days,
                names,
                issuer,
                not_after = %certificate.not_after,
                "the server's certificate ends soon; renew it"
            ),
            Some(Soon::NotYet) => tracing::info!(days, "the server's certificate was renewed"),
            None => {}
        }
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
        if let Some(report) = self.mind.report() {
            self.judge.metrics.old_sessions(report.pool.old_sessions);
            if fault.is_none() && self.acting.follow(at, report) {
                self.mind.replaced(at);
            }
        }
    }

    async fn judges(&mut self) {
        let now = Now {
            moment: self.judge.clock.now(),
            instant: Instant::now(),
        };
        let wanted = self.wanted();
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
            verdict: verdict.clone(),
            situation,
            settings: self.judge.settings.readiness,
            decision,
            overload: self.mind.overload(now),
        };
        let why = match standing.readiness(now) {
            Readiness::Ready => None,
            Readiness::NotReady(why) => Some(why),
        };
        let told = Told {
            state: verdict.state,
            cause: verdict.cause,
            withdrawn: why.as_ref().map(discriminant),
            decision,
            overload: standing.overload,
        };
        let before = self.told.replace(told.clone());
        let is_new =
            |same: fn(&Told, &Told) -> bool| !before.as_ref().is_some_and(|one| same(one, &told));
        if is_new(|a, b| (a.state, a.cause) == (b.state, b.cause)) {
            tell_verdict(&verdict);
        }
        if is_new(|a, b| a.withdrawn == b.withdrawn) {
            match why {
                None => tracing::info!("ready: the pod is to get webhooks"),
                Some(why) => tracing::warn!("not ready: {why}"),
            }
        }
        if is_new(|a, b| a.decision == b.decision) {
            tell_decision(decision);
        }
        if is_new(|a, b| a.overload == b.overload) {
            tell_overload(standing.overload, before.is_some());
        }
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
        let detail = path.failed().and_then(|stage| stage.detail.as_deref());
        tracing::debug!(fault = %cause.fault, stage = cause.stage.as_str(), detail, "a path failed");
    }
}

fn tell_verdict(verdict: &Verdict) {
    let state = verdict.state.as_str();
    match verdict.cause {
        Some(cause) => tracing::warn!(
            state,
            fault = %cause.fault,
            stage = cause.stage.as_str(),
            "the path to Postgres is {state}: {} at {}; {}",
            cause.fault,
            cause.stage.as_str(),
            cause.fault.advice()
        ),
        None => tracing::info!(state, "the path to Postgres is {state}"),
    }
}

fn tell_overload(overload: Option<Fault>, was_told: bool) {
    match overload {
        Some(fault) => tracing::warn!(
            %fault,
            "statements of the bot meet {fault}; {}; nothing is recycled for it",
            fault.advice()
        ),
        None if was_told => tracing::info!("statements of the bot meet no such thing any more"),
        None => {}
    }
}

/// Recycles are told where they are planned; what is done at every second look is no news.
fn tell_decision(decision: Decision) {
    match decision {
        Decision::Protect(fault) => tracing::warn!(%fault, "{decision}"),
        Decision::Nothing(Why::NoFreshSession(fault)) => tracing::warn!(%fault, "{decision}"),
        Decision::Nothing(Why::OnRequest) => tracing::info!("{decision}"),
        _ => tracing::debug!("{decision}"),
    }
}

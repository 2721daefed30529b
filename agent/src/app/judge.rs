//! The one who judges: takes in what was seen and heard, says what is thought, and has done what was decided.

use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::access::Access;
use sabai_daemon::backoff::roll;
use sabai_daemon::control::Client;
use sabai_wire::fault::Fault;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::{Instant, timeout};

use super::acting::Acting;
use super::asking::Heard;
use super::expiry::{Ends, Expiry};
use super::known::Known;
use super::standing::Standing;
use super::telling::Telling;
use super::wanted::Wanted;
use crate::canary::Knowledge;
use crate::clock::Clock;
use crate::decision::Decision;
use crate::metrics::{Metrics, Role};
use crate::mind::{Found, Mind, Now};
use crate::moment::Moment;
use crate::orders::Orders;
use crate::probe::ProbeSettings;
use crate::probe::prober::{Gone, Seen};
use crate::probe::report::{PathReport, StageResult};
use crate::requests::{Request, Requests, Turn};
use crate::settings::AgentSettings;

/// Files are read from local disk.
const READING: Duration = Duration::from_secs(1);
/// A statement of the bot's takes at most its own limit; a pool that stands still for longer is wedged.
const STUCK_MARGIN: Duration = Duration::from_secs(1);

/// What the judge works with. The channels outlive a judge that panicked.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) clock: Clock,
    /// What is in force, for us and for the bot.
    pub(super) orders: watch::Receiver<Orders>,
    /// What people have asked for last.
    pub(super) requests: watch::Receiver<Option<Request>>,
    /// So many peers are well, while our path is not, and this pod can be spared.
    pub(super) peers: watch::Receiver<Option<u32>>,
    pub(super) access: Arc<Access>,
    pub(super) client: Client,
    pub(super) metrics: Metrics,
    pub(super) seen: Arc<Mutex<mpsc::Receiver<Seen>>>,
    pub(super) heard: Arc<Mutex<mpsc::Receiver<Heard>>>,
    /// What the canaries know, if this agent keeps them.
    pub(super) known: Option<watch::Receiver<Knowledge>>,
    /// How the probe looks.
    pub(super) probe: watch::Sender<ProbeSettings>,
    /// Has the probe go a path soon.
    pub(super) hurry: Arc<Notify>,
    pub(super) standing: watch::Sender<Option<Standing>>,
}

impl Judge {
    /// Judges until it is dropped.
    pub(super) async fn run(self) {
        let (seen, heard) = (Arc::clone(&self.seen), Arc::clone(&self.heard));
        let (mut seen, mut heard) = (seen.lock().await, heard.lock().await);
        let (mut orders, mut asked) = (self.orders.clone(), self.requests.clone());
        // What was asked before a judge panicked is asked again: the same request is served once.
        asked.mark_changed();
        let settings = orders.borrow().agent.clone();
        let mind = Mind::new(self.clock.now(), settings.clone(), Duration::MAX);
        let acting = Acting::new(self.client.clone(), self.metrics.clone());
        let clock = self.clock.clone();
        let mut bench = Bench {
            judge: self,
            settings,
            mind,
            acting,
            requests: Requests::default(),
            wanted: Wanted::default(),
            known: Known::default(),
            server: Expiry::default(),
            client: Expiry::default(),
            telling: Telling::default(),
            unheard: None,
        };
        bench.obeys();
        loop {
            bench.judges().await;
            tokio::select! {
                Some(seen) = seen.recv() => bench.sees(seen).await,
                Some(heard) = heard.recv() => bench.hears(heard).await,
                Ok(()) = orders.changed() => bench.obeys(),
                Ok(()) = asked.changed() => bench.is_asked().await,
                // Time itself changes verdicts.
                () = clock.ticked() => {}
            }
        }
    }
}

/// A judge at work.
struct Bench {
    judge: Judge,
    /// In force.
    settings: AgentSettings,
    mind: Mind,
    acting: Acting,
    requests: Requests,
    wanted: Wanted,
    known: Known,
    /// What was told of the end of the server's certificate, and of ours.
    server: Expiry,
    client: Expiry,
    telling: Telling,
    /// What was wrong with the bot's last answer.
    unheard: Option<Fault>,
}

impl Bench {
    /// Other orders are in force.
    fn obeys(&mut self) {
        let orders = self.judge.orders.borrow_and_update().clone();
        let stuck_after = orders.pool.statement_timeout() + STUCK_MARGIN;
        self.mind.obeys(orders.agent.clone(), stuck_after);
        let probe = ProbeSettings::of(&orders.agent, &orders.pool);
        let change = |now: &mut ProbeSettings| std::mem::replace(now, probe.clone()) != probe;
        self.judge.probe.send_if_modified(change);
        self.settings = orders.agent;
    }

    /// A person asks for a recycle.
    async fn is_asked(&mut self) {
        let request = self.judge.requests.borrow_and_update().clone();
        let Some(request) = request else { return };
        let now = self.judge.clock.now();
        let spread = self.settings.recycle.spread;
        let turn = self.requests.ask(now, &request, spread, roll());
        self.acting.serve(now, turn, &self.settings.recycle).await;
    }

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
        self.known.saw(path);
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
        let warning = self.settings.certificate_expiry_warning;
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
        let answer = answer
            .map(Arc::new)
            .map_err(|(fault, why)| format!("{fault}: {why}"));
        self.mind.hears(at, answer, stood_still);
        self.acting.ask(at).await;
        self.known.report = self.mind.report().map(Arc::clone);
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
        let own = self.judge.known.as_ref();
        let own = own.and_then(|known| known.borrow().finding);
        self.mind.hears_of_peers(*self.judge.peers.borrow());
        self.wanted.follow(&self.judge.orders.borrow(), own);
        let wanted = self.wanted.digest().map(str::to_owned);
        let refused = wanted
            .as_ref()
            .and_then(|digest| self.acting.refused(now.moment, digest));
        self.known.refused = refused.map(str::to_owned);
        self.mind
            .wants(wanted.clone().filter(|_| refused.is_none()));
        self.known.wanted = wanted;
        let decision = self.mind.decision(now);
        self.publish(now.moment, decision);
        match (decision, self.wanted.settings()) {
            (Decision::ApplySettings, Some(wanted)) => {
                self.acting.apply(now.moment, wanted).await;
            }
            _ if self.acting.is_busy() => {}
            _ => self.recycles(now, decision).await,
        }
    }

    /// What people have asked for comes before what was decided.
    async fn recycles(&mut self, now: Now, decision: Decision) {
        let settings = self.settings.recycle;
        match self.requests.turn(now.moment, decision) {
            Turn::Nothing => {
                let step = self.mind.step(now, decision, roll());
                self.acting.take(now.moment, step, &settings).await;
            }
            turn => self.acting.serve(now.moment, turn, &settings).await,
        }
    }

    fn publish(&mut self, now: Moment, decision: Decision) {
        let verdict = self.mind.verdict(now);
        let situation = self.mind.standing(now);
        self.known.request = self.requests.served().cloned();
        let standing = Standing {
            at: now,
            verdict,
            situation,
            settings: self.settings.readiness,
            decision,
            overload: self.mind.overload(now),
            known: self.known.clone(),
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

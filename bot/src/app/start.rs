//! Starting the tasks: listeners, committer, pools; once the schema is there, all that works the queue.

use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::admin::{self, About, AdminState};
use sabai_daemon::http::server;
use sabai_wire::control::ReadinessReport;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::build::App;
use super::listeners::Listeners;
use super::schema::Schema;
use super::{Running, account, gauges, health, keys, schema};
use crate::config::Config;
use crate::control::{self, Control};
use crate::db::days;
use crate::http::body::BodyLimits;
use crate::http::signature::Keys;
use crate::http::webhook::{self, Callback};
use crate::intake::submission::Submission;
use crate::intake::{
    Backlog, Commit, Committer, Doubts, Drainer, POSTGRES_LIMIT, SPOOL_LIMIT, sweep,
};
use crate::queue::claimer::Claimer;
use crate::queue::renewer;

/// Webhooks that may wait for the committer; beyond that 503 at once.
const WAITING_WEBHOOKS: usize = 4096;
/// How often readiness is judged.
const JUDGED_EVERY: Duration = Duration::from_millis(200);

impl App {
    /// Starts every task.
    pub(super) fn start(mut self, listeners: Listeners, config: &Config) -> Running {
        let (schema_sender, schema) = watch::channel(None);
        for keeper in self.db.keepers(self.database.stop()) {
            self.database.spawn_ending("links", keeper);
        }
        self.database.spawn("sessions", self.db.clone().keep());
        self.serve_webhook(listeners.webhook, config);
        let readiness = self.judge_readiness(schema);
        self.serve_control(listeners.control, &readiness);
        self.serve_admin(listeners.admin, readiness);
        self.work_queue(config, schema_sender);
        self.follow_outside();
        let settings = self.db.settings();
        self.metrics.settings(settings.digest());
        self.metrics.pool_max(settings.max_connections().into());
        Running { app: self }
    }

    /// What changes outside: the answers file, and what LINE says about the account.
    fn follow_outside(&mut self) {
        let metrics = self.metrics.clone();
        let failed = move || metrics.answers_reload_failed();
        let answers = self
            .responder
            .clone()
            .watch(self.database.stop().clone(), failed);
        self.database.spawn_ending("answers", answers);
        if let Some(learner) = self.learner.take() {
            let line = Arc::clone(&self.line);
            self.database.spawn("identity", async move {
                learner.run(&line).await;
                std::future::pending().await
            });
        }
        self.database.spawn(
            "account",
            account::watch(Arc::clone(&self.line), self.metrics.clone()),
        );
    }

    fn serve_webhook(&mut self, listener: TcpListener, config: &Config) {
        let (intake, submissions) = mpsc::channel::<Submission>(WAITING_WEBHOOKS);
        let (keys_sender, keys) = watch::channel::<Keys>(keys::of(&self.secrets.borrow()));
        self.database.spawn(
            "channel secrets",
            keys::follow(config.line.clone(), self.secrets.clone(), keys_sender),
        );
        let metrics = self.metrics.clone();
        let router = webhook::router(Callback {
            keys,
            body: BodyLimits::new(config.limits.body_bytes),
            intake,
            // The spool has its own time, after Postgres had its.
            answer_within: if self.backlog.is_some() {
                SPOOL_LIMIT
            } else {
                POSTGRES_LIMIT
            },
            draining: Arc::clone(&self.draining),
            own_hop: self.own_hop.clone(),
            observe: Arc::new(move |status, took| metrics.webhook(status, took)),
        });
        let limits = server::Limits {
            max_connections: config.limits.http_connections,
            ..server::Limits::default()
        };
        let metrics = self.metrics.clone();
        let serving = server::serve(
            listener,
            router,
            limits,
            self.webhook.stop().clone(),
            Arc::new(move |status| metrics.refused(status.as_u16())),
        );
        self.webhook.spawn_ending("webhook", async move {
            serving.await;
        });
        let commit = Commit {
            pool: self.db.intake.clone(),
            worker: self.worker.clone(),
            owner: self.owner,
            lease: config.limits.lease.length,
            debts: Arc::clone(&self.debts),
            doubts: Doubts::new(Arc::clone(&self.debts)),
            metrics: self.metrics.clone(),
        };
        if let Some(backlog) = &self.backlog {
            let drainer = Drainer {
                backlog: Arc::clone(backlog),
                commit: commit.clone(),
                evacuation: self.evacuation.take(),
                leaving: self.leaving.clone(),
            };
            self.database.spawn("spool", drainer.run());
        }
        let backlog = self.backlog.clone();
        let committer = Committer { commit, backlog };
        // Ends when the router, which holds the sender, has gone with the last connection.
        self.webhook
            .spawn_ending("intake", committer.run(submissions));
    }

    fn serve_control(
        &self,
        listener: Option<UnixListener>,
        readiness: &watch::Receiver<ReadinessReport>,
    ) {
        let Some((listener, kept)) = listener.zip(self.kept.clone()) else {
            return;
        };
        let (backlog, readiness) = (self.backlog.clone(), readiness.clone());
        let asked = control::Asked {
            spool: Arc::new(move || backlog.as_deref().map(Backlog::report)),
            readiness: Arc::new(move || readiness.borrow().clone()),
        };
        let control = Control::new(self.db.clone(), self.metrics.clone(), kept, asked);
        let serving = control.serve(listener, self.admin.stop().clone());
        self.admin.spawn_ending("control socket", serving);
    }

    fn judge_readiness(&self, schema: watch::Receiver<Schema>) -> watch::Receiver<ReadinessReport> {
        let (sender, readiness) = watch::channel(health::not_ready("starting".to_owned()));
        let (db, stopping) = (self.db.clone(), self.stopping.clone());
        let backlog = self.backlog.clone();
        let watching = async move {
            let (mut was_ready, started) = (false, Instant::now());
            let mut rounds = tokio::time::interval(JUDGED_EVERY);
            loop {
                rounds.tick().await;
                let (schema, trouble) = (schema.borrow().clone(), db.intake.trouble());
                let state = health::State {
                    stopping: stopping.is_cancelled(),
                    schema: schema.as_ref().map(Result::as_ref),
                    trouble: trouble.as_ref(),
                    spool: backlog.as_deref().map(|backlog| backlog.spool.state()),
                    spooling: backlog.as_deref().is_some_and(Backlog::is_begun),
                    was_ready,
                    age: started.elapsed(),
                };
                let verdict = health::readiness(&state);
                was_ready |= verdict.ready;
                sender.send_if_modified(|last| std::mem::replace(last, verdict.clone()) != verdict);
            }
        };
        self.admin.spawn("readiness", watching);
        readiness
    }

    fn serve_admin(&self, listener: TcpListener, readiness: watch::Receiver<ReadinessReport>) {
        let metrics = gauges::scraped(&self.db, self.backlog.clone(), &self.metrics);
        let readiness = Arc::new(move || health::page(&readiness.borrow()));
        let router = admin::router(AdminState {
            about: About {
                program: "sabai-bot",
                version: env!("CARGO_PKG_VERSION"),
                revision: option_env!("SABAI_REVISION"),
            },
            // A task that ends on its own ends the process; while it answers, it goes on.
            alive: Arc::new(|| true),
            readiness,
            metrics,
        });
        let serving = server::serve(
            listener,
            router,
            server::Limits::default(),
            self.admin.stop().clone(),
            Arc::new(|_| {}),
        );
        self.admin.spawn_ending("admin", async move {
            serving.await;
        });
    }

    /// Once the schema is there: claiming, renewing, the days, and what else looks into Postgres by itself.
    fn work_queue(&mut self, config: &Config, schema: watch::Sender<Schema>) {
        let lease = config.limits.lease;
        let Some(state) = self.state.take() else {
            return;
        };
        let backlog = self.backlog.clone();
        let claimer = Claimer {
            spooling: Arc::new(move || backlog.as_deref().is_some_and(Backlog::is_begun)),
            pool: self.db.work.clone(),
            worker: self.worker.clone(),
            debts: Arc::clone(&self.debts),
            state,
            lease: lease.length,
            renew_every: lease.renew_every,
        };
        let (db, metrics, worker) = (self.db.clone(), self.metrics.clone(), self.worker.clone());
        let (stopping, database) = (self.stopping.clone(), self.database.stop().clone());
        self.database.spawn("queue", async move {
            schema::ready(&db, &schema).await;
            tokio::join!(
                claimer.run(stopping),
                renewer::run(db.work.clone(), worker, lease.length, lease.renew_every),
                days::keep(db.work.clone(), database),
                sweep(db.work.clone()),
                gauges::backlog(db.clone(), metrics),
            );
        });
    }
}

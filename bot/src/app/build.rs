//! Building the parts from the configuration. Opens no connection and starts only what a part cannot be without.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sabai_daemon::exit::Failure;
use sabai_daemon::secret::Secret;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::folder::Folder;
use super::stage::Stage;
use crate::config::Config;
use crate::control::kept::Kept;
use crate::conversation::profile::Profiles;
use crate::conversation::store::SettleBatch;
use crate::db::group::{Batch, Group};
use crate::db::{Connector, Db};
use crate::intake::{Backlog, Evacuation, Peer};
use crate::line::identity::Learner;
use crate::line::{self, Identity, LineClient};
use crate::metrics::Metrics;
use crate::outbox::send::{Limits, Sender};
use crate::outbox::store::{BeginBatch, Outbox};
use crate::queue::StateFolder;
use crate::queue::breaker::Breaker;
use crate::queue::debts::Debts;
use crate::queue::job::Job;
use crate::queue::refresh::{DeferBatch, RefreshBatch};
use crate::queue::worker::{Parts, Worker};
use crate::responder::Responder;

/// The parts.
pub(super) struct App {
    pub(super) db: Db,
    /// What the control socket keeps beside it, when there is one.
    pub(super) kept: Option<Kept>,
    pub(super) worker: Worker,
    pub(super) debts: Arc<Debts>,
    /// Webhooks on disk; `None` without a folder.
    pub(super) backlog: Option<Arc<Backlog>>,
    /// Taken by the drainer.
    pub(super) evacuation: Option<Evacuation>,
    pub(super) has_peer: bool,
    /// Who we are to peers.
    pub(super) own_hop: String,
    /// Cancelled when nothing new comes any more: what Postgres does not take is evacuated at once.
    pub(super) leaving: CancellationToken,
    /// Cancelled first: no lane is claimed any more.
    pub(super) stopping: CancellationToken,
    /// Set next: webhooks are answered 503.
    pub(super) draining: Arc<AtomicBool>,
    pub(super) metrics: Metrics,
    /// This life of the process; the folder that knows its former ones goes to the claimer.
    pub(super) owner: Uuid,
    pub(super) state: Option<StateFolder>,
    pub(super) responder: Responder,
    pub(super) line: Arc<LineClient>,
    pub(super) learner: Option<Learner>,
    pub(super) secrets: watch::Sender<Vec<Secret>>,
    /// The webhook's connections and the committer: ended first.
    pub(super) webhook: Stage,
    /// Everything that uses Postgres or LINE.
    pub(super) database: Stage,
    /// Health and metrics: ended last.
    pub(super) admin: Stage,
    /// A task ended on its own.
    pub(super) broken: CancellationToken,
}

impl App {
    /// Builds everything and opens no connection.
    pub(super) async fn build(config: &Config) -> Result<Self, Failure> {
        let wrong = |error: &dyn std::error::Error| Failure::Configuration(chain(error));
        let metrics = Metrics::default();
        let Folder {
            state,
            backlog,
            debts,
        } = Folder::open(config).await?;
        let responder = match &config.answers {
            Some(path) => Responder::load(path).map_err(|error| wrong(&error))?,
            None => Responder::built_in(),
        };
        let secrets = config.line.secrets()?;
        let secrets = watch::Sender::new(secrets);
        let line = line_client(config, &secrets, &metrics)?;
        let (identity, learner) = identity(config);
        let own_hop = config.pod_uid.clone();
        let own_hop = own_hop.unwrap_or_else(|| state.owner.to_string());
        let kept = config.control_socket.as_deref().map(Kept::beside);
        let db = db(config, kept.as_ref(), &metrics);
        let (stopping, broken) = (CancellationToken::new(), CancellationToken::new());
        let database = Stage::new(&broken);
        let builder = Builder {
            config,
            db: &db,
            line: &line,
            metrics: &metrics,
            stage: &database,
        };
        let debts = Arc::new(debts);
        let evacuation = evacuation(config, &own_hop, &metrics)?;
        let parts = builder.parts(responder.clone(), identity, Arc::clone(&debts));
        let worker = Worker::new(parts, stopping.clone());
        let draining = Arc::new(AtomicBool::new(false));
        Ok(Self {
            db,
            kept,
            worker,
            debts,
            backlog,
            has_peer: evacuation.is_some(),
            evacuation,
            own_hop,
            leaving: CancellationToken::new(),
            stopping,
            draining,
            metrics,
            owner: state.owner,
            state: Some(state),
            responder,
            line,
            learner,
            secrets,
            webhook: Stage::new(&broken),
            database,
            admin: Stage::new(&broken),
            broken,
        })
    }
}

/// What the parts of the worker are made from.
struct Builder<'a> {
    config: &'a Config,
    db: &'a Db,
    line: &'a Arc<LineClient>,
    metrics: &'a Metrics,
    stage: &'a Stage,
}

impl Builder<'_> {
    fn parts(&self, responder: Responder, identity: Identity, debts: Arc<Debts>) -> Parts {
        let limits = &self.config.limits;
        let sender = Sender {
            line: Arc::clone(self.line),
            outbox: Outbox::new(self.db.work.clone()),
            breaker: Arc::new(Breaker::default()),
            limits: Limits {
                call: limits.lease.line_call_deadline,
                margin: limits.lease.margin,
                push_max_age: limits.push_max_age,
                push_budget: limits
                    .push_monthly_budget
                    .map(|budget| i32::try_from(budget).unwrap_or(i32::MAX)),
            },
        };
        let (profiles, fetching) = Profiles::new(Arc::clone(self.line), self.db.work.clone());
        self.stage.spawn("profiles", fetching);
        let job = Job {
            responder,
            sender,
            begin: self.group(BeginBatch),
            identity,
            max_attempts: i16::try_from(limits.max_attempts).unwrap_or(i16::MAX),
            metrics: self.metrics.clone(),
            warned_of_foreign: AtomicBool::new(false),
        };
        Parts {
            job,
            settle: self.group(SettleBatch),
            refresh: self.group(RefreshBatch),
            defer: self.group(DeferBatch),
            debts,
            profiles,
            metrics: self.metrics.clone(),
        }
    }

    fn group<B: Batch>(&self, batch: B) -> Group<B> {
        let (group, work) = Group::new(batch, self.db.work.clone(), self.metrics.clone());
        self.stage.spawn("group commit", work);
        group
    }
}

/// By the settings that were in force before a restart, if they are kept; else by the environment's.
fn db(config: &Config, kept: Option<&Kept>, metrics: &Metrics) -> Db {
    let mut database = config.database.clone();
    if let Some(settings) = kept.and_then(Kept::settings) {
        database.pool = settings;
    }
    Db::new(Connector::new(database), metrics)
}

/// Who the bot is, or who asks LINE for it.
fn identity(config: &Config) -> (Identity, Option<Learner>) {
    match &config.line.destination {
        Some(own) => (Identity::configured(own), None),
        None => {
            let (identity, learner) = Identity::asked();
            (identity, Some(learner))
        }
    }
}

fn evacuation(
    config: &Config,
    own_hop: &str,
    metrics: &Metrics,
) -> Result<Option<Evacuation>, Failure> {
    let Some(url) = &config.peer_url else {
        return Ok(None);
    };
    let peer = Peer::new(url, own_hop).map_err(|error| Failure::Configuration(chain(&error)))?;
    Ok(Some(Evacuation::new(peer, metrics.clone())))
}

fn line_client(
    config: &Config,
    secrets: &watch::Sender<Vec<Secret>>,
    metrics: &Metrics,
) -> Result<Arc<LineClient>, Failure> {
    let metrics = metrics.clone();
    let lease = &config.limits.lease;
    let client = line::ClientConfig {
        api_url: config.line.api_url.clone(),
        channel_secrets: secrets.subscribe(),
        token: config.line.token_source(),
        call_deadline: lease.line_call_deadline,
        connect_timeout: lease.line_call_deadline / 2,
    };
    let observer =
        Arc::new(move |endpoint: line::Endpoint, outcome| metrics.line(endpoint.as_str(), outcome));
    LineClient::new(&client, observer)
        .map(Arc::new)
        .map_err(|error| Failure::Configuration(chain(&error)))
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

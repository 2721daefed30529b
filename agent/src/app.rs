//! Puts the agent's tasks together, and keeps them going until a signal comes.

mod acting;
mod asking;
pub(crate) mod canaries;
mod expiry;
mod judge;
pub(crate) mod known;
pub(crate) mod standing;
mod telling;
mod wanted;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sabai_daemon::access::Access;
use sabai_daemon::admin::{self, About, AdminState, Readiness as Page};
use sabai_daemon::backoff::roll;
use sabai_daemon::control::Client;
use sabai_daemon::exit::Failure;
use sabai_daemon::http::server;
use sabai_daemon::signals::Signals;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::canary::Knowledge;
use crate::clock::Clock;
use crate::config::{ClusterConfig, Config};
use crate::door::Door;
use crate::kubernetes::kept::Kept;
use crate::kubernetes::{Member, Sides};
use crate::metrics::Metrics;
use crate::orders::Orders;
use crate::probe::path::Path;
use crate::probe::prober::Prober;
use crate::requests::Request;
use crate::supervise::supervise;
use canaries::Canaries;
use judge::Judge;
use standing::Standing;

/// Looks and answers that may wait for the judge.
const WAITING: usize = 16;
const PROBE: &str = "probe";
/// Who has not judged for so long is stuck; it is done four times a second.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// Sessions have said goodbye by then.
const ENDING: Duration = Duration::from_secs(2);

/// Watches until a signal comes.
///
/// # Errors
/// When the port of health and metrics cannot be had. Postgres and the bot may be away.
pub async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let listener = bind(config.admin_listen).await?;
    let admin = listener.local_addr().context("no address")?.to_string();
    let agent = Agent::new(config);
    agent.start(listener);
    tracing::info!(admin, "listening");
    signals.next().await;
    tracing::info!("stopping: not ready");
    agent.end().await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::Configuration(format!(
            "SABAI_ADMIN_LISTEN: cannot listen on {address}: {error}"
        ))
    })
}

/// What the tasks share.
struct Agent {
    config: Config,
    clock: Clock,
    metrics: Metrics,
    access: Arc<Access>,
    standing: watch::Sender<Option<Standing>>,
    /// What is in force.
    orders: watch::Sender<Orders>,
    /// What people have asked for last.
    requests: watch::Sender<Option<Request>>,
    /// So many peers are well, while our path is not, and this pod can be spared.
    peers: watch::Sender<Option<u32>>,
    /// This agent holds the release's Lease.
    holds: watch::Sender<bool>,
    /// Has the probe go a path soon.
    hurry: Arc<Notify>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Agent {
    fn new(config: Config) -> Self {
        Self {
            clock: Clock::start(),
            metrics: Metrics::default(),
            access: Arc::new(Access::new(&config.probe.database)),
            standing: watch::Sender::new(None),
            orders: watch::Sender::new(Orders::of_environment(
                config.probe.settings.clone(),
                config.probe.database.pool.clone(),
            )),
            requests: watch::Sender::new(None),
            peers: watch::Sender::new(None),
            holds: watch::Sender::new(false),
            hurry: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            config,
        }
    }

    fn start(&self, listener: TcpListener) {
        let clock = self.clock.clone();
        self.spawn("clock", move || clock.clone().run());
        self.serve(listener);
        let (seen_by, seen) = mpsc::channel(WAITING);
        let (heard_by, heard) = mpsc::channel(WAITING);
        let client = Client::new(self.config.control_socket.clone(), asking::LIMIT);
        let probe = watch::Sender::new(self.config.probe.probe());
        let (access, hurry) = (Arc::clone(&self.access), Arc::clone(&self.hurry));
        let (clock, pod) = (self.clock.clone(), self.config.probe.pod().to_owned());
        let looks = probe.clone();
        self.spawn(PROBE, move || {
            let path = Path::new(Door(Arc::clone(&access)), &pod);
            let clock = clock.clone();
            let settings = looks.subscribe();
            let (hurry, seen) = (Arc::clone(&hurry), seen_by.clone());
            Prober::new(path, settings, hurry, move || clock.now(), roll, seen).run()
        });
        let (asker, clock) = (client.clone(), self.clock.clone());
        self.spawn("report", move || {
            asking::ask(asker.clone(), clock.clone(), heard_by.clone())
        });
        let known = self.keep_canaries();
        let kept_by_us = known.clone();
        let judge = Judge {
            clock: self.clock.clone(),
            orders: self.orders.subscribe(),
            requests: self.requests.subscribe(),
            peers: self.peers.subscribe(),
            access: Arc::clone(&self.access),
            client,
            metrics: self.metrics.clone(),
            seen: Arc::new(Mutex::new(seen)),
            heard: Arc::new(Mutex::new(heard)),
            known,
            probe,
            hurry: Arc::clone(&self.hurry),
            standing: self.standing.clone(),
        };
        self.spawn("judge", move || judge.clone().run());
        if let Some(cluster) = &self.config.cluster {
            self.join(cluster.clone(), kept_by_us);
        }
    }

    /// Obeys a PoolConfig, and tells what became of it.
    fn join(&self, cluster: ClusterConfig, known: Option<watch::Receiver<Knowledge>>) {
        let kept = Arc::new(Kept::open(&self.config.control_socket));
        if let Some(orders) = kept.orders() {
            self.orders.send_replace(orders);
        }
        let member = Member::new(
            cluster,
            Sides {
                metrics: self.metrics.clone(),
                clock: self.clock.clone(),
                kept,
                orders: self.orders.clone(),
                requests: self.requests.clone(),
                standing: self.standing.subscribe(),
                known,
                holds: self.holds.clone(),
                peers: self.peers.clone(),
            },
        );
        let Member {
            obey,
            asked,
            report,
            hold,
            holder,
            spare,
        } = member;
        self.spawn("poolconfig", move || obey.clone().run());
        self.spawn("requests", move || asked.clone().run());
        self.spawn("poolinstance", move || report.clone().run());
        self.spawn("lease", move || hold.clone().run());
        self.spawn("status", move || holder.clone().run());
        self.spawn("peers", move || spare.clone().run());
    }

    /// Unless this agent is told never to.
    fn keep_canaries(&self) -> Option<watch::Receiver<Knowledge>> {
        if self.config.canaries == Some(false) {
            return None;
        }
        let (sender, known) = watch::channel(Knowledge::default());
        let canaries = Canaries {
            access: Arc::clone(&self.access),
            clock: self.clock.clone(),
            pod: self.config.probe.pod().to_owned(),
            file: canaries::file(&self.config.control_socket),
            metrics: self.metrics.clone(),
            known: sender,
            always: self.config.canaries == Some(true),
            holds: self.holds.subscribe(),
            orders: self.orders.subscribe(),
        };
        self.spawn("canaries", move || canaries.clone().run());
        Some(known)
    }

    fn serve(&self, listener: TcpListener) {
        let (clock, standing) = (self.clock.clone(), self.standing.subscribe());
        let alive = move || {
            let judged = standing.borrow().as_ref().map(|standing| standing.at);
            clock.now().since(judged.unwrap_or_default()) < STUCK_AFTER
        };
        let (clock, standing) = (self.clock.clone(), self.standing.subscribe());
        let readiness = move || {
            let standing = standing.borrow();
            standing.as_ref().map_or_else(
                || Page::NotReady {
                    reason: "starting".to_owned(),
                },
                |standing| standing.page(clock.now()),
            )
        };
        let (clock, standing) = (self.clock.clone(), self.standing.subscribe());
        let metrics = self.metrics.clone();
        let encode = move || {
            if let Some(standing) = &*standing.borrow() {
                standing.gauge(clock.now(), &metrics);
            }
            metrics.encode()
        };
        let router = admin::router(AdminState {
            about: About {
                program: "sabai-agent",
                version: env!("CARGO_PKG_VERSION"),
                revision: option_env!("SABAI_REVISION"),
            },
            alive: Arc::new(alive),
            readiness: Arc::new(readiness),
            metrics: Arc::new(encode),
        });
        let (limits, stop) = (server::Limits::default(), self.stop.clone());
        let serving = server::serve(listener, router, limits, stop, Arc::new(|_| {}));
        self.tasks.spawn(async move {
            serving.await;
        });
    }

    /// A task that goes on until the agent ends, whatever becomes of it in between.
    fn spawn<F>(&self, task: &'static str, begin: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let metrics = self.metrics.clone();
        let again = move || metrics.task_again(task);
        let stop = (self.stop.clone(), grace(task));
        self.tasks.spawn(supervise(task, stop, again, begin));
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(ENDING, self.tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
    }
}

/// What a task has to end by itself: the probe says goodbye to its session when nobody listens any more.
fn grace(task: &str) -> Duration {
    if task == PROBE {
        ENDING / 2
    } else {
        Duration::ZERO
    }
}

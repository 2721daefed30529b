//! An open load on a bot: so many events a second, whatever becomes of them, over 64 kept connections. What is not
//! answered 200 is delivered again, marked, until it is, as LINE does. Every answer is kept for the summary; who was
//! acknowledged goes into the world's history.

mod summary;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::wait::eventually;
use crate::webhook::{Event, Webhook};
use crate::world::World;

pub use summary::{ANSWERED_IN, Answer, Summary};

/// Connections kept open from the start.
const CONNECTIONS: usize = 64;
/// Conversations that events come from in turn.
const CUSTOMERS: usize = 64;
/// LINE redelivers after minutes; nobody here wants to wait that long.
const REDELIVERED_AFTER: Duration = Duration::from_millis(300);
/// Nor does LINE send all at once what waited for a bot that was away.
const REDELIVERED_EVERY: Duration = Duration::from_millis(4);
/// For what is not acknowledged when the load stops.
const FAREWELL: Duration = Duration::from_secs(60);

/// Where webhooks go now; nobody while the bot is away.
pub type Address = watch::Receiver<Option<Webhook>>;

/// A load that runs. Dropping it ends it at once.
pub struct Load {
    shared: Arc<Shared>,
    sending: JoinHandle<()>,
}

struct Shared {
    world: Arc<World>,
    to: Address,
    started: Instant,
    stopped: AtomicBool,
    events: AtomicUsize,
    answers: Mutex<Vec<Answer>>,
    /// Whose turn it is to deliver again.
    again: tokio::sync::Mutex<Interval>,
}

impl Load {
    /// `rate` events a second to this webhook, one in each call.
    #[must_use]
    pub fn start(world: &Arc<World>, to: Webhook, rate: u32) -> Self {
        Self::follow(world, watch::Sender::new(Some(to)).subscribe(), rate)
    }

    /// The same to an address that may change, as of a bot that is started again.
    #[must_use]
    pub fn follow(world: &Arc<World>, to: Address, rate: u32) -> Self {
        let shared = Arc::new(Shared {
            world: Arc::clone(world),
            to,
            started: Instant::now(),
            stopped: AtomicBool::new(false),
            events: AtomicUsize::new(0),
            answers: Mutex::default(),
            again: tokio::sync::Mutex::new(paced(REDELIVERED_EVERY, MissedTickBehavior::Delay)),
        });
        let sending = tokio::spawn(send(Arc::clone(&shared), rate));
        Self { shared, sending }
    }

    /// Time since it began; answers are dated by it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// What was answered so far.
    #[must_use]
    pub fn so_far(&self) -> Summary {
        self.shared.summary()
    }

    /// Waits until `more` further calls that were sent after now are answered, with whatever.
    ///
    /// # Panics
    /// After `limit`.
    pub async fn answered(&self, more: usize, limit: Duration) {
        let begin = self.elapsed();
        self.until(limit, &format!("{more} more answers"), |answers| {
            answers.iter().filter(|answer| answer.sent >= begin).count() >= more
        })
        .await;
    }

    /// Waits until a call that was sent after now is acknowledged.
    ///
    /// # Panics
    /// After `limit`.
    pub async fn acknowledged(&self, limit: Duration) {
        let begin = self.elapsed();
        self.until(limit, "an acknowledgement", |answers| {
            let mut later = answers.iter().filter(|answer| answer.sent >= begin);
            later.any(Answer::is_acknowledged)
        })
        .await;
    }

    async fn until(&self, limit: Duration, what: &str, reached: impl Fn(&[Answer]) -> bool) {
        eventually(limit, what, async || {
            if reached(&self.shared.answers()) {
                return Ok(());
            }
            Err(self.so_far().to_string())
        })
        .await;
    }

    /// Sends no new events, and waits until those that were sent are acknowledged.
    ///
    /// # Panics
    /// When one is not within a minute.
    pub async fn stop(mut self) -> Summary {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let ended = tokio::time::timeout(FAREWELL, &mut self.sending).await;
        let Ok(ended) = ended else {
            panic!("not acknowledged within {FAREWELL:?}: {}", self.so_far());
        };
        ended.expect("the load does not panic");
        self.so_far()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

impl Shared {
    fn answers(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.answers
            .lock()
            .expect("nobody panics while holding this")
    }

    fn summary(&self) -> Summary {
        Summary::of(self.events.load(Ordering::Relaxed), &self.answers())
    }

    /// Where to, now; one after another for those that nobody was there for, and for redeliveries.
    async fn to(&self, again: bool) -> Option<Webhook> {
        let mut to = self.to.clone();
        let now = to.borrow().clone();
        if now.is_some() && !again {
            return now;
        }
        let mut turn = self.again.lock().await;
        let webhook = to.wait_for(Option::is_some).await.ok()?.clone();
        turn.tick().await;
        webhook
    }

    /// Delivers one event until it is acknowledged.
    async fn deliver(&self, mut event: Event, connection: Arc<Connection>) {
        let mut again = false;
        // Without an address any more there is nothing to be done.
        while let Some(webhook) = self.to(again).await {
            let webhook = connection.to(webhook);
            let sent = self.started.elapsed();
            let events = std::slice::from_ref(&event);
            let delivery = webhook.deliver(events).await;
            self.world.history.record(events, &delivery);
            let answer = Answer::new(sent, &delivery);
            let acknowledged = answer.is_acknowledged();
            self.answers().push(answer);
            if acknowledged {
                return;
            }
            (event, again) = (event.redelivered(), true);
            tokio::time::sleep(REDELIVERED_AFTER).await;
        }
    }
}

/// One of the kept connections; a busy one is joined by another for as long as it takes.
#[derive(Default)]
struct Connection(Mutex<Option<Webhook>>);

impl Connection {
    /// The same bot over this connection; another bot over a new one.
    fn to(&self, webhook: Webhook) -> Webhook {
        let mut kept = self.0.lock().expect("nobody panics while holding this");
        match &*kept {
            Some(kept) if kept.url() == webhook.url() => kept.clone(),
            _ => kept.insert(webhook.over_its_own_connection()).clone(),
        }
    }
}

async fn send(shared: Arc<Shared>, rate: u32) {
    let connections: Vec<Arc<Connection>> = (0..CONNECTIONS).map(|_| Arc::default()).collect();
    let mut pace = paced(Duration::from_secs(1) / rate, MissedTickBehavior::Burst);
    let mut deliveries = JoinSet::new();
    for number in 0.. {
        pace.tick().await;
        if shared.stopped.load(Ordering::Relaxed) {
            break;
        }
        while let Some(ended) = deliveries.try_join_next() {
            ended.expect("a delivery does not panic");
        }
        let event = Event::text(&format!("customer {}", number % CUSTOMERS), "hello");
        let connection = Arc::clone(&connections[number % CONNECTIONS]);
        let delivering = Arc::clone(&shared);
        shared.events.fetch_add(1, Ordering::Relaxed);
        deliveries.spawn(async move { delivering.deliver(event, connection).await });
    }
    deliveries.join_all().await;
}

fn paced(period: Duration, missed: MissedTickBehavior) -> Interval {
    let mut pace = tokio::time::interval(period);
    pace.set_missed_tick_behavior(missed);
    pace
}

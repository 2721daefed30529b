//! Load on a webhook: closed (each connection sends as soon as it is answered) and open (so many calls a second,
//! whatever becomes of them). Every answer must be 200.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use super::client::Connection;
use super::traffic::{CUSTOMERS, Traffic, Writer};
use super::{Timed, alone};

/// Time for the answers that are still out when the load ends.
const GRACE: Duration = Duration::from_secs(5);

/// Who is called and by whom.
#[derive(Clone, Debug)]
pub struct Load {
    pub to: SocketAddr,
    pub traffic: Arc<Traffic>,
    pub lasts: Duration,
}

impl Load {
    /// One message of every customer, ten a call.
    ///
    /// # Errors
    /// When a call is not answered 200.
    pub async fn everybody(&self) -> anyhow::Result<()> {
        let load = self.clone();
        alone(move || async move {
            let mut writer = Writer::new(Arc::clone(&load.traffic), 0, 1);
            let mut connection = Connection::open(load.to).await?;
            for _ in 0..CUSTOMERS / 10 {
                let status = connection.exchange(writer.call(10)).await?;
                ensure!(status == 200, "answered {status}");
            }
            Ok(())
        })
        .await
    }

    /// `connections` at a time; with `batches` 1 to 10 events a call (5.5 on average), else one.
    ///
    /// # Errors
    /// When a call is not answered 200.
    pub async fn closed(&self, connections: usize, batches: bool) -> anyhow::Result<Timed> {
        let load = self.clone();
        alone(move || async move {
            let started = Instant::now();
            let mut clients = JoinSet::new();
            for number in 0..connections {
                let writer = Writer::new(Arc::clone(&load.traffic), number, connections);
                clients.spawn(client(
                    load.to,
                    writer,
                    started + load.lasts,
                    batches.then_some(number),
                ));
            }
            let mut took = Vec::new();
            while let Some(client) = clients.join_next().await {
                took.extend(client??);
            }
            Ok(Timed {
                took,
                elapsed: started.elapsed(),
            })
        })
        .await
    }

    /// Calls of `events` events over `connections`, until `bytes` of bodies were acknowledged.
    ///
    /// # Errors
    /// When a call is not answered 200.
    pub async fn fill(&self, connections: usize, events: usize, bytes: u64) -> anyhow::Result<u64> {
        let load = self.clone();
        alone(move || async move {
            let sent = Arc::new(AtomicU64::new(0));
            let mut clients = JoinSet::new();
            for number in 0..connections {
                let writer = Writer::new(Arc::clone(&load.traffic), number, connections);
                clients.spawn(filler(load.to, writer, events, Arc::clone(&sent), bytes));
            }
            while let Some(client) = clients.join_next().await {
                client??;
            }
            Ok(sent.load(Ordering::Relaxed))
        })
        .await
    }

    /// `rate` calls a second with one event each. A call's time begins when it is handed over, also when it then has
    /// to wait for a connection; the timer's own slack (up to 1 ms) is not counted.
    ///
    /// # Errors
    /// When a call is not answered 200, or the generator fell behind its own rate.
    pub async fn open(&self, rate: f64) -> anyhow::Result<Timed> {
        let load = self.clone();
        alone(move || async move {
            let mut writer = Writer::new(Arc::clone(&load.traffic), 0, 1);
            let idle = Arc::new(Mutex::new(Vec::new()));
            let (started, mut calls) = (Instant::now(), JoinSet::new());
            let (mut due, step) = (started, Duration::from_secs_f64(1.0 / rate));
            while due < started + load.lasts {
                tokio::time::sleep_until(due.into()).await;
                calls.spawn(call(load.to, writer.call(1).to_vec(), Arc::clone(&idle)));
                due += step;
            }
            let elapsed = started.elapsed();
            ensure!(
                elapsed < load.lasts.mul_f64(1.05) + GRACE / 10,
                "the load generator fell behind"
            );
            let took = tokio::time::timeout(GRACE, calls.join_all())
                .await
                .context("calls without an answer")?;
            let took = took.into_iter().collect::<anyhow::Result<_>>()?;
            Ok(Timed { took, elapsed })
        })
        .await
    }
}

async fn client(
    to: SocketAddr,
    mut writer: Writer,
    end: Instant,
    batches: Option<usize>,
) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(to).await?;
    let mut took = Vec::new();
    let mut began = Instant::now();
    while began < end {
        // 7 and 10 have no common factor: each size comes as often.
        let events = batches.map_or(1, |number| 1 + (7 * took.len() + number) % 10);
        let status = connection.exchange(writer.call(events)).await?;
        ensure!(status == 200, "answered {status}");
        let now = Instant::now();
        took.push(now - began);
        began = now;
    }
    Ok(took)
}

async fn filler(
    to: SocketAddr,
    mut writer: Writer,
    events: usize,
    sent: Arc<AtomicU64>,
    bytes: u64,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(to).await?;
    while sent.load(Ordering::Relaxed) < bytes {
        let request = writer.call(events);
        let length = request.len() as u64;
        let status = connection.exchange(request).await?;
        ensure!(status == 200, "answered {status}");
        sent.fetch_add(length, Ordering::Relaxed);
    }
    Ok(())
}

async fn call(
    to: SocketAddr,
    request: Vec<u8>,
    idle: Arc<Mutex<Vec<Connection>>>,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let kept = idle.lock().expect("nobody panics while holding this").pop();
    let mut connection = match kept {
        Some(connection) => connection,
        None => Connection::open(to).await?,
    };
    let status = connection.exchange(&request).await?;
    ensure!(status == 200, "answered {status}");
    let took = began.elapsed();
    idle.lock()
        .expect("nobody panics while holding this")
        .push(connection);
    Ok(took)
}

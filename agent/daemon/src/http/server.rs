//! Accepts connections and speaks HTTP/1 on them: how many at once, how slow each may be, and a
//! stop that finishes what was begun. Knows nothing of what is served.
//!
//! At the limit one accepted connection waits, others behind it in the kernel's queue, and the
//! longest kept one is asked to leave: at once if it is idle, else after its present answer. So
//! idle connections never keep a caller out, and no call in flight is cut.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::header::CONNECTION;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::patience::{Patience, Turn};
use super::socket::Socket;
use super::throttle::Throttle;

/// Read buffer of a connection, hence also the largest head; hyper answers 431 beyond it.
const BUFFER_BYTES: usize = 16 * 1024;
/// How long a waiting connection waits before the next kept one is asked to leave.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// First and longest pause after the system refused to accept (no file descriptors, no memory).
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// What clients may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Served at once; one more may be waiting.
    pub max_connections: usize,
    /// From the first byte of a request's head to its last.
    pub head_timeout: Duration,
    /// From an answer to the next request. Above the usual 60 s of proxies, which must be the
    /// ones to close: a request sent into our closing would be lost.
    pub idle_timeout: Duration,
    /// What a stop waits for calls in flight.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// Where a request's connection comes from: an extension of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteAddress(pub IpAddr);

/// Told of every answer that no router gave: what came was no head of a request, or too long a one.
pub type Refused = Arc<dyn Fn(StatusCode) + Send + Sync>;

/// Serves until `stop`, then closes idle connections, finishes the calls in flight, and returns
/// how many connections had to be cut at the stop's deadline. A panic ends its connection alone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
    refused: Refused,
) -> usize {
    let mut http = http1::Builder::new();
    // Our own patience instead: hyper has one time for head and idleness together, and pays for
    // a new timer at each request.
    http.header_read_timeout(None).max_buf_size(BUFFER_BYTES);
    let server = Arc::new(Server {
        http,
        service: TowerToHyperService::new(router),
        limits,
        refused,
        leave: Notify::new(),
        stop: stop.clone(),
        cut: CancellationToken::new(),
    });
    let room = Arc::new(Semaphore::new(limits.max_connections));
    let connections = TaskTracker::new();
    let failures = Throttle::default();
    loop {
        let admitted = async {
            let (tcp, address) = accept(&listener, &failures).await;
            (tcp, address, place(&room, &server.leave).await)
        };
        select! {
            biased;
            () = stop.cancelled() => break,
            (tcp, address, place) = admitted => {
                connections.spawn(Arc::clone(&server).converse(tcp, address, place))
            }
        };
    }
    drop(listener);
    connections.close();
    let _ = timeout(limits.stop_timeout, connections.wait()).await;
    let left = connections.len();
    server.cut.cancel();
    connections.wait().await;
    left
}

struct Server {
    http: http1::Builder,
    service: TowerToHyperService<Router>,
    limits: Limits,
    refused: Refused,
    /// Wakes the connection that has been kept longest: waiters are woken in order.
    leave: Notify,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl Server {
    /// One connection, from its first byte to its end.
    async fn converse(
        self: Arc<Self>,
        tcp: TcpStream,
        address: RemoteAddress,
        _place: OwnedSemaphorePermit,
    ) {
        // Without it an answer may wait for the client's delayed ACK; a socket that refuses is
        // about to fail anyway.
        let _ = tcp.set_nodelay(true);
        let turn = Arc::new(Turn::new());
        let socket = TokioIo::new(Socket::new(tcp, Arc::clone(&turn)));
        let turn = &*turn;
        let service = service_fn(|mut request: Request<Incoming>| {
            turn.begin();
            request.extensions_mut().insert(address);
            let answer = self.service.call(request);
            async move {
                let response = answer.await?;
                turn.end(response.headers().contains_key(CONNECTION));
                Ok::<_, Infallible>(response)
            }
        });
        let mut connection = pin!(self.http.serve_connection(socket, service));
        let mut patience = pin!(Patience::new(
            turn,
            self.limits.head_timeout,
            self.limits.idle_timeout
        ));
        let mut ended = select! {
            biased;
            ended = connection.as_mut() => Some(ended),
            () = patience.as_mut() => return,
            () = self.leave.notified() => None,
            () = self.stop.cancelled() => None,
        };
        if ended.is_none() {
            connection.as_mut().graceful_shutdown();
            ended = select! {
                biased;
                ended = connection => Some(ended),
                () = patience => return,
                () = self.cut.cancelled() => return,
            };
        }
        if let Some(Err(error)) = ended {
            if let Some(status) = refusal(&error) {
                (self.refused)(status);
            }
            debug!("connection ended: {error}");
        }
    }
}

/// What hyper answered by itself before it ended the connection with `error`.
fn refusal(error: &hyper::Error) -> Option<StatusCode> {
    if error.is_parse_version_h2() {
        // Closed without a word.
        None
    } else if error.is_parse_too_large() {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else {
        error.is_parse().then_some(StatusCode::BAD_REQUEST)
    }
}

/// The next connection, however long it takes; errors are waited out.
async fn accept(listener: &TcpListener, failures: &Throttle) -> (TcpStream, RemoteAddress) {
    let (mut pause, longest) = PAUSES;
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => return (tcp, RemoteAddress(peer.ip())),
            Err(error) if is_clients(&error) => {}
            Err(error) => {
                if let Some(left_out) = failures.admit(Instant::now()) {
                    warn!(left_out, "cannot accept connections, trying again: {error}");
                }
                sleep(pause).await;
                pause = longest.min(pause * 2);
            }
        }
    }
}

/// The client gave up while it was in the queue: nothing is wrong here.
fn is_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// A place for one connection, made by asking others to leave when there is none.
async fn place(room: &Arc<Semaphore>, leave: &Notify) -> OwnedSemaphorePermit {
    let mut patience = Duration::ZERO;
    loop {
        if let Ok(place) = timeout(patience, Arc::clone(room).acquire_owned()).await {
            return place.expect("the semaphore is never closed");
        }
        leave.notify_one();
        patience = ASK_EVERY;
    }
}

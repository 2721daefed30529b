//! A LINE that answers at once and keeps no journal: what it costs is not the bot's. Takes replies and profile
//! requests, and sees whether each customer's answers come once and in order.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::client::{complete, find};
use super::traffic::{CUSTOMERS, DESTINATION, read_reply_token};

const TOKEN: &[u8] = b"\"replyToken\":\"";

/// The stand-in of the bench. Dropping it closes its port.
#[derive(Debug)]
pub struct QuickLine {
    address: SocketAddr,
    seen: Arc<Seen>,
    _stop: DropGuard,
}

/// What was accepted.
#[derive(Debug)]
struct Seen {
    /// Whether it tells the bot who it is. A bot that does not know stores events and answers none.
    introduces: bool,
    replies: AtomicU64,
    misplaced: AtomicU64,
    next: Vec<AtomicU32>,
}

impl QuickLine {
    /// Listens on a free port, served by a thread of its own.
    ///
    /// # Errors
    /// When no port or thread can be had.
    pub fn start(introduces: bool) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Seen {
            introduces,
            replies: AtomicU64::new(0),
            misplaced: AtomicU64::new(0),
            next: (0..CUSTOMERS).map(|_| AtomicU32::new(0)).collect(),
        });
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (serving, stopped) = (Arc::clone(&seen), stop.clone());
        std::thread::Builder::new()
            .name("line".into())
            .spawn(move || {
                runtime.block_on(stopped.run_until_cancelled(accept(listener, serving)))
            })?;
        Ok(Self {
            address,
            seen,
            _stop: stop.drop_guard(),
        })
    }

    /// What `LINE_API_URL` is set to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replies accepted so far.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.seen.replies.load(Ordering::Relaxed)
    }

    /// Replies that came twice or not in the order in which the customer's messages were acknowledged.
    #[must_use]
    pub fn misplaced(&self) -> u64 {
        self.seen.misplaced.load(Ordering::Relaxed)
    }
}

async fn accept(listener: std::net::TcpListener, seen: Arc<Seen>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, Arc::clone(&seen)));
    }
}

/// Until the peer closes.
async fn serve(mut stream: TcpStream, seen: Arc<Seen>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut inbox, mut answer) = (Vec::with_capacity(4096), Vec::with_capacity(512));
    loop {
        let length = loop {
            if let Some(length) = complete(&inbox).filter(|length| inbox.len() >= *length) {
                break length;
            }
            if stream.read_buf(&mut inbox).await? == 0 {
                return Ok(());
            }
        };
        answer.clear();
        seen.answer(&inbox[..length], &mut answer)?;
        inbox.drain(..length);
        stream.write_all(&answer).await?;
    }
}

impl Seen {
    fn answer(&self, request: &[u8], answer: &mut Vec<u8>) -> io::Result<()> {
        if request.starts_with(b"POST /v2/bot/message/reply ") {
            let number = self.replies.fetch_add(1, Ordering::Relaxed);
            self.reply(request);
            let body =
                r#"{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7bZRxzU"}]}"#;
            write(answer, "200 OK", number, body)
        } else if request.starts_with(b"GET /v2/bot/profile/") {
            write(
                answer,
                "200 OK",
                0,
                r#"{"displayName":"Somchai","language":"th"}"#,
            )
        } else if request.starts_with(b"GET /v2/bot/info ") && self.introduces {
            let body =
                format!(r#"{{"userId":"{DESTINATION}","basicId":"@sabai","displayName":"Sabai"}}"#);
            write(answer, "200 OK", 0, &body)
        } else {
            write(
                answer,
                "500 Internal Server Error",
                0,
                r#"{"message":"not here"}"#,
            )
        }
    }

    fn reply(&self, request: &[u8]) {
        let token = find(request, TOKEN)
            .and_then(|at| request.get(at + TOKEN.len()..at + TOKEN.len() + 32));
        let in_place = token
            .and_then(read_reply_token)
            .is_some_and(|(customer, message)| {
                self.next[customer].swap(message + 1, Ordering::Relaxed) == message
            });
        if !in_place {
            self.misplaced.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write(answer: &mut Vec<u8>, status: &str, number: u64, body: &str) -> io::Result<()> {
    io::Write::write_fmt(
        answer,
        format_args!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-line-request-id: 3f0c1a52-7d1e-4c8e-9a55-{number:012x}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
}

//! A server for this module's tests that does as its script says, one step a
//! request, in order, and keeps what it read. It knows nothing of LINE's
//! rules: the stand-in of the end-to-end tests does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::line::{ClientConfig, Endpoint, LineClient, Observer, Secret, TokenSource};

/// What is done with one connection or request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// On accepting, before a byte is read: an end of file, or a reset.
    CloseUnread,
    ResetUnread,
    /// After the whole request was read.
    Close,
    Reset,
    Hang,
    /// These bytes, and the connection stays open.
    Raw(String),
    /// These bytes, then the end of the connection.
    RawThenClose(String),
}

/// A well-formed response with one more header line, as `a: b\r\n`.
pub(crate) fn answer(status: u16, extra: &str, body: &str) -> Step {
    let length = body.len();
    Step::Raw(format!(
        "HTTP/1.1 {status} X\r\nx-line-request-id: id-{status}\r\n{extra}content-length: {length}\r\n\r\n{body}"
    ))
}

pub(crate) fn json(status: u16, body: &str) -> Step {
    answer(status, "", body)
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Step>>,
    /// Each whole request as text.
    read: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    closed: Notify,
}

pub(crate) struct Scripted {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Scripted {
    /// A request beyond the script is answered with 599.
    pub(crate) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has one");
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            ..Shared::default()
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *locked(&serving.connections) += 1;
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            url: format!("http://{address}"),
            shared,
        }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        locked(&self.shared.read).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *locked(&self.shared.connections)
    }

    /// Returns when the server has closed a connection and this process's
    /// sockets have been told.
    pub(crate) async fn closed(&self) {
        self.shared.closed.notified().await;
        // The kernel tells of sockets in order: who has seen a byte that was
        // sent after the close has seen the close.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has one");
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut near, (mut far, _)) = (near.expect("connected"), far.expect("accepted"));
        near.write_all(b"x").await.expect("written");
        far.read_u8().await.expect("read");
    }

    pub(crate) fn client(&self) -> LineClient {
        self.client_with(TokenSource::Fixed(Secret::from("t0")))
    }

    pub(crate) fn client_with(&self, token: TokenSource) -> LineClient {
        self.watched(token, Arc::new(|_, _| {}))
    }

    pub(crate) fn watched(&self, token: TokenSource, observer: Observer) -> LineClient {
        LineClient::new(&config(&self.url, token), observer).expect("a valid configuration")
    }
}

pub(crate) fn config(url: &str, token: TokenSource) -> ClientConfig {
    ClientConfig {
        api_url: url.parse().expect("a URL"),
        channel_secrets: watch::channel(vec![Secret::from("s1"), Secret::from("s2")]).1,
        token,
        call_deadline: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(3),
    }
}

pub(crate) type Told = Arc<Mutex<Vec<(Endpoint, &'static str)>>>;

/// An observer, and what it was told.
pub(crate) fn journal() -> (Observer, Told) {
    let told = Told::default();
    let kept = Arc::clone(&told);
    let observer: Observer = Arc::new(move |endpoint, word| locked(&kept).push((endpoint, word)));
    (observer, told)
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let unread = {
        let mut script = locked(&shared.script);
        script.pop_front_if(|step| matches!(step, Step::CloseUnread | Step::ResetUnread))
    };
    match unread {
        Some(Step::ResetUnread) => return stream.set_zero_linger().expect("an open socket"),
        Some(_) => return,
        None => {}
    }
    while let Some(request) = read_request(&mut stream).await {
        locked(&shared.read).push(request);
        let step = locked(&shared.script).pop_front();
        match step.unwrap_or_else(|| json(599, "the script has ended")) {
            Step::Raw(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap_or_default(),
            Step::RawThenClose(bytes) => {
                stream.write_all(bytes.as_bytes()).await.unwrap_or_default();
                drop(stream);
                shared.closed.notify_one();
                return;
            }
            Step::Reset => return stream.set_zero_linger().expect("an open socket"),
            Step::Hang => std::future::pending().await,
            Step::Close | Step::CloseUnread | Step::ResetUnread => return,
        }
    }
}

/// A request with its `content-length` of body; `None` at the end of file.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if bytes.len() >= head + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

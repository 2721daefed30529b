//! A client that writes bytes of the test's choice and reads an answer, and nothing more.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Client(TcpStream);

#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(": ")?;
            given.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("connects"))
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(LIMIT, self.0.write_all(bytes.as_ref()))
            .await
            .expect("in time")
            .expect("sent");
    }

    /// Sends what the other side is willing to take: it may have closed.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) {
        let _ = timeout(LIMIT, self.0.write_all(bytes))
            .await
            .expect("in time");
    }

    /// Closes this side.
    pub(super) async fn finish(&mut self) {
        self.0.shutdown().await.expect("closes");
    }

    /// A whole answer; panics if the connection ends first.
    pub(super) async fn response(&mut self) -> Response {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut bytes).await;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).expect("ASCII");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status");
        let mut response = Response {
            status,
            head,
            body: String::new(),
        };
        let length: usize = response
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        while bytes.len() < end + length {
            self.more(&mut bytes).await;
        }
        response.body = String::from_utf8_lossy(&bytes[end..]).into_owned();
        response
    }

    /// Waits until the server has closed, and returns what it sent before.
    pub(super) async fn closed(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = timeout(LIMIT, self.0.read_to_end(&mut bytes)).await;
        read.unwrap_or_else(|_| {
            panic!(
                "still open, having sent {:?}",
                String::from_utf8_lossy(&bytes)
            )
        })
        .expect("closed, not reset");
        bytes
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) {
        let read = timeout(LIMIT, self.0.read_buf(bytes)).await;
        let read =
            read.unwrap_or_else(|_| panic!("no answer, only {:?}", String::from_utf8_lossy(bytes)));
        let read = read.expect("reads");
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(bytes));
    }
}

//! A client's TCP connection as hyper sees it. Notes when bytes come, and after a refusal reads on
//! for a moment before it closes: a kernel that closes on unread bytes resets the connection, and
//! many clients then never see the answer.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::patience::Turn;

/// How long a refused client may go on sending before the connection is dropped.
const LINGER: Duration = Duration::from_secs(1);

pub(super) struct Socket {
    tcp: TcpStream,
    turn: Arc<Turn>,
    /// Set once our side is closed.
    linger: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, turn: Arc<Turn>) -> Self {
        Self {
            tcp,
            turn,
            linger: None,
        }
    }
}

/// Reads what still comes and drops it, until its end or the end of time.
fn discard(tcp: &mut TcpStream, mut time: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    // First, since a fast sender would use up this task's time slice below.
    if time.as_mut().poll(cx).is_ready() {
        return Poll::Ready(());
    }
    let mut waste = [MaybeUninit::uninit(); 4096];
    loop {
        let mut waste = ReadBuf::uninit(&mut waste);
        match ready!(Pin::new(&mut *tcp).poll_read(cx, &mut waste)) {
            Ok(()) if !waste.filled().is_empty() => {}
            Ok(()) | Err(_) => return Poll::Ready(()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.turn.hear();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { tcp, turn, linger } = self.get_mut();
        if linger.is_none() {
            ready!(Pin::new(&mut *tcp).poll_shutdown(cx))?;
        }
        if turn.unread() {
            let time = linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
            ready!(discard(tcp, time.as_mut(), cx));
        }
        Poll::Ready(Ok(()))
    }
}

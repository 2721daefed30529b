//! The byte stream under a session: TLS, watched. It notes how the protocol stands and how the stream ended.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::client::TlsStream;

use super::frames::Frames;
use crate::fault::{Fault, of_io};

/// What the stream knows, shared with the link.
#[derive(Debug)]
pub(super) struct Watch {
    state: Mutex<State>,
    ready: Notify,
}

#[derive(Debug)]
struct State {
    frames: Frames,
    /// The first sign that the stream has ended.
    end: Option<Fault>,
    /// Nothing comes any more: it has ended, or was dropped.
    over: bool,
}

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        let state = Mutex::new(State {
            frames: Frames::new(),
            end: None,
            over: false,
        });
        Arc::new(Self {
            state,
            ready: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is in flight, no transaction is open and the stream lives.
    pub(super) fn quiet(&self) -> bool {
        let state = self.state();
        state.frames.quiet() && state.end.is_none()
    }

    /// Waits until every request was answered, or none can be any more. The caller sets the deadline.
    pub(super) async fn until_answered(&self) {
        loop {
            let ready = self.ready.notified();
            let (answered, over) = {
                let state = self.state();
                (state.frames.answered(), state.over)
            };
            if answered || over {
                return;
            }
            ready.await;
        }
    }

    /// How the stream ended, if it has.
    pub(super) fn end(&self) -> Option<Fault> {
        self.state().end
    }

    fn ended(&self, fault: Fault) {
        self.state().end.get_or_insert(fault);
        self.over();
    }

    fn over(&self) {
        self.state().over = true;
        self.ready.notify_waiters();
    }
}

/// A TLS session that reports to a [`Watch`].
pub(super) struct Watched {
    tls: TlsStream<TcpStream>,
    watch: Arc<Watch>,
    said_goodbye: bool,
}

impl Watched {
    pub(super) fn new(tls: TlsStream<TcpStream>, watch: Arc<Watch>) -> Self {
        Self {
            tls,
            watch,
            said_goodbye: false,
        }
    }

    fn note<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.inspect_err(|error| self.watch.ended(of_io(error)))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.over();
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = ready!(Pin::new(&mut self.tls).poll_read(cx, buf));
        self.note(outcome)?;
        let news = &buf.filled()[before..];
        if news.is_empty() {
            // rustls tells an end without close_notify as an error: this one was in order.
            self.watch.ended(Fault::ClosedByPeer);
        } else if self.watch.state().frames.received(news) {
            self.watch.ready.notify_waiters();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.tls).poll_write(cx, buf));
        let written = self.note(outcome)?;
        self.watch.state().frames.sent(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(Pin::new(&mut self.tls).poll_flush(cx));
        Poll::Ready(self.note(outcome))
    }

    /// Says goodbye, then reads to the end of TCP: only then has the backend gone. close_notify comes before it.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.said_goodbye {
            match ready!(Pin::new(&mut self.tls).poll_shutdown(cx)) {
                Err(error) if is_gone(&error) => return Poll::Ready(Ok(())),
                outcome => self.note(outcome)?,
            }
            self.said_goodbye = true;
        }
        let (tcp, _) = self.tls.get_mut();
        let mut chunk = [0; 512];
        loop {
            let mut buf = ReadBuf::new(&mut chunk);
            match ready!(Pin::new(&mut *tcp).poll_read(cx, &mut buf)) {
                Err(error) if is_gone(&error) => return Poll::Ready(Ok(())),
                outcome => outcome?,
            }
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// After our goodbye a reset is an end like another: a server that goes with our close_notify unread resets.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_an_answer_from_a_stream_that_has_ended() {
        let watch = Watch::new();
        watch.state().frames.sent(b"Q\0\0\0\x08abcd");
        let waiting = tokio::spawn({
            let watch = Arc::clone(&watch);
            async move { watch.until_answered().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        watch.ended(Fault::ConnectionReset);
        let limit = Duration::from_secs(1);
        timeout(limit, waiting).await.expect("told").expect("well");
        timeout(limit, watch.until_answered()).await.expect("told");
        assert!(!watch.quiet());
    }
}

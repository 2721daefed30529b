//! Proof of what was not sent. A request's body is given to the connection at
//! most once, and can be taken back as long as it was not: whoever takes it
//! back knows that not one byte of it was, or ever will be, written.
//! It never says that something *was* sent: a body given may still be lost.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

const HELD: u8 = 0;
const GIVEN: u8 = 1;
const REVOKED: u8 = 2;

/// The caller's end.
pub(crate) struct Handover(Arc<AtomicU8>);

/// The connection's end. An incomplete request is worth nothing to LINE, so
/// even a head that went out ahead of a revoked body has sent no message.
pub(crate) struct Guarded {
    bytes: Bytes,
    state: Arc<AtomicU8>,
}

#[derive(Debug, thiserror::Error)]
#[error("the request was taken back before it was sent")]
pub(crate) struct Revoked;

/// An empty body counts as given from the start: there is nothing to hold.
pub(crate) fn guard(bytes: Bytes) -> (Guarded, Handover) {
    let first = if bytes.is_empty() { GIVEN } else { HELD };
    let state = Arc::new(AtomicU8::new(first));
    (
        Guarded {
            bytes,
            state: Arc::clone(&state),
        },
        Handover(state),
    )
}

impl Handover {
    /// True if the body was never given; from then on it never will be, also
    /// when a connection reaches for it at this very moment.
    pub(crate) fn revoke(&self) -> bool {
        match step(&self.0, REVOKED) {
            Ok(_) => true,
            Err(state) => state == REVOKED,
        }
    }
}

fn step(state: &AtomicU8, next: u8) -> Result<u8, u8> {
    state.compare_exchange(HELD, next, Ordering::AcqRel, Ordering::Acquire)
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = Revoked;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Revoked>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(match step(&self.state, GIVEN) {
            Ok(_) => Ok(Frame::data(std::mem::take(&mut self.bytes))),
            Err(_) => Err(Revoked),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn given_once_it_cannot_be_taken_back() {
        let (body, handover) = guard(Bytes::from_static(b"once"));
        assert_eq!(body.size_hint().exact(), Some(4));
        let whole = body.collect().await.expect("nobody revoked it").to_bytes();
        assert_eq!(&whole[..], b"once");
        assert!(!handover.revoke());
    }

    #[tokio::test]
    async fn taken_back_it_is_never_given() {
        let (body, handover) = guard(Bytes::from_static(b"never"));
        assert!(handover.revoke());
        assert!(handover.revoke(), "as true the second time");
        assert!(body.collect().await.is_err());
    }

    #[test]
    fn an_empty_body_proves_nothing() {
        let (body, handover) = guard(Bytes::new());
        assert!(body.is_end_stream());
        assert!(!handover.revoke());
    }
}

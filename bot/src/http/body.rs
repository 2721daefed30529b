//! Reads a request's body within bounds that hold whatever is sent: its size, the time it may
//! take, and the memory that all bodies together may use.
//! Never looks into it; an over-long one is refused before it is read where its length is told.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// One permit of the budget.
const UNIT: usize = 1024;

/// What bodies may cost.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// Bytes of one body.
    pub max_bytes: usize,
    /// From the head to the last byte.
    pub deadline: Duration,
    /// Memory for all bodies held, in KiB; taken as bytes arrive, so a promise costs nothing.
    pub budget: Arc<Semaphore>,
}

impl BodyLimits {
    /// 5 s for a body, and 64 MiB (but at least four bodies) for all of them.
    pub fn new(max_bytes: usize) -> Self {
        let budget = (64 * 1024).max(max_bytes.div_ceil(UNIT) * 4);
        Self {
            max_bytes,
            deadline: Duration::from_secs(5),
            budget: Arc::new(Semaphore::new(budget)),
        }
    }

    /// The whole body, and its share of the budget: hold it as long as the bytes.
    ///
    /// # Errors
    /// What was unread may still be on its way: close the connection.
    pub async fn read(
        &self,
        body: Body,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), BodyError> {
        let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if told > self.max_bytes {
            return Err(BodyError::TooLarge);
        }
        let all = timeout(self.deadline, self.collect(body));
        all.await.unwrap_or(Err(BodyError::Slow))
    }

    async fn collect(
        &self,
        mut body: Body,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), BodyError> {
        // Copied, so that hyper keeps its buffer for the next request and the share is honest.
        let mut bytes = Vec::new();
        let mut share = None;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
                continue;
            };
            let length = bytes.len() + data.len();
            if length > self.max_bytes {
                return Err(BodyError::TooLarge);
            }
            self.enlarge(&mut share, length.div_ceil(UNIT))?;
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.into(), share))
    }

    fn enlarge(
        &self,
        share: &mut Option<OwnedSemaphorePermit>,
        units: usize,
    ) -> Result<(), BodyError> {
        let missing = units - share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| BodyError::TooLarge)?;
        let more = Arc::clone(&self.budget).try_acquire_many_owned(missing);
        let more = more.map_err(|_| BodyError::NoRoom)?;
        match share {
            Some(share) => share.merge(more),
            None => *share = Some(more),
        }
        Ok(())
    }
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than allowed")]
    TooLarge,
    #[error("the body took too long")]
    Slow,
    /// All bodies held now leave no room for this one.
    #[error("no memory for another body")]
    NoRoom,
    /// The sender went away, or broke the framing.
    #[error("the body ended early")]
    Broken,
}

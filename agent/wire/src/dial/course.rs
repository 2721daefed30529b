//! One run through the stages: each within its own deadline and the whole one's, and whatever was seen on the way.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::reached::Attempt;
use super::{DialError, Dialed, Reached, ServerFacts};
use crate::certificate::CertificateFacts;
use crate::fault::Fault;
use crate::stage::{Passed, Stage};

/// What one stage reports when it fails.
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
    /// What the server presented, when this stage saw it.
    pub(crate) certificate: Option<Box<CertificateFacts>>,
    /// What the server said about itself, when this stage heard it.
    pub(crate) server: Option<Box<ServerFacts>>,
}

impl Failure {
    pub(crate) fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self {
            fault,
            detail: detail.into(),
            certificate: None,
            server: None,
        }
    }
}

/// One run against one overall deadline.
pub(crate) struct Course {
    end: Instant,
    pub(crate) passed: Vec<Passed>,
    pub(crate) reached: Reached,
    pub(crate) certificate: Option<CertificateFacts>,
}

impl Course {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            end: Instant::now() + limit,
            passed: Vec::with_capacity(6),
            reached: Reached::default(),
            certificate: None,
        }
    }

    /// Goes on after a dial, with what is left of the time; the stream goes its own way.
    pub(crate) fn after(
        dialed: Dialed,
        left: Duration,
    ) -> (Self, tokio_rustls::client::TlsStream<TcpStream>) {
        let course = Self {
            end: Instant::now() + left,
            passed: dialed.passed,
            reached: dialed.reached,
            certificate: Some(dialed.certificate),
        };
        (course, dialed.stream)
    }

    /// Runs one stage within its own deadline and the whole one's.
    pub(crate) async fn run<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, DialError> {
        let started = Instant::now();
        let limit = stage
            .limit()
            .min(self.end.saturating_duration_since(started));
        let outcome = timeout(limit, work).await.unwrap_or_else(|_| {
            let detail = format!("no answer within {} ms", limit.as_millis());
            Err(Failure::new(Fault::TimedOut, detail))
        });
        let took = started.elapsed();
        match outcome {
            Ok(value) => {
                self.passed.push(Passed { stage, took });
                Ok(value)
            }
            Err(failure) => Err(self.failed(stage, took, failure)),
        }
    }

    /// Takes note of the addresses that were tried, however that ended.
    pub(super) fn connected(
        &mut self,
        outcome: Result<TcpStream, DialError>,
        attempts: Vec<Attempt>,
    ) -> Result<(TcpStream, SocketAddr), DialError> {
        self.reached.attempts = attempts;
        match outcome {
            Ok(tcp) => {
                let peer = self.reached.peer();
                Ok((tcp, peer.expect("the last attempt connected")))
            }
            Err(mut error) => {
                error.reached.attempts.clone_from(&self.reached.attempts);
                error.reached.interrupted(error.took);
                Err(error)
            }
        }
    }

    fn failed(&mut self, stage: Stage, took: Duration, failure: Failure) -> DialError {
        let known = self.certificate.take().map(Box::new);
        DialError {
            stage,
            fault: failure.fault,
            detail: failure.detail,
            took,
            passed: std::mem::take(&mut self.passed),
            reached: Box::new(self.reached.clone()),
            certificate: failure.certificate.or(known),
            server: failure.server,
        }
    }
}

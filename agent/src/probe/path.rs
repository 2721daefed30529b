//! Goes the whole path once, to a session of its own.

use std::time::Duration;

use sabai_wire::control::Timestamp;
use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Session};
use sabai_wire::stage::Stage;
use tokio::time::Instant;

use super::ProbeSettings;
use super::report::{PathReport, Wrote};
use super::write::Writer;

/// Below the limits of the stages Query and Write, so that Postgres gives up before we do and says why.
const STATEMENT_TIMEOUT: Duration = Duration::from_millis(900);
/// How long the end of a session is waited for.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// How long a kept session may take to answer.
const PING_LIMIT: Duration = Duration::from_secs(1);

/// Opens sessions, with the address, the files and the password as they are now.
pub trait Open: Send + Sync {
    /// # Errors
    /// As [`Link::open`].
    fn open(&self, session: &Session) -> impl Future<Output = Result<Link, DialError>> + Send;
}

/// A session that is kept after its path, to be asked whether it still answers.
pub trait Kept: Send + Sync {
    /// Asks it.
    ///
    /// # Errors
    /// Why no answer came in time.
    fn ping(&self) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Waits until it ends by itself; tells why.
    fn ended(&self) -> impl Future<Output = Fault> + Send;
    /// Closes it, and waits a while for the end.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The way to Postgres, as the prober goes it.
pub trait Route: Send {
    /// What a path leads to.
    type Session: Kept;
    /// Goes it once, with a row written if `write`. A session that answers is handed out, also when no row could be written.
    fn path(
        &mut self,
        settings: &ProbeSettings,
        write: bool,
    ) -> impl Future<Output = (PathReport, Option<Self::Session>)> + Send;
}

/// The real way, by the dialer.
#[derive(Debug)]
pub struct Path<O> {
    open: O,
    application_name: String,
    writer: Writer,
}

impl<O: Open> Path<O> {
    /// Of this pod. Nothing is opened yet.
    pub fn new(open: O, pod: &str) -> Self {
        Self {
            open,
            application_name: format!("sabai/agent/{pod}"),
            writer: Writer::of(pod),
        }
    }

    /// Goes it once, with a row written, and closes the session.
    pub async fn once(&mut self, settings: &ProbeSettings) -> PathReport {
        let (report, link) = self.path(settings, true).await;
        if let Some(link) = link {
            link.close(CLOSE_LIMIT).await;
        }
        report
    }

    fn session(&self, settings: &ProbeSettings) -> Session {
        Session {
            application_name: self.application_name.clone(),
            statement_timeout: STATEMENT_TIMEOUT,
            // The bot counts generations; the agent's sessions have none.
            generation: 0,
            connect_timeout: settings.timeout,
            socket: settings.socket,
        }
    }
}

impl<O: Open> Route for Path<O> {
    type Session = Link;

    async fn path(&mut self, settings: &ProbeSettings, write: bool) -> (PathReport, Option<Link>) {
        let (began, started) = (Timestamp::now(), Instant::now());
        // Large: a resolver, a handshake and a login.
        let opened = Box::pin(self.open.open(&self.session(settings))).await;
        let link = match opened {
            Ok(link) => link,
            Err(error) => return (PathReport::of_failure(began, &error), None),
        };
        let wrote = if write {
            let deadline = (started + settings.timeout).min(Instant::now() + Stage::Write.limit());
            self.writer.write(&link, deadline).await
        } else {
            Wrote::NotWanted
        };
        let report = PathReport::of_session(began, link.facts(), &wrote);
        if link.is_quiet() {
            return (report, Some(link));
        }
        // A commit that hangs, or a session that has ended.
        link.close(CLOSE_LIMIT).await;
        (report, None)
    }
}

impl Kept for Link {
    async fn ping(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + PING_LIMIT;
        // One round trip, and nothing stays prepared.
        let answer = self.batch("probe.ping", "/* probe.ping */ select 1", deadline);
        answer.await.map_err(|error| error.fault)
    }

    async fn ended(&self) -> Fault {
        use sabai_wire::link::End;
        match Self::ended(self).await {
            End::Lost(fault) | End::Cut(fault) => fault,
            End::Closed => Fault::ClosedByPeer,
        }
    }

    async fn close(self) {
        // Whether its end was seen changes nothing: the server's own keepalive ends what we cannot.
        Self::close(self, CLOSE_LIMIT).await;
    }
}

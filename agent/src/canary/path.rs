//! The path as the canaries need it: something that opens sessions, which can be asked and tell their end. The real one
//! opens a [`Link`].

use std::future::Future;
use std::time::Duration;

use sabai_wire::dial::{DialError, SocketOptions};
use sabai_wire::fault::Fault;
use sabai_wire::link::{End, Link, Session};
use tokio::time::Instant;

/// Kernels hold keepalives back for so much longer than a session is parked. They come after all, so that at the server a
/// backend ends whose client a silent path has cut off.
const KEEPALIVE_MARGIN: Duration = Duration::from_secs(3);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
const KEEPALIVE_COUNT: u32 = 3;
/// Longer than an answer is waited for. Kernels take it for unanswered keepalives too.
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// A canary runs nothing that takes time.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Closing is not worth more.
const CLOSING: Duration = Duration::from_millis(500);

const ASK: &str = "canary.ask";

/// Opens sessions.
pub trait Path: Send + Sync + 'static {
    type Canary: Canary;

    /// Opens one that will be parked for so long.
    fn open(
        &self,
        age: Duration,
    ) -> impl Future<Output = Result<Self::Canary, DialError>> + Send + '_;
}

/// A session that can be parked.
pub trait Canary: Send + Sync + 'static {
    /// Waits for its end.
    fn ended(&self) -> impl Future<Output = End> + Send + '_;

    /// Asks whether it is alive.
    fn ask(&self, deadline: Instant) -> impl Future<Output = Result<(), Fault>> + Send + '_;

    /// Closes it and waits for that a little.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Sessions over the path that the bot uses.
pub struct Links<F> {
    name: String,
    open: F,
}

impl<F, O> Links<F>
where
    F: Fn(Session) -> O + Send + Sync + 'static,
    O: Future<Output = Result<Link, DialError>> + Send,
{
    /// `open` opens a session at the same address as the bot's; `name` tells whose canaries they are (the pod), behind
    /// `sabai/canary/` in `application_name`.
    pub fn new(name: &str, open: F) -> Self {
        let name = format!("sabai/canary/{name}");
        Self { name, open }
    }
}

impl<F, O> Path for Links<F>
where
    F: Fn(Session) -> O + Send + Sync + 'static,
    O: Future<Output = Result<Link, DialError>> + Send + 'static,
{
    type Canary = Link;

    fn open(&self, age: Duration) -> impl Future<Output = Result<Link, DialError>> + Send + '_ {
        (self.open)(session(self.name.clone(), age))
    }
}

/// What a canary's session is set to: no word from either kernel while it is parked.
fn session(application_name: String, age: Duration) -> Session {
    Session {
        application_name,
        statement_timeout: STATEMENT_TIMEOUT,
        generation: 0,
        connect_timeout: CONNECT_TIMEOUT,
        socket: SocketOptions {
            // Kernels count whole seconds.
            keepalive_idle: Duration::from_secs(age.as_secs() + 1) + KEEPALIVE_MARGIN,
            keepalive_interval: KEEPALIVE_INTERVAL,
            keepalive_count: KEEPALIVE_COUNT,
            unacknowledged_timeout: UNACKNOWLEDGED,
        },
    }
}

impl Canary for Link {
    fn ended(&self) -> impl Future<Output = End> + Send + '_ {
        Self::ended(self)
    }

    /// In one round trip, without a prepared statement.
    async fn ask(&self, deadline: Instant) -> Result<(), Fault> {
        let asked = self.batch(ASK, "/* canary.ask */ SELECT 1", deadline).await;
        asked.map_err(|error| error.fault)
    }

    async fn close(self) {
        Self::close(self, CLOSING).await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::parked::{ASKING, LATE};
    use super::*;

    #[test]
    fn no_kernel_speaks_before_a_canary_was_asked_and_waited_for() {
        for age in [100, 1_999, 900_000].map(Duration::from_millis) {
            let session = session("sabai/canary/pod".to_owned(), age);
            let quiet = session.socket.keepalive_idle;
            assert!(quiet >= age + LATE + ASKING, "{age:?}");
            assert!(session.socket.unacknowledged_timeout > ASKING);
            assert_eq!(quiet.subsec_nanos(), 0);
        }
    }
}

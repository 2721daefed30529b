//! Sessions for the probe and the canaries, by the bot's own dialer.

use std::sync::Arc;

use sabai_daemon::access::Access;
use sabai_wire::dial::DialError;
use sabai_wire::link::{Link, Session};

use crate::probe::path::Open;

/// Opens what the configuration says at that moment.
#[derive(Clone)]
pub struct Door(pub Arc<Access>);

impl Open for Door {
    async fn open(&self, session: &Session) -> Result<Link, DialError> {
        self.0.open(session).await
    }
}

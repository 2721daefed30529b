//! LINE's Messaging API, as much of it as the bot calls: a thin HTTP/1.1
//! client that says of every send what it proved (`outcome`), and what it
//! needs for that: tokens, one transport, the bot's own identity.
//! It never decides whether to try again: the outbox does.

mod access;
mod answer;
pub mod client;
pub mod endpoint;
mod handover;
pub mod identity;
pub mod lookup;
pub mod message;
pub mod outcome;
pub mod profile;
pub mod quota;
pub mod token;
mod transport;
pub mod webhook_endpoint;

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::Uri;
use tokio::sync::watch;

pub use client::LineClient;
pub use endpoint::{Endpoint, Observer};
pub use identity::{Identity, Learner};
pub use lookup::LookupError;
pub use outcome::Outcome;
pub use profile::Profile;
pub use quota::Quota;
pub use sabai_daemon::secret::Secret;
pub use token::TokenSource;
pub use transport::BuildError;
pub use webhook_endpoint::WebhookEndpoint;

/// Where LINE is and how to speak to it. Valid by its parts: `LineClient::new`
/// refuses a URL it cannot use.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `https://api.line.me`, or a stand-in (`http` is allowed for it). A
    /// path is kept as a prefix; a query is refused.
    pub api_url: Uri,
    /// One, or two while the secret is being rotated. The client uses them
    /// for stateless tokens only.
    pub channel_secrets: watch::Receiver<Vec<Secret>>,
    pub token: TokenSource,
    /// The longest any call may take: connection, answer and body, a
    /// refreshed token and the second try after it included.
    pub call_deadline: Duration,
    /// The longest a send may wait for a connection (name, TCP and TLS
    /// together) before it is given up, unsent.
    pub connect_timeout: Duration,
}

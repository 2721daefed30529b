//! The client against a scripted server on a real socket: what each fault on
//! the wire becomes, and how often LINE was called for it.

mod connection;
mod lookup;
mod send;
mod token;

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::line::{LineClient, Outcome};

pub(super) const MESSAGES: &[u8] = br#"[{"type":"text","text":"hi"}]"#;
pub(super) const KEY: Uuid = Uuid::from_u128(7);

/// Long enough for a loaded machine; a test that waits for it fails.
pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

pub(super) async fn reply(client: &LineClient) -> Outcome {
    client.reply("r\"1", MESSAGES, soon()).await
}

pub(super) async fn push(client: &LineClient) -> Outcome {
    client.push("U1", MESSAGES, KEY, soon()).await
}

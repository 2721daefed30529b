//! The channel secrets, followed when their file changes: the webhook's keys and the client's stateless tokens.

use std::time::Duration;

use sabai_daemon::secret::Secret;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::LineConfig;
use crate::http::signature::Keys;

const ROUND: Duration = Duration::from_secs(1);

/// Follows the secrets until it is dropped. What cannot be read leaves everything as it is.
pub(super) async fn follow(
    config: LineConfig,
    secrets_sender: watch::Sender<Vec<Secret>>,
    keys: watch::Sender<Keys>,
) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut broken = false;
    loop {
        rounds.tick().await;
        let config = config.clone();
        // It may read a file.
        match tokio::task::spawn_blocking(move || config.secrets()).await {
            Ok(Ok(secrets)) if secrets != *secrets_sender.borrow() => {
                tracing::info!(secrets = secrets.len(), "the channel secret has changed");
                keys.send_replace(of(&secrets));
                secrets_sender.send_replace(secrets);
                broken = false;
            }
            Ok(Ok(_)) => broken = false,
            Ok(Err(problems)) if !broken => {
                tracing::error!(
                    "the channel secret cannot be read, the last one stays: {problems}"
                );
                broken = true;
            }
            _ => {}
        }
    }
}

/// Keys of these secrets.
pub(super) fn of(secrets: &[Secret]) -> Keys {
    Keys::new(secrets.iter().map(|secret| secret.expose()))
}

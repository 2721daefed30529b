//! Which bot this is: the user id that webhooks for it carry as `destination`.
//! Configured, or asked from LINE until it answers and then kept. Until it is
//! known events are stored and none is answered; that rule is the worker's.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::line::client::Unsigned;
use crate::line::{Endpoint, LineClient, LookupError};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The own user id as far as it is known. Once known it never changes.
#[derive(Clone, Debug)]
pub struct Identity {
    pub known: watch::Receiver<Option<Arc<str>>>,
}

/// The task that learns the id. When it is dropped unfinished, what is known
/// stays as it is.
pub struct Learner(watch::Sender<Option<Arc<str>>>);

impl Identity {
    /// The id from `LINE_DESTINATION`.
    pub fn configured(destination: &str) -> Self {
        Self {
            known: watch::channel(Some(destination.into())).1,
        }
    }

    /// Unknown until the learner has run.
    pub fn asked() -> (Self, Learner) {
        let (sender, known) = watch::channel(None);
        (Self { known }, Learner(sender))
    }

    pub fn get(&self) -> Option<Arc<str>> {
        self.known.borrow().clone()
    }
}

impl LineClient {
    /// The bot's own user id, which webhooks carry as `destination`.
    pub async fn info(&self) -> Result<String, LookupError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Info {
            user_id: String,
        }
        let call = Unsigned::get(&self.routes.info);
        let info: Info = self.must_find(Endpoint::Info, call).await?;
        if info.user_id.is_empty() || info.user_id.len() > 64 {
            return Err(LookupError::Unreadable {
                endpoint: Endpoint::Info,
                reason: "it holds no user id".into(),
            });
        }
        Ok(info.user_id)
    }
}

impl Learner {
    /// Asks with growing pauses, up to a minute, until LINE answers.
    pub async fn run(self, client: &LineClient) {
        let mut pause = FIRST_PAUSE;
        loop {
            match client.info().await {
                Ok(id) => {
                    tracing::info!(destination = id, "LINE told which bot this is");
                    self.0.send_replace(Some(id.into()));
                    return;
                }
                Err(error) if pause == FIRST_PAUSE => tracing::warn!(
                    "nothing is answered until LINE tells which bot this is (or LINE_DESTINATION does): {error}"
                ),
                Err(error) => tracing::debug!("still not known which bot this is: {error}"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

//! Where LINE sends webhooks, and whether it does: a start-up check warns when
//! the console's switch is off. It never changes the setting.

use serde::Deserialize;

use crate::line::client::Unsigned;
use crate::line::{Endpoint, LineClient, LookupError};

/// `GET /v2/bot/channel/webhook/endpoint`. Whether redelivery is on, LINE
/// does not tell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WebhookEndpoint {
    pub endpoint: String,
    /// "Use webhook" in LINE's console.
    pub active: bool,
}

impl LineClient {
    /// `None` if the channel has none.
    pub async fn webhook_endpoint(&self) -> Result<Option<WebhookEndpoint>, LookupError> {
        let call = Unsigned::get(&self.routes.webhook_endpoint);
        self.find(Endpoint::WebhookEndpoint, call, self.by_default())
            .await
    }
}

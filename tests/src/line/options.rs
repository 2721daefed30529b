//! What a channel of the stand-in is and how strict its clocks are. Decides nothing.

use std::time::Duration;

/// One channel. The defaults are LINE's numbers; tests shorten them.
#[derive(Clone, Debug)]
pub struct Options {
    pub channel_id: String,
    pub channel_secret: String,
    /// The long-lived channel access token.
    pub access_token: String,
    /// The bot's own user id, the `destination` of its webhooks.
    pub bot_user_id: String,
    /// From a webhook's receipt (LINE: about a minute, "beyond isn't guaranteed").
    pub reply_token_life: Duration,
    /// From the event itself, for redelivered tokens (LINE: 20 minutes).
    pub reply_token_total_life: Duration,
    /// Of stateless tokens (LINE: `expires_in` 899).
    pub access_token_life: Duration,
    /// The month's free messages; none is `"type": "none"`.
    pub monthly_limit: Option<u64>,
    /// Calls a second and endpoint (LINE: 2,000 for most); none is no limit.
    pub rate_limit: Option<u32>,
    /// Recipients that a push to a group or room counts.
    pub group_size: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            channel_id: "1234567890".into(),
            channel_secret: "8c570fa6dd201bb328f1c1eac23a96d8".into(),
            access_token: "stand-in-long-lived-token".into(),
            bot_user_id: "U8e742f61d673b39c7fff3cecb7536ef0".into(),
            reply_token_life: Duration::from_secs(60),
            reply_token_total_life: Duration::from_secs(20 * 60),
            access_token_life: Duration::from_secs(899),
            monthly_limit: None,
            rate_limit: None,
            group_size: 5,
        }
    }
}

/// What LINE tells of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub display_name: String,
    /// BCP 47; absent without the user's consent.
    pub language: Option<String>,
}

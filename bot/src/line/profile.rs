//! A user's profile: the name shown in conversations and the language used
//! when nothing better is known. It caches nothing; the conversation does.

use serde::Deserialize;

use crate::line::client::Unsigned;
use crate::line::{Endpoint, LineClient, LookupError};

/// LINE's own limit on names is far below.
const NAME_LIMIT: usize = 200;

/// `GET /v2/bot/profile/{userId}`, the parts that are used. Absent parts are
/// absent in LINE's answer: `language` needs the user's consent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// At most 200 characters.
    pub display_name: String,
    /// BCP 47, as `th` or `en-GB`.
    pub language: Option<String>,
}

impl LineClient {
    /// `None` if LINE has no profile to give: the user blocked the account,
    /// gave no consent or does not exist, or `user_id` cannot be an id.
    pub async fn profile(&self, user_id: &str) -> Result<Option<Profile>, LookupError> {
        let Some(uri) = self.routes.profile(user_id) else {
            return Ok(None);
        };
        let call = Unsigned::get(&uri);
        let found: Option<Profile> = self
            .find(Endpoint::Profile, call, self.by_default())
            .await?;
        Ok(found.map(Profile::bounded))
    }
}

impl Profile {
    fn bounded(mut self) -> Self {
        if let Some((end, _)) = self.display_name.char_indices().nth(NAME_LIMIT) {
            self.display_name.truncate(end);
        }
        self.language = self.language.filter(|language| language.len() <= 35);
        self
    }
}

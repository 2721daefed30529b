//! A user's profile: the name shown in conversations and the language used
//! when nothing better is known. LINE tells it of friends by themselves, of
//! members of a group or room by where they speak, friends or not.
//! It caches nothing; the conversation does.

use http::Uri;
use serde::Deserialize;

use crate::line::client::Unsigned;
use crate::line::{Endpoint, LineClient, LookupError};

/// LINE's own limit on names is far below.
const NAME_LIMIT: usize = 200;

/// The parts that are used. Absent parts are absent in LINE's answer:
/// `language` needs the user's consent, and is never told of a member.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// At most 200 characters.
    pub display_name: String,
    /// BCP 47, as `th` or `en-GB`.
    pub language: Option<String>,
}

impl LineClient {
    /// `GET /v2/bot/profile/{userId}`. `None` if LINE has no profile to give:
    /// the user is no friend of the account, blocked it, gave no consent or
    /// does not exist, or `user` cannot be an id.
    pub async fn profile(&self, user: &str) -> Result<Option<Profile>, LookupError> {
        self.profile_at(Endpoint::Profile, self.routes.profile(user))
            .await
    }

    /// `GET /v2/bot/group/{groupId}/member/{userId}`. `None` if the user is
    /// not in the group, or the account is not.
    pub async fn group_member(
        &self,
        group: &str,
        user: &str,
    ) -> Result<Option<Profile>, LookupError> {
        let uri = self.routes.group_member(group, user);
        self.profile_at(Endpoint::GroupMember, uri).await
    }

    /// `GET /v2/bot/room/{roomId}/member/{userId}`, as of a group.
    pub async fn room_member(
        &self,
        room: &str,
        user: &str,
    ) -> Result<Option<Profile>, LookupError> {
        let uri = self.routes.room_member(room, user);
        self.profile_at(Endpoint::RoomMember, uri).await
    }

    async fn profile_at(
        &self,
        endpoint: Endpoint,
        uri: Option<Uri>,
    ) -> Result<Option<Profile>, LookupError> {
        let Some(uri) = uri else {
            return Ok(None);
        };
        let call = Unsigned::get(&uri);
        let found: Option<Profile> = self.find(endpoint, call, self.by_default()).await?;
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

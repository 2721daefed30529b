//! Where an event comes from: LINE's `source`. One chat is one lane of the bot.

use serde_json::{Value, json};

use super::id;

/// A user, or a group or room with the user when LINE tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chat {
    User(String),
    Group { id: String, user: Option<String> },
    Room { id: String, user: Option<String> },
}

impl Chat {
    /// The one-to-one chat of the customer with this name.
    #[must_use]
    pub fn with(name: &str) -> Self {
        Self::User(id::user(name))
    }

    /// A group in which `speaker` speaks; without one LINE does not tell who.
    #[must_use]
    pub fn group(name: &str, speaker: Option<&str>) -> Self {
        Self::Group {
            id: id::group(name),
            user: speaker.map(id::user),
        }
    }

    /// The same for a room.
    #[must_use]
    pub fn room(name: &str, speaker: Option<&str>) -> Self {
        Self::Room {
            id: id::room(name),
            user: speaker.map(id::user),
        }
    }

    /// The id of the conversation.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) | Self::Group { id, .. } | Self::Room { id, .. } => id,
        }
    }

    pub(super) fn json(&self) -> Value {
        let (kind, name, id, user) = match self {
            Self::User(id) => return json!({ "type": "user", "userId": id }),
            Self::Group { id, user } => ("group", "groupId", id, user),
            Self::Room { id, user } => ("room", "roomId", id, user),
        };
        let mut source = json!({ "type": kind });
        source[name] = id.as_str().into();
        if let Some(user) = user {
            source["userId"] = user.as_str().into();
        }
        source
    }
}

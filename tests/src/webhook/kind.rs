//! The twenty types of event that LINE sends, their own fields, and which of them can be replied to (line.md section
//! 1; schema: webhook.yml of line-openapi, `messageEdited` from LINE's reference).

use serde_json::{Value, json};

use super::Message;
use super::id;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Message {
        id: String,
        message: Message,
    },
    /// The same message id with another text; LINE sends it for groups only.
    MessageEdited {
        id: String,
        text: String,
    },
    Unsend {
        message_id: String,
    },
    Follow {
        is_unblocked: bool,
    },
    Unfollow,
    Join,
    Leave,
    MemberJoined {
        users: Vec<String>,
    },
    MemberLeft {
        users: Vec<String>,
    },
    Postback {
        data: String,
    },
    VideoPlayComplete {
        tracking_id: String,
    },
    Beacon {
        hwid: String,
    },
    AccountLink {
        linked: bool,
    },
    Membership {
        change: &'static str,
    },
    Module {
        attached: bool,
    },
    Activated,
    Deactivated,
    BotSuspended,
    BotResumed,
    Delivery {
        data: String,
    },
}

impl Kind {
    /// A message with a fresh id.
    #[must_use]
    pub fn message(message: Message) -> Self {
        Self::Message {
            id: id::message(),
            message,
        }
    }

    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::message(Message::text(text))
    }

    /// All twenty types, one of each; edit and unsend name a message that was never sent.
    #[must_use]
    pub fn one_of_each() -> Vec<Self> {
        vec![
            Self::text("hello"),
            Self::MessageEdited {
                id: id::message(),
                text: "hello again".into(),
            },
            Self::Unsend {
                message_id: id::message(),
            },
            Self::Follow {
                is_unblocked: false,
            },
            Self::Unfollow,
            Self::Join,
            Self::Leave,
            Self::MemberJoined {
                users: vec![id::user("newcomer")],
            },
            Self::MemberLeft {
                users: vec![id::user("leaver")],
            },
            Self::Postback {
                data: "action=menu".into(),
            },
            Self::VideoPlayComplete {
                tracking_id: "track".into(),
            },
            Self::Beacon {
                hwid: "d41d8cd98f".into(),
            },
            Self::AccountLink { linked: true },
            Self::Membership { change: "joined" },
            Self::Module { attached: true },
            Self::Activated,
            Self::Deactivated,
            Self::BotSuspended,
            Self::BotResumed,
            Self::Delivery {
                data: "15034552939884E28681A7D668CEA94C147C716C0EC9DFE8B80B44EF3B57F6BD".into(),
            },
        ]
    }

    /// LINE's name of the type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::MessageEdited { .. } => "messageEdited",
            Self::Unsend { .. } => "unsend",
            Self::Follow { .. } => "follow",
            Self::Unfollow => "unfollow",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::MemberJoined { .. } => "memberJoined",
            Self::MemberLeft { .. } => "memberLeft",
            Self::Postback { .. } => "postback",
            Self::VideoPlayComplete { .. } => "videoPlayComplete",
            Self::Beacon { .. } => "beacon",
            Self::AccountLink { .. } => "accountLink",
            Self::Membership { .. } => "membership",
            Self::Module { .. } => "module",
            Self::Activated => "activated",
            Self::Deactivated => "deactivated",
            Self::BotSuspended => "botSuspended",
            Self::BotResumed => "botResumed",
            Self::Delivery { .. } => "delivery",
        }
    }

    pub(super) fn has_reply_token(&self) -> bool {
        match self {
            Self::AccountLink { linked } => *linked,
            Self::Message { .. }
            | Self::MessageEdited { .. }
            | Self::Follow { .. }
            | Self::Join
            | Self::MemberJoined { .. }
            | Self::Postback { .. }
            | Self::VideoPlayComplete { .. }
            | Self::Beacon { .. }
            | Self::Membership { .. } => true,
            _ => false,
        }
    }

    /// LINE names no source where the whole account is meant, and for an account link that failed.
    pub(super) fn has_source(&self) -> bool {
        !matches!(
            self,
            Self::Module { .. }
                | Self::BotSuspended
                | Self::BotResumed
                | Self::AccountLink { linked: false }
        )
    }

    /// The field that only this type has.
    pub(super) fn own_field(&self) -> Option<(&'static str, Value)> {
        let members = |users: &[String]| -> Value {
            let members: Vec<Value> = users
                .iter()
                .map(|user| json!({ "type": "user", "userId": user }))
                .collect();
            json!({ "members": members })
        };
        Some(match self {
            Self::Message { id, message } => ("message", message.json(id)),
            Self::MessageEdited { id, text } => ("message", Message::text(text).json(id)),
            Self::Unsend { message_id } => ("unsend", json!({ "messageId": message_id })),
            Self::Follow { is_unblocked } => ("follow", json!({ "isUnblocked": is_unblocked })),
            Self::MemberJoined { users } => ("joined", members(users)),
            Self::MemberLeft { users } => ("left", members(users)),
            Self::Postback { data } => ("postback", json!({ "data": data })),
            Self::VideoPlayComplete { tracking_id } => {
                ("videoPlayComplete", json!({ "trackingId": tracking_id }))
            }
            Self::Beacon { hwid } => ("beacon", json!({ "hwid": hwid, "type": "enter" })),
            Self::AccountLink { linked } => (
                "link",
                json!({ "result": if *linked { "ok" } else { "failed" }, "nonce": id::token() }),
            ),
            Self::Membership { change } => (
                "membership",
                json!({ "type": change, "membershipId": 3189 }),
            ),
            Self::Module { attached: true } => (
                "module",
                json!({ "type": "attached", "botId": id::user("bot"), "scopes": ["message:send"] }),
            ),
            Self::Module { attached: false } => (
                "module",
                json!({ "type": "detached", "botId": id::user("bot"), "reason": "bot_deleted" }),
            ),
            Self::Activated => ("chatControl", json!({ "expireAt": 1_893_456_000_000_u64 })),
            Self::Delivery { data } => ("delivery", json!({ "data": data })),
            Self::Unfollow
            | Self::Join
            | Self::Leave
            | Self::Deactivated
            | Self::BotSuspended
            | Self::BotResumed => {
                return None;
            }
        })
    }
}

//! LINE's endpoints that the stand-in knows, by method and path. Pure.

use http::Method;

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Reply,
    Push,
    Profile,
    GroupMember,
    RoomMember,
    BotInfo,
    Loading,
    Quota,
    Consumption,
    WebhookEndpoint,
    Token,
    /// Anything else: 404.
    Unknown,
}

impl Endpoint {
    /// The endpoint, and the user that the path names.
    pub(super) fn find<'a>(method: &Method, path: &'a str) -> (Self, Option<&'a str>) {
        let path = path.strip_prefix('/').unwrap_or(path);
        if *method == Method::POST {
            return match path {
                "v2/bot/message/reply" => (Self::Reply, None),
                "v2/bot/message/push" => (Self::Push, None),
                "v2/bot/chat/loading/start" => (Self::Loading, None),
                "oauth2/v3/token" => (Self::Token, None),
                _ => (Self::Unknown, None),
            };
        }
        if *method != Method::GET {
            return (Self::Unknown, None);
        }
        match path.split('/').collect::<Vec<_>>()[..] {
            ["v2", "bot", "info"] => (Self::BotInfo, None),
            ["v2", "bot", "profile", user] => (Self::Profile, Some(user)),
            ["v2", "bot", "group", group, "member", user] if group.starts_with('C') => {
                (Self::GroupMember, Some(user))
            }
            ["v2", "bot", "room", room, "member", user] if room.starts_with('R') => {
                (Self::RoomMember, Some(user))
            }
            ["v2", "bot", "message", "quota"] => (Self::Quota, None),
            ["v2", "bot", "message", "quota", "consumption"] => (Self::Consumption, None),
            ["v2", "bot", "channel", "webhook", "endpoint"] => (Self::WebhookEndpoint, None),
            _ => (Self::Unknown, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_lines_own() {
        for (method, path, expected) in [
            (
                Method::POST,
                "/v2/bot/message/reply",
                (Endpoint::Reply, None),
            ),
            (
                Method::GET,
                "/v2/bot/message/reply",
                (Endpoint::Unknown, None),
            ),
            (
                Method::GET,
                "/v2/bot/profile/U1",
                (Endpoint::Profile, Some("U1")),
            ),
            (
                Method::GET,
                "/v2/bot/group/C1/member/U1",
                (Endpoint::GroupMember, Some("U1")),
            ),
            (
                Method::GET,
                "/v2/bot/room/R1/member/U1",
                (Endpoint::RoomMember, Some("U1")),
            ),
            // No group of this id, no room of that one.
            (
                Method::GET,
                "/v2/bot/group/R1/member/U1",
                (Endpoint::Unknown, None),
            ),
            (
                Method::GET,
                "/v2/bot/room/C1/member/U1",
                (Endpoint::Unknown, None),
            ),
            (
                Method::GET,
                "/v2/bot/message/quota/consumption",
                (Endpoint::Consumption, None),
            ),
            (Method::DELETE, "/v2/bot/info", (Endpoint::Unknown, None)),
            (Method::POST, "/callback", (Endpoint::Unknown, None)),
        ] {
            assert_eq!(Endpoint::find(&method, path), expected, "{method} {path}");
        }
    }
}

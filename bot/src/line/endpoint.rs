//! The closed list of what is called at LINE, and where each call goes. It
//! never holds a token: addresses carry no secret.

use std::sync::Arc;

use http::Uri;
use http::uri::InvalidUri;

/// What is called. One label value each in `sabai_line_requests_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Reply,
    Push,
    Profile,
    GroupMember,
    RoomMember,
    Info,
    Loading,
    Quota,
    Token,
    WebhookEndpoint,
}

impl Endpoint {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Push => "push",
            Self::Profile => "profile",
            Self::GroupMember => "group_member",
            Self::RoomMember => "room_member",
            Self::Info => "info",
            Self::Loading => "loading",
            Self::Quota => "quota",
            Self::Token => "token",
            Self::WebhookEndpoint => "webhook_endpoint",
        }
    }
}

/// Told once per call, when it is over, with the outcome's word. It must not
/// block: it runs on the way of every answer.
pub type Observer = Arc<dyn Fn(Endpoint, &'static str) + Send + Sync>;

/// Addresses made once; cloning one copies no text. Paths as in LINE's
/// OpenAPI files (`line/line-openapi`).
pub(crate) struct Routes {
    pub(crate) reply: Uri,
    pub(crate) push: Uri,
    pub(crate) info: Uri,
    pub(crate) loading: Uri,
    pub(crate) quota: Uri,
    pub(crate) consumption: Uri,
    pub(crate) token: Uri,
    pub(crate) webhook_endpoint: Uri,
    bot: String,
}

impl Routes {
    pub(crate) fn below(base: &str) -> Result<Self, InvalidUri> {
        let base = base.trim_end_matches('/');
        let at = |path: &str| Uri::try_from(format!("{base}{path}"));
        Ok(Self {
            reply: at("/v2/bot/message/reply")?,
            push: at("/v2/bot/message/push")?,
            info: at("/v2/bot/info")?,
            loading: at("/v2/bot/chat/loading/start")?,
            quota: at("/v2/bot/message/quota")?,
            consumption: at("/v2/bot/message/quota/consumption")?,
            token: at("/oauth2/v3/token")?,
            webhook_endpoint: at("/v2/bot/channel/webhook/endpoint")?,
            bot: format!("{base}/v2/bot"),
        })
    }

    /// `None`, here and below, for a text that cannot be an id of LINE.
    pub(crate) fn profile(&self, user: &str) -> Option<Uri> {
        self.about(&["profile", user])
    }

    pub(crate) fn group_member(&self, group: &str, user: &str) -> Option<Uri> {
        self.about(&["group", group, "member", user])
    }

    pub(crate) fn room_member(&self, room: &str, user: &str) -> Option<Uri> {
        self.about(&["room", room, "member", user])
    }

    /// LINE's ids are a letter and 32 hex digits; any letters and digits are
    /// let through for stand-ins. Any other text came from outside and does
    /// not belong in a path.
    fn about(&self, segments: &[&str]) -> Option<Uri> {
        let fits = |segment: &&str| {
            (1..=64).contains(&segment.len())
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let path = segments.join("/");
        let uri = || Uri::try_from(format!("{}/{path}", self.bot)).ok();
        segments.iter().all(fits).then(uri).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_the_base_is_kept() {
        for (base, wanted) in [
            (
                "https://api.line.me",
                "https://api.line.me/v2/bot/message/reply",
            ),
            (
                "http://127.0.0.1:1/line/",
                "http://127.0.0.1:1/line/v2/bot/message/reply",
            ),
        ] {
            let routes = Routes::below(base).expect("a valid base");
            assert_eq!(routes.reply.to_string(), wanted);
        }
    }

    #[test]
    fn only_ids_go_into_a_path() {
        let routes = Routes::below("http://h").expect("a valid base");
        let shown = |uri: Option<Uri>| uri.map(|uri| uri.to_string());
        for (uri, wanted) in [
            (routes.profile("U1a"), "http://h/v2/bot/profile/U1a"),
            (
                routes.group_member("C2b", "U1a"),
                "http://h/v2/bot/group/C2b/member/U1a",
            ),
            (
                routes.room_member("R3c", "U1a"),
                "http://h/v2/bot/room/R3c/member/U1a",
            ),
        ] {
            assert_eq!(shown(uri).as_deref(), Some(wanted));
        }
        for text in ["", "../info", "U1?x", "U 1", "ü", &"U".repeat(65)] {
            for uri in [
                routes.profile(text),
                routes.group_member("C2b", text),
                routes.group_member(text, "U1a"),
                routes.room_member(text, "U1a"),
            ] {
                assert_eq!(uri, None, "{text}");
            }
        }
    }
}

//! The closed lists of LINE's webhook: event types, modes, sources, message types.
//! A name LINE adds tomorrow becomes `Unknown`, never an error.
//! Source: LINE's webhook.yml and the Messaging API reference, 20 event types as of July 2026.

/// Longest unknown name that is kept; today's longest is 17 bytes.
const NAME_LIMIT: usize = 64;

/// The type of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Message,
    MessageEdited,
    Unsend,
    Follow,
    Unfollow,
    Join,
    Leave,
    MemberJoined,
    MemberLeft,
    Postback,
    VideoPlayComplete,
    Beacon,
    AccountLink,
    Membership,
    Module,
    Activated,
    Deactivated,
    BotSuspended,
    BotResumed,
    Delivery,
    /// Its name, bounded and printable.
    Unknown(String),
}

impl Kind {
    /// Every type there is a name for.
    pub const ALL: [Self; 20] = [
        Self::Message,
        Self::MessageEdited,
        Self::Unsend,
        Self::Follow,
        Self::Unfollow,
        Self::Join,
        Self::Leave,
        Self::MemberJoined,
        Self::MemberLeft,
        Self::Postback,
        Self::VideoPlayComplete,
        Self::Beacon,
        Self::AccountLink,
        Self::Membership,
        Self::Module,
        Self::Activated,
        Self::Deactivated,
        Self::BotSuspended,
        Self::BotResumed,
        Self::Delivery,
    ];

    /// LINE's name of it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Message => "message",
            Self::MessageEdited => "messageEdited",
            Self::Unsend => "unsend",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::MemberJoined => "memberJoined",
            Self::MemberLeft => "memberLeft",
            Self::Postback => "postback",
            Self::VideoPlayComplete => "videoPlayComplete",
            Self::Beacon => "beacon",
            Self::AccountLink => "accountLink",
            Self::Membership => "membership",
            Self::Module => "module",
            Self::Activated => "activated",
            Self::Deactivated => "deactivated",
            Self::BotSuspended => "botSuspended",
            Self::BotResumed => "botResumed",
            Self::Delivery => "delivery",
            Self::Unknown(name) => name,
        }
    }

    /// The type of that name.
    pub fn of(name: Option<&str>) -> Self {
        let known = |name| Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        name.and_then(known)
            .unwrap_or_else(|| Self::Unknown(bounded(name)))
    }
}

/// The type of a user's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    Text,
    Image,
    Video,
    Audio,
    File,
    Location,
    Sticker,
    /// Its name, bounded and printable.
    Unknown(String),
}

impl MessageKind {
    /// Every type there is a name for.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::File,
        Self::Location,
        Self::Sticker,
    ];

    /// LINE's name of it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
            Self::Location => "location",
            Self::Sticker => "sticker",
            Self::Unknown(name) => name,
        }
    }

    /// The type of that name.
    pub fn of(name: Option<&str>) -> Self {
        let known = |name| Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        name.and_then(known)
            .unwrap_or_else(|| Self::Unknown(bounded(name)))
    }
}

/// Whether this bot may speak. Anything but a clear `active` is not a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    Active,
    /// Another module channel has the conversation.
    Standby,
    Unknown,
}

impl Mode {
    /// The mode of that name.
    pub fn of(name: Option<&str>) -> Self {
        match name {
            Some("active") => Self::Active,
            Some("standby") => Self::Standby,
            _ => Self::Unknown,
        }
    }
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    User,
    Group,
    /// Merged into groups by LINE, still sent for old ones.
    Room,
    Unknown,
}

impl SourceKind {
    /// LINE's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Room => "room",
            Self::Unknown => "unknown",
        }
    }

    /// The source of that name.
    pub fn of(name: Option<&str>) -> Self {
        match name {
            Some("user") => Self::User,
            Some("group") => Self::Group,
            Some("room") => Self::Room,
            _ => Self::Unknown,
        }
    }
}

/// A name that is neither long nor unprintable; it goes into logs and columns.
fn bounded(name: Option<&str>) -> String {
    match name {
        None | Some("") => "absent".to_owned(),
        Some(name)
            if name.len() <= NAME_LIMIT && name.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            name.to_owned()
        }
        Some(_) => "unprintable".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(Some(kind.as_str())), kind);
        }
        for kind in MessageKind::ALL {
            assert_eq!(MessageKind::of(Some(kind.as_str())), kind);
        }
    }

    #[test]
    fn unknown_names_are_kept_only_within_bounds() {
        let long = "x".repeat(65);
        for (name, kept) in [
            (Some("things"), "things"),
            (Some("Message"), "Message"),
            (None, "absent"),
            (Some(""), "absent"),
            (Some("a\0b"), "unprintable"),
            (Some("ข้อความ"), "unprintable"),
            (Some(long.as_str()), "unprintable"),
        ] {
            assert_eq!(Kind::of(name), Kind::Unknown(kept.to_owned()));
            assert_eq!(MessageKind::of(name), MessageKind::Unknown(kept.to_owned()));
        }
    }

    #[test]
    fn only_a_clear_active_is_active() {
        for (name, mode) in [
            (Some("active"), Mode::Active),
            (Some("standby"), Mode::Standby),
            (Some("ACTIVE"), Mode::Unknown),
            (Some("paused"), Mode::Unknown),
            (None, Mode::Unknown),
        ] {
            assert_eq!(Mode::of(name), mode, "{name:?}");
        }
    }
}

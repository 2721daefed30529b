//! What is to be done with an event, from the event alone. Whether it is meant for this bot
//! (`destination`) and whether it is too old are questions of the worker and of intake.

use super::Event;
use super::kind::{Kind, Mode};

/// The one thing to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Has a lane; is worked, in order.
    Answer,
    /// Stored settled, never answered.
    StoreOnly(Reason),
    /// Stored settled; changes what is kept of another message.
    Amend(Amendment),
}

/// A change to a message that came, or will come, on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// `unsend_message_id` is there: its text goes, wherever it is kept.
    Unsend,
    /// `edited` is there: the newest text stays.
    Edit,
}

/// Why an event is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Another module channel has the conversation: LINE forbids to speak.
    Standby,
    /// Not known to be ours to answer.
    UnknownMode,
    /// LINE's "Verify" button of old, with tokens that are none.
    VerifyToken,
    /// Nobody to answer: no source, or one without a usable id.
    NoSource,
    /// A type that tells of something nobody waits for an answer to.
    NeverAnswered,
    /// A type of tomorrow: a fallback answer to each reaction or read mark would be noise.
    UnknownKind,
    /// Would be answered by reply, and cannot be (a failed account link, say).
    NoReplyToken,
    /// An unsend or edit that names no message.
    NoMessage,
}

impl Reason {
    /// For columns, labels and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::UnknownMode => "unknown_mode",
            Self::VerifyToken => "verify_token",
            Self::NoSource => "no_source",
            Self::NeverAnswered => "never_answered",
            Self::UnknownKind => "unknown_kind",
            Self::NoReplyToken => "no_reply_token",
            Self::NoMessage => "no_message",
        }
    }
}

/// Decides. Amendments come first: a text taken back goes even where the bot may not speak.
pub fn triage(event: &Event) -> Disposition {
    let amend = |named: bool, amendment| match named {
        true => Disposition::Amend(amendment),
        false => Disposition::StoreOnly(Reason::NoMessage),
    };
    match event.kind {
        Kind::Unsend => amend(event.unsend_message_id.is_some(), Amendment::Unsend),
        Kind::MessageEdited => amend(event.edited.is_some(), Amendment::Edit),
        _ => silence(event).map_or(Disposition::Answer, Disposition::StoreOnly),
    }
}

/// Tokens LINE's console sent with its test events in 2019; a reply to one is an error.
pub fn is_verify_token(token: &str) -> bool {
    token.len() == 32 && (token.bytes().all(|b| b == b'0') || token.bytes().all(|b| b == b'f'))
}

fn silence(event: &Event) -> Option<Reason> {
    if event.reply_token.as_deref().is_some_and(is_verify_token) {
        return Some(Reason::VerifyToken);
    }
    match event.mode {
        Mode::Active => {}
        Mode::Standby => return Some(Reason::Standby),
        Mode::Unknown => return Some(Reason::UnknownMode),
    }
    if event.lane.is_none() {
        return Some(Reason::NoSource);
    }
    match event.kind {
        // Worth a push when the reply token is missing: someone asked.
        Kind::Message => None,
        Kind::Follow
        | Kind::Join
        | Kind::MemberJoined
        | Kind::Postback
        | Kind::VideoPlayComplete
        | Kind::Beacon
        | Kind::AccountLink
        | Kind::Membership => event.reply_token.is_none().then_some(Reason::NoReplyToken),
        Kind::Unsend
        | Kind::MessageEdited
        | Kind::Unfollow
        | Kind::Leave
        | Kind::MemberLeft
        | Kind::Module
        | Kind::Activated
        | Kind::Deactivated
        | Kind::BotSuspended
        | Kind::BotResumed
        | Kind::Delivery => Some(Reason::NeverAnswered),
        Kind::Unknown(_) => Some(Reason::UnknownKind),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::event::samples;

    const KNOWN: &str = r#""mode":"active","source":{"type":"user","userId":"U1"}"#;

    fn of(json: &str) -> Disposition {
        let event = Event::read(json.as_bytes(), Some("Ubot"), SystemTime::UNIX_EPOCH);
        triage(&event.expect("a readable test event"))
    }

    #[test]
    fn all_twenty_types_are_decided() {
        let answered = [
            "message",
            "follow",
            "join",
            "memberJoined",
            "postback",
            "videoPlayComplete",
            "beacon",
            "accountLink",
            "membership",
        ];
        for (kind, json) in samples::of_every_kind() {
            let expected = match kind.as_str() {
                "unsend" => Disposition::Amend(Amendment::Unsend),
                "messageEdited" => Disposition::Amend(Amendment::Edit),
                kind if answered.contains(&kind) => Disposition::Answer,
                // Of the channel itself: nobody spoke.
                "module" | "botSuspended" | "botResumed" => {
                    Disposition::StoreOnly(Reason::NoSource)
                }
                _ => Disposition::StoreOnly(Reason::NeverAnswered),
            };
            assert_eq!(of(&json), expected, "{}", kind.as_str());
        }
    }

    #[test]
    fn a_message_needs_no_reply_token_and_a_follow_does() {
        assert_eq!(
            of(&format!(r#"{{"type":"message",{KNOWN}}}"#)),
            Disposition::Answer
        );
        for kind in ["follow", "accountLink", "postback"] {
            let json = format!(r#"{{"type":"{kind}",{KNOWN}}}"#);
            assert_eq!(
                of(&json),
                Disposition::StoreOnly(Reason::NoReplyToken),
                "{kind}"
            );
        }
    }

    #[test]
    fn nothing_is_said_where_it_is_not_right() {
        let zeros = "0".repeat(32);
        let effs = "f".repeat(32);
        for (json, reason) in [
            (
                r#"{"type":"message","source":{"type":"user","userId":"U1"},"mode":"standby"}"#
                    .to_owned(),
                Reason::Standby,
            ),
            (
                r#"{"type":"message","source":{"type":"user","userId":"U1"},"mode":"paused"}"#
                    .to_owned(),
                Reason::UnknownMode,
            ),
            (
                r#"{"type":"message","source":{"type":"user","userId":"U1"}}"#.to_owned(),
                Reason::UnknownMode,
            ),
            (
                format!(r#"{{"type":"message","replyToken":"{zeros}",{KNOWN}}}"#),
                Reason::VerifyToken,
            ),
            (
                format!(r#"{{"type":"follow","replyToken":"{effs}"}}"#),
                Reason::VerifyToken,
            ),
            (
                r#"{"type":"message","mode":"active"}"#.to_owned(),
                Reason::NoSource,
            ),
            (
                r#"{"type":"message","mode":"active","source":{"type":"group"}}"#.to_owned(),
                Reason::NoSource,
            ),
            (
                r#"{"type":"message","mode":"active","source":{"type":"planet","userId":"U1"}}"#
                    .to_owned(),
                Reason::NoSource,
            ),
            (
                format!(r#"{{"type":"reaction","replyToken":"r",{KNOWN}}}"#),
                Reason::UnknownKind,
            ),
            (format!(r#"{{{KNOWN}}}"#), Reason::UnknownKind),
            (
                format!(r#"{{"type":"unfollow","replyToken":"r",{KNOWN}}}"#),
                Reason::NeverAnswered,
            ),
            (format!(r#"{{"type":"unsend",{KNOWN}}}"#), Reason::NoMessage),
            (
                format!(r#"{{"type":"messageEdited","message":{{"text":"x"}},{KNOWN}}}"#),
                Reason::NoMessage,
            ),
        ] {
            assert_eq!(of(&json), Disposition::StoreOnly(reason), "{json}");
        }
    }

    #[test]
    fn a_text_taken_back_goes_even_in_standby_and_without_source() {
        for mode in ["active", "standby", "paused"] {
            let json =
                format!(r#"{{"type":"unsend","mode":"{mode}","unsend":{{"messageId":"1"}}}}"#);
            assert_eq!(of(&json), Disposition::Amend(Amendment::Unsend));
        }
    }

    #[test]
    fn verify_tokens_are_told_from_real_ones() {
        for (token, verify) in [
            ("0".repeat(32), true),
            ("f".repeat(32), true),
            ("0".repeat(31), false),
            (format!("{}f", "0".repeat(31)), false),
            ("nHuyWiB7yP5Zw52FIkcQobQuGDXCTA".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_verify_token(&token), verify, "{token}");
        }
    }
}

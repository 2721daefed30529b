//! One event: what happened, where, when, and the JSON that LINE makes of it. The same event delivered twice is the
//! same value, but for the mark of a redelivery.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Chat, Kind, Message, id};

/// An event as LINE knows it.
#[derive(Clone, Debug)]
pub struct Event {
    /// `webhookEventId`.
    pub id: String,
    /// Absent where LINE names no source.
    pub chat: Option<Chat>,
    pub kind: Kind,
    /// `timestamp`, milliseconds since 1970.
    pub timestamp: u64,
    json: Value,
}

impl Event {
    /// Something that happens now in `chat`.
    #[must_use]
    pub fn new(chat: &Chat, kind: Kind) -> Self {
        let (id, timestamp) = (id::webhook_event(), id::millis(SystemTime::now()));
        let mut json = json!({
            "type": kind.name(),
            "mode": "active",
            "timestamp": timestamp,
            "webhookEventId": id,
            "deliveryContext": { "isRedelivery": false },
        });
        let chat = kind.has_source().then(|| chat.clone());
        if let Some(chat) = &chat {
            json["source"] = chat.json();
        }
        if kind.has_reply_token() {
            json["replyToken"] = id::token().into();
        }
        if let Some((name, value)) = kind.own_field() {
            json[name] = value;
        }
        Self {
            id,
            chat,
            kind,
            timestamp,
            json,
        }
    }

    /// A text in a one-to-one chat.
    #[must_use]
    pub fn text(customer: &str, text: &str) -> Self {
        Self::new(&Chat::with(customer), Kind::text(text))
    }

    /// Any message in a one-to-one chat.
    #[must_use]
    pub fn message(customer: &str, message: Message) -> Self {
        Self::new(&Chat::with(customer), Kind::message(message))
    }

    /// The same customer takes this message back.
    #[must_use]
    pub fn unsent(&self) -> Option<Self> {
        let message_id = self.message_id()?.to_owned();
        Some(Self::new(self.chat.as_ref()?, Kind::Unsend { message_id }))
    }

    /// The same event as LINE delivers it again.
    #[must_use]
    pub fn redelivered(&self) -> Self {
        let mut again = self.clone();
        again.json["deliveryContext"]["isRedelivery"] = true.into();
        again
    }

    /// Happened at another time.
    #[must_use]
    pub fn at(mut self, timestamp: u64) -> Self {
        self.timestamp = timestamp;
        self.json["timestamp"] = timestamp.into();
        self
    }

    /// Delivered while another channel has the chat: no reply token, nothing may be sent.
    #[must_use]
    pub fn standby(self) -> Self {
        self.with("mode", "standby".into()).without("replyToken")
    }

    /// With a field that is new, or otherwise than LINE writes it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.json[name] = value;
        self
    }

    /// Without a field that LINE always sends.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let Some(fields) = self.json.as_object_mut() {
            fields.remove(name);
        }
        self
    }

    /// As LINE sends it.
    #[must_use]
    pub fn json(&self) -> Value {
        self.json.clone()
    }

    #[must_use]
    pub fn reply_token(&self) -> Option<&str> {
        self.json.get("replyToken")?.as_str()
    }

    /// The id of the message that it brings, changes or takes back.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        match &self.kind {
            Kind::Message { id, .. }
            | Kind::MessageEdited { id, .. }
            | Kind::Unsend { message_id: id } => Some(id),
            _ => None,
        }
    }

    pub(super) fn occurred_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn twenty_types_with_what_every_event_must_have() {
        let chat = Chat::group("family", Some("ann"));
        let events: Vec<Event> = Kind::one_of_each()
            .into_iter()
            .map(|kind| Event::new(&chat, kind))
            .collect();
        let types: BTreeSet<String> = events
            .iter()
            .map(|event| event.json()["type"].to_string())
            .collect();
        assert_eq!(types.len(), 20);
        for event in &events {
            let json = event.json();
            for field in [
                "type",
                "mode",
                "timestamp",
                "webhookEventId",
                "deliveryContext",
            ] {
                assert!(json.get(field).is_some(), "{field} in {json}");
            }
            assert_eq!(json["webhookEventId"], *event.id);
        }
    }

    #[test]
    fn reply_tokens_where_line_gives_them() {
        let with_token: Vec<&str> = Kind::one_of_each()
            .into_iter()
            .map(|kind| (kind.name(), Event::new(&Chat::with("ann"), kind)))
            .filter_map(|(name, event)| event.reply_token().map(|_| name))
            .collect();
        let expected = [
            "message",
            "messageEdited",
            "follow",
            "join",
            "memberJoined",
            "postback",
            "videoPlayComplete",
            "beacon",
            "accountLink",
            "membership",
        ];
        assert_eq!(with_token, expected);
        let failed = Event::new(&Chat::with("ann"), Kind::AccountLink { linked: false });
        assert_eq!(
            (failed.reply_token(), failed.json().get("source")),
            (None, None)
        );
    }

    #[test]
    fn a_redelivery_differs_in_one_field() {
        let event = Event::text("ann", "hello");
        let mut again = event.redelivered().json();
        assert_eq!(again["deliveryContext"]["isRedelivery"], true);
        again["deliveryContext"]["isRedelivery"] = false.into();
        assert_eq!(again, event.json());
    }

    #[test]
    fn standby_has_no_reply_token() {
        let event = Event::text("ann", "hello").standby();
        assert_eq!(
            (event.reply_token(), &event.json()["mode"]),
            (None, &json!("standby"))
        );
    }

    #[test]
    fn messages_have_the_fields_of_their_kind() {
        for (message, fields) in Message::one_of_each().into_iter().zip([
            &["text", "quoteToken"][..],
            &["contentProvider", "quoteToken"],
            &["contentProvider", "quoteToken", "duration"],
            &["contentProvider", "duration"],
            &["fileName", "fileSize"],
            &["latitude", "longitude", "title", "address"],
            &[
                "packageId",
                "stickerId",
                "stickerResourceType",
                "quoteToken",
            ],
        ]) {
            let json = message.json("1");
            assert_eq!(json["id"], "1");
            for field in fields {
                assert!(json.get(field).is_some(), "{field} in {json}");
            }
        }
    }
}

//! LINE's rules about the messages of one call: how many, how long, of which type. Pure.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::answer::Answer;

const TYPES: [&str; 11] = [
    "text", "textV2", "sticker", "image", "video", "audio", "location", "imagemap", "template",
    "flex", "coupon",
];

/// The body of a reply or a push, as far as the rules look.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) reply_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) to: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    messages: Vec<Message<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    quick_reply: Option<QuickReply>,
}

#[derive(Debug, Deserialize)]
struct QuickReply {
    #[serde(default)]
    items: Vec<IgnoredAny>,
}

impl<'a> Body<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Answer> {
        let unreadable = r#"{"message":"The request body could not be parsed as JSON"}"#;
        serde_json::from_slice(body).map_err(|_| Answer::new(400, unreadable))
    }

    pub(super) fn count(&self) -> usize {
        self.messages.len()
    }

    /// The first broken rule (line.md section 2, "Messages").
    pub(super) fn check(&self) -> Result<(), Answer> {
        if !(1..=5).contains(&self.messages.len()) {
            return Err(Answer::invalid("messages", "Size must be between 1 and 5"));
        }
        self.messages
            .iter()
            .enumerate()
            .try_for_each(|(index, message)| {
                message.check().map_err(|(property, problem)| {
                    Answer::invalid(&format!("messages[{index}].{property}"), problem)
                })
            })
    }
}

impl Message<'_> {
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let kind = self.kind.as_deref().unwrap_or_default();
        if !TYPES.contains(&kind) {
            return Err(("type", "Must be one of the known types"));
        }
        if matches!(kind, "text" | "textV2") {
            match self.text.as_deref().unwrap_or_default() {
                "" => return Err(("text", "May not be empty")),
                // LINE counts UTF-16 code units; bytes are never fewer.
                text if text.len() > 5000 && text.encode_utf16().count() > 5000 => {
                    return Err(("text", "Length must be between 0 and 5000"));
                }
                _ => {}
            }
        }
        if let Some(quick_reply) = &self.quick_reply
            && !(1..=13).contains(&quick_reply.items.len())
        {
            return Err(("quickReply.items", "Size must be between 1 and 13"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn verdict(messages: &Value) -> Result<(), String> {
        let body = json!({ "replyToken": "t", "messages": messages }).to_string();
        let checked = Body::parse(body.as_bytes()).and_then(|body| body.check());
        checked.map_err(|answer| String::from_utf8_lossy(&answer.body).into_owned())
    }

    fn text(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    #[test]
    fn what_line_takes() {
        for messages in [
            json!([text("a")]),
            json!([text("a"), text("b"), text("c"), text("d"), text("e")]),
            json!([text(&"ก".repeat(5000))]),
            json!([text(&"😀".repeat(2500))]),
            json!([{ "type": "text", "text": "a", "quickReply": { "items": vec![json!({}); 13] } }]),
            json!([{ "type": "sticker", "packageId": "1", "stickerId": "2" }]),
        ] {
            assert_eq!(verdict(&messages), Ok(()));
        }
    }

    #[test]
    fn what_line_refuses() {
        for (messages, property) in [
            (json!([]), "messages"),
            (json!(vec![text("a"); 6]), "messages"),
            (json!([text("a"), text("")]), "messages[1].text"),
            (json!([text(&"ก".repeat(5001))]), "messages[0].text"),
            (json!([text(&"😀".repeat(2501))]), "messages[0].text"),
            (json!([{ "type": "text" }]), "messages[0].text"),
            (json!([{ "type": "poem", "text": "a" }]), "messages[0].type"),
            (json!([{ "text": "a" }]), "messages[0].type"),
            (
                json!([{ "type": "text", "text": "a", "quickReply": { "items": vec![json!({}); 14] } }]),
                "quickReply",
            ),
        ] {
            let refusal = verdict(&messages).expect_err("refused");
            assert!(refusal.contains(property), "{property}: {refusal}");
        }
    }
}

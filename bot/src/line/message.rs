//! Outgoing messages: one to five texts, quick replies under the last.
//!
//! A value that exists keeps LINE's limits, so LINE cannot refuse it for its
//! size. Sending, retrying and choosing the words happen elsewhere.
//! Limits: Messaging API reference, "Text message", "Quick reply", "Action objects".

mod quick_reply;

use serde::ser::{Serialize, SerializeSeq, Serializer};
use unicode_segmentation::UnicodeSegmentation;

pub use self::quick_reply::{Action, Label, QuickReply};

/// Upper bound in bytes of [`Messages::to_json`]: half of what LINE takes as a request.
///
/// One UTF-16 unit is at most six bytes of JSON (`\u0001`): five texts are under 150 KiB, and
/// thirteen quick replies under 13 * 2 * 16 * 320 * 6 bytes.
pub const MAX_JSON_BYTES: usize = 1024 * 1024;

/// What LINE would have refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Blank where LINE wants something to show.
    #[error("{what} is empty")]
    Empty { what: &'static str },
    /// Longer, or more of them, than LINE takes.
    #[error("{what} has {found} {unit}, LINE takes at most {limit}")]
    TooMany {
        what: &'static str,
        found: usize,
        unit: &'static str,
        limit: usize,
    },
    /// A link that LINE's apps do not open.
    #[error(
        "a link starts with https://, http://, line:// or tel: and has no spaces or bare non-ASCII characters"
    )]
    Link,
}

/// The text of one message: not blank, at most [`Text::MAX_UNITS`] long, free of NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// In UTF-16 code units, as LINE counts a text: an emoji is two or more.
    pub const MAX_UNITS: usize = 5000;

    /// Takes `text` up to LINE's limit and drops the rest, between two characters as a reader
    /// sees them: a Thai mark stays with its base, an emoji stays whole. NUL is dropped, since
    /// Postgres keeps the message and cannot keep a NUL.
    ///
    /// # Errors
    /// [`MessageError::Empty`] if nothing visible is left.
    pub fn new(text: &str) -> Result<Text, MessageError> {
        let text = text.replace('\0', "");
        let kept = cut(&text, Self::MAX_UNITS);
        if kept.trim().is_empty() {
            return Err(MessageError::Empty { what: "a text" });
        }
        Ok(Text(kept.to_owned()))
    }

    /// Length of `text` as LINE counts it.
    #[must_use]
    pub fn units(text: &str) -> usize {
        text.encode_utf16().count()
    }

    /// What the customer will read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The messages of one call to LINE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    texts: Vec<Text>,
    quick_replies: Vec<QuickReply>,
}

impl Messages {
    /// Messages that one reply or push may carry.
    pub const MAX_TEXTS: usize = 5;
    /// Buttons that LINE shows under the last message.
    pub const MAX_QUICK_REPLIES: usize = 13;

    /// # Errors
    /// [`MessageError`] without texts, with more than [`Messages::MAX_TEXTS`], or with more than
    /// [`Messages::MAX_QUICK_REPLIES`].
    pub fn new(texts: Vec<Text>, quick_replies: Vec<QuickReply>) -> Result<Messages, MessageError> {
        if texts.is_empty() {
            return Err(MessageError::Empty { what: "an answer" });
        }
        at_most("an answer", texts.len(), "texts", Self::MAX_TEXTS)?;
        at_most(
            "an answer",
            quick_replies.len(),
            "quick replies",
            Self::MAX_QUICK_REPLIES,
        )?;
        Ok(Messages {
            texts,
            quick_replies,
        })
    }

    /// The texts in the order in which they are shown.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(Text::as_str)
    }

    /// The `messages` array of a reply or push, shorter than [`MAX_JSON_BYTES`].
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and arrays of strings are always JSON")
    }
}

impl Serialize for Messages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let last = self.texts.len() - 1;
        let mut array = serializer.serialize_seq(Some(self.texts.len()))?;
        for (index, text) in self.texts.iter().enumerate() {
            // LINE shows the quick replies of the last message only.
            let items = (index == last && !self.quick_replies.is_empty()).then_some(QuickReplies {
                items: &self.quick_replies,
            });
            array.serialize_element(&TextMessage {
                kind: "text",
                text: text.as_str(),
                quick_reply: items,
            })?;
        }
        array.end()
    }
}

#[derive(serde::Serialize)]
struct TextMessage<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
    #[serde(rename = "quickReply", skip_serializing_if = "Option::is_none")]
    quick_reply: Option<QuickReplies<'a>>,
}

#[derive(serde::Serialize)]
struct QuickReplies<'a> {
    items: &'a [QuickReply],
}

fn at_most(
    what: &'static str,
    found: usize,
    unit: &'static str,
    limit: usize,
) -> Result<(), MessageError> {
    if found <= limit {
        return Ok(());
    }
    Err(MessageError::TooMany {
        what,
        found,
        unit,
        limit,
    })
}

/// The longest beginning of `text` within `limit` UTF-16 units that ends on a cluster's border,
/// or on a character's where the first cluster alone is over the limit.
fn cut(text: &str, limit: usize) -> &str {
    // A UTF-16 unit is at least one byte of UTF-8.
    if text.len() <= limit {
        return text;
    }
    match fitting(text.grapheme_indices(true), text.len(), limit) {
        0 => {
            let characters = text
                .char_indices()
                .map(|(at, c)| (at, &text[at..at + c.len_utf8()]));
            &text[..fitting(characters, text.len(), limit)]
        }
        end => &text[..end],
    }
}

/// Where the first part begins that no longer fits, else `end`.
fn fitting<'t>(parts: impl Iterator<Item = (usize, &'t str)>, end: usize, limit: usize) -> usize {
    let mut units = 0;
    for (at, part) in parts {
        units += Text::units(part);
        if units > limit {
            return at;
        }
    }
    end
}

#[cfg(test)]
mod tests;

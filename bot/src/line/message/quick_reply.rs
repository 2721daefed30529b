//! A quick reply: a button under the last message, and what a tap on it does.
//!
//! Unlike a message's text nothing here is cut: half a link or half a
//! postback is worse than an error where it was written.

use serde::ser::{Serialize, SerializeMap, Serializer};
use unicode_segmentation::UnicodeSegmentation;

use super::{MessageError, Text, at_most};

/// UTF-16 units that one cluster may have on average. Unicode sets no limit to a cluster's length;
/// the longest emoji in use have about a dozen units.
const UNITS_PER_CLUSTER: usize = 16;

/// What stands on a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// In grapheme clusters, as LINE counts a label: an emoji is one, a Thai letter with its marks too.
    pub const MAX_CLUSTERS: usize = 20;

    /// # Errors
    /// [`MessageError`] if blank or longer than [`Label::MAX_CLUSTERS`].
    pub fn new(label: &str) -> Result<Label, MessageError> {
        clusters("a label", label, Self::MAX_CLUSTERS).map(Label)
    }

    /// What the customer reads on the button.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a tap on a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action(Does);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Does {
    Message(String),
    Uri(String),
    Postback { data: String, display: Label },
}

impl Action {
    /// In grapheme clusters.
    pub const MAX_MESSAGE: usize = 300;
    /// In UTF-16 code units.
    pub const MAX_POSTBACK: usize = 300;
    /// In characters. (LINE takes more since October 2026, its older apps may not.)
    pub const MAX_URI: usize = 1000;

    /// The customer says `text`.
    ///
    /// # Errors
    /// [`MessageError`] if blank or longer than [`Action::MAX_MESSAGE`].
    pub fn message(text: &str) -> Result<Action, MessageError> {
        let text = clusters("a quick reply's text", text, Self::MAX_MESSAGE)?;
        Ok(Action(Does::Message(text)))
    }

    /// LINE opens `uri`.
    ///
    /// # Errors
    /// [`MessageError`] if it is not a link LINE opens or longer than [`Action::MAX_URI`].
    pub fn uri(uri: &str) -> Result<Action, MessageError> {
        let opens = ["https://", "http://", "line://", "tel:"]
            .iter()
            .any(|scheme| {
                uri.strip_prefix(scheme)
                    .is_some_and(|rest| !rest.is_empty())
            });
        if !opens || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(MessageError::Link);
        }
        at_most("a link", uri.len(), "characters", Self::MAX_URI)?;
        Ok(Action(Does::Uri(uri.to_owned())))
    }

    /// A postback event with `data` comes back; the chat shows `display` as said by the customer.
    ///
    /// # Errors
    /// [`MessageError`] if `data` is blank or longer than [`Action::MAX_POSTBACK`].
    pub fn postback(data: &str, display: Label) -> Result<Action, MessageError> {
        let what = "a postback";
        not_blank(what, data)?;
        at_most(what, Text::units(data), "UTF-16 units", Self::MAX_POSTBACK)?;
        let data = data.to_owned();
        Ok(Action(Does::Postback { data, display }))
    }
}

/// One button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickReply {
    label: Label,
    action: Action,
}

impl QuickReply {
    #[must_use]
    pub fn new(label: Label, action: Action) -> QuickReply {
        QuickReply { label, action }
    }
}

impl Serialize for QuickReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut button = serializer.serialize_map(Some(2))?;
        button.serialize_entry("type", "action")?;
        button.serialize_entry("action", &Labelled(self))?;
        button.end()
    }
}

/// LINE keeps the label inside the action.
struct Labelled<'a>(&'a QuickReply);

impl Serialize for Labelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut action = serializer.serialize_map(None)?;
        let kind = match &self.0.action.0 {
            Does::Message(_) => "message",
            Does::Uri(_) => "uri",
            Does::Postback { .. } => "postback",
        };
        action.serialize_entry("type", kind)?;
        action.serialize_entry("label", self.0.label.as_str())?;
        match &self.0.action.0 {
            Does::Message(text) => action.serialize_entry("text", text)?,
            Does::Uri(uri) => action.serialize_entry("uri", uri)?,
            Does::Postback { data, display } => {
                action.serialize_entry("data", data)?;
                action.serialize_entry("displayText", display.as_str())?;
            }
        }
        action.end()
    }
}

fn not_blank(what: &'static str, text: &str) -> Result<(), MessageError> {
    // NUL for Postgres' sake: the message is kept there before it is sent.
    if text.trim().is_empty() || text.contains('\0') {
        return Err(MessageError::Empty { what });
    }
    Ok(())
}

fn clusters(what: &'static str, text: &str, limit: usize) -> Result<String, MessageError> {
    not_blank(what, text)?;
    at_most(what, text.graphemes(true).count(), "characters", limit)?;
    let units = limit * UNITS_PER_CLUSTER;
    at_most(what, Text::units(text), "UTF-16 units", units)?;
    Ok(text.to_owned())
}

//! `answer` and `quick_replies`: the messages of a rule in both languages.

use super::reader::{At, Fields, Reader};
use crate::line::message::{Action, Label, MessageError, Messages, QuickReply, Text};
use crate::responder::node::Value;
use crate::responder::rules::Both;

/// Reads both keys of a rule or a fallback.
pub(super) fn messages(reader: &mut Reader, fields: &Fields<'_>) -> Option<Both<Messages>> {
    let texts = reader
        .required(fields, "answer", "is missing")
        .and_then(|at| {
            let items = reader.items(&at, "texts", Messages::MAX_TEXTS);
            all(reader, &items, |reader, at| both(reader, at, text))
        });
    let buttons = match fields.get("quick_replies") {
        Some(at) => {
            let items = reader.items(&at, "quick replies", Messages::MAX_QUICK_REPLIES);
            all(reader, &items, quick_reply)
        }
        None => Some(Both {
            th: vec![],
            en: vec![],
        }),
    };
    let (texts, buttons) = (texts?, buttons?);
    // Counts were looked at above: what fails here has been named.
    Some(Both {
        th: Messages::new(texts.th, buttons.th).ok()?,
        en: Messages::new(texts.en, buttons.en).ok()?,
    })
}

/// Reads every item, even after one that is wrong.
fn all<T>(
    reader: &mut Reader,
    items: &[At<'_>],
    one: impl Fn(&mut Reader, &At<'_>) -> Option<Both<T>>,
) -> Option<Both<Vec<T>>> {
    let read: Vec<_> = items.iter().map(|at| one(reader, at)).collect();
    let (th, en) = read
        .into_iter()
        .map(|both| both.map(|both| (both.th, both.en)))
        .collect::<Option<_>>()?;
    Some(Both { th, en })
}

/// `{th: ..., en: ...}`.
fn both<T>(
    reader: &mut Reader,
    at: &At<'_>,
    make: impl Fn(&str) -> Result<T, MessageError>,
) -> Option<Both<T>> {
    let fields = reader.fields(at, &["th", "en"])?;
    let [th, en] = ["th", "en"].map(|key| {
        let at = reader.required(
            &fields,
            key,
            "is missing: every text exists in Thai and English",
        )?;
        one(reader, &at, &make)
    });
    Some(Both { th: th?, en: en? })
}

fn one<T>(
    reader: &mut Reader,
    at: &At<'_>,
    make: impl Fn(&str) -> Result<T, MessageError>,
) -> Option<T> {
    let made = make(reader.text(at)?);
    made.map_err(|error| reader.wrong(at, format!("cannot be sent: {error}")))
        .ok()
}

/// Sending cuts; in a file that someone can put right, too long is a mistake.
fn text(text: &str) -> Result<Text, MessageError> {
    match Text::units(text) {
        found if found > Text::MAX_UNITS => Err(MessageError::TooMany {
            what: "a text",
            found,
            unit: "UTF-16 units",
            limit: Text::MAX_UNITS,
        }),
        _ => Text::new(text),
    }
}

fn quick_reply(reader: &mut Reader, at: &At<'_>) -> Option<Both<QuickReply>> {
    let fields = reader.fields(at, &["label", "text", "uri", "postback"])?;
    let label = reader
        .required(&fields, "label", "is missing")
        .and_then(|at| both(reader, &at, Label::new));
    let action = action(reader, &fields, label.as_ref());
    let (label, action) = (label?, action?);
    Some(Both {
        th: QuickReply::new(label.th, action.th),
        en: QuickReply::new(label.en, action.en),
    })
}

fn action(
    reader: &mut Reader,
    fields: &Fields<'_>,
    label: Option<&Both<Label>>,
) -> Option<Both<Action>> {
    match (
        fields.get("text"),
        fields.get("uri"),
        fields.get("postback"),
    ) {
        (Some(at), None, None) => both(reader, &at, Action::message),
        (None, Some(at), None) => match &at.node.value {
            Value::Map(_) => both(reader, &at, Action::uri),
            _ => {
                let link = one(reader, &at, Action::uri)?;
                Some(Both {
                    th: link.clone(),
                    en: link,
                })
            }
        },
        (None, None, Some(at)) => {
            // The chat shows the label as what the customer said.
            let label = label?;
            Some(Both {
                th: one(reader, &at, |data| Action::postback(data, label.th.clone()))?,
                en: one(reader, &at, |data| Action::postback(data, label.en.clone()))?,
            })
        }
        _ => {
            reader.wrong(fields.at(), "takes exactly one of text, uri and postback");
            None
        }
    }
}

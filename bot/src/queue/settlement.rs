//! The row that settles an event: what the worker knows of it, for the conversation.

use super::Work;
use super::job::End;
use super::store::Key;
use crate::conversation::store::Settlement;

/// Lays out the settling of `work`; `last` when we know of no other event in the lane.
pub(super) fn of(key: &Key, work: &Work, end: End, last: bool) -> Settlement {
    let event = work.event.as_ref();
    let message = event.and_then(|event| event.message.as_ref());
    let file_name = message.and_then(|message| message.file_name.clone());
    Settlement {
        event: work.id,
        key: key.clone(),
        last,
        ending: end.ending,
        reason: end.reason,
        detail: end.detail,
        webhook_event_id: event.and_then(|event| event.webhook_event_id.clone()),
        user_id: work.user_id().map(str::to_owned),
        kind: event.map_or_else(String::new, |event| event.question_kind().into_owned()),
        user_text: work.text().map(str::to_owned),
        file_type: file_name.as_deref().and_then(file_type),
        file_name,
        sent: end.sent,
        chooses: end.chooses,
    }
}

/// The same without what was read of the event: Postgres may refuse no more of it.
pub(super) fn without_texts(settlement: Settlement) -> Settlement {
    Settlement {
        webhook_event_id: None,
        user_text: None,
        file_name: None,
        file_type: None,
        ..settlement
    }
}

/// The type of a file as its name tells it: LINE gives no other.
fn file_type(name: &str) -> Option<String> {
    let (_, ending) = name.rsplit_once('.')?;
    (1..=16)
        .contains(&ending.len())
        .then(|| ending.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_type_that_its_name_ends_in() {
        let table = [
            ("menu.PDF", Some("pdf")),
            ("archive.tar.gz", Some("gz")),
            ("no ending", None),
            ("ends in a dot.", None),
            ("x.this-is-no-type-of-a-file", None),
        ];
        for (name, expected) in table {
            assert_eq!(file_type(name).as_deref(), expected, "{name}");
        }
    }
}

//! Shows what the bot does with what a customer sent: its messages as LINE's stand-in accepts them, then the saved turn.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_postgres::Row;

use super::screen::Screen;
use crate::line::Line;
use crate::line::journal::Call;
use crate::postgres::{Database, Session};

/// By which turns name an event.
type Key = Vec<u8>;

const PERIOD: Duration = Duration::from_millis(20);
/// A server that stands still is asked again later.
const PATIENCE: Duration = Duration::from_secs(2);

const TURNS: &str = "\
SELECT key, lane, event, kind, outcome, reason, rule, language, sent_by,
       (SELECT count(*) FROM turn o WHERE o.message_id = t.message_id AND o.user_text IS NOT NULL) AS texts
FROM turn t WHERE key = ANY ($1) ORDER BY event";

/// An event whose turn has not been shown.
struct Waiting {
    id: String,
    key: Key,
    sent: Instant,
    acknowledged: Option<Duration>,
}

/// What is awaited. Clones share it.
#[derive(Clone)]
pub(super) struct Answers {
    waiting: Arc<Mutex<Vec<Waiting>>>,
    count: watch::Sender<usize>,
}

impl Answers {
    #[must_use]
    pub(super) fn new() -> Self {
        Self {
            waiting: Arc::default(),
            count: watch::Sender::new(0),
        }
    }

    /// An event is being sent.
    pub(super) fn expect(&self, id: &str, key: Key) {
        let mut waiting = self.waiting();
        waiting.push(Waiting {
            id: id.to_owned(),
            key,
            sent: Instant::now(),
            acknowledged: None,
        });
        self.count.send_replace(waiting.len());
    }

    /// The bot said 200 after `took`.
    pub(super) fn acknowledged(&self, id: &str, took: Duration) {
        for waiting in self.waiting().iter_mut().filter(|waiting| waiting.id == id) {
            waiting.acknowledged = Some(took);
        }
    }

    /// Waits until every turn has been shown; false when `limit` is over first.
    pub(super) async fn shown(&self, limit: Duration) -> bool {
        let mut count = self.count.subscribe();
        let shown = count.wait_for(|count| *count == 0);
        matches!(timeout(limit, shown).await, Ok(Ok(_)))
    }

    /// Shows answers and turns until it is dropped. Postgres may be away meanwhile: turns are then shown when it is back.
    pub(super) async fn show(self, line: &Line, database: &Database, screen: &Screen) {
        let (mut journal, mut seen, mut session) = (line.watch(), 0, None);
        let mut tick = interval(PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = journal.changed() => {}
                _ = tick.tick() => {}
            }
            for call in line.journal(|journal| journal.since(seen).to_vec()) {
                seen = call.position + 1;
                if call.is_accepted_message() {
                    screen.show(&self.answer(&call));
                }
            }
            let keys: Vec<Key> = self.waiting().iter().map(|one| one.key.clone()).collect();
            if keys.is_empty() {
                continue;
            }
            let found = timeout(PATIENCE, turns(database, &mut session, &keys)).await;
            let Ok(Ok(rows)) = found else {
                session = None;
                continue;
            };
            for row in &rows {
                if let Some(waiting) = self.take(&row.get::<_, Key>("key")) {
                    screen.show(&turn(row, &waiting));
                    self.count.send_replace(self.waiting().len());
                }
            }
        }
    }

    /// An event that is acknowledged and saved is not awaited any more.
    fn take(&self, key: &Key) -> Option<Waiting> {
        let mut waiting = self.waiting();
        let found = |one: &Waiting| one.key == *key && one.acknowledged.is_some();
        let place = waiting.iter().position(found)?;
        Some(waiting.remove(place))
    }

    fn answer(&self, call: &Call) -> String {
        let mut text = String::new();
        for message in call.messages() {
            let words = message["text"].as_str().map_or_else(
                || format!("({})", message["type"].as_str().unwrap_or("?")),
                |words| words.replace('\n', "\n         "),
            );
            let _ = writeln!(text, "  Sabai: {words}");
            let labels = labels(&message);
            if !labels.is_empty() {
                let _ = writeln!(text, "         {labels}");
            }
        }
        let sent = self
            .waiting()
            .iter()
            .find(|one| Some(one.id.as_str()) == call.event.as_deref())
            .map(|one| one.sent);
        match sent {
            Some(sent) => {
                let took = call.instant.saturating_duration_since(sent);
                let _ = write!(text, "         · answered after {} ms", took.as_millis());
            }
            None => text.push_str("         · for an event of before"),
        }
        text
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().expect("nobody panics meanwhile")
    }
}

/// The turns of these events, by the session that is there or a new one.
async fn turns(
    database: &Database,
    session: &mut Option<Session>,
    keys: &Vec<Key>,
) -> anyhow::Result<Vec<Row>> {
    let session = match session {
        Some(session) => session,
        None => session.insert(database.superuser().await?),
    };
    Ok(session.query(TURNS, &[keys]).await?)
}

/// The buttons under a message.
fn labels(message: &Value) -> String {
    let items = message["quickReply"]["items"].as_array();
    items
        .into_iter()
        .flatten()
        .filter_map(|item| Some(format!("[{}]", item["action"]["label"].as_str()?)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn turn(row: &Row, waiting: &Waiting) -> String {
    let word = |name| row.get::<_, Option<&str>>(name).unwrap_or("?");
    let (lane, event): (&str, i64) = (row.get("lane"), row.get("event"));
    let how = match row.get("outcome") {
        "answered" => format!(
            "answered by {}, rule {}, in {}",
            word("sent_by"),
            word("rule"),
            word("language")
        ),
        "stored_only" => format!("nothing to answer ({})", word("reason")),
        outcome => format!("{outcome} ({})", word("reason")),
    };
    let acknowledged = waiting.acknowledged.unwrap_or_default().as_millis();
    // The bot's own id is the same in every lane.
    let lane = lane.split_once('/').map_or(lane, |(_, chat)| chat);
    let mut text = format!(
        "         · {} {how}; LINE had its 200 after {acknowledged} ms
         · saved as turn {event} of lane {lane}",
        row.get::<_, &str>("kind")
    );
    if row.get::<_, &str>("kind") == "unsend" {
        text.push_str(match row.get("texts") {
            0_i64 => "; the text that was taken back is gone",
            _ => "; THE TEXT THAT WAS TAKEN BACK IS STILL THERE",
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn buttons_are_shown_by_their_labels() {
        let item = |label: &str| json!({ "type": "action", "action": { "type": "message", "label": label } });
        let message = json!({ "quickReply": { "items": [item("Menu"), item("เวลาเปิดร้าน")] } });
        assert_eq!(labels(&message), "[Menu] [เวลาเปิดร้าน]");
        assert_eq!(labels(&json!({ "type": "text" })), "");
    }

    #[tokio::test]
    async fn an_event_is_awaited_until_it_is_acknowledged_and_saved() {
        let answers = Answers::new();
        answers.expect("a", b"a".to_vec());
        assert!(answers.take(&b"a".to_vec()).is_none());
        assert!(!answers.shown(Duration::ZERO).await);
        answers.acknowledged("a", Duration::from_millis(3));
        assert!(answers.take(&b"a".to_vec()).is_some());
    }
}

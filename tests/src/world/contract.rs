//! All that the harness knows of the bot's inside: how it derives keys, and where it says what became of an event.
//! Change it here when the bot's schema changes.

use std::collections::HashMap;
use std::time::SystemTime;

use ring::digest;
use uuid::Uuid;

use crate::postgres::Database;

/// The bot's namespace for the retry keys of pushes.
const RETRY_KEYS: Uuid = Uuid::from_u128(0x7d2f_3b6e_52c1_4c39_9d0a_5ab1_71ad_0b5e);

/// One row for each event that has come to an end. A dead letter may have no turn.
const ENDINGS: &str = "
    SELECT key, outcome, begun_at FROM turn
    UNION ALL
    SELECT key, 'dead_letter', NULL FROM dead_letter WHERE key NOT IN (SELECT key FROM turn)";

/// Wherever something that a customer wrote may stand.
const TABLES: [&str; 6] = [
    "event",
    "turn",
    "dead_letter",
    "amendment",
    "outbox",
    "person",
];

/// The outcome of which LINE must know.
pub const ANSWERED: &str = "answered";

/// What the bot says of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub outcome: String,
    /// When work on it began, by the database's or the bot's clock.
    pub begun_at: Option<SystemTime>,
}

/// The key under which the bot stores an event: SHA-256 of destination, a zero byte and `webhookEventId`.
#[must_use]
pub fn event_key(destination: &str, id: &str) -> Vec<u8> {
    let text = [destination.as_bytes(), b"\0", id.as_bytes()].concat();
    digest::digest(&digest::SHA256, &text).as_ref().to_vec()
}

/// The retry key of a push for an event: UUIDv5 of its key.
#[must_use]
pub fn retry_key(destination: &str, id: &str) -> Uuid {
    Uuid::new_v5(&RETRY_KEYS, &event_key(destination, id))
}

/// Every ending by event key; more than one entry is a turn too many.
///
/// # Errors
/// When the database is away or has no such tables (nothing is migrated yet).
pub async fn endings(database: &Database) -> anyhow::Result<HashMap<Vec<u8>, Vec<Ending>>> {
    let mut endings: HashMap<Vec<u8>, Vec<Ending>> = HashMap::new();
    for row in database.superuser().await?.query(ENDINGS, &[]).await? {
        let ending = Ending {
            outcome: row.try_get(1)?,
            begun_at: row.try_get(2)?,
        };
        endings.entry(row.try_get(0)?).or_default().push(ending);
    }
    Ok(endings)
}

/// The tables with a row that holds `word`, in a text or in the bytes of an event; one entry for each such row.
///
/// # Errors
/// When the database is away or has no such tables (nothing is migrated yet).
pub async fn rows_with(database: &Database, word: &str) -> anyhow::Result<Vec<String>> {
    let tables = TABLES.map(|table| {
        format!(
            "SELECT '{table}' FROM {table} t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'
             OR to_jsonb(t)::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'"
        )
    });
    let rows = database
        .superuser()
        .await?
        .query(&tables.join(" UNION ALL "), &[&word])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

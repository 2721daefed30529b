//! Telling the holders in a batch their own answers: one that has lost its lane may stand beside the next one, with the
//! same event, so an answer belongs to an event *and* a token.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::store::Key;

/// The answer for each of `holders`, in their order, read from its row by `read`; `lost` for those without a row.
/// Rows name their holder in the columns `event` and `token`.
pub fn told<'a, T: Copy>(
    holders: impl Iterator<Item = (i64, &'a Key)>,
    rows: &[Row],
    lost: T,
    read: impl Fn(&Row) -> T,
) -> Vec<T> {
    let answers: HashMap<(i64, Uuid), T> = rows
        .iter()
        .map(|row| ((row.get("event"), row.get("token")), read(row)))
        .collect();
    holders
        .map(|(event, key)| answers.get(&(event, key.token)).copied().unwrap_or(lost))
        .collect()
}

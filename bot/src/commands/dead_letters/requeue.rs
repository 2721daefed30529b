//! Making dead letters workable again, and why some must not be.

use std::collections::HashMap;
use std::io::Write;

use sabai_daemon::exit::Failure;
use serde::Serialize;

use super::store::{self, DeadLetter, Filter};
use crate::commands::database::Database;
use crate::commands::{show, table};

/// In one transaction: the lanes that it holds are not kept for long.
const AT_ONCE: usize = 100;

/// Why it must stay where it is. Nobody is answered twice: only what LINE has refused for good, or what was never sent
/// to it, may be answered again. What a customer took back stays taken back.
pub(super) fn refusal(one: &DeadLetter) -> Option<&'static str> {
    let answered = one.accepted_at.is_some() || one.sent_by.is_some();
    // LINE refuses for good what it has not accepted; whatever else was begun may have reached it.
    let begun = one.in_outbox || (one.begun_at.is_some() && one.reason != "refused");
    if answered {
        Some("it was answered; only its turn could not be saved")
    } else if begun {
        Some("it may have been answered")
    } else if one.unsent || (one.bytes == 0 && one.has_lane) {
        Some("the customer took the message back")
    } else if !one.has_lane {
        Some("it could not be read when it came, so its conversation is not known")
    } else {
        None
    }
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Requeued,
    /// Requeued before, and not yet at its end.
    Waiting,
    Refused(&'static str),
    Unknown,
}

/// As scripts get it.
#[derive(Serialize)]
struct Told {
    id: i64,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(super) async fn run(
    database: &Database,
    ids: &[i64],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (mut requeued, mut left) = (0, 0);
    for some in ids.chunks(AT_ONCE) {
        for (id, fate) in requeue(database, some).await? {
            match fate {
                Fate::Requeued | Fate::Waiting => requeued += 1,
                Fate::Refused(_) | Fate::Unknown => left += 1,
            }
            tell(id, fate, json, out)?;
        }
    }
    if !json {
        writeln!(
            out,
            "{} to be worked again, {left} left as they are",
            show::count(requeued, "event")
        )?;
    }
    if left == 0 {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

async fn requeue(database: &Database, ids: &[i64]) -> Result<Vec<(i64, Fate)>, Failure> {
    let filter = Filter {
        ids: Some(ids.to_vec()),
        ..Filter::default()
    };
    let found = store::find(database, &filter, None, false).await?;
    let fit = found.iter().filter(|one| refusal(one).is_none());
    let fit: Vec<i64> = fit.map(|one| one.id).collect();
    let mut fates: HashMap<i64, Fate> = HashMap::new();
    if !fit.is_empty() {
        let done = store::requeue(database, &fit, |one| refusal(one).is_none()).await?;
        fates.extend(done.into_iter().map(|id| (id, Fate::Requeued)));
    }
    // As they are now: what could be requeued a moment ago may have been taken back.
    let found = store::find(database, &filter, None, false).await?;
    let refused = found.iter().map(|one| {
        (
            one.id,
            Fate::Refused(refusal(one).unwrap_or("it changed meanwhile; try again")),
        )
    });
    fates.extend(refused);
    let missing: Vec<i64> = ids
        .iter()
        .copied()
        .filter(|id| !fates.contains_key(id))
        .collect();
    if !missing.is_empty() {
        let waiting = store::waiting(database, &missing).await?;
        fates.extend(waiting.into_iter().map(|id| (id, Fate::Waiting)));
    }
    let fate = |id: &i64| fates.get(id).copied().unwrap_or(Fate::Unknown);
    Ok(ids.iter().map(|id| (*id, fate(id))).collect())
}

fn tell(id: i64, fate: Fate, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (outcome, reason) = match fate {
        Fate::Requeued => ("requeued", None),
        Fate::Waiting => ("waiting", None),
        Fate::Refused(why) => ("refused", Some(why)),
        Fate::Unknown => ("unknown", Some("no dead letter has this id (any more)")),
    };
    if json {
        table::json(
            out,
            &Told {
                id,
                outcome,
                reason,
            },
        )?;
    } else {
        match (fate, reason) {
            (Fate::Waiting, _) => writeln!(out, "{id}: waits already")?,
            (_, None) => writeln!(out, "{id}: {outcome}")?,
            (_, Some(why)) => writeln!(out, "{id}: {outcome}: {why}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::store::Private;
    use super::*;

    fn letter() -> DeadLetter {
        let now = SystemTime::UNIX_EPOCH;
        DeadLetter {
            id: 1,
            reason: "attempts_exhausted".to_owned(),
            detail: None,
            attempts: 5,
            occurred_at: now,
            received_at: now,
            dead_at: now,
            trace: None,
            bytes: 100,
            kind: Some("message/text".to_owned()),
            has_lane: true,
            unsent: false,
            begun_at: None,
            accepted_at: None,
            sent_by: None,
            in_outbox: false,
            private: Private::default(),
        }
    }

    type Change = fn(&mut DeadLetter);

    #[test]
    fn only_what_nobody_can_have_been_answered_for_may_be_requeued() {
        let plain: Change = |_| {};
        let begun: Change = |one| one.begun_at = Some(one.received_at);
        let accepted: Change = |one| one.accepted_at = Some(one.received_at);
        let sent: Change = |one| one.sent_by = Some("reply".to_owned());
        let table = [
            ("attempts_exhausted", plain, None),
            ("refused", begun, None),
            ("unreadable", plain, None),
            ("cannot_be_saved", plain, None),
            ("cannot_be_saved", begun, Some("may have been")),
            ("attempts_exhausted", begun, Some("may have been")),
            ("refused", |one| one.in_outbox = true, Some("may have been")),
            ("refused", accepted, Some("was answered")),
            ("cannot_be_saved", sent, Some("was answered")),
            (
                "refused",
                |one| one.unsent = true,
                Some("took the message back"),
            ),
            (
                "refused",
                |one| one.bytes = 0,
                Some("took the message back"),
            ),
            (
                "unreadable",
                |one| one.has_lane = false,
                Some("could not be read"),
            ),
        ];
        for (reason, change, expected) in table {
            let mut one = DeadLetter {
                reason: reason.to_owned(),
                ..letter()
            };
            change(&mut one);
            let matches = match (refusal(&one), expected) {
                (Some(told), Some(expected)) => told.contains(expected),
                (told, expected) => told == expected,
            };
            assert!(matches, "not {expected:?}: {one:?}");
        }
    }
}

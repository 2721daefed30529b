//! How the bot's pool stands: pure, from two of its reports.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sabai_wire::control::{RecycleOutcome, Report};
use sabai_wire::fault::Fault;
use sabai_wire::fault::decision::Elders;

use crate::decision::Bot;

/// So many sessions lost between two reports are no accident.
const LOST: u64 = 2;

/// What two reports tell together that came so long `apart`, a few seconds, by our own time: the bot's clock may jump.
/// `stuck_after` is how long a pool may stand still before it is wedged: longer than any statement may take.
#[must_use]
pub fn judge(earlier: &Report, now: &Report, apart: Duration, stuck_after: Duration) -> Bot {
    let recycling = now.last_recycle.as_ref();
    if recycling.is_some_and(|last| last.outcome == RecycleOutcome::InProgress) {
        Bot::Recycling
    } else if apart >= stuck_after && is_wedged(earlier, now) {
        Bot::Wedged
    } else if is_losing(earlier, now, apart) {
        Bot::Losing
    } else {
        Bot::Fine
    }
}

fn is_wedged(earlier: &Report, now: &Report) -> bool {
    let stands = |report: &Report| {
        let pool = &report.pool;
        pool.waiting > 0 && pool.idle == 0 && pool.dialing == 0 && pool.in_use > 0
    };
    let (before, after) = (&earlier.progress, &now.progress);
    stands(earlier)
        && stands(now)
        && before.statements == after.statements
        && before.acquired == after.acquired
}

/// Sessions were lost, and others of their age are still there: they may be dead too. A session that is lost is closed: of
/// faults that count more than those, the rest were met by sessions that never came to be.
fn is_losing(earlier: &Report, now: &Report, apart: Duration) -> bool {
    let met = |report: &Report, fault: &Fault| {
        let count = report.faults.get(fault.as_str());
        count.copied().unwrap_or_default()
    };
    let signs = Fault::ALL.iter().filter(|fault| tells_of_loss(**fault));
    let lost = signs
        .map(|fault| met(now, fault).saturating_sub(met(earlier, fault)))
        // A report may say anything.
        .fold(0, u64::saturating_add);
    let (before, after) = (&earlier.progress, &now.progress);
    let closed = after.sessions_closed.saturating_sub(before.sessions_closed);
    let elders = now.sessions.iter();
    let mut elders =
        elders.filter(|session| Duration::from_millis(session.age_milliseconds) > apart);
    lost.min(closed) >= LOST && elders.next().is_some()
}

/// Whether sessions of the same age may be dead too, and a fresh one would live: the server ends whoever rests.
fn tells_of_loss(fault: Fault) -> bool {
    fault.decision().elders == Elders::Check && fault != Fault::IdleTerminated
}

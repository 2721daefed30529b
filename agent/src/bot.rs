//! How the bot's pool stands: pure, from two of its reports.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sabai_wire::control::{RecycleOutcome, Report, SessionReport};
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

/// Others wait, and every session for work is with the user it was with before. Intake has sessions of its own, which move
/// and rest as ever while work stands still, so the sums of the whole pool would tell nothing.
fn is_wedged(earlier: &Report, now: &Report) -> bool {
    let waits = |report: &Report| report.pool.waiting > 0 && report.pool.dialing == 0;
    let mut open = at_work(now).peekable();
    let stands = |one: &SessionReport| at_work(earlier).any(|before| is_same_loan(before, one));
    waits(earlier) && waits(now) && open.peek().is_some() && open.all(stands)
}

/// Sessions for work that could be used.
fn at_work(report: &Report) -> impl Iterator<Item = &SessionReport> {
    let sessions = report.sessions.iter();
    sessions.filter(|one| one.duty == "work" && matches!(one.state.as_str(), "Idle" | "Busy"))
}

/// Lent once, and not given back between the two.
fn is_same_loan(before: &SessionReport, now: &SessionReport) -> bool {
    let name = |one: &SessionReport| (one.backend_pid, one.backend_start, one.times_lent);
    before.state == "Busy" && now.state == "Busy" && name(before) == name(now)
}

/// Sessions were lost, and others of their age are still there: they may be dead too. A session that is lost is closed, or
/// closing: of faults that count more than those, the rest were met by sessions that never came to be. What was lost before a recycle
/// ended was of those that it renewed, also when it shows by its user's deadline only then.
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
    // The end of one that went silent is not seen for a while.
    let ended = closed.saturating_add(now.pool.closing as u64);
    let elders = now.sessions.iter();
    let mut elders =
        elders.filter(|session| Duration::from_millis(session.age_milliseconds) > apart);
    let recycled = earlier.last_recycle != now.last_recycle;
    lost.min(ended) >= LOST && elders.next().is_some() && !recycled
}

/// Whether sessions of the same age may be dead too, and a fresh one would live: the server ends whoever rests.
fn tells_of_loss(fault: Fault) -> bool {
    fault.decision().elders == Elders::Check && fault != Fault::IdleTerminated
}

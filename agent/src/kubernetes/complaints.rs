//! What was said about the API server: each trouble once, with what mends it, and once that it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::time::Instant;

/// For so long a server that has just begun may say that it is busy and knows no rights and no resources, before that is believed.
const DOUBTED: Duration = Duration::from_secs(5);

/// What is wrong with whom; pure but for the log.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// By what was to be done; what is the server's own trouble stands under no name, since every call runs into it.
    met: BTreeMap<&'static str, Met>,
}

/// What was run into, in each try since.
#[derive(Clone, Copy, Debug)]
struct Met {
    fault: Fault,
    since: Instant,
    told: bool,
}

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Nothing,
    /// It may be over at once.
    Doubt,
    Trouble,
    Over(Fault),
}

impl Complaints {
    /// `doing` has run into this; false while that is not believed.
    pub(super) fn failed(&mut self, doing: &'static str, fault: Fault, words: &str) -> bool {
        let news = self.note(doing, Err(fault), Instant::now());
        if news == News::Trouble {
            let advice = fault.advice();
            tracing::warn!(%fault, "Kubernetes: {doing}: {fault}: {words}; {advice}");
        }
        news != News::Doubt
    }

    /// `doing` was done.
    pub(super) fn done(&mut self, doing: &'static str) {
        for name in ["", doing] {
            if let News::Over(fault) = self.note(name, Ok(()), Instant::now()) {
                let what = if name.is_empty() {
                    "the API server"
                } else {
                    name
                };
                tracing::info!(%fault, "Kubernetes: {what}: {fault} is over");
            }
        }
    }

    fn note(&mut self, doing: &'static str, outcome: Result<(), Fault>, now: Instant) -> News {
        let Err(fault) = outcome else {
            let told = self.met.remove(doing).filter(|met| met.told);
            return told.map_or(News::Nothing, |met| News::Over(met.fault));
        };
        let everybodys = is_away(fault) || fault == Fault::ApiTokenRejected;
        if everybodys && self.met.get(doing).is_some_and(|met| !met.told) {
            self.met.remove(doing);
        }
        let fresh = Met {
            fault,
            since: now,
            told: false,
        };
        let met = self.met.entry(if everybodys { "" } else { doing });
        let met = met.or_insert(fresh);
        let same = met.fault == fault || met.told && is_away(met.fault) && is_away(fault);
        if !same {
            *met = fresh;
        }
        if met.told {
            return News::Nothing;
        }
        met.told = !is_doubtful(fault) || now - met.since >= DOUBTED;
        if met.told { News::Trouble } else { News::Doubt }
    }
}

/// One that goes away and comes again is silent and busy by turns.
fn is_away(fault: Fault) -> bool {
    matches!(fault, Fault::ApiUnreachable | Fault::ApiBusy)
}

/// What a server says to everybody when it has just begun.
fn is_doubtful(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::ApiBusy | Fault::ApiForbidden | Fault::CRDMissing
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: Fault = Fault::ApiUnreachable;
    const BUSY: Fault = Fault::ApiBusy;
    const TOKEN: Fault = Fault::ApiTokenRejected;
    const FORBIDDEN: Fault = Fault::ApiForbidden;
    const REFUSED: Fault = Fault::ApiRefused;

    /// Seconds, what was done, how it went, what is said.
    type Turn = (u64, &'static str, Result<(), Fault>, News);

    #[test]
    fn a_trouble_is_told_once_until_it_is_over_or_another() {
        check(&[
            (0, "watch", Err(AWAY), News::Trouble),
            (1, "write", Err(AWAY), News::Nothing),
            (2, "watch", Err(BUSY), News::Nothing),
            (9, "watch", Err(BUSY), News::Nothing),
            (9, "", Ok(()), News::Over(AWAY)),
            (9, "", Ok(()), News::Nothing),
            (10, "watch", Err(TOKEN), News::Trouble),
            (10, "write", Err(TOKEN), News::Nothing),
            (10, "watch", Err(AWAY), News::Trouble),
            (11, "", Ok(()), News::Over(AWAY)),
            (12, "watch", Err(REFUSED), News::Trouble),
            (12, "watch", Err(REFUSED), News::Nothing),
            (12, "write", Err(REFUSED), News::Trouble),
            (12, "write", Ok(()), News::Over(REFUSED)),
            (12, "watch", Err(REFUSED), News::Nothing),
        ]);
    }

    #[test]
    fn what_a_server_says_that_has_just_begun_is_believed_when_it_lasts() {
        check(&[
            (0, "watch", Err(FORBIDDEN), News::Doubt),
            (0, "write", Err(FORBIDDEN), News::Doubt),
            (4, "watch", Err(FORBIDDEN), News::Doubt),
            (4, "watch", Ok(()), News::Nothing),
            (5, "write", Err(FORBIDDEN), News::Trouble),
            (6, "write", Err(FORBIDDEN), News::Nothing),
            (7, "write", Err(AWAY), News::Trouble),
            (8, "write", Err(FORBIDDEN), News::Nothing),
            (9, "write", Ok(()), News::Over(FORBIDDEN)),
            (9, "", Ok(()), News::Over(AWAY)),
            (10, "write", Err(BUSY), News::Doubt),
            (15, "write", Err(BUSY), News::Trouble),
            (15, "", Ok(()), News::Over(BUSY)),
        ]);
        // Nothing is counted over a time in which it was away.
        check(&[
            (0, "watch", Err(FORBIDDEN), News::Doubt),
            (1, "watch", Err(AWAY), News::Trouble),
            (60, "watch", Err(FORBIDDEN), News::Doubt),
        ]);
        check(&[
            (0, "watch", Err(BUSY), News::Doubt),
            (1, "watch", Err(AWAY), News::Trouble),
            (6, "watch", Err(BUSY), News::Nothing),
        ]);
    }

    fn check(turns: &[Turn]) {
        let (begin, mut complaints) = (Instant::now(), Complaints::default());
        for (turn, (seconds, doing, outcome, expected)) in turns.iter().enumerate() {
            let now = begin + Duration::from_secs(*seconds);
            assert_eq!(&complaints.note(doing, *outcome, now), expected, "{turn}");
        }
    }
}

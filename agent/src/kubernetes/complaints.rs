//! What was said about the API server: each trouble once, with what mends it, and once that it is over.

use std::collections::BTreeMap;

use sabai_wire::fault::Fault;

/// What is wrong with whom; pure but for the log.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// By what was to be done; what is the server's own trouble stands under no name, since every call runs into it.
    told: BTreeMap<&'static str, Fault>,
}

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Nothing,
    Trouble,
    Over(Fault),
}

impl Complaints {
    /// `doing` has run into this.
    pub(super) fn failed(&mut self, doing: &'static str, fault: Fault, words: &str) {
        if self.note(doing, Err(fault)) == News::Trouble {
            let advice = fault.advice();
            tracing::warn!(%fault, "Kubernetes: {doing}: {fault}: {words}; {advice}");
        }
    }

    /// `doing` was done.
    pub(super) fn done(&mut self, doing: &'static str) {
        for name in ["", doing] {
            if let News::Over(fault) = self.note(name, Ok(())) {
                let what = if name.is_empty() {
                    "the API server"
                } else {
                    name
                };
                tracing::info!(%fault, "Kubernetes: {what}: {fault} is over");
            }
        }
    }

    fn note(&mut self, doing: &'static str, outcome: Result<(), Fault>) -> News {
        match outcome {
            Ok(()) => self.told.remove(doing).map_or(News::Nothing, News::Over),
            Err(fault) => {
                let everybodys = matches!(
                    fault,
                    Fault::ApiUnreachable | Fault::ApiBusy | Fault::ApiTokenRejected
                );
                let key = if everybodys { "" } else { doing };
                match self.told.insert(key, fault) {
                    Some(same) if same == fault => News::Nothing,
                    _ => News::Trouble,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_once_until_it_is_over_or_another() {
        let (away, busy, forbidden) = (Fault::ApiUnreachable, Fault::ApiBusy, Fault::ApiForbidden);
        let table = [
            ("watch", Err(away), News::Trouble),
            ("write", Err(away), News::Nothing),
            ("watch", Err(busy), News::Trouble),
            ("", Ok(()), News::Over(busy)),
            ("", Ok(()), News::Nothing),
            ("watch", Err(forbidden), News::Trouble),
            ("watch", Err(forbidden), News::Nothing),
            ("write", Err(forbidden), News::Trouble),
            ("write", Ok(()), News::Over(forbidden)),
            ("watch", Err(forbidden), News::Nothing),
        ];
        let mut complaints = Complaints::default();
        for (turn, (doing, outcome, expected)) in table.into_iter().enumerate() {
            assert_eq!(complaints.note(doing, outcome), expected, "{turn}");
        }
    }
}

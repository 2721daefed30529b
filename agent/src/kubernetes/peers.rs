//! Whether this pod's path is ill while its peers are well, and whether the release can spare it: pure.

use sabai_crds::{ConditionStatus, PoolInstance};

use crate::verdict::State;

/// One other pod, by its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) name: String,
    /// What it thinks of its path.
    pub(super) state: Option<State>,
    /// It is withdrawn, for whatever reason.
    pub(super) withdrawn: bool,
    /// Its report has been written anew since our path is ill.
    pub(super) fresh: bool,
}

impl Peer {
    /// By what it has written; `fresh` is whether that is new.
    pub(super) fn of(instance: &PoolInstance, fresh: bool) -> Option<Self> {
        let status = instance.status.as_ref()?;
        let word = status.probe.as_ref()?.state.as_deref();
        let mut states = State::ALL.iter().copied();
        let ready = status.conditions.iter().flatten();
        let mut ready = ready.filter(|condition| condition.type_ == "Ready");
        Some(Self {
            name: instance.metadata.name.clone()?,
            state: states.find(|state| Some(state.as_str()) == word),
            withdrawn: ready
                .next()
                .is_some_and(|ready| ready.status == ConditionStatus::False),
            fresh,
        })
    }
}

/// So many peers are well, if there are any and this pod, which is Down, may leave.
pub(super) fn spared(own: &str, peers: &[Peer], max_unready_percent: u16) -> Option<u32> {
    let well = |peer: &&Peer| peer.fresh && peer.state == Some(State::Healthy) && !peer.withdrawn;
    let healthy = peers.iter().filter(well).count();
    let total = peers.len() + 1;
    let most = (total * usize::from(max_unready_percent) / 100).max(1);
    let most = most.min(total - 1);
    // Who is withdrawn already, and who is as ill as we are and comes first.
    let before_us =
        |peer: &&Peer| peer.withdrawn || peer.state == Some(State::Down) && *peer.name < *own;
    let before_us = peers.iter().filter(before_us).count();
    let spared = healthy > 0 && before_us < most;
    spared.then(|| u32::try_from(healthy).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a Healthy, z Down withdrawn, b Healthy old`.
    fn peers(words: &str) -> Vec<Peer> {
        let peer = |words: &str| {
            let mut words = words.split(' ');
            let name = words.next().expect("a name").to_owned();
            let state = words.next();
            let more: Vec<&str> = words.collect();
            Peer {
                name,
                state: State::ALL
                    .iter()
                    .copied()
                    .find(|one| Some(one.as_str()) == state),
                withdrawn: more.contains(&"withdrawn"),
                fresh: !more.contains(&"old"),
            }
        };
        let all = words.split(", ").filter(|words| !words.is_empty());
        all.map(peer).collect()
    }

    #[test]
    fn a_pod_leaves_only_when_fresh_reports_say_that_others_are_well_and_enough_stay() {
        // We are "m".
        let table = [
            ("alone", "", 34, None),
            ("one of two", "a Healthy", 34, Some(1)),
            ("one of three", "a Healthy, z Healthy", 34, Some(2)),
            (
                "what was said before",
                "a Healthy old, z Healthy old",
                34,
                None,
            ),
            ("one fresh report", "a Healthy old, z Healthy", 34, Some(1)),
            ("everybody", "a Down, z Degraded", 34, None),
            ("not certain", "a Suspect", 34, None),
            ("another has gone", "z Down withdrawn, a Healthy", 34, None),
            ("another comes first", "a Down, z Healthy", 34, None),
            ("we come first", "a Healthy, z Down", 34, Some(1)),
            ("two of four", "a Down, b Healthy, c Healthy", 50, Some(2)),
            ("never the last", "a Down, b Healthy", 99, Some(1)),
            (
                "nor beside withdrawn ones",
                "a Down withdrawn, b Down withdrawn",
                99,
                None,
            ),
        ];
        for (what, words, percent, expected) in table {
            assert_eq!(spared("m", &peers(words), percent), expected, "{what}");
        }
    }
}

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

    fn peer(name: &str, state: State) -> Peer {
        Peer {
            name: name.to_owned(),
            state: Some(state),
            withdrawn: false,
            fresh: true,
        }
    }

    #[test]
    fn a_pod_leaves_only_when_fresh_reports_say_that_others_are_well_and_enough_stay() {
        use State::{Degraded, Down, Healthy, Suspect};
        let well = |name: &str| peer(name, Healthy);
        let old = |name: &str| Peer {
            fresh: false,
            ..well(name)
        };
        let withdrawn = |name: &str| Peer {
            withdrawn: true,
            ..peer(name, Down)
        };
        // We are "m".
        let table = [
            ("alone", vec![], 34, None),
            ("one of two", vec![well("a")], 34, Some(1)),
            ("one of three", vec![well("a"), well("z")], 34, Some(2)),
            (
                "what they said before tells nothing",
                vec![old("a"), old("z")],
                34,
                None,
            ),
            (
                "one fresh report is enough",
                vec![old("a"), well("z")],
                34,
                Some(1),
            ),
            (
                "everybody",
                vec![peer("a", Down), peer("z", Degraded)],
                34,
                None,
            ),
            ("not certain", vec![peer("a", Suspect)], 34, None),
            (
                "another has gone already",
                vec![withdrawn("z"), well("a")],
                34,
                None,
            ),
            (
                "another comes first",
                vec![peer("a", Down), well("z")],
                34,
                None,
            ),
            (
                "we come first",
                vec![well("a"), peer("z", Down)],
                34,
                Some(1),
            ),
            (
                "two of four",
                vec![peer("a", Down), well("b"), well("c")],
                50,
                Some(2),
            ),
            (
                "never the last",
                vec![peer("a", Down), well("b")],
                99,
                Some(1),
            ),
            (
                "nor the last but withdrawn ones",
                vec![withdrawn("a"), withdrawn("b")],
                99,
                None,
            ),
        ];
        for (what, peers, percent, expected) in table {
            assert_eq!(spared("m", &peers, percent), expected, "{what}");
        }
    }
}

//! The reports of all pods of the release, and since when each has not changed: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DeserializeGuard;
use sabai_crds::PoolInstance;
use tokio::time::Instant;

use crate::kubernetes::summary::Report;
use crate::kubernetes::watch::Change;

/// More pods than any release has; more are not looked at.
const MOST: usize = 2_000;

/// What is known of all pods.
#[derive(Debug)]
pub(super) struct Reports {
    /// Our own pod.
    pod: String,
    limit: Duration,
    pods: BTreeMap<String, Entry>,
    /// All of them are known, and their changes come.
    complete: bool,
}

#[derive(Debug)]
struct Entry {
    instance: PoolInstance,
    changed: Instant,
    stale: bool,
    /// It was in the list that was made last.
    listed: bool,
}

impl Reports {
    /// A report is stale that has not changed for more than `limit`.
    pub(super) const fn new(pod: String, limit: Duration) -> Self {
        Self {
            pod,
            limit,
            pods: BTreeMap::new(),
            complete: false,
        }
    }

    /// Something has changed. Whether the path of another pod has become ill is returned.
    pub(super) fn take(&mut self, change: Change<PoolInstance>, now: Instant) -> bool {
        match change {
            Change::Lost => self.complete = false,
            Change::Listing => {
                self.complete = false;
                let entries = self.pods.values_mut();
                entries.for_each(|entry| entry.listed = false);
            }
            Change::Is(object) => return self.is(object, now),
            Change::Gone(object) => {
                self.pods.remove(&object.name_any());
            }
            Change::Listed => {
                self.complete = true;
                self.pods.retain(|_, entry| entry.listed);
                // While nothing was known here, they could not report either.
                for entry in self.pods.values_mut().filter(|entry| !entry.stale) {
                    entry.changed = now;
                }
            }
        }
        false
    }

    fn is(&mut self, object: DeserializeGuard<PoolInstance>, now: Instant) -> bool {
        let mut instance = object.0.unwrap_or_else(|unreadable| PoolInstance {
            metadata: unreadable.metadata,
            status: None,
        });
        // Who wrote which field: larger than all the rest, and nobody asks.
        instance.metadata.managed_fields = None;
        let name = instance.name_any();
        let has_room = self.pods.len() < MOST;
        let before = self.pods.get_mut(&name);
        let ill = illness(&instance).filter(|_| name != self.pod);
        let was = before.as_ref().and_then(|entry| illness(&entry.instance));
        let fell = ill.is_some() && ill != was;
        match before {
            Some(entry) => {
                entry.listed = true;
                if entry.instance.metadata.resource_version != instance.metadata.resource_version {
                    (entry.changed, entry.stale) = (now, false);
                }
                entry.instance = instance;
            }
            None if has_room => {
                let entry = Entry {
                    instance,
                    changed: now,
                    stale: false,
                    listed: true,
                };
                self.pods.insert(name, entry);
            }
            None => {}
        }
        fell
    }

    /// When the next one becomes stale.
    pub(super) fn next_stale(&self) -> Option<Instant> {
        let heard = self.pods.values().filter(|entry| !entry.stale);
        let next = heard.map(|entry| entry.changed + self.limit).min();
        next.filter(|_| self.complete)
    }

    /// Hands all of them on, if they are known now.
    pub(super) fn read<T>(
        &mut self,
        now: Instant,
        run: impl FnOnce(&[Report<'_>]) -> T,
    ) -> Option<T> {
        if !self.complete {
            return None;
        }
        for entry in self.pods.values_mut() {
            entry.stale |= now.saturating_duration_since(entry.changed) >= self.limit;
        }
        let all = self.pods.values().map(|entry| Report {
            instance: &entry.instance,
            stale: entry.stale,
        });
        Some(run(&all.collect::<Vec<_>>()))
    }
}

/// The word for a path that is ill.
fn illness(instance: &PoolInstance) -> Option<&str> {
    let probe = instance.status.as_ref()?.probe.as_ref()?;
    let state = probe.state.as_deref()?;
    matches!(state, "Degraded" | "Down").then_some(state)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(360);

    fn report(name: &str, version: u32, state: &str) -> Change<PoolInstance> {
        let object = json!({
            "metadata": {"name": name, "resourceVersion": version.to_string()},
            "status": {"probe": {"state": state}},
        });
        Change::Is(serde_json::from_value(object).expect("an object"))
    }

    /// Names of all, those that are stale in brackets.
    fn shown(reports: &mut Reports, now: Instant) -> Option<String> {
        reports.read(now, |reports| {
            let name = |report: &Report<'_>| match report.stale {
                true => format!("({})", report.instance.name_any()),
                false => report.instance.name_any(),
            };
            reports.iter().map(name).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn a_report_is_stale_that_was_not_seen_to_change_while_changes_could_be_seen() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut reports = Reports::new("a".to_owned(), LIMIT);
        let well = |name, version| report(name, version, "Healthy");
        // When; what happens; what is known then.
        let story = [
            (0, Change::Listing, None),
            (0, well("a", 1), None),
            (0, well("b", 1), None),
            (1, Change::Listed, Some("a b")),
            (121, well("a", 2), Some("a b")),
            (360, well("a", 3), Some("a b")),
            // The same again is no change.
            (361, well("b", 1), Some("a (b)")),
            (362, Change::Lost, None),
            (900, Change::Listing, None),
            (900, well("a", 3), None),
            (900, well("b", 1), None),
            (900, well("c", 1), None),
            // What was stale before has not said more; the others had nobody to tell.
            (901, Change::Listed, Some("a (b) c")),
            (902, well("b", 2), Some("a b c")),
            (1260, well("b", 3), Some("a b c")),
            (1261, well("b", 4), Some("(a) b (c)")),
            (1300, Change::Listing, None),
            (1300, well("c", 1), None),
            (1301, Change::Listed, Some("(c)")),
        ];
        for (turn, (seconds, change, expected)) in story.into_iter().enumerate() {
            reports.take(change, at(seconds));
            let shown = shown(&mut reports, at(seconds));
            assert_eq!(shown.as_deref(), expected, "{turn}");
        }
        let gone = match well("c", 2) {
            Change::Is(object) => Change::Gone(object),
            other => other,
        };
        reports.take(gone, at(1302));
        assert_eq!(shown(&mut reports, at(1302)).as_deref(), Some(""));
        assert_eq!(reports.next_stale(), None);
    }

    #[test]
    fn the_next_moment_at_which_one_becomes_stale_is_known() {
        let begin = Instant::now();
        let mut reports = Reports::new("a".to_owned(), LIMIT);
        reports.take(report("a", 1, "Healthy"), begin);
        assert_eq!(reports.next_stale(), None, "not before all are known");
        reports.take(Change::Listed, begin);
        let later = begin + Duration::from_secs(10);
        reports.take(report("b", 1, "Healthy"), later);
        assert_eq!(reports.next_stale(), Some(begin + LIMIT));
        assert_eq!(shown(&mut reports, begin + LIMIT).as_deref(), Some("(a) b"));
        assert_eq!(reports.next_stale(), Some(later + LIMIT));
    }

    #[test]
    fn a_peer_that_becomes_ill_is_noticed_once_and_our_own_pod_is_none() {
        let now = Instant::now();
        let mut reports = Reports::new("a".to_owned(), LIMIT);
        let story = [
            ("a", "Down", false),
            ("b", "Healthy", false),
            ("b", "Suspect", false),
            ("b", "Degraded", true),
            ("b", "Degraded", false),
            ("b", "Down", true),
            ("b", "Down", false),
            ("b", "Healthy", false),
            ("c", "Down", true),
        ];
        for (version, (name, state, fell)) in (1..).zip(story) {
            let change = report(name, version, state);
            assert_eq!(reports.take(change, now), fell, "{name} {state} {version}");
        }
    }

    #[test]
    fn a_report_that_cannot_be_read_is_one_of_a_pod_all_the_same_and_there_is_an_end() {
        let now = Instant::now();
        let mut reports = Reports::new("a".to_owned(), LIMIT);
        let object = json!({"metadata": {"name": "new"}, "status": {"probe": "of another kind"}});
        let object = serde_json::from_value(object).expect("its metadata");
        reports.take(Change::Is(object), now);
        reports.take(Change::Listed, now);
        assert_eq!(shown(&mut reports, now).as_deref(), Some("new"));
        for pod in 0..=MOST {
            reports.take(report(&format!("p-{pod}"), 1, "Healthy"), now);
        }
        assert_eq!(reports.pods.len(), MOST);
    }
}

//! Whether files of ours have changed, by their content: pure. A change counts once a path has shown that a session can be
//! had with it; one that locks us out is no reason to renew what works.

use std::time::Duration;

use sabai_daemon::access::Digests;
use tokio::time::Instant;

use crate::outdated::Changed;

/// What is remembered. Sessions tell their age by the same clock that runs on while the process stands still, so the
/// moments here are by it too.
#[derive(Clone, Debug, Default)]
pub struct Files {
    last: Option<Digests>,
    noticed: Noticed,
    /// What a path has shown to be good.
    good: Noticed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Noticed {
    ca: Option<Instant>,
    client_certificate: Option<Instant>,
    password: Option<Instant>,
}

impl Files {
    /// What they hold now. Whether that is something else than before.
    pub fn are(&mut self, now: Instant, digests: Digests) -> bool {
        let Some(last) = self.last.replace(digests.clone()) else {
            return false;
        };
        let note = |differs: bool, noticed: &mut Option<Instant>| {
            if differs {
                *noticed = Some(now);
            }
        };
        note(last.ca != digests.ca, &mut self.noticed.ca);
        note(
            last.client_certificate != digests.client_certificate,
            &mut self.noticed.client_certificate,
        );
        note(
            last.password != digests.password,
            &mut self.noticed.password,
        );
        last != digests
    }

    /// A path that began then led to a session.
    pub fn work(&mut self, began: Instant) {
        let adopt = |noticed: Option<Instant>, good: &mut Option<Instant>| {
            if noticed.is_some_and(|noticed| noticed <= began) {
                *good = noticed;
            }
        };
        adopt(self.noticed.ca, &mut self.good.ca);
        adopt(
            self.noticed.client_certificate,
            &mut self.good.client_certificate,
        );
        adopt(self.noticed.password, &mut self.good.password);
    }

    /// How long ago each was seen to change.
    #[must_use]
    pub fn changed(&self, now: Instant) -> Changed {
        let ago = |good: Option<Instant>| -> Option<Duration> {
            good.map(|good| now.saturating_duration_since(good))
        };
        Changed {
            ca: ago(self.good.ca),
            client_certificate: ago(self.good.client_certificate),
            password: ago(self.good.password),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_from_when_it_was_noticed_once_a_path_has_used_it() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let digests = |password: u8, ca: u8| Digests {
            password: Some([password; 32]),
            ca: Some([ca; 32]),
            client_certificate: None,
        };
        let mut files = Files::default();
        assert!(!files.are(at(0), digests(1, 1)), "the first is no change");
        files.work(at(1));
        assert_eq!(files.changed(at(2)), Changed::default());

        assert!(files.are(at(10), digests(2, 1)));
        assert!(!files.are(at(11), digests(2, 1)));
        assert_eq!(files.changed(at(11)), Changed::default(), "not tried yet");
        files.work(at(9));
        assert_eq!(files.changed(at(11)), Changed::default(), "an earlier path");
        files.work(at(12));
        let password = Some(Duration::from_secs(10));
        let expected = Changed {
            password,
            ..Changed::default()
        };
        assert_eq!(files.changed(at(20)), expected);

        assert!(files.are(at(30), digests(2, 9)));
        assert_eq!(files.changed(at(30)).ca, None);
        files.work(at(31));
        assert_eq!(files.changed(at(35)).ca, Some(Duration::from_secs(5)));
    }
}

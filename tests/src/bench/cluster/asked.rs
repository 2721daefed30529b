//! What an agent asked the API server for, by the server's own audit log.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;

use crate::kubernetes::Request;
use crate::release::{Member, Release};

/// What was asked by whomever since a moment, and before it.
pub(super) struct Asked {
    all: Vec<Request>,
    /// So many of them are older.
    before: usize,
}

impl Asked {
    /// So much was asked until now.
    pub(super) fn so_far(release: &Release) -> anyhow::Result<usize> {
        Ok(release.namespace.kubernetes().audit()?.len())
    }

    pub(super) fn since(release: &Release, before: usize) -> anyhow::Result<Self> {
        let all = release.namespace.kubernetes().audit()?;
        Ok(Self { all, before })
    }

    /// Writes of this resource by this pod's agent.
    pub(super) fn writes(&self, member: &Member, resource: &str) -> usize {
        let mut later = of(&self.all[self.before..], member);
        let writes = later.by_ref().filter(|one| one.resource == resource);
        let writes = writes.filter(|one| !matches!(&*one.verb, "get" | "list" | "watch"));
        writes.count()
    }

    /// Requests of this pod's agent in an hour, when this `window` is like any other. A watch is counted by how long it was asked
    /// for, since a window may see none begin.
    pub(super) fn per_hour(&self, member: &Member, window: Duration) -> anyhow::Result<f64> {
        let later = of(&self.all[self.before..], member);
        let asked = later.filter(|one| one.verb != "watch").count();
        let watches = of(&self.all, member).filter(|one| one.verb == "watch");
        let watches: BTreeSet<String> = watches.map(|one| watched(&one.uri)).collect();
        let hour = 3600.0;
        let mut sum = asked as f64 * hour / window.as_secs_f64();
        for watch in watches {
            sum += hour / lasts(&watch).with_context(|| watch.clone())?;
        }
        Ok(sum)
    }
}

fn of<'a>(all: &'a [Request], member: &'a Member) -> impl Iterator<Item = &'a Request> {
    let pod = Some(&*member.pod);
    all.iter().filter(move |one| one.pod.as_deref() == pod)
}

/// The same watch from whichever version it goes on.
fn watched(uri: &str) -> String {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let what = query
        .split('&')
        .filter(|part| !part.starts_with("resourceVersion"));
    format!("{path}?{}", what.collect::<Vec<_>>().join("&"))
}

/// Seconds.
fn lasts(uri: &str) -> Option<f64> {
    let (_, query) = uri.split_once('?')?;
    let mut parts = query.split('&');
    let seconds = parts.find_map(|part| part.strip_prefix("timeoutSeconds="))?;
    seconds.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_the_same_from_any_version_and_says_how_long_it_lasts() {
        let uri = |version| {
            format!("/apis/x/pools?&watch=true&timeoutSeconds=1500&resourceVersion={version}")
        };
        assert_eq!(watched(&uri(1)), watched(&uri(20)));
        assert_eq!(lasts(&watched(&uri(1))), Some(1500.0));
        assert_eq!(lasts("/apis/x/pools?watch=true"), None);
    }
}

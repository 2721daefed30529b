//! Watches one object by its name, or all of a release. A watch that a network has forgotten is noticed by
//! the connection's keepalives, so it may be long; the list before it may not. One that is cut is nothing to tell: it begins again.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource};
use sabai_daemon::backoff::Backoff;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use super::cluster::{Cluster, pause};
use super::connect::ANSWER;
use super::trouble::Trouble;

/// A request for each.
const WATCH: Duration = Duration::from_secs(25 * 60);
/// Until the list is complete.
const LIST: Duration = Duration::from_secs(10);
/// After so long without a complaint a watch has begun: nothing else tells that it has.
const BEGUN: Duration = ANSWER.saturating_add(Duration::from_secs(1));
/// While the API server is away; it is asked again within seconds of its return.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// The version that was to be gone on from is forgotten: the list begins again by itself.
const GONE: u16 = 410;

/// A kind that can be watched.
pub(super) trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + std::fmt::Debug
    + DeserializeOwned
    + Send
    + 'static
{
    /// What is done, for the log.
    const WATCHING: &'static str;
}

impl Kind for sabai_crds::PoolConfig {
    const WATCHING: &'static str = "watch the PoolConfig";
}

impl Kind for sabai_crds::PoolInstance {
    const WATCHING: &'static str = "watch the pod's PoolInstance";
}

/// The object as it is now: there is none, it cannot be read, or this one.
pub(super) type Found<K> = Option<DeserializeGuard<K>>;

/// What a watch brings.
#[derive(Debug)]
pub(super) enum Change<K> {
    /// Nothing is known until all are listed again.
    Lost,
    /// A list begins: what is not in it is gone.
    Listing,
    Is(DeserializeGuard<K>),
    Gone(DeserializeGuard<K>),
    /// The list is complete.
    Listed,
}

/// Hands each state of the object on, the first one too, until it is dropped.
pub(super) async fn watch<K: Kind>(
    cluster: &Cluster,
    name: &str,
    mut found: impl FnMut(Found<K>) + Send,
) {
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut seen = false;
    watch_all(cluster, K::WATCHING, config, |change| match change {
        Change::Lost => {}
        Change::Listing => seen = false,
        Change::Is(object) => {
            seen = true;
            found(Some(object));
        }
        Change::Listed if seen => {}
        Change::Gone(_) | Change::Listed => found(None),
    })
    .await;
}

/// Hands on whatever happens to all objects that `config` selects, until it is dropped. `doing` is for the log.
pub(super) async fn watch_all<K: Kind>(
    cluster: &Cluster,
    doing: &'static str,
    config: watcher::Config,
    mut changes: impl FnMut(Change<K>) + Send,
) {
    let config = config.timeout(WATCH.as_secs() as u32);
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        let ended = match cluster.client().await {
            Ok(client) => {
                let api = Api::namespaced(client, &cluster.config().namespace);
                let events = watcher(api, config.clone());
                let begun = || {
                    cluster.tell(doing, None);
                    backoff.reset();
                };
                follow(events, &mut changes, begun).await
            }
            Err(trouble) => Err(trouble),
        };
        changes(Change::Lost);
        let usual = backoff.pause();
        let rest = match ended {
            Ok(Cut) => usual,
            Err(trouble) => pause(&cluster.judge(doing, trouble), usual),
        };
        sleep(rest).await;
    }
}

/// The connection of a watch has ended. If the server is away, the next list tells.
struct Cut;

/// How far a watch has come.
enum Course {
    Listing(Instant),
    /// The list is complete, and the watch may still be refused.
    Beginning(Instant),
    Watching,
}

/// Until the stream has an error or does not come to the end of its list; `begun` is told when it goes on from there. It would go on
/// by itself after an error, but ask again at once.
async fn follow<K: Kind>(
    events: impl Stream<Item = watcher::Result<Event<DeserializeGuard<K>>>>,
    changes: &mut (impl FnMut(Change<K>) + Send),
    mut begun: impl FnMut() + Send,
) -> Result<Cut, Trouble> {
    tokio::pin!(events);
    let begins = || Course::Listing(Instant::now() + LIST);
    let mut course = begins();
    loop {
        let event = match course {
            Course::Listing(end) | Course::Beginning(end) => timeout_at(end, events.next()).await,
            Course::Watching => Ok(events.next().await),
        };
        let event = match (event, &course) {
            (Ok(Some(Ok(event))), _) => event,
            (Ok(Some(Err(watcher::Error::WatchError(status)))), _) if status.code == GONE => {
                course = begins();
                continue;
            }
            (Ok(Some(Err(error))), _) => return of_watch(error),
            (Ok(None), _) => return Ok(Cut),
            (Err(_), Course::Listing(_)) => {
                return Err(Trouble::unreachable("the list does not come to its end"));
            }
            (Err(_), _) => {
                course = Course::Watching;
                begun();
                continue;
            }
        };
        changes(match event {
            Event::Init => {
                course = begins();
                Change::Listing
            }
            Event::InitDone => {
                course = Course::Beginning(Instant::now() + BEGUN);
                Change::Listed
            }
            Event::InitApply(object) | Event::Apply(object) => Change::Is(object),
            Event::Delete(object) => Change::Gone(object),
        });
    }
}

fn of_watch(error: watcher::Error) -> Result<Cut, Trouble> {
    use kube::Error as K;
    use watcher::Error as E;
    Err(match error {
        E::WatchFailed(K::ReadEvents(_) | K::HyperError(_) | K::Service(_)) => return Ok(Cut),
        E::InitialListFailed(error) | E::WatchStartFailed(error) | E::WatchFailed(error) => {
            error.into()
        }
        E::WatchError(status) => kube::Error::Api(status).into(),
        E::NoResourceVersion => Trouble::unreachable("the list has no version"),
    })
}

//! The window: webhooks read ahead from the spool, in the order in which their events happened. What was refused once and
//! came again stands behind younger webhooks on disk; here it goes before them.

use std::collections::BTreeMap;
use std::io;
use std::time::SystemTime;

use super::rows::{Arrival, occurred_at};
use super::submission::Incoming;
use crate::spool::{Record, RecordId, Spool, SpooledWebhook};

/// Read ahead at most. A younger webhook beyond it may overtake an older one that came again.
const MOST_RECORDS: usize = 2048;
const MOST_BYTES: usize = 4 << 20;

/// A webhook's place: when its first event happened, then as it came.
pub(super) type Place = (SystemTime, RecordId);

/// Webhooks that wait for Postgres.
#[derive(Debug, Default)]
pub(super) struct Window {
    waiting: BTreeMap<Place, SpooledWebhook>,
    /// The last record that was read.
    read: Option<RecordId>,
    bytes: usize,
}

impl Window {
    /// Reads what came since, as far as there is room.
    pub(super) async fn top_up(&mut self, spool: &Spool) -> io::Result<()> {
        let (records, bytes) = (
            MOST_RECORDS.saturating_sub(self.waiting.len()),
            MOST_BYTES.saturating_sub(self.bytes),
        );
        if records == 0 || bytes == 0 {
            return Ok(());
        }
        for (id, record) in spool.read(self.read, records, bytes).await? {
            self.read = Some(id);
            // Only webhooks are on this spool.
            if let Record::Webhook(webhook) = record {
                self.insert(id, webhook);
            }
        }
        Ok(())
    }

    fn insert(&mut self, id: RecordId, webhook: SpooledWebhook) {
        let happened = arrivals(&webhook)
            .map(|arrival| occurred_at(&arrival))
            .min();
        self.bytes += webhook.body.len();
        let place = (happened.unwrap_or(webhook.received), id);
        self.waiting.insert(place, webhook);
    }

    /// The first ones, whole webhooks, until there are so many events; nothing when none waits.
    pub(super) fn first(&self, events: usize) -> Vec<(Place, SpooledWebhook)> {
        Self::some(self.waiting.iter(), events)
    }

    /// Those that belong before `place` by now.
    pub(super) fn before(&self, place: Place, events: usize) -> Vec<(Place, SpooledWebhook)> {
        Self::some(self.waiting.range(..place), events)
    }

    fn some<'a>(
        waiting: impl Iterator<Item = (&'a Place, &'a SpooledWebhook)>,
        events: usize,
    ) -> Vec<(Place, SpooledWebhook)> {
        let (mut some, mut room) = (Vec::new(), events);
        for (place, webhook) in waiting {
            let needs = usize::try_from(webhook.events).unwrap_or(usize::MAX);
            if needs > room && !some.is_empty() {
                break;
            }
            room = room.saturating_sub(needs);
            some.push((*place, webhook.clone()));
        }
        some
    }

    /// They wait no longer.
    pub(super) fn remove(&mut self, places: impl IntoIterator<Item = Place>) {
        for place in places {
            if let Some(webhook) = self.waiting.remove(&place) {
                self.bytes -= webhook.body.len();
            }
        }
    }

    /// Forgets what it has read: somebody else took records off the spool.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The events of a webhook, as when it came.
pub(super) fn arrivals(webhook: &SpooledWebhook) -> impl Iterator<Item = Arrival> {
    let (received, trace) = (webhook.received, webhook.trace);
    let events = Incoming::of_body(&webhook.body, received);
    events.into_iter().map(move |incoming| Arrival {
        incoming,
        received,
        trace,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::spool::{Options, SEGMENT_BYTES};
    use crate::trace::TraceId;

    fn webhook(happened: u64) -> SpooledWebhook {
        let body = format!(
            r#"{{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[{{"type":"follow","timestamp":{happened}}}]}}"#
        );
        SpooledWebhook {
            received: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
            trace: TraceId::random(),
            events: 1,
            signature: Bytes::from_static(b"signed"),
            body: Bytes::from(body),
        }
    }

    fn happened(found: &[(Place, SpooledWebhook)]) -> Vec<u128> {
        let millis = |place: &Place| {
            place
                .0
                .duration_since(SystemTime::UNIX_EPOCH)
                .expect("after 1970")
                .as_millis()
        };
        found.iter().map(|(place, _)| millis(place)).collect()
    }

    #[tokio::test]
    async fn what_happened_first_goes_first_also_when_it_comes_late() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            folder: folder.path().join("spool"),
            max_bytes: 1 << 20,
            segment_bytes: SEGMENT_BYTES,
        };
        let spool = Spool::open(options).expect("opens");
        let append = async |happened| {
            spool
                .append(Record::Webhook(webhook(happened)))
                .await
                .expect("kept")
        };
        let mut window = Window::default();
        window.top_up(&spool).await.expect("readable");
        assert!(window.first(10).is_empty());
        for happened in [30, 10, 20, 40] {
            append(happened).await;
        }
        window.top_up(&spool).await.expect("readable");
        let chunk = window.first(2);
        assert_eq!(happened(&chunk), [10, 20]);
        append(15).await;
        append(50).await;
        window.top_up(&spool).await.expect("readable");
        let last = chunk[1].0;
        window.remove(chunk.iter().map(|(place, _)| *place));
        assert_eq!(happened(&window.before(last, 10)), [15]);
        assert_eq!(happened(&window.first(10)), [15, 30, 40, 50]);
        window.clear();
        window.top_up(&spool).await.expect("readable");
        assert_eq!(happened(&window.first(1)), [10], "still on the spool");
    }
}

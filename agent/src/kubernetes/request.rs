//! Whether an annotation asks for a recycle: pure.

use std::time::Duration;

use sabai_wire::control::Timestamp;

use crate::requests::Request;
use crate::said::one_line;

/// Two clocks may differ by so much.
const AHEAD: Duration = Duration::from_secs(300);

/// What is known when it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    /// Since when this pod is there: whoever is younger than a request has served it.
    pub(super) since: Timestamp,
    /// The last request that was served.
    pub(super) last: Option<Timestamp>,
}

/// The moment that is asked for, if it is not served yet.
///
/// # Errors
/// What is wrong with the annotation, in words.
pub(super) fn wanted(
    annotation: Option<&str>,
    served: Served,
    now: Timestamp,
) -> Result<Option<Timestamp>, String> {
    let Some(text) = annotation else {
        return Ok(None);
    };
    let moment: Timestamp = text.parse().map_err(|_| {
        let text = one_line(text);
        format!("{text:?} is no time in UTC, as of date -u +%FT%TZ")
    })?;
    if moment.get() > now.get() + AHEAD {
        return Err(format!("{moment} is in the future"));
    }
    let served = served.last.into_iter().chain([served.since]);
    let is_new = served
        .map(Timestamp::get)
        .all(|earlier| moment.get() > earlier);
    Ok(is_new.then_some(moment))
}

/// Whether it is to take the place of what was passed on last. The annotations of the pod and of its PoolConfig are read by turns, each
/// again and again; the later of both stands for both.
pub(super) fn is_later(moment: Timestamp, last: Option<&Request>) -> bool {
    last.is_none_or(|last| last.id.parse().is_ok_and(|last: Timestamp| moment > last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_request_that_is_read_again_takes_no_later_ones_place() {
        let passed = |id: &str| Request {
            id: id.to_owned(),
            of_all: true,
        };
        let moment: Timestamp = "2026-11-23T09:00:02Z".parse().expect("a time");
        assert!(is_later(moment, None));
        for (last, expected) in [
            ("2026-11-23T09:00:01Z", true),
            ("2026-11-23T09:00:02Z", false),
            ("2026-11-23T09:00:03Z", false),
        ] {
            assert_eq!(is_later(moment, Some(&passed(last))), expected, "{last}");
        }
    }

    #[test]
    fn a_request_is_new_when_it_is_later_than_the_pod_and_the_last_one() {
        let time = |text: &str| -> Timestamp { text.parse().expect("a time") };
        let (since, now) = (time("2026-11-23T09:00:00Z"), time("2026-11-23T12:00:00Z"));
        // Annotation, the last that was served, what is wanted.
        let table = [
            (None, None, Ok(None)),
            (
                Some("2026-11-23T09:10:00Z"),
                None,
                Ok(Some("2026-11-23T09:10:00Z")),
            ),
            (
                Some("2026-11-23T09:10:00Z"),
                Some("2026-11-23T09:10:00Z"),
                Ok(None),
            ),
            (
                Some("2026-11-23T09:10:00Z"),
                Some("2026-11-23T09:11:00Z"),
                Ok(None),
            ),
            (
                Some("2026-11-23T09:10:00.5Z"),
                Some("2026-11-23T09:10:00Z"),
                Ok(Some("2026-11-23T09:10:00.5Z")),
            ),
            (Some("2026-11-23T09:00:00Z"), None, Ok(None)),
            (Some("2025-11-23T09:10:00Z"), None, Ok(None)),
            (
                Some("2026-11-23T12:04:59Z"),
                None,
                Ok(Some("2026-11-23T12:04:59Z")),
            ),
            (Some("2026-11-23T12:06:00Z"), None, Err("in the future")),
            (Some("now"), None, Err("is no time in UTC")),
            (Some(""), None, Err("is no time in UTC")),
        ];
        for (annotation, last, expected) in table {
            let served = Served {
                since,
                last: last.map(time),
            };
            match (wanted(annotation, served, now), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected.map(time), "{annotation:?}"),
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (got, expected) => panic!("{annotation:?}: {got:?}, not {expected:?}"),
            }
        }
    }
}

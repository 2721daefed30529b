use super::{Cadence, Duration, Instant, Look, Went};
use crate::probe::sample;

/// What happens, with the second when it ends.
enum Happens {
    /// A path of 0.1 s, with what was written.
    Path(f64, bool, Option<bool>),
    Ping(f64, bool),
    Nothing(f64),
}
use Happens::{Nothing, Path, Ping};

const MIDDLE: f64 = 0.5;

/// Second, look, and whether a row is written.
type Next = (f64, Look, bool);

/// What is due after all that.
fn due(begin: Instant, story: &[Happens], roll: f64, kept: bool) -> Next {
    let settings = sample::settings();
    let at = |second: f64| begin + Duration::from_secs_f64(second);
    let mut cadence = Cadence::new(begin);
    for happens in story {
        match *happens {
            Path(second, ok, wrote) => {
                let (began, ended) = (at(second - 0.1), at(second));
                let went = Went {
                    began,
                    ended,
                    ok,
                    wrote,
                };
                cadence.after_path(went, &settings, roll);
            }
            Ping(second, ok) => cadence.after_ping(at(second), ok),
            Nothing(second) => cadence.after_nothing(at(second)),
        }
    }
    let due = cadence.due(&settings, kept);
    let second = due.at.duration_since(begin).as_secs_f64();
    ((second * 1000.0).round() / 1000.0, due.look, due.write)
}

const FIRST: Happens = Path(1.1, true, Some(true));

#[test]
fn a_ping_each_second_a_path_each_interval_and_soon_after_a_failure() {
    let table: &[(&str, &[Happens], bool, Next)] = &[
        ("at first", &[], false, (0.0, Look::Path, true)),
        ("kept", &[FIRST], true, (2.1, Look::Ping, false)),
        ("not kept", &[FIRST], false, (11.0, Look::Path, false)),
        (
            "pinged",
            &[FIRST, Ping(2.2, true)],
            true,
            (3.2, Look::Ping, false),
        ),
        (
            "pings do not move the path",
            &[FIRST, Ping(10.5, true)],
            true,
            (11.0, Look::Path, false),
        ),
        (
            "no answer",
            &[FIRST, Ping(5.0, false)],
            false,
            (5.0, Look::Path, false),
        ),
        (
            "no answer, right after a path",
            &[FIRST, Ping(1.2, false)],
            false,
            (1.6, Look::Path, false),
        ),
        (
            "confirmed after no answer",
            &[FIRST, Ping(5.0, false), Path(5.1, true, None)],
            false,
            (5.6, Look::Path, false),
        ),
        (
            "well again",
            &[
                FIRST,
                Ping(5.0, false),
                Path(5.1, true, None),
                Path(5.7, true, None),
            ],
            false,
            (15.6, Look::Path, false),
        ),
    ];
    let begin = Instant::now();
    for (name, story, kept, expected) in table {
        assert_eq!(due(begin, story, MIDDLE, *kept), *expected, "{name}");
    }
}

#[test]
fn while_something_is_wrong_paths_come_at_growing_pauses_up_to_four_seconds() {
    let begin = Instant::now();
    let mut story = vec![FIRST];
    for (ends, next) in [
        (12.0, 12.5),
        (13.0, 14.0),
        (15.0, 17.0),
        (18.0, 22.0),
        (23.0, 27.0),
    ] {
        story.push(Path(ends, false, None));
        let expected = (next, Look::Path, false);
        assert_eq!(due(begin, &story, MIDDLE, false), expected, "after {ends}");
    }
    // The kept one is pinged in between.
    story.push(Ping(23.2, true));
    let ping = (24.2, Look::Ping, false);
    assert_eq!(due(begin, &story, MIDDLE, true), ping);
    // One success is confirmed soon, one failure more begins no new row of short pauses.
    story.push(Path(27.1, true, None));
    assert_eq!(due(begin, &story, MIDDLE, false).0, 28.1);
    story.push(Path(28.2, false, None));
    assert_eq!(due(begin, &story, MIDDLE, false).0, 32.2);
    for (ends, next) in [(33.0, 34.0), (34.1, 44.0)] {
        story.push(Path(ends, true, None));
        assert_eq!(due(begin, &story, MIDDLE, false).0, next);
    }
}

#[test]
fn intervals_differ_by_a_fifth_at_most() {
    let begin = Instant::now();
    for (roll, expected) in [(0.0, 9.0), (0.25, 10.0), (0.5, 11.0), (1.0, 13.0)] {
        let (second, ..) = due(begin, &[FIRST], roll, false);
        assert_eq!(second, expected, "{roll}");
    }
}

#[test]
fn a_row_is_written_each_interval_and_with_each_path_after_a_failure() {
    let table: &[(&str, &[Happens], bool)] = &[
        ("just written", &[FIRST], false),
        ("soon", &[FIRST, Path(20.0, true, None)], false),
        ("due", &[FIRST, Path(21.1, true, None)], true),
        ("not come to", &[Path(1.0, false, None)], true),
        (
            "failed",
            &[
                FIRST,
                Path(31.1, false, Some(false)),
                Path(40.0, true, None),
            ],
            true,
        ),
        (
            "written again",
            &[
                FIRST,
                Path(31.1, false, Some(false)),
                Path(32.0, true, Some(true)),
            ],
            false,
        ),
    ];
    let begin = Instant::now();
    for (name, story, expected) in table {
        let (.., write) = due(begin, story, MIDDLE, false);
        assert_eq!(write, *expected, "{name}");
    }
}

#[test]
fn what_said_nothing_is_repeated_at_once_but_not_in_a_storm() {
    let begin = Instant::now();
    let table: &[(&[Happens], f64)] = &[
        (&[FIRST, Nothing(5.0)], 5.0),
        (&[FIRST, Nothing(5.0), Nothing(5.1)], 5.6),
        (&[FIRST, Nothing(5.0), FIRST, Nothing(7.0)], 7.0),
    ];
    for (story, expected) in table {
        let (second, look, _) = due(begin, story, MIDDLE, false);
        assert_eq!((second, look), (*expected, Look::Path));
    }
}

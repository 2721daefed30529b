use super::*;

/// A second of the story.
fn second(begin: Instant, second: u64) -> Instant {
    begin + Duration::from_secs(second)
}

/// What `judge` finds in a story: mishaps from a second to another, and what was said at which.
fn wrong(mishaps: &[(Mishap, u64, u64)], said: &[(u64, Said)]) -> Vec<String> {
    let begin = Instant::now();
    let spans = mishaps.iter().map(|(mishap, from, to)| Span {
        mishaps: vec![*mishap],
        killed: false,
        from: second(begin, *from),
        to: second(begin, *to),
    });
    let said = said
        .iter()
        .map(|(at, said)| (second(begin, *at), said.clone()));
    let (spans, said) = (spans.collect::<Vec<_>>(), said.collect::<Vec<_>>());
    let ended = said.iter().filter(|(_, said)| *said == Said::Ended).count();
    judge(&spans, &said, ended).wrong
}

fn state(state: &str) -> Said {
    Said::State(state.to_owned())
}

#[test]
fn what_fits_is_right() {
    use Mishap::{Expired, Gone, Locked, Reset};
    let healthy = || (1, state("Healthy"));
    let right = [
        (vec![], vec![healthy()]),
        (vec![(Locked, 2, 9)], vec![healthy()]),
        (
            vec![(Reset, 2, 3)],
            vec![healthy(), (3, state("Suspect")), (5, state("Healthy"))],
        ),
        (
            vec![(Expired, 2, 9)],
            vec![healthy(), (4, state("Degraded")), (12, state("Healthy"))],
        ),
        (
            vec![(Gone, 2, 40)],
            vec![
                healthy(),
                (4, state("Degraded")),
                (13, state("Down")),
                (45, state("Healthy")),
            ],
        ),
    ];
    for (mishaps, said) in right {
        assert_eq!(wrong(&mishaps, &said), Vec::<String>::new());
    }
}

#[test]
fn what_does_not_fit_is_named() {
    use Mishap::{Expired, Gone, Locked, Reset};
    let healthy = || (1, state("Healthy"));
    let begins = |id: &str| Said::Begins("refresh (SessionsLost)".to_owned(), id.to_owned());
    let not_ready = Said::NotReady("PoolWedged".to_owned());
    let table = [
        (
            vec![],
            vec![healthy(), (5, state("Degraded"))],
            "nothing was wrong",
        ),
        (
            vec![(Locked, 2, 9)],
            vec![healthy(), (5, state("Down")), (9, state("Healthy"))],
            "nothing was wrong",
        ),
        (
            vec![(Expired, 2, 12)],
            vec![healthy()],
            "in spite of [Expired]",
        ),
        (
            vec![(Gone, 2, 40)],
            vec![healthy(), (4, state("Degraded")), (45, state("Healthy"))],
            "Degraded in spite of",
        ),
        (
            vec![(Reset, 2, 3)],
            vec![healthy(), (3, state("Suspect"))],
            "long after [Reset]",
        ),
        (
            vec![(Expired, 2, 12)],
            vec![
                healthy(),
                (4, state("Degraded")),
                (7, state("Healthy")),
                (8, state("Degraded")),
                (14, state("Healthy")),
            ],
            "while there was no way",
        ),
        (
            vec![(Expired, 2, 12)],
            vec![
                healthy(),
                (4, state("Degraded")),
                (11, begins("a")),
                (14, state("Healthy")),
            ],
            "while there was no way",
        ),
        (
            vec![(Reset, 2, 3)],
            vec![healthy(), (3, not_ready)],
            "though the bot was well",
        ),
        (
            vec![],
            vec![healthy(), (3, begins("a")), (4, begins("a"))],
            "2 recycles with 1 ids",
        ),
    ];
    for (mishaps, said, expected) in table {
        let found = wrong(&mishaps, &said);
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn what_is_counted_is_what_was_told() {
    let begin = Instant::now();
    let said = [(begin, state("Healthy")), (begin, Said::Ended)];
    assert_eq!(judge(&[], &said, 1).wrong, Vec::<String>::new());
    assert_eq!(judge(&[], &said, 2).wrong.len(), 1);
}

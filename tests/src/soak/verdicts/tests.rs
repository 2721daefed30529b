use super::*;

/// Each from a second of the story to another.
type Mishaps = [(Mishap, u64, u64)];
type Verdicts = [(u64, &'static str)];

/// A second of the story.
fn second(begin: Instant, second: u64) -> Instant {
    begin + Duration::from_secs(second)
}

/// What `judge` finds in a story: mishaps from a second to another, and what was said at which.
fn wrong(mishaps: &Mishaps, said: &[(u64, Said)]) -> Vec<String> {
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

/// The one thing that is wrong with the story contains these words.
fn is_wrong(mishaps: &Mishaps, said: &[(u64, Said)], expected: &str) {
    let said = [&[(1, state("Healthy"))], said].concat();
    let found = wrong(mishaps, &said);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "{expected}: {found:?}"
    );
}

#[test]
fn a_verdict_that_does_not_fit_is_named() {
    use Mishap::{Expired, Gone, Locked, Reset};
    let said = |all: &Verdicts| -> Vec<(u64, Said)> {
        all.iter().map(|(at, word)| (*at, state(word))).collect()
    };
    let table: [(&Mishaps, &Verdicts, &str); 6] = [
        (&[], &[(5, "Degraded")], "nothing was wrong"),
        (
            &[(Locked, 2, 9)],
            &[(5, "Down"), (9, "Healthy")],
            "nothing was wrong",
        ),
        (&[(Expired, 2, 12)], &[], "in spite of [Expired]"),
        (
            &[(Gone, 2, 40)],
            &[(4, "Degraded"), (45, "Healthy")],
            "Degraded in spite of",
        ),
        (&[(Reset, 2, 3)], &[(3, "Suspect")], "long after [Reset]"),
        (
            &[(Expired, 2, 12)],
            &[
                (4, "Degraded"),
                (7, "Healthy"),
                (8, "Degraded"),
                (14, "Healthy"),
            ],
            "while there was no way",
        ),
    ];
    for (mishaps, verdicts, expected) in table {
        is_wrong(mishaps, &said(verdicts), expected);
    }
}

#[test]
fn an_act_that_does_not_fit_is_named() {
    use Mishap::{Expired, Reset};
    let begins = || Said::Begins("refresh (SessionsLost)".to_owned(), "a".to_owned());
    let not_ready = Said::NotReady("PoolWedged".to_owned());
    let cut = [
        (4, state("Degraded")),
        (11, begins()),
        (14, state("Healthy")),
    ];
    is_wrong(&[(Expired, 2, 12)], &cut, "while there was no way");
    is_wrong(
        &[(Reset, 2, 3)],
        &[(3, not_ready)],
        "though the bot was well",
    );
    is_wrong(
        &[],
        &[(3, begins()), (4, begins())],
        "2 recycles with 1 ids",
    );
}

#[test]
fn what_is_counted_is_what_was_told() {
    let begin = Instant::now();
    let said = [(begin, state("Healthy")), (begin, Said::Ended)];
    assert_eq!(judge(&[], &said, 1).wrong, Vec::<String>::new());
    assert_eq!(judge(&[], &said, 2).wrong.len(), 1);
}

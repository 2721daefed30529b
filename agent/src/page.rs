//! What the pages in `docs` say, for the tests that hold the code against them.

use sabai_wire::control::Report;

/// The example of a report.
pub(crate) fn report() -> Report {
    let page = include_str!("../../docs/control.md");
    let (_, rest) = page.split_once("```json report\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    serde_json::from_str(example).expect("a report")
}

/// The rows of the table of `docs/verdict.md` with this head, cell by cell.
pub(crate) fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let page = include_str!("../../docs/verdict.md");
    let (_, table) = page.split_once(head).expect("the table is there");
    let rows = table.lines().skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| row.trim_matches('|').split('|').map(str::trim).collect();
    rows.map(cells).collect()
}

//! `docs/metrics.md`: the contract, a row for each metric, as the programs themselves tell of it. Both check their part by this.

/// The rows of everything in `text`, which [`super::encode`] wrote, sorted: name as it is scraped, kind, labels, help.
#[must_use]
pub fn rows(text: &str) -> Vec<String> {
    let families = text.split("# HELP ").skip(1);
    let mut rows: Vec<String> = families.filter_map(row).collect();
    rows.sort();
    rows
}

/// The rows below the heading `section` of the page.
#[must_use]
pub fn documented(page: &str, section: &str) -> Vec<String> {
    let heading = format!("## {section}");
    let below = page.lines().skip_while(|line| *line != heading).skip(1);
    let of_it = below.take_while(|line| !line.starts_with("## "));
    let rows = of_it.filter(|line| line.starts_with("| `"));
    rows.map(str::to_owned).collect()
}

/// `NAME HELP`, `# TYPE NAME KIND`, perhaps `# UNIT NAME UNIT`, then its samples.
fn row(family: &str) -> Option<String> {
    let mut lines = family.lines();
    let (name, help) = lines.next()?.split_once(' ')?;
    let kind = lines.next()?.rsplit(' ').next()?;
    let end = match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    let mut labels: Vec<&str> = lines
        .find(|line| !line.starts_with('#'))
        .map(labels)
        .unwrap_or_default();
    // A bucket's own.
    labels.retain(|label| *label != "le");
    let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
    let help = help.trim_end_matches('.');
    Some(format!(
        "| `{name}{end}` | {kind} | {} | {help} |",
        labels.join(", ")
    ))
}

/// Those of a sample; their values are words, without comma or equals sign.
fn labels(sample: &str) -> Vec<&str> {
    let within = sample
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    let pairs = within.map_or("", |(pairs, _)| pairs).split(',');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_the_name_that_is_scraped_and_the_labels_without_a_buckets_own() {
        let text = "# HELP s_calls Calls.\n# TYPE s_calls counter\ns_calls_total{a=\"1\",b=\"x\"} 3\n\
            # HELP s_took_seconds Took, in all.\n# TYPE s_took_seconds histogram\n\
            # UNIT s_took_seconds seconds\ns_took_seconds_bucket{le=\"1.0\",of=\"x\"} 1\n# EOF\n";
        let expected = [
            "| `s_calls_total` | counter | `a`, `b` | Calls |",
            "| `s_took_seconds` | histogram | `of` | Took, in all |",
        ];
        assert_eq!(rows(text), expected);
        let page = format!(
            "# Page\n\n## Other\n\n| `x` |\n\n## Ours\n\nWords.\n\n{}\n\n## More\n",
            expected.join("\n")
        );
        assert_eq!(documented(&page, "Ours"), expected);
    }
}

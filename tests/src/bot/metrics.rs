//! A page of metrics in the Prometheus text format, as far as tests ask.

/// Samples in the order of the page.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    samples: Vec<(String, String, f64)>,
}

impl Metrics {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            samples: lines.filter_map(sample).collect(),
        }
    }

    /// The sum of all samples of `name` that have these labels; nothing when there is none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let matching = self.samples.iter().filter(|(sample, has, _)| {
            sample == name && wanted.iter().all(|pair| has.contains(pair))
        });
        matching
            .map(|(_, _, value)| *value)
            .reduce(|sum, value| sum + value)
    }
}

/// `name{labels} value`, with an optional timestamp or exemplar behind.
fn sample(line: &str) -> Option<(String, String, f64)> {
    let (series, rest) = match line.find('}') {
        Some(end) => line.split_at(end + 1),
        None => line.split_at(line.find(' ')?),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    Some((
        name.to_owned(),
        labels.trim_end_matches('}').to_owned(),
        value,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_label() {
        let page = "# TYPE a counter\na_total{code=\"200\",x=\"1\"} 3\na_total{code=\"200\",x=\"2\"} 4\na_total{code=\"503\"} 1\nb 2.5\n# EOF\n";
        let metrics = Metrics::parse(page);
        assert_eq!(metrics.sum("a_total", &[("code", "200")]), Some(7.0));
        assert_eq!(metrics.sum("a_total", &[]), Some(8.0));
        assert_eq!(metrics.sum("b", &[]), Some(2.5));
        assert_eq!(metrics.sum("c", &[]), None);
    }
}

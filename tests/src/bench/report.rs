//! Rows as people read them (a table on standard output) and as programs do (JSON). Judges by the goal that a row
//! carries, and says how busy others were meanwhile.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::median;

/// Processors busy for others, above which a row should be measured again.
pub const NOISY: f64 = 0.2;

/// One side of a comparison, one value for each round.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub values: Vec<f64>,
    pub not_ours: Vec<f64>,
}

impl Series {
    /// Notes a round.
    pub fn push(&mut self, value: f64, not_ours: f64) {
        self.values.push(value);
        self.not_ours.push(not_ours);
    }

    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.values)
    }
}

/// What is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Ours divided by the reference.
    RatioAtLeast(f64),
    RatioAtMost(f64),
    /// Ours alone, in the row's unit.
    AtMost(f64),
    /// For orientation.
    None,
}

/// A comparison.
#[derive(Clone, Debug)]
pub struct Row {
    /// What filters and programs call it.
    pub name: &'static str,
    pub what: &'static str,
    pub against: &'static str,
    pub unit: &'static str,
    pub reference: Option<Series>,
    pub ours: Series,
    pub goal: Goal,
}

impl Row {
    /// Beside no reference.
    #[must_use]
    pub fn alone(
        name: &'static str,
        what: &'static str,
        unit: &'static str,
        ours: Series,
        goal: Goal,
    ) -> Self {
        Self {
            name,
            what,
            against: "-",
            unit,
            reference: None,
            ours,
            goal,
        }
    }

    /// Nothing beside no reference, or one of 0.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let reference = self.reference.as_ref()?;
        Some(self.ours.median() / reference.median()).filter(|ratio| ratio.is_finite())
    }

    /// Whether the goal is met; nothing where there is no goal. What could not be measured meets none.
    #[must_use]
    pub fn met(&self) -> Option<bool> {
        match self.goal {
            Goal::RatioAtLeast(least) => Some(self.ratio().is_some_and(|ratio| ratio >= least)),
            Goal::RatioAtMost(most) => Some(self.ratio().is_some_and(|ratio| ratio <= most)),
            Goal::AtMost(most) => Some(self.ours.median() <= most),
            Goal::None => None,
        }
    }

    /// The noisiest of its runs.
    #[must_use]
    pub fn not_ours(&self) -> f64 {
        let reference = self.reference.iter().flat_map(|series| &series.not_ours);
        reference
            .chain(&self.ours.not_ours)
            .copied()
            .fold(f64::NAN, f64::max)
    }

    fn json(&self) -> Value {
        let (kind, goal) = match self.goal {
            Goal::RatioAtLeast(least) => (Some("ratio_at_least"), Some(least)),
            Goal::RatioAtMost(most) => (Some("ratio_at_most"), Some(most)),
            Goal::AtMost(most) => (Some("at_most"), Some(most)),
            Goal::None => (None, None),
        };
        let side = |series: &Series| json!({"median": series.median(), "values": series.values, "not_ours": series.not_ours});
        json!({
            "name": self.name, "what": self.what, "against": self.against, "unit": self.unit,
            "reference": self.reference.as_ref().map(side), "ours": side(&self.ours), "ratio": self.ratio(),
            "goal": {"kind": kind, "value": goal}, "met": self.met(), "not_ours": self.not_ours(),
        })
    }

    fn cells(&self) -> [String; 7] {
        let value = |series: &Series| format!("{} {}", number(series.median()), self.unit);
        let goal = match self.goal {
            Goal::RatioAtLeast(least) => format!(">= {least}x"),
            Goal::RatioAtMost(most) => format!("<= {most}x"),
            Goal::AtMost(most) => format!("<= {most} {}", self.unit),
            Goal::None => "-".into(),
        };
        let met = match self.met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let noise = self.not_ours();
        [
            format!("{} ({})", self.what, self.name),
            self.reference.as_ref().map_or_else(
                || self.against.to_owned(),
                |one| format!("{} {}", value(one), self.against),
            ),
            value(&self.ours),
            self.ratio()
                .map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}x")),
            goal,
            met.into(),
            format!("{noise:.2}{}", if noise > NOISY { " noisy" } else { "" }),
        ]
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.2}"),
    }
}

/// The rows below each other, columns aligned.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let head = ["what", "reference", "ours", "ratio", "goal", "", "not ours"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(head)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Prints the table and writes `folder/name.json`.
///
/// # Errors
/// When the file cannot be written.
#[expect(clippy::print_stdout, reason = "the result of a bench")]
pub fn publish(name: &str, rows: &[Row], quick: bool, folder: &Path) -> anyhow::Result<()> {
    println!("\n{}", table(rows));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("medians; `not ours`: processors (of {cores}) busy for others in the noisiest run");
    if quick {
        println!("a quick run: it shows that the bench works, not how fast anything is");
    }
    let json = json!({
        "bench": name, "quick": quick, "processors": cores, "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    let path = folder.join(name).with_extension("json");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, format!("{json:#}\n")))
        .with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series {
            values: values.to_vec(),
            not_ours: vec![0.1; values.len()],
        }
    }

    #[test]
    fn goals_are_judged_by_medians() {
        let row = |goal| Row {
            name: "a",
            what: "b",
            against: "c",
            unit: "ms",
            reference: Some(series(&[10.0, 1.0, 11.0])),
            ours: series(&[20.0, 100.0, 2.0]),
            goal,
        };
        for (goal, met) in [
            (Goal::RatioAtLeast(2.0), Some(true)),
            (Goal::RatioAtLeast(2.1), Some(false)),
            (Goal::RatioAtMost(2.0), Some(true)),
            (Goal::AtMost(19.0), Some(false)),
            (Goal::None, None),
        ] {
            assert_eq!(row(goal).met(), met, "{goal:?}");
        }
        let text = table(&[row(Goal::AtMost(19.0))]);
        assert!(text.contains("MISSED") && text.contains("2.00x"), "{text}");
        assert_eq!(row(Goal::None).json()["goal"]["kind"], Value::Null);
    }
}

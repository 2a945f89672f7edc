//! The figures as a table, on the screen and in `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use weir::clock;

use crate::machine;

/// One figure.
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) goal: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
    /// What else is to be said of it.
    pub(crate) detail: String,
}

impl Row {
    /// A figure without a unit that is to stay at or below `goal`.
    pub(crate) fn ratio(figure: &str, goal: f64, measured: f64) -> Self {
        Self::at_most(figure, goal, measured, "")
    }

    /// A figure that is to stay at or below `goal`.
    pub(crate) fn at_most(figure: &str, goal: f64, measured: f64, unit: &str) -> Self {
        Self {
            figure: figure.to_owned(),
            goal: format!("≤ {goal}{unit}"),
            measured: format!("{measured:.2}{unit}"),
            met: measured <= goal,
            detail: String::new(),
        }
    }

    /// The same, with what else is to be said of it.
    pub(crate) fn told(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// The middle one of some values, the upper of two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = "| figure | goal | measured | met | how |\n|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let met = if row.met { "yes" } else { "**no**" };
        let Row {
            figure,
            goal,
            measured,
            detail,
            ..
        } = row;
        writeln!(
            text,
            "| {figure} | {goal} | {measured} | {met} | {detail} |"
        )
        .expect("a String takes all text");
    }
    text
}

/// Puts the table, the date and the machine between the marks in `docs/benchmarks.md`, whose prose is written by hand.
pub(crate) fn write(rows: &[Row]) -> anyhow::Result<()> {
    const BEGIN: &str = "<!-- measured -->\n";
    const END: &str = "<!-- end of measured -->";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    let text = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let (before, rest) = text.split_once(BEGIN).context("no beginning mark")?;
    let (_, after) = rest.split_once(END).context("no end mark")?;
    let date = clock::wall().strftime("%Y-%m-%d");
    let machine = machine::line();
    let table = table(rows);
    let text =
        format!("{before}{BEGIN}\nMeasured on {date}, on {machine}.\n\n{table}\n{END}{after}");
    std::fs::write(&file, text)?;
    println!("written to docs/benchmarks.md");
    Ok(())
}

//! How fast whole lives of the core run under a virtual clock, on one thread.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use crate::report::Row;

/// Simulated time of channels that is to fit into a minute.
const CHANNEL_HOURS: f64 = 1_000.0;

/// Trouble in each life.
const TROUBLE: Duration = Duration::from_secs(1_800);

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let lives = tokio::task::spawn_blocking(lives);
    Ok(vec![lives.await.context("a life broke off")??])
}

#[expect(clippy::disallowed_methods, reason = "a bench is about the real clock")]
fn lives() -> anyhow::Result<Row> {
    let begun = Instant::now();
    let (mut hours, mut steps, mut count) = (0.0, 0, 0);
    while hours < CHANNEL_HOURS {
        let report = simulation::live(count, TROUBLE)
            .map_err(|violation| anyhow::anyhow!("seed {count}: {violation}"))?;
        hours += report.channel_time.as_secs_f64() / 3_600.0;
        steps += report.steps;
        count += 1;
    }
    let took = begun.elapsed().as_secs_f64();
    let figure = "1,000 simulated channel-hours on one core";
    let row = Row::at_most(figure, 60.0, took, " s");
    Ok(row.told(format!(
        "{count} lives with half an hour of trouble each, {:.1} million steps, every rule checked after each",
        steps as f64 / 1e6
    )))
}

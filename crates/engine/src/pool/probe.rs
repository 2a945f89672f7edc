//! When an engine is asked whether it lives, and what its answers make of its health; the asking is the caller's.

use std::time::Duration;

use super::Pool;
use super::entry::{Health, Sign};
use crate::address::Address;
use crate::http::service::Version;

/// Probes that fail in a row before an engine counts as unhealthy: one or two are a busy machine.
const FAILURES_MAX: u32 = 3;

/// Longest pause before an engine that did not answer is asked again, so that death and return are both known within
/// seconds, however seldom engines are asked that are well.
const DOUBT: Duration = Duration::from_secs(2);

/// What is known by probes alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    /// When the next is to be made.
    due: Duration,
    under_way: bool,
    /// In a row.
    pub(super) failures: u32,
    /// When the last one ended.
    pub(super) at: Option<Duration>,
    /// When the last one ended that was answered.
    pub(super) seen_at: Option<Duration>,
    /// What was wrong with the last one.
    pub(super) said: Option<String>,
    pub(super) version: Option<String>,
}

impl Probe {
    pub(super) fn hasten(&mut self, now: Duration) {
        self.due = self.due.min(now);
    }
}

impl Pool {
    /// Up to `room` engines that are to be probed now; each has to be answered with [`Pool::probed`].
    pub fn to_probe(&mut self, now: Duration, room: usize) -> Vec<Address> {
        let due = (self.engines.iter_mut())
            .filter(|entry| !entry.leaving && !entry.probe.under_way && entry.probe.due <= now)
            .take(room);
        let begin = |entry: &mut super::Entry| {
            entry.probe.under_way = true;
            entry.engine.clone()
        };
        due.map(begin).collect()
    }

    /// When the next probe is due; nothing while there is nobody to probe.
    pub fn next_probe(&self) -> Option<Duration> {
        let waiting = (self.engines.iter()).filter(|it| !it.leaving && !it.probe.under_way);
        waiting.map(|entry| entry.probe.due).min()
    }

    /// What a probe found. Returns the health that this makes news of.
    pub fn probed(
        &mut self,
        now: Duration,
        engine: &Address,
        result: Result<Version, String>,
    ) -> Option<Health> {
        let spread = self.spread();
        let pause = match &result {
            Ok(_) => self.interval,
            Err(_) => self.interval.min(DOUBT),
        };
        let entry = self.entry(engine)?;
        entry.probe.under_way = false;
        entry.probe.due = now.saturating_add(pause.mul_f64(spread));
        entry.probe.at = Some(now);
        match result {
            Ok(version) => {
                entry.probe.said = None;
                entry.probe.seen_at = Some(now);
                entry.probe.version = version.version;
                // What a channel met while probes were answered is not over because one more is.
                let unfit = |failed: &super::entry::Failed| failed.sign == Sign::Unfit;
                entry.failed = entry.failed.take().filter(unfit);
                entry.recover()
            }
            Err(said) => {
                entry.probe.failures = entry.probe.failures.saturating_add(1);
                entry.fail(now, Sign::Silent, &said);
                entry.probe.said = Some(said);
                if entry.probe.failures < FAILURES_MAX || entry.health == Health::Unhealthy {
                    return None;
                }
                entry.health = Health::Unhealthy;
                Some(Health::Unhealthy)
            }
        }
    }

    /// Three quarters to five quarters, so that engines which were probed together are not probed together for ever.
    fn spread(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        0.75 + (self.dice % 256) as f64 / 512.0
    }
}

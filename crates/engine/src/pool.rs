//! Which engine gets the next channel: counts and back-offs, decided without a clock and without asking anyone.

use std::time::Duration;

use crate::address::Address;

/// How long a first failure sends an engine to the end of the queue: shorter than any wait a viewer notices.
const BACKOFF_FIRST: Duration = Duration::from_millis(250);

/// An engine that was restarted is back within seconds; half a minute of doubt is enough.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The engines, and what each carries. One owner claims and releases; nothing here waits.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    engines: Vec<Entry>,
    /// Counts claims, to tell which engine was used last.
    claims: u64,
}

/// A channel's place on an engine. Give it back with [`Pool::release`]; it is no copy of anything.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a claim that is dropped is never released"]
pub struct Claim {
    /// The engine to use.
    pub engine: Address,
}

/// Why no engine can be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// None is configured.
    #[error("no engines available")]
    NoEngines,
    /// Each carries as many channels as it may.
    #[error("all engines at maximum capacity ({per_engine} streams per engine)")]
    AllFull {
        /// What each may carry.
        per_engine: usize,
    },
    /// There are engines with room, but the caller wants none of them.
    #[error("no engine is left to try")]
    AllAvoided,
}

/// One engine, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Which.
    pub engine: Address,
    /// Channels it carries.
    pub channels: usize,
    /// What was last said of its health.
    pub healthy: bool,
    /// Failures since its last success.
    pub failures: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    engine: Address,
    channels: usize,
    healthy: bool,
    /// The claim that used it last.
    used: u64,
    failed: Option<Failed>,
    /// No longer configured, but still carrying channels.
    leaving: bool,
}

/// Since its last success.
#[derive(Clone, Copy, Debug)]
struct Failed {
    times: u32,
    at: Duration,
}

impl Pool {
    /// A pool of idle, healthy engines. One named twice is one.
    pub fn new(engines: Vec<Address>) -> Pool {
        let mut pool = Pool::default();
        pool.configure(engines);
        pool
    }

    /// Replaces the list. Engines that stay keep their counts; one that goes gets no more channels.
    pub fn configure(&mut self, engines: Vec<Address>) {
        for entry in &mut self.engines {
            entry.leaving = !engines.contains(&entry.engine);
        }
        self.forget_gone();
        for engine in engines {
            if self.entry(&engine).is_none() {
                self.engines.push(Entry::new(engine));
            }
        }
    }

    /// The engine for the next channel: of those with room, the one with the fewest channels, then the one
    /// unused for longest. One that is unhealthy, or that failed just now, comes last but is not ruled out.
    pub fn claim(
        &mut self,
        now: Duration,
        max_per_engine: usize,
        avoid: &[Address],
    ) -> Result<Claim, Unavailable> {
        let present = || self.engines.iter().filter(|entry| !entry.leaving);
        if present().next().is_none() {
            return Err(Unavailable::NoEngines);
        }
        if present().all(|entry| max_per_engine <= entry.channels) {
            let per_engine = max_per_engine;
            return Err(Unavailable::AllFull { per_engine });
        }
        let best = self
            .engines
            .iter_mut()
            .filter(|entry| !entry.leaving && entry.channels < max_per_engine)
            .filter(|entry| !avoid.contains(&entry.engine))
            .min_by_key(|entry| entry.rank(now))
            .ok_or(Unavailable::AllAvoided)?;
        self.claims += 1;
        best.used = self.claims;
        best.channels += 1;
        let engine = best.engine.clone();
        Ok(Claim { engine })
    }

    /// Gives a place back.
    pub fn release(&mut self, claim: Claim) {
        let Claim { engine } = claim;
        if let Some(entry) = self.entry(&engine) {
            entry.channels = entry.channels.saturating_sub(1);
        }
        self.forget_gone();
    }

    /// The engine failed its channel: it comes last for 0.25 s, then twice as long each time, up to 30 s.
    pub fn failed(&mut self, engine: &Address, now: Duration) {
        if let Some(entry) = self.entry(engine) {
            let times = entry.failed.map_or(0, |failed| failed.times);
            let times = times.saturating_add(1);
            entry.failed = Some(Failed { times, at: now });
        }
    }

    /// The engine served its channel: earlier failures count no more.
    pub fn succeeded(&mut self, engine: &Address) {
        if let Some(entry) = self.entry(engine) {
            entry.failed = None;
        }
    }

    /// What a probe found.
    pub fn set_health(&mut self, engine: &Address, healthy: bool) {
        if let Some(entry) = self.entry(engine) {
            entry.healthy = healthy;
        }
    }

    /// Every engine and what it carries, in the order of configuration.
    pub fn load(&self) -> Vec<Load> {
        let load = |entry: &Entry| Load {
            engine: entry.engine.clone(),
            channels: entry.channels,
            healthy: entry.healthy,
            failures: entry.failed.map_or(0, |failed| failed.times),
        };
        self.engines.iter().map(load).collect()
    }

    fn entry(&mut self, engine: &Address) -> Option<&mut Entry> {
        self.engines
            .iter_mut()
            .find(|entry| entry.engine == *engine)
    }

    fn forget_gone(&mut self) {
        self.engines
            .retain(|entry| !entry.leaving || 0 < entry.channels);
    }
}

impl Entry {
    fn new(engine: Address) -> Entry {
        Entry {
            engine,
            channels: 0,
            healthy: true,
            used: 0,
            failed: None,
            leaving: false,
        }
    }

    /// The lower the better. Among those that failed just now, the one that failed first.
    fn rank(&self, now: Duration) -> (bool, bool, Duration, usize, u64) {
        let failed_at = self
            .failed
            .filter(|failed| now < failed.at.saturating_add(failed.backoff()))
            .map(|failed| failed.at);
        let since = failed_at.unwrap_or_default();
        let (ill, failing) = (!self.healthy, failed_at.is_some());
        (ill, failing, since, self.channels, self.used)
    }
}

impl Failed {
    fn backoff(self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.times.saturating_sub(1));
        BACKOFF_FIRST.saturating_mul(doubled).min(BACKOFF_MAX)
    }
}

#[cfg(test)]
#[path = "pool/tests.rs"]
mod tests;

//! What the pool tells of its engines: their figures, and why one is not chosen at the moment.

use std::fmt;
use std::time::Duration;

use super::Pool;
use super::entry::{Entry, Health};
use crate::address::Address;

/// One engine, for reports. Times are those of the caller's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Which.
    pub engine: Address,
    /// Channels it carries.
    pub channels: usize,
    /// Whether peers can connect to it.
    pub forwarded: bool,
    /// Whether it gives its channels up.
    pub draining: bool,
    /// Whether it was removed, and goes with its last channel.
    pub leaving: bool,
    /// What is known of its health.
    pub health: Health,
    /// Failures since its last success.
    pub failures: u32,
    /// What the last failure was, until something succeeds.
    pub trouble: Option<String>,
    /// As it calls itself.
    pub version: Option<String>,
    /// When the last probe ended.
    pub checked_at: Option<Duration>,
    /// When a probe was answered last.
    pub seen_at: Option<Duration>,
    /// When a channel came to it or left it last.
    pub used_at: Option<Duration>,
    /// Why it is not chosen at the moment, or only if there is nothing better.
    pub not_chosen: Option<Reason>,
}

impl Engine {
    /// Whether it is believed to answer: neither probes nor channels have failed last.
    pub fn answers(&self) -> bool {
        self.health != Health::Unhealthy && self.failures == 0
    }
}

/// Why an engine is not chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was removed.
    Leaving,
    /// It gives its channels up.
    Draining,
    /// It carries as many as it may.
    Full {
        /// What it carries.
        channels: usize,
        /// What it may carry.
        max: usize,
    },
    /// Probes are not answered.
    Unhealthy {
        /// How many, in a row.
        failures: u32,
        /// What was wrong with the last.
        said: String,
    },
    /// It failed just now.
    BackingOff {
        /// Until that is forgotten.
        rest: Duration,
        /// How often, in a row.
        failures: u32,
        /// What was wrong last.
        said: String,
    },
    /// Its first probe is not over yet.
    NotProbed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Leaving => f.write_str("removed: it goes when its last channel has moved away"),
            Reason::Draining => {
                f.write_str("draining: it gets no new channels, and gives its own up")
            }
            Reason::Full { channels, max } => {
                write!(f, "full: it carries {channels} of {max} channels")
            }
            Reason::Unhealthy { failures, said } => write!(
                f,
                "unhealthy: {failures} probe(s) in a row were not answered, the last because: {said}; used only if there is nothing else"
            ),
            Reason::BackingOff {
                rest,
                failures,
                said,
            } => write!(
                f,
                "backing off: others come first for {:.1} s more after {failures} failure(s), the last: {said}",
                rest.as_secs_f64()
            ),
            Reason::NotProbed => f.write_str("not probed yet: engines known to be well come first"),
        }
    }
}

impl Pool {
    /// Every engine, in the order in which they came.
    pub fn report(&self, now: Duration, max_per_engine: usize) -> Vec<Engine> {
        let engines = self.engines.iter();
        engines.map(|it| it.report(now, max_per_engine)).collect()
    }
}

impl Entry {
    fn report(&self, now: Duration, max: usize) -> Engine {
        let failed = self.failed.as_ref();
        Engine {
            engine: self.engine.clone(),
            channels: self.channels,
            forwarded: self.forwarded,
            draining: self.draining || self.leaving,
            leaving: self.leaving,
            health: self.health,
            failures: failed.map_or(0, |failed| failed.times),
            trouble: failed.map(|failed| failed.said.clone()),
            version: self.probe.version.clone(),
            checked_at: self.probe.at,
            seen_at: self.probe.seen_at,
            used_at: self.used_at,
            not_chosen: self.not_chosen(now, max),
        }
    }

    fn not_chosen(&self, now: Duration, max: usize) -> Option<Reason> {
        if self.leaving {
            return Some(Reason::Leaving);
        }
        if self.draining {
            return Some(Reason::Draining);
        }
        if max <= self.channels {
            let channels = self.channels;
            return Some(Reason::Full { channels, max });
        }
        if self.health == Health::Unhealthy {
            return Some(Reason::Unhealthy {
                failures: self.probe.failures,
                said: self.probe.said.clone().unwrap_or_default(),
            });
        }
        if let Some(failed) = self.backing_off(now) {
            return Some(Reason::BackingOff {
                rest: failed.until().saturating_sub(now),
                failures: failed.times,
                said: failed.said.clone(),
            });
        }
        (self.health == Health::Unknown).then_some(Reason::NotProbed)
    }
}

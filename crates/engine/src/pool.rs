//! Which engine gets the next channel: counts, health and back-offs, decided without a clock and without asking anyone.

mod entry;
mod probe;
mod report;

use std::time::Duration;

use crate::address::Address;

use entry::Entry;
pub use entry::{Health, Sign};
pub use report::{Engine, Reason};

/// The engines, and what each carries. One owner claims and releases; nothing here waits.
///
/// Invariant: no claim takes an engine over the limit it was made with, and none is given on an engine that drains.
#[derive(Clone, Debug)]
pub struct Pool {
    engines: Vec<Entry>,
    /// Counts claims, to tell which engine was used last.
    claims: u64,
    /// Between two probes of an engine that is well.
    interval: Duration,
    /// Spreads the probes.
    dice: u64,
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
    /// There is none, or each that there is drains.
    #[error("no engines available")]
    NoEngines,
    /// Each carries as many channels as it may.
    #[error("all engines at maximum capacity ({per_engine} streams per engine)")]
    AllFull {
        /// What each may carry.
        per_engine: usize,
    },
    /// There are engines, but the caller wants none of those that are left.
    #[error("no engine is left to try")]
    AllAvoided,
}

impl Pool {
    /// No engine yet. Each is to be probed about once an `interval`; `seed` spreads that.
    pub fn new(interval: Duration, seed: u64) -> Pool {
        Pool {
            engines: Vec::new(),
            claims: 0,
            interval,
            dice: seed | 1,
        }
    }

    /// Takes an engine in, idle and not yet probed; returns whether it was not there. One that was removed and still
    /// carries channels is back with them.
    pub fn add(&mut self, engine: Address) -> bool {
        if let Some(entry) = self.entry(&engine) {
            return std::mem::replace(&mut entry.leaving, false);
        }
        self.engines.push(Entry::new(engine));
        true
    }

    /// Takes an engine out; returns whether it was there. It gets no more channels, and is forgotten with its last.
    pub fn remove(&mut self, engine: &Address) -> bool {
        let was_there = match self.entry(engine) {
            Some(entry) => !std::mem::replace(&mut entry.leaving, true),
            None => false,
        };
        self.forget_gone();
        was_there
    }

    /// Says whether an engine is to give its channels up and get no more; returns whether that is new.
    pub fn set_draining(&mut self, engine: &Address, draining: bool) -> bool {
        let entry = self.entry(engine).filter(|entry| !entry.leaving);
        entry.is_some_and(|entry| std::mem::replace(&mut entry.draining, draining) != draining)
    }

    /// Says whether peers can connect to the engine from outside; of equal ones it is then preferred.
    pub fn set_forwarded(&mut self, engine: &Address, forwarded: bool) {
        if let Some(entry) = self.entry(engine) {
            entry.forwarded = forwarded;
        }
    }

    /// Whether there is such an engine that was not removed.
    pub fn has(&self, engine: &Address) -> bool {
        self.engines
            .iter()
            .any(|entry| entry.engine == *engine && !entry.leaving)
    }

    /// Whether there is such an engine, be it that it was removed and still carries channels.
    pub fn knows(&self, engine: &Address) -> bool {
        self.engines.iter().any(|entry| entry.engine == *engine)
    }

    /// Whether channels have to leave this engine: it drains, or was removed.
    pub fn must_leave(&self, engine: &Address) -> bool {
        let found = self.engines.iter().find(|entry| entry.engine == *engine);
        found.is_none_or(|entry| entry.leaving || entry.draining)
    }

    /// Whether a claim with these limits would be given.
    pub fn has_room(&self, max_per_engine: usize, avoid: &[Address]) -> bool {
        let mut open = self.engines.iter().filter(|entry| entry.is_open());
        open.any(|entry| entry.channels < max_per_engine && !avoid.contains(&entry.engine))
    }

    /// The engine for the next channel, none that drains or is full or avoided: first those that are well, then those
    /// that were not probed yet, then those that failed just now, then those that are ill; of these the one with the
    /// fewest channels, then one that is forwarded, then the one unused for longest.
    pub fn claim(
        &mut self,
        now: Duration,
        max_per_engine: usize,
        avoid: &[Address],
    ) -> Result<Claim, Unavailable> {
        let mut open = (self.engines.iter_mut())
            .filter(|entry| entry.is_open())
            .peekable();
        if open.peek().is_none() {
            return Err(Unavailable::NoEngines);
        }
        let mut wanted = open
            .filter(|entry| !avoid.contains(&entry.engine))
            .peekable();
        if wanted.peek().is_none() {
            return Err(Unavailable::AllAvoided);
        }
        let best = wanted
            .filter(|entry| entry.channels < max_per_engine)
            .min_by_key(|entry| entry.rank(now))
            .ok_or(Unavailable::AllFull {
                per_engine: max_per_engine,
            })?;
        self.claims += 1;
        best.used = self.claims;
        best.used_at = Some(now);
        best.channels += 1;
        let engine = best.engine.clone();
        Ok(Claim { engine })
    }

    /// Gives a place back; returns whether the engine is forgotten with it.
    pub fn release(&mut self, now: Duration, claim: Claim) -> bool {
        let Claim { engine } = claim;
        if let Some(entry) = self.entry(&engine) {
            entry.channels = entry.channels.saturating_sub(1);
            entry.used_at = Some(now);
        }
        self.forget_gone()
    }

    fn entry(&mut self, engine: &Address) -> Option<&mut Entry> {
        self.engines
            .iter_mut()
            .find(|entry| entry.engine == *engine)
    }

    fn forget_gone(&mut self) -> bool {
        let before = self.engines.len();
        self.engines
            .retain(|entry| !entry.leaving || 0 < entry.channels);
        self.engines.len() < before
    }
}

#[cfg(test)]
mod tests;

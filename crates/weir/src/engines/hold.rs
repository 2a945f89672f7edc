//! A place on an engine that is given back when it is dropped, as when opening is broken off.

use std::fmt;

use engine::Address;
use engine::pool::Claim;

use super::Engines;

/// A channel's place on an engine, until it is dropped.
pub struct Hold {
    engines: Engines,
    /// There until it is dropped.
    claim: Option<Claim>,
    engine: Address,
}

impl Hold {
    pub(super) fn new(engines: Engines, claim: Claim) -> Self {
        Self {
            engines,
            engine: claim.engine.clone(),
            claim: Some(claim),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Address {
        &self.engine
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hold({})", self.engine)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.engines.release(claim);
        }
    }
}

//! Which engines there are: configured, added, learnt and removed, and what of that is kept.

use engine::Address;
use store::{EngineChange, KeptEngine, KeptEngines};

use super::{Book, Card, Engines, Origin};
use crate::config::Config;
use crate::journal::Kind;

/// Engines at most; each is probed, and shown.
pub const ENGINES_MAX: usize = 500;

/// Why an engine is not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// It is there.
    #[error("engine {0} is known already")]
    Known(Address),
    /// There are enough.
    #[error("{ENGINES_MAX} engines are known already, no more are taken in")]
    TooMany,
}

impl Book {
    /// The configured engines, and what was kept of these and of others. Returns what need not be kept any more.
    pub(super) fn restore(&mut self, config: &Config, kept: KeptEngines) -> Vec<EngineChange> {
        for engine in &config.engines {
            if self.pool.add(engine.clone()) {
                let card = Card::new(Origin::Configured);
                self.cards.insert(engine.clone(), card);
            }
        }
        let mut obsolete = Vec::new();
        for engine in kept.engines {
            let wanted = |origin| match origin {
                Origin::Configured => false,
                Origin::Added => true,
                Origin::Learnt => config.learn_engines,
            };
            let origin = Origin::ALL
                .into_iter()
                .find(|it| it.as_str() == engine.origin);
            match (engine.address.parse::<Address>(), origin) {
                (Ok(address), _) if self.cards.contains_key(&address) => {
                    self.set(&address, engine);
                }
                (Ok(address), Some(origin)) if wanted(origin) && self.has_room() => {
                    self.pool.add(address.clone());
                    self.cards.insert(address.clone(), Card::new(origin));
                    self.set(&address, engine);
                }
                // One that was configured and is not any more; or a damaged row.
                (_, Some(Origin::Configured) | None) | (Err(_), _) => {
                    let address = engine.address;
                    obsolete.push(EngineChange::Removed { address });
                }
                // Learning may be switched on again.
                (Ok(_), Some(_)) => {}
            }
        }
        for (id, infohash) in kept.contents {
            self.contents.learn(&id, &infohash);
        }
        obsolete
    }

    fn has_room(&self) -> bool {
        self.cards.len() < ENGINES_MAX
    }

    fn set(&mut self, address: &Address, kept: KeptEngine) {
        self.pool.set_draining(address, kept.draining);
        self.pool.set_forwarded(address, kept.forwarded);
        if let Some(card) = self.cards.get_mut(address) {
            card.name = kept.name;
            card.first_seen = kept.first_seen;
        }
    }
}

impl Engines {
    /// Takes an engine in. It is kept over restarts.
    pub fn add(
        &self,
        engine: &Address,
        origin: Origin,
        name: Option<String>,
        forwarded: bool,
    ) -> Result<(), NotAdded> {
        let mut book = self.book();
        if book.pool.has(engine) {
            return Err(NotAdded::Known(engine.clone()));
        }
        if !book.has_room() {
            return Err(NotAdded::TooMany);
        }
        book.pool.add(engine.clone());
        book.pool.set_draining(engine, false);
        book.pool.set_forwarded(engine, forwarded);
        let card = Card {
            name,
            ..Card::new(origin)
        };
        book.cards.insert(engine.clone(), card);
        drop(book);
        self.keep(engine);
        let how = origin.as_str();
        let message = format!("engine {engine} was {how}");
        self.tell(Kind::EngineAdded, engine, message);
        self.moved();
        Ok(())
    }

    /// Takes an engine out: its channels move away. Returns how it had come here, if it was there.
    pub fn remove(&self, engine: &Address) -> Option<Origin> {
        let mut book = self.book();
        let origin = book.cards.get(engine).map(|card| card.origin);
        if !book.pool.remove(engine) {
            return None;
        }
        if !book.pool.knows(engine) {
            book.cards.remove(engine);
        }
        drop(book);
        let address = engine.to_string();
        self.note(EngineChange::Removed { address });
        let message = format!("engine {engine} was removed; its channels move away");
        self.tell(Kind::EngineRemoved, engine, message);
        self.moved();
        origin
    }

    /// Keeps what is known of an engine.
    pub(super) fn keep(&self, engine: &Address) {
        let Some(known) = self.get(engine) else {
            return;
        };
        self.note(EngineChange::Put(KeptEngine {
            address: engine.to_string(),
            origin: known.card.origin.as_str().to_owned(),
            name: known.card.name,
            forwarded: known.engine.forwarded,
            draining: known.engine.draining,
            first_seen: known.card.first_seen,
        }));
    }

    /// What an engine calls a content that was asked for by its id.
    pub fn learn_content(&self, id: &str, infohash: &str) {
        if self.book().contents.learn(id, infohash) {
            let (id, infohash) = (id.to_owned(), infohash.to_owned());
            self.note(EngineChange::Content { id, infohash });
        }
    }

    /// The infohash that a content id stands for, if an engine has told it.
    pub fn infohash(&self, id: &str) -> Option<String> {
        self.book().contents.infohash(id).map(str::to_owned)
    }

    pub(super) fn note(&self, change: EngineChange) {
        if !self.inner.store.note(change) {
            tracing::warn!("a change of engines could not be kept: too much waits for the disk");
        }
    }
}

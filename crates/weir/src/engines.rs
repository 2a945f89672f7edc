//! The engines as the service knows them: shared, watched and kept. Which of them is chosen is the pool's decision.
//!
//! Whoever claims a place, fails or changes something does so under one short lock; nobody asks an engine under it. One
//! task, started by the composition root, probes them.

mod card;
mod contents;
mod hold;
mod leftovers;
mod line;
mod members;
mod prober;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Address;
use engine::pool::{Health, Pool, Sign};
use store::{KeptEngines, Store};
use tokio::sync::{Notify, watch};

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::journal::{Journal, Kind, News, Severity};
use crate::settings::Settings;

pub use card::{Card, Known, Origin};
use contents::Contents;
pub use hold::Hold;
pub use leftovers::{Leftover, leftovers};
use line::Line;
pub use members::{ENGINES_MAX, NotAdded};
pub use prober::Prober;

/// The engines; clones share them.
#[derive(Clone)]
pub struct Engines {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    settings: watch::Receiver<Arc<Settings>>,
    journal: Journal,
    store: Store,
    book: Mutex<Book>,
    /// Changes whenever channels have to leave an engine.
    moves: watch::Sender<u64>,
    /// Engines that may still hold sessions of an earlier Weir.
    unswept: watch::Sender<BTreeSet<Address>>,
    /// A probe may be due earlier than was thought.
    hasten: Notify,
}

struct Book {
    pool: Pool,
    /// What is known besides; for each engine of the pool there is one.
    cards: BTreeMap<Address, Card>,
    contents: Contents,
    /// Starts that wait for a place.
    line: Line,
    /// When it was told last that there is none.
    full_told: Option<Duration>,
}

impl Engines {
    /// The configured engines and those that were kept, none of them probed yet.
    pub fn restore(
        kept: KeptEngines,
        config: &Config,
        clock: Clock,
        settings: watch::Receiver<Arc<Settings>>,
        (journal, store): (Journal, Store),
    ) -> Self {
        let seed = u64::from(clock::since_numbering_epoch().subsec_nanos());
        let mut book = Book {
            pool: Pool::new(config.probe_interval, seed),
            cards: BTreeMap::new(),
            contents: Contents::default(),
            line: Line::default(),
            full_told: None,
        };
        let obsolete = book.restore(config, kept);
        let inner = Inner {
            clock,
            settings,
            journal,
            store,
            book: Mutex::new(book),
            moves: watch::Sender::new(0),
            unswept: watch::Sender::default(),
            hasten: Notify::new(),
        };
        let engines = Self {
            inner: Arc::new(inner),
        };
        for change in obsolete {
            engines.note(change);
        }
        engines
    }

    /// Every engine, in the order in which they came.
    pub fn all(&self) -> Vec<Known> {
        let (now, places) = (self.now(), self.places());
        let book = self.book();
        let report = book.pool.report(now, places);
        let known = |engine: engine::pool::Engine| {
            let card = book.cards.get(&engine.engine).cloned();
            let card = card.unwrap_or_else(|| Card::new(Origin::Added));
            Known { engine, card }
        };
        report.into_iter().map(known).collect()
    }

    /// Engines that answer, as far as is known.
    pub fn healthy(&self) -> usize {
        let all = self.all();
        all.iter().filter(|it| it.engine.answers()).count()
    }

    /// One engine.
    pub fn get(&self, engine: &Address) -> Option<Known> {
        self.all()
            .into_iter()
            .find(|it| it.engine.engine == *engine)
    }

    /// Channels that one engine may carry.
    pub fn places(&self) -> usize {
        self.inner.settings.borrow().max_streams_per_engine
    }

    /// Whether a channel could be put on another engine than these.
    pub fn has_room_besides(&self, avoid: &[Address]) -> bool {
        let places = self.places();
        self.book().pool.has_room(places, avoid)
    }

    /// Changes whenever channels have to leave an engine, or need not any more; ask [`Engines::must_leave`] then.
    pub fn moves(&self) -> watch::Receiver<u64> {
        self.inner.moves.subscribe()
    }

    /// Whether channels have to leave this engine, because it drains or was removed.
    pub fn must_leave(&self, engine: &Address) -> bool {
        self.book().pool.must_leave(engine)
    }

    /// Lets an engine give its channels up and get no more, or ends that; returns whether that is new.
    pub fn drain(&self, engine: &Address, draining: bool) -> bool {
        let is_new = self.book().pool.set_draining(engine, draining);
        if is_new {
            let message = if draining {
                format!("engine {engine} drains: its channels move away, and it gets no more")
            } else {
                format!("engine {engine} drains no more")
            };
            self.keep(engine);
            self.tell(Kind::EngineDraining, engine, message);
            self.moved();
        }
        is_new
    }

    /// A session ran well.
    pub fn succeeded(&self, engine: &Address) {
        let turn = self.book().pool.succeeded(engine);
        self.turned(engine, turn, "");
    }

    /// A channel was not served.
    pub fn failed(&self, engine: &Address, sign: Sign, said: &str) {
        self.book().pool.failed(engine, self.now(), sign, said);
        if sign == Sign::Silent {
            self.inner.hasten.notify_one();
        }
    }

    /// Tells what has become of an engine's health, if that is news.
    fn turned(&self, engine: &Address, turn: Option<Health>, said: &str) {
        match turn {
            Some(Health::Healthy) => {
                let message = format!("engine {engine} answers again");
                self.tell(Kind::EngineHealthy, engine, message);
            }
            Some(Health::Unhealthy) => {
                let message = format!("engine {engine} is unhealthy: {said}");
                self.tell(Kind::EngineUnhealthy, engine, message);
            }
            Some(Health::Unknown) | None => return,
        }
        // What would not have been chosen may be now.
        self.serve();
    }

    fn tell(&self, kind: Kind, engine: &Address, message: String) {
        if kind.severity() == Severity::Info {
            tracing::info!(engine = %engine, "{message}");
        } else {
            tracing::warn!(engine = %engine, "{message}");
        }
        let news = News::new(kind, message).of_engine(engine);
        self.inner.journal.tell(news);
    }

    /// Channels may have to move, and places may be free.
    fn moved(&self) {
        self.inner.moves.send_modify(|count| *count += 1);
        self.serve();
        self.inner.hasten.notify_one();
    }

    fn now(&self) -> Duration {
        self.inner.clock.now().0
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Plain counts; a panic elsewhere cannot leave them half-changed.
        self.inner
            .book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

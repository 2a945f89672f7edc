//! What happens that an operator wants to know: said once, numbered, and handed to whoever listens.
//! Whoever tells it something never waits.

mod kind;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock;

pub use kind::{Category, Kind, Severity};

/// Entries kept at hand, for listeners that come back after a short absence: some hours of a quiet house, some
/// minutes of a bad night.
const RECENT_MAX: usize = 1_000;

/// A fact in the past tense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What kind of thing happened.
    pub kind: Kind,
    /// One sentence for people.
    pub message: String,
    /// The channel's key, where it is about a channel.
    pub channel: Option<String>,
    /// The stream's id, where it is about one.
    pub stream: Option<String>,
    /// The engine as host:port, where it is about one.
    pub engine: Option<String>,
    /// What programs may want to know beside the sentence.
    pub details: Vec<(&'static str, String)>,
}

impl News {
    /// A sentence of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            channel: None,
            stream: None,
            engine: None,
            details: Vec::new(),
        }
    }

    /// It is about a channel, and perhaps about one of its streams.
    #[must_use]
    pub fn of_channel(mut self, key: &str, stream: Option<&str>) -> Self {
        self.channel = Some(key.to_owned());
        self.stream = stream.map(str::to_owned);
        self
    }

    /// It is about an engine, named as host:port.
    #[must_use]
    pub fn of_engine(mut self, engine: &impl ToString) -> Self {
        self.engine = Some(engine.to_string());
        self
    }

    /// Something to know beside the sentence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }
}

/// News with its place in the order of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Higher than that of everything before.
    pub id: u64,
    /// When it was told.
    pub at: Timestamp,
    /// What.
    pub news: News,
}

/// The journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    recent: Mutex<Recent>,
    /// The newest id, to wait for.
    newest: watch::Sender<u64>,
}

/// Invariant: ids rise by one from the front to the back.
struct Recent {
    entries: VecDeque<Arc<Entry>>,
    last: u64,
}

impl Journal {
    /// Goes on counting behind the last id that was ever given.
    pub fn after(last: u64) -> Self {
        let recent = Recent {
            entries: VecDeque::new(),
            last,
        };
        let inner = Inner {
            recent: Mutex::new(recent),
            newest: watch::Sender::new(last),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Takes news in.
    pub fn tell(&self, news: News) {
        let mut recent = self.recent();
        recent.last += 1;
        let id = recent.last;
        let at = clock::wall();
        recent.entries.push_back(Arc::new(Entry { id, at, news }));
        if RECENT_MAX < recent.entries.len() {
            recent.entries.pop_front();
        }
        // Under the lock, so that ids are shown in their order.
        self.inner.newest.send_replace(id);
    }

    /// Entries behind an id, oldest first; nothing if some of them are not at hand any more.
    pub fn since(&self, id: u64) -> Option<Vec<Arc<Entry>>> {
        let recent = self.recent();
        let first = recent.entries.front().map_or(recent.last + 1, |it| it.id);
        if id + 1 < first || recent.last < id {
            return None;
        }
        let behind = recent.entries.iter().filter(|entry| id < entry.id);
        Some(behind.map(Arc::clone).collect())
    }

    /// The newest id, to wait for.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.inner.newest.subscribe()
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        let recent = self.inner.recent.lock();
        recent.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(count: usize) -> Journal {
        let journal = Journal::after(40);
        for number in 0..count {
            journal.tell(News::new(Kind::StreamStarted, format!("news {number}")));
        }
        journal
    }

    #[test]
    fn a_listener_that_comes_back_gets_what_it_has_missed_in_order() {
        let journal = told(3);
        let missed = journal.since(41).expect("it is at hand");
        let ids: Vec<_> = missed.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [42, 43]);
        assert_eq!(*journal.newest().borrow(), 43);
    }

    #[test]
    fn a_listener_that_was_away_for_too_long_or_knows_the_future_is_told_so() {
        let journal = told(RECENT_MAX + 5);
        assert_eq!(journal.since(44), None);
        assert_eq!(journal.since(45).map(|it| it.len()), Some(RECENT_MAX));
        assert_eq!(journal.since(9_999), None);
    }
}

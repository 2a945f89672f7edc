//! What happens that an operator wants to know: said once, numbered, kept, and handed to whoever listens.
//! Whoever tells it something never waits.
//!
//! The newest entries are at hand in memory; all of them are written to the history, where they are found after a
//! restart. While the disk fails, what is at hand is what there is.

mod kind;
pub mod life;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use store::History;
use store::history::Filter;
use tokio::sync::watch;

use crate::clock;

pub use kind::{Category, Kind, Severity};
pub use store::history::Entry;

/// Entries kept at hand, for listeners that come back after a short absence: some hours of a quiet house, some
/// minutes of a bad night.
const RECENT_MAX: usize = 1_000;

/// Entries after which those that are too many or too old are let go of: seldom enough to cost nothing.
const TRIM_EVERY: u64 = 500;

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

    /// As it is kept, under this id.
    pub(crate) fn entry(self, id: u64, at: Timestamp) -> Entry {
        let details = self.details.into_iter();
        Entry {
            id,
            at,
            kind: self.kind.as_str().to_owned(),
            category: self.kind.category().as_str().to_owned(),
            severity: self.kind.severity().as_str().to_owned(),
            message: self.message,
            channel: self.channel,
            stream: self.stream,
            engine: self.engine,
            details: details
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }

    /// Something to know beside the sentence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }
}

/// How much is kept on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Entries at most.
    pub entries_max: usize,
    /// What is older goes.
    pub age_max: Duration,
}

/// Entries that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// How many there are of the kind that was asked for, on this page or not.
    pub total: usize,
}

/// What there is behind an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Entries, oldest first; none, if it is the newest.
    Entries(Vec<Arc<Entry>>),
    /// Some of it is gone, or no such id was given.
    Gone,
    /// The disk does not give it at the moment.
    Later,
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
    history: History,
    retention: Retention,
}

/// Invariant: ids rise from the front to the back, and every entry behind `floor` is here.
struct Recent {
    entries: VecDeque<Arc<Entry>>,
    /// The newest id that was given, by this process or the one before.
    last: u64,
    /// The lowest id that this process gives.
    base: u64,
    floor: u64,
}

impl Journal {
    /// Goes on behind what the history holds. Ids begin at the clock's word too, so that none is given twice when the
    /// history is lost, or its last entries are.
    pub async fn open(history: History, retention: Retention) -> Self {
        // Its thread may not have made the file yet.
        history.flush().await;
        let found = history.newest().await.unwrap_or_else(|error| {
            tracing::warn!("the journal begins anew: {error}");
            None
        });
        let age = clock::since_numbering_epoch();
        let base = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Self::after(found, base, history, retention)
    }

    fn after(found: Option<u64>, base: u64, history: History, retention: Retention) -> Self {
        let last = found.unwrap_or_else(|| base.saturating_sub(1));
        let recent = Recent {
            entries: VecDeque::new(),
            last,
            base,
            floor: last,
        };
        let inner = Inner {
            recent: Mutex::new(recent),
            newest: watch::Sender::new(last),
            history,
            retention,
        };
        let journal = Self {
            inner: Arc::new(inner),
        };
        journal.trim();
        journal
    }

    /// Takes news in.
    pub fn tell(&self, news: News) {
        let mut recent = self.recent();
        let id = recent.base.max(recent.last + 1);
        recent.last = id;
        let entry = Arc::new(news.entry(id, clock::wall()));
        recent.entries.push_back(Arc::clone(&entry));
        if RECENT_MAX < recent.entries.len()
            && let Some(gone) = recent.entries.pop_front()
        {
            recent.floor = gone.id;
        }
        // Under the lock, so that ids are shown and written in their order.
        self.inner.history.keep(entry);
        self.inner.newest.send_replace(id);
        drop(recent);
        if id.is_multiple_of(TRIM_EVERY) {
            self.trim();
        }
    }

    /// Entries behind an id, oldest first; nothing if some of them are not at hand any more, or if no such id was given
    /// yet.
    pub fn since(&self, id: u64) -> Option<Vec<Arc<Entry>>> {
        let recent = self.recent();
        if id < recent.floor || recent.last < id {
            return None;
        }
        let behind = recent.entries.iter().filter(|entry| id < entry.id);
        Some(behind.map(Arc::clone).collect())
    }

    /// As `since`, at most so many, and from the disk where they are not at hand.
    pub async fn behind(&self, id: u64, limit: usize) -> Behind {
        if let Some(mut entries) = self.since(id) {
            entries.truncate(limit);
            return Behind::Entries(entries);
        }
        match self.inner.history.behind(id, limit).await {
            // The disk knows nothing behind it yet, and memory knows that there is something.
            Ok(Some(entries)) if entries.is_empty() && id < self.at_hand_behind() => Behind::Later,
            Ok(Some(entries)) if !entries.is_empty() => {
                Behind::Entries(entries.into_iter().map(Arc::new).collect())
            }
            Ok(_) => Behind::Gone,
            Err(error) => {
                tracing::warn!("earlier entries of the journal are not at hand: {error}");
                Behind::Later
            }
        }
    }

    /// How many entries of kinds that are wanted there are behind an id; nothing, if the disk does not say.
    pub async fn count_behind(&self, id: u64, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        if let Some(entries) = self.since(id) {
            return Some(entries.iter().filter(|entry| wanted(&entry.kind)).count());
        }
        let counts = self.inner.history.count_behind(id).await.ok()?;
        let counts = counts.into_iter().filter(|(kind, _)| wanted(kind));
        Some(counts.map(|(_, count)| count).sum())
    }

    /// The id behind which everything is at hand, whatever the disk does.
    pub fn at_hand_behind(&self) -> u64 {
        self.recent().floor
    }

    /// Where it is written.
    pub fn history(&self) -> &History {
        &self.inner.history
    }

    /// Entries that fit a filter, newest first. What is at hand and not on the disk yet is among them.
    pub async fn page(&self, filter: &Filter, offset: usize, limit: usize) -> Page {
        let written = self.inner.history.newest().await.ok().flatten();
        let unwritten: Vec<_> = {
            let recent = self.recent();
            let newer = recent.entries.iter().rev();
            newer
                .take_while(|entry| written < Some(entry.id))
                .filter(|entry| filter.takes(entry))
                .map(|entry| Entry::clone(entry))
                .collect()
        };
        let mut page = Page {
            total: unwritten.len(),
            entries: unwritten.into_iter().skip(offset).take(limit).collect(),
        };
        let Some(until) = written else {
            return page;
        };
        let filter = Filter {
            until: Some(until),
            ..filter.clone()
        };
        let offset = offset.saturating_sub(page.total);
        let rest = limit - page.entries.len();
        match self.inner.history.page(filter, offset, rest).await {
            Ok(found) => {
                page.total += found.total;
                page.entries.extend(found.entries);
            }
            Err(error) => tracing::warn!("only the newest entries are at hand: {error}"),
        }
        page
    }

    /// The newest id, to wait for.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.inner.newest.subscribe()
    }

    /// Waits until everything told so far was written, or could not be.
    pub async fn flush(&self) {
        self.inner.history.flush().await;
    }

    fn trim(&self) {
        let Retention {
            entries_max,
            age_max,
        } = self.inner.retention;
        let since = clock::wall().checked_sub(age_max);
        let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
        self.inner.history.trim(entries_max, since);
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        let recent = self.inner.recent.lock();
        recent.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;

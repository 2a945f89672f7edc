//! What happens to streams, on its way to the disk and to the orchestrator; what is done when is the
//! ledger's decision.
//!
//! Channels and requests tell it at any time and never wait. One task, started by the composition
//! root and ended as the last, writes and sends.

mod driver;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::{Dead, Effect, Ending, Input, Kept, Ledger, Now, Session, Status, Stream, TooMany};
use tokio::sync::{Notify, watch};

use crate::clock::{self, Clock};

pub use driver::Driver;

/// Longest wait of somebody who has reported a stream for the disk.
const KEEP_PATIENCE: Duration = Duration::from_secs(5);

/// The ledger, shared; clones are the same.
#[derive(Clone)]
pub struct Outbox {
    clock: Clock,
    inner: Arc<Inner>,
}

struct Inner {
    book: Mutex<Book>,
    /// The driver has something to do.
    wake: Notify,
    /// Changes with each write that ends.
    writes: watch::Sender<()>,
    /// Streams that began and that ended since the service was started.
    began: AtomicU64,
    ended: AtomicU64,
}

/// The ledger, and what it wants done and is not done yet. Bounded by the ledger: it asks for one
/// write and one event at a time.
struct Book {
    ledger: Ledger,
    effects: Vec<Effect>,
}

/// A report that was taken, and the write that makes it certain.
#[derive(Debug)]
pub struct Taken<T> {
    /// What came of it.
    pub value: T,
    write: u64,
}

impl Outbox {
    /// Goes on from what was kept; `telling` says whether there is an orchestrator.
    pub fn restore(kept: Kept, clock: Clock, telling: bool) -> Self {
        let seed = u64::from(clock::since_numbering_epoch().subsec_nanos());
        let (ledger, effects) = Ledger::restore(kept, now(clock), telling, seed);
        let inner = Inner {
            book: Mutex::new(Book { ledger, effects }),
            wake: Notify::new(),
            writes: watch::Sender::new(()),
            began: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        };
        let inner = Arc::new(inner);
        Self { clock, inner }
    }

    /// A stream of our own has begun.
    pub fn began(&self, stream: Stream) {
        self.inner.began.fetch_add(1, Ordering::Relaxed);
        self.take(Input::Began(Box::new(stream)));
    }

    /// A stream of our own that began is over.
    pub fn ended(&self, stream: &str, reason: &'static str) {
        self.inner.ended.fetch_add(1, Ordering::Relaxed);
        let stream = stream.to_owned();
        self.take(Input::Ended { stream, reason });
    }

    /// A session was begun on an engine.
    pub fn session_opened(&self, session: Session) {
        self.take(Input::SessionOpened(session));
    }

    /// The session that takes commands there was stopped, or need not be any more.
    pub fn session_closed(&self, command_url: String) {
        self.take(Input::SessionClosed { command_url });
    }

    /// How many streams began and how many ended, those that were reported among them.
    pub fn counted(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.inner.began), count(&self.inner.ended))
    }

    /// Events that are held back are to be tried at once.
    pub fn nudge(&self) {
        self.take(Input::Nudge);
    }

    /// Another proxy has started a stream.
    pub fn report(&self, stream: Stream) -> Result<Taken<Arc<Stream>>, TooMany> {
        let mut book = self.book();
        let (value, effects) = book.ledger.report(now(self.clock), stream)?;
        self.inner.began.fetch_add(1, Ordering::Relaxed);
        let write = book.ledger.write_number();
        self.put(book, effects);
        Ok(Taken { value, write })
    }

    /// Another proxy's stream has ended.
    pub fn report_end(
        &self,
        stream: Option<&str>,
        container: Option<&str>,
        reason: Option<String>,
    ) -> Taken<Ending> {
        let mut book = self.book();
        let (value, effects) = book
            .ledger
            .report_end(now(self.clock), stream, container, reason);
        let ended = u64::from(value.updated);
        self.inner.ended.fetch_add(ended, Ordering::Relaxed);
        let write = book.ledger.write_number();
        self.put(book, effects);
        Taken { value, write }
    }

    /// Waits until a report is on the disk; nothing, if that does not happen in time.
    pub async fn kept<T>(&self, taken: Taken<T>) -> Option<T> {
        let mut writes = self.inner.writes.subscribe();
        let written = async {
            loop {
                if self.is_written(taken.write) {
                    return true;
                }
                if self.status().disk_failing || writes.changed().await.is_err() {
                    return false;
                }
            }
        };
        let in_time = tokio::time::timeout(KEEP_PATIENCE, written).await;
        matches!(in_time, Ok(true)).then_some(taken.value)
    }

    /// Streams that other proxies have reported and that run.
    pub fn reported(&self) -> Vec<Arc<Stream>> {
        self.book().ledger.reported_running().cloned().collect()
    }

    /// Streams that have ended, newest first.
    pub fn ended_streams(&self) -> Vec<Arc<Stream>> {
        self.book().ledger.ended().cloned().collect()
    }

    /// Streams that have ended behind one of them, newest first; without one, or when it is forgotten, the newest
    /// `limit`.
    pub fn ended_behind(&self, stream: Option<&str>, limit: usize) -> Vec<Arc<Stream>> {
        let book = self.book();
        let behind = book.ledger.ended();
        let behind = behind.take_while(|it| stream.is_none_or(|known| it.id != known));
        behind.take(limit).cloned().collect()
    }

    /// A stream that runs or has ended, ours or another's.
    pub fn stream(&self, id: &str) -> Option<Arc<Stream>> {
        self.book().ledger.stream(id).cloned()
    }

    /// Events that were given up, oldest first.
    pub fn dead(&self) -> Vec<Dead> {
        self.book().ledger.dead().cloned().collect()
    }

    /// How telling and writing go.
    pub fn status(&self) -> Status {
        self.book().ledger.status()
    }

    fn is_written(&self, write: u64) -> bool {
        self.book().ledger.is_written(write)
    }

    fn take(&self, input: Input) {
        let mut book = self.book();
        let effects = book.ledger.on(now(self.clock), input);
        self.put(book, effects);
    }

    fn put(&self, mut book: MutexGuard<'_, Book>, effects: Vec<Effect>) {
        book.effects.extend(effects);
        drop(book);
        // Its deadline may have changed although there is nothing to do.
        self.inner.wake.notify_one();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        let book = self.inner.book.lock();
        book.unwrap_or_else(PoisonError::into_inner)
    }
}

fn now(clock: Clock) -> Now {
    Now {
        moment: clock.now().0,
        wall: clock::wall(),
    }
}

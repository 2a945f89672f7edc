//! Channels whose sources show old media again and again: how they are looked for, which were found, and that nobody
//! starts them for a while. It does not look for them itself.

mod detection;
mod found;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use store::History;
use store::history::Unwritten;
use tokio::sync::watch as shown;

use crate::journal::{Journal, Kind, News};
use crate::selector::Selector;

pub use detection::{Change, Detection};
pub use found::{Found, Looping};

/// What could not be saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("loop detection cannot be saved: {0}")]
pub struct NotSaved(Unwritten);

/// How loops are looked for and which were found; clones share it.
#[derive(Clone)]
pub struct Loops {
    inner: Arc<Inner>,
}

struct Inner {
    detection: shown::Sender<Detection>,
    found: Mutex<Found>,
    history: History,
    journal: Journal,
}

impl Loops {
    /// Goes on from what was kept. What cannot be read is reported, and is as if nothing had been set.
    pub async fn restore(history: History, journal: Journal) -> Self {
        // The tables are there once something was written or tried.
        history.flush().await;
        let kept = history.looping().await.unwrap_or_else(|error| {
            tracing::error!("loop detection is off and its list empty: {error}");
            Default::default()
        });
        let (detection, found) = kept;
        let detection = detection.map(Detection::from).unwrap_or_default();
        let inner = Inner {
            detection: shown::Sender::new(detection),
            found: Mutex::new(Found::from(found)),
            history,
            journal,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// How loops are looked for.
    pub fn detection(&self) -> Detection {
        *self.inner.detection.borrow()
    }

    /// The same, to wait for changes.
    pub fn detections(&self) -> shown::Receiver<Detection> {
        self.inner.detection.subscribe()
    }

    /// Changes how loops are looked for; when this returns well, it is saved.
    pub async fn set(&self, detection: Detection) -> Result<(), NotSaved> {
        let history = &self.inner.history;
        if let Err(why) = history.save_detection(detection.into()).await {
            // What may still be written must not come true by the next start.
            if why == Unwritten::Late {
                history.keep_detection(self.detection().into());
            }
            return Err(NotSaved(why));
        }
        self.inner.detection.send_replace(detection);
        Ok(())
    }

    /// Those that are refused at a time, longest first.
    pub fn list(&self, now: Timestamp) -> Vec<Looping> {
        let kept = self.detection().retention();
        self.found().list(now, kept)
    }

    /// Whether a selector is refused at a time, as the channel's key or as what its engine plays.
    pub fn refuses(&self, selector: &Selector, now: Timestamp) -> bool {
        let found = self.found();
        // Every request comes by here, and there are rarely any.
        !found.is_empty() && {
            let kept = self.detection().retention();
            found.has(&selector.key(), selector.bare(), now, kept)
        }
    }

    /// A channel was found to loop.
    pub fn add(&self, looping: Looping) {
        let now = looping.at;
        let kept = self.detection().retention();
        self.found().add(looping, now, kept);
        self.save();
    }

    /// Takes one off the list, by its key or what its engine plays; whether it was there.
    pub fn remove(&self, id: &str, now: Timestamp) -> bool {
        let kept = self.detection().retention();
        let removed = self.found().remove(id, now, kept);
        if let Some(key) = &removed {
            let news = News::new(Kind::LoopCleared, "it may be started again");
            self.inner.journal.tell(news.of_channel(key, None));
            self.save();
        }
        removed.is_some()
    }

    /// Takes all off the list; how many there were.
    pub fn clear(&self, now: Timestamp) -> usize {
        let kept = self.detection().retention();
        let cleared = self.found().clear(now, kept);
        if 0 < cleared {
            let message = format!("{cleared} looping channel(s) may be started again");
            self.inner
                .journal
                .tell(News::new(Kind::LoopCleared, message));
            self.save();
        }
        cleared
    }

    /// Writes the list down, without waiting. One that is lost is found again.
    fn save(&self) {
        self.inner.history.keep_looping(self.found().rows());
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.inner
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

//! What survives a restart: one SQLite file, written by one thread; it never makes media wait.
//!
//! Callers of [`Store::remember`] do not wait: what they say is written together with whatever else
//! has come meanwhile. When the disk fails, that is logged and told by [`Store::is_failing`], and
//! the service goes on; each later write tries again, be it to open the file.

mod database;
mod engines;
pub mod history;
mod settings_file;
mod webhooks;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use ledger::{Change, Kept};

pub use database::{Database, OpenError};
pub use engines::{CONTENTS_MAX, EngineChange, KeptEngine, KeptEngines};
pub use history::History;
pub use settings_file::{
    Damage, Entry, Held, Past, SETTINGS_FILE, Saved, SettingsFile, Step, WriteError,
};
pub use webhooks::{Webhook, WebhookChange};
use writer::{Disk, Order};

/// Orders that may wait for the disk. Each is a few bytes; beyond it the newest are refused.
const ORDERS_MAX: usize = 4_096;

/// Bounds of the numbers that a channel may have used; a next life begins behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Media sequence numbers below this may be in use.
    pub sequence: u64,
    /// Discontinuity counts below this may be in use.
    pub discontinuities: u64,
    /// Dates before this may be in use.
    pub date: Option<Timestamp>,
}

impl Numbers {
    /// The higher of each.
    fn or_higher(self, other: Self) -> Self {
        Self {
            sequence: self.sequence.max(other.sequence),
            discontinuities: self.discontinuities.max(other.discontinuities),
            date: self.date.max(other.date),
        }
    }
}

/// The open store; clones share it. It is closed, and everything written, when the last is dropped.
#[derive(Clone, Debug)]
pub struct Store {
    orders: mpsc::Sender<Order>,
    failing: Arc<AtomicBool>,
}

impl Store {
    /// Opens or makes the file in `folder`, which is made if it is missing. A file that is damaged is
    /// put aside under another name and reported; one that cannot be opened, because the disk is full
    /// or may not be written, is reported and tried again with each write. Neither stops the start;
    /// only a folder that cannot be made does. Beside the store comes what was kept of streams.
    pub fn open(folder: &Path) -> Result<(Self, Kept), OpenError> {
        let (database, kept, failing) = match Database::open(folder) {
            Ok((database, kept)) => (Some(database), kept, false),
            Err(error @ OpenError::Folder { .. }) => return Err(error),
            Err(error) => {
                tracing::error!("going on without the data folder: {error}");
                (None, Kept::default(), true)
            }
        };
        let folder = folder.to_owned();
        let disk = Disk::new(folder, database);
        let (orders, receiver) = mpsc::channel(ORDERS_MAX);
        let failing = Arc::new(AtomicBool::new(failing));
        writer::start(disk, receiver, Arc::clone(&failing));
        Ok((Self { orders, failing }, kept))
    }

    /// Writes changes, all or none; returns whether they are on the disk.
    pub async fn write(&self, changes: Arc<[Change]>) -> bool {
        let (answer, received) = oneshot::channel();
        let order = Order::Write { changes, answer };
        self.orders.send(order).await.is_ok() && received.await.unwrap_or(false)
    }

    /// What a channel's numbers had come to; nothing for one that was never seen, or when the disk
    /// fails.
    pub async fn numbers(&self, channel: &str) -> Option<Numbers> {
        let (answer, received) = oneshot::channel();
        let order = Order::Numbers {
            channel: channel.to_owned(),
            answer,
        };
        self.orders.send(order).await.ok()?;
        received.await.ok().flatten()
    }

    /// Keeps a channel's numbers. Does not wait; returns whether there was room for it.
    pub fn remember(&self, channel: &str, numbers: Numbers) -> bool {
        let order = Order::Remember {
            channel: channel.to_owned(),
            numbers,
        };
        self.orders.try_send(order).is_ok()
    }

    /// Waits until everything said so far is on the disk.
    pub async fn flush(&self) {
        let (answer, received) = oneshot::channel();
        if self.orders.send(Order::Flush { answer }).await.is_ok() {
            let _ = received.await;
        }
    }

    /// Whether the last write failed.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: Numbers = Numbers {
        sequence: 1_500,
        discontinuities: 12,
        date: Some(Timestamp::UNIX_EPOCH),
    };

    #[tokio::test]
    async fn numbers_survive_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("a new store");
        assert_eq!(store.numbers("news").await, None);
        assert!(store.remember("news", NUMBERS));
        store.flush().await;
        drop(store);
        let (store, _) = Store::open(folder.path()).expect("the same store");
        assert_eq!(store.numbers("news").await, Some(NUMBERS));
        assert_eq!(store.numbers("sport").await, None);
    }

    #[tokio::test]
    async fn numbers_never_fall_even_when_orders_come_late() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("a new store");
        store.remember("news", NUMBERS);
        store.remember(
            "news",
            Numbers {
                sequence: 3,
                discontinuities: 40,
                date: Timestamp::from_second(-1).ok(),
            },
        );
        let kept = Numbers {
            sequence: 1_500,
            discontinuities: 40,
            date: Some(Timestamp::UNIX_EPOCH),
        };
        assert_eq!(store.numbers("news").await, Some(kept));
    }

    #[tokio::test]
    async fn a_damaged_file_is_put_aside_and_does_not_stop_the_start() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(
            folder.path().join(database::FILE),
            "no database ".repeat(900),
        )
        .expect("a file");
        let (store, _) = Store::open(folder.path()).expect("a new store beside the damaged one");
        store.remember("news", NUMBERS);
        assert_eq!(store.numbers("news").await, Some(NUMBERS));
        let kept = std::fs::read_dir(folder.path())
            .expect("the folder")
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().contains("damaged"));
        assert!(kept);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let error = Store::open(&file.join("inner")).expect_err("no folder below a file");
        assert!(error.to_string().contains("inner"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_opened_stops_nothing_and_is_used_once_it_can() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(database::FILE);
        // Whoever runs this may write everywhere, so the file's place is taken instead.
        std::fs::create_dir(&file).expect("a folder in its place");
        let (store, kept) = Store::open(folder.path()).expect("a store without a disk");
        assert!(store.is_failing() && kept == Kept::default());
        let changes: Arc<[Change]> = Arc::new([Change::Settled { sequence: 1 }]);
        assert!(!store.write(Arc::clone(&changes)).await);
        assert_eq!(store.numbers("news").await, None);
        // A channel's next life asks the same process, whether the disk fails or not.
        store.remember("news", NUMBERS);
        assert_eq!(store.numbers("news").await, Some(NUMBERS));
        std::fs::remove_dir(&file).expect("the place is free");
        assert!(store.write(changes).await);
        assert!(!store.is_failing());
        assert_eq!(store.numbers("news").await, Some(NUMBERS));
        drop(store);
        let (store, _) = Store::open(folder.path()).expect("the same store");
        assert_eq!(store.numbers("news").await, Some(NUMBERS));
    }

    #[tokio::test]
    async fn a_file_of_a_later_version_is_used_and_keeps_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Store::open(folder.path()).expect("a new store"));
        let file = folder.path().join(database::FILE);
        let open = || rusqlite::Connection::open(&file).expect("a connection");
        let later = "PRAGMA user_version = 9; ALTER TABLE marks ADD COLUMN later TEXT;
                     INSERT INTO marks VALUES ('of a later version', 'x', 'y');";
        open().execute_batch(later).expect("what a later one does");
        let (store, _) = Store::open(folder.path()).expect("the same store");
        store.remember("news", NUMBERS);
        store.flush().await;
        let version = open().query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
        assert_eq!(version.expect("a number"), 9);
    }
}

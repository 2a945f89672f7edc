//! What happened, kept to be looked back at: a second SQLite file with a thread of its own, so that what must be
//! certain never waits for what is good to know.
//!
//! Whoever appends never waits: records are written together with whatever else has come meanwhile. Reading is done
//! on a connection of its own that cannot write, off the runtime.

mod deliveries;
mod entries;
mod file;
mod looping;
mod readings;
mod rows;
mod stories;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use deliveries::{DELIVERIES_MAX, Delivery};
pub use entries::{Entry, Filter, Page};
pub use looping::{LoopDetection, Looping};
pub use readings::{Reading, Retention};
pub use stories::{Figures, Story};
use writer::{Order, Waiting};

/// Records that may wait for the disk. Each is some hundred bytes; a second of anything that is bounded as news are.
const ORDERS_MAX: usize = 4_096;

/// Reads at once: each has a thread of the runtime's and a connection.
const READS_MAX: usize = 4;

/// Longest wait for a read, with its turn. A hundred thousand rows are counted in a tenth of a second.
const READ_PATIENCE: Duration = Duration::from_secs(5);

/// Longest wait for what is to be written.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// Something to be written. It may be tried again, so that it must not consume what it writes.
pub type Record = Box<dyn Fn(&Connection) -> rusqlite::Result<()> + Send>;

/// Why something kept cannot be read now.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file cannot be opened or read.
    #[error("what is kept cannot be read: {0}")]
    Sql(#[from] rusqlite::Error),
    /// It takes too long.
    #[error("what is kept was not read within {} s", READ_PATIENCE.as_secs())]
    Late,
}

/// Why something is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    /// The disk takes nothing at the moment.
    #[error("the data folder cannot be written")]
    Disk,
    /// It can never be written, though the disk works.
    #[error("the history does not take it: {0}")]
    Refused(String),
    /// It takes too long: it may still be written.
    #[error("the data folder was not written within {} s", WRITE_PATIENCE.as_secs())]
    Late,
}

/// The open history; clones share it. Everything is written when the last is dropped.
#[derive(Clone, Debug)]
pub struct History {
    orders: mpsc::Sender<Order>,
    shared: Arc<Shared>,
}

/// What the thread and the others know of each other.
#[derive(Debug)]
struct Shared {
    file: PathBuf,
    reads: Semaphore,
    failing: AtomicBool,
    /// Records that found no room, that the disk did not take for too long, or that can never be written.
    left_out: AtomicU64,
}

impl History {
    /// Opens or makes the file in a folder that exists. One that cannot be opened stops nothing: each write tries
    /// again; a damaged one is put aside.
    pub fn open(folder: &Path) -> Self {
        let shared = Arc::new(Shared {
            file: folder.join(file::NAME),
            reads: Semaphore::new(READS_MAX),
            failing: AtomicBool::new(false),
            left_out: AtomicU64::new(0),
        });
        let (orders, receiver) = mpsc::channel(ORDERS_MAX);
        writer::start(Arc::clone(&shared), receiver);
        Self { orders, shared }
    }

    /// Keeps a record. Does not wait; returns whether there was room for it, and counts it if there was none.
    pub fn append(
        &self,
        record: impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> bool {
        let record = Waiting {
            record: Box::new(record),
            answer: None,
        };
        let taken = self.orders.try_send(Order::Write(record)).is_ok();
        if !taken {
            self.shared.left_out.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Keeps a record, and waits until it is on the disk. With an error it is not there and will not be, unless that says
    /// otherwise: nothing is tried again of which somebody was told that it failed.
    pub async fn write(
        &self,
        record: impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), Unwritten> {
        let (answer, received) = oneshot::channel();
        let record = Waiting {
            record: Box::new(record),
            answer: Some(answer),
        };
        let work = async {
            let sent = self.orders.send(Order::Write(record)).await;
            sent.map_err(|_| Unwritten::Disk)?;
            received.await.unwrap_or(Err(Unwritten::Disk))
        };
        let in_time = tokio::time::timeout(WRITE_PATIENCE, work).await;
        in_time.unwrap_or(Err(Unwritten::Late))
    }

    /// Reads on a connection that cannot write. Holds what was on the disk when it began; what was appended a moment
    /// ago may not be there yet.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unreadable> {
        let work = async {
            let _turn = self.shared.reads.acquire().await;
            let file = self.shared.file.clone();
            let reading = move || read(&file::open_for_reading(&file)?);
            let done = tokio::task::spawn_blocking(reading).await;
            Ok(done.map_err(|_| Unreadable::Late)??)
        };
        let in_time = tokio::time::timeout(READ_PATIENCE, work).await;
        in_time.unwrap_or(Err(Unreadable::Late))
    }

    /// Waits until everything appended so far was written, or could not be, and until the file was made; a disk that
    /// hangs is not waited for. Returns whether it did not.
    pub async fn flush(&self) -> bool {
        let (answer, received) = oneshot::channel();
        let work = async {
            self.orders.send(Order::Flush(answer)).await.is_ok() && received.await.is_ok()
        };
        let in_time = tokio::time::timeout(WRITE_PATIENCE, work).await;
        in_time.unwrap_or(false)
    }

    /// Whether the last write failed.
    pub fn is_failing(&self) -> bool {
        self.shared.failing.load(Ordering::Relaxed)
    }

    /// Records that will never be on the disk, and nobody was told: there were too many, it failed for too long, or they do
    /// not fit its tables.
    pub fn left_out(&self) -> u64 {
        self.shared.left_out.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;

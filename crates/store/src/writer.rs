//! The one thread that touches the file: it takes orders, and writes those that wait together.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::Change;
use tokio::sync::{mpsc, oneshot};

use crate::Numbers;
use crate::database::{Database, OpenError};
use crate::engines::{EngineChange, KeptEngines};
use crate::webhooks::{Webhook, WebhookChange};

/// Orders written in one go.
const BATCH_MAX: usize = 256;

/// Channels whose numbers are kept in memory while the disk fails; more are rarely run at all.
const UNWRITTEN_MAX: usize = 4_096;

/// What the thread is asked for.
#[derive(Debug)]
pub(crate) enum Order {
    Numbers {
        channel: String,
        answer: oneshot::Sender<Option<Numbers>>,
    },
    Remember {
        channel: String,
        numbers: Numbers,
    },
    Webhooks {
        answer: oneshot::Sender<Vec<Webhook>>,
    },
    Webhook {
        changes: Vec<WebhookChange>,
        /// Gets whether it is on the disk.
        answer: Option<oneshot::Sender<bool>>,
    },
    Engines {
        answer: oneshot::Sender<KeptEngines>,
    },
    Note {
        change: Arc<EngineChange>,
    },
    Write {
        changes: Arc<[Change]>,
        /// Gets whether all of it is on the disk.
        answer: oneshot::Sender<bool>,
    },
    Flush {
        answer: oneshot::Sender<()>,
    },
}

/// The file, which may not be there while its disk fails.
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    pub(crate) database: Option<Database>,
    /// Numbers that the disk did not take; they are written with the next thing that is.
    unwritten: HashMap<String, Numbers>,
}

/// Why something is not on the disk.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

impl Disk {
    /// The file in a folder, if it could be opened.
    pub(crate) fn new(folder: PathBuf, database: Option<Database>) -> Self {
        Self {
            folder,
            database,
            unwritten: HashMap::new(),
        }
    }

    /// The file; one that could not be opened at the start is tried again.
    fn database(&mut self) -> Result<&mut Database, OpenError> {
        if self.database.is_none() {
            let (database, _) = Database::open(&self.folder)?;
            self.database = Some(database);
        }
        Ok(self.database.as_mut().expect("it was opened just now"))
    }

    fn write(&mut self, batch: &[Order]) -> Result<(), WriteError> {
        let writes = |order: &Order| {
            matches!(
                order,
                Order::Remember { .. }
                    | Order::Write { .. }
                    | Order::Note { .. }
                    | Order::Webhook { .. }
            )
        };
        if !batch.iter().any(writes) {
            return Ok(());
        }
        let unwritten = std::mem::take(&mut self.unwritten);
        let written = self.write_all(&unwritten, batch);
        if written.is_err() {
            self.unwritten = unwritten;
            for order in batch {
                if let Order::Remember { channel, numbers } = order {
                    self.keep(channel, *numbers);
                }
            }
        }
        written
    }

    fn write_all(
        &mut self,
        unwritten: &HashMap<String, Numbers>,
        batch: &[Order],
    ) -> Result<(), WriteError> {
        self.database()?.together(|database| {
            let mut late = unwritten.iter();
            late.try_for_each(|(channel, numbers)| database.remember(channel, *numbers))?;
            batch.iter().try_for_each(|order| match order {
                Order::Remember { channel, numbers } => database.remember(channel, *numbers),
                Order::Write { changes, .. } => {
                    changes.iter().try_for_each(|change| database.apply(change))
                }
                Order::Note { change } => database.note(change),
                Order::Webhook { changes, .. } => {
                    let mut changes = changes.iter();
                    changes.try_for_each(|change| database.put_webhook(change))
                }
                Order::Numbers { .. }
                | Order::Engines { .. }
                | Order::Webhooks { .. }
                | Order::Flush { .. } => Ok(()),
            })
        })?;
        Ok(())
    }

    /// Keeps numbers until the disk takes them.
    fn keep(&mut self, channel: &str, numbers: Numbers) {
        let known = self.unwritten.get(channel);
        if known.is_none() && UNWRITTEN_MAX <= self.unwritten.len() {
            tracing::error!("the numbers of channel {channel} found no room in memory");
            return;
        }
        let highest = known.map_or(numbers, |known| known.or_higher(numbers));
        self.unwritten.insert(channel.to_owned(), highest);
    }

    /// Answers who waits; whoever does not wait any more is passed over.
    fn answer(&mut self, order: Order, well: bool) {
        match order {
            Order::Numbers { channel, answer } => {
                let _ = answer.send(self.numbers(&channel));
            }
            Order::Write { answer, .. } => {
                let _ = answer.send(well);
            }
            Order::Flush { answer } => {
                let _ = answer.send(());
            }
            Order::Webhooks { answer } => {
                let _ = answer.send(self.webhooks());
            }
            Order::Webhook { answer, .. } => {
                if let Some(answer) = answer {
                    let _ = answer.send(well);
                }
            }
            Order::Engines { answer } => {
                let _ = answer.send(self.engines());
            }
            Order::Remember { .. } | Order::Note { .. } => {}
        }
    }

    fn webhooks(&mut self) -> Vec<Webhook> {
        let read = self
            .database()
            .map_err(WriteError::from)
            .and_then(|database| Ok(database.webhooks()?));
        read.unwrap_or_else(|error| {
            tracing::error!("the webhooks that are kept cannot be read: {error}");
            Vec::new()
        })
    }

    fn engines(&mut self) -> KeptEngines {
        let read = self
            .database()
            .map_err(WriteError::from)
            .and_then(|database| Ok(database.engines()?));
        read.unwrap_or_else(|error| {
            tracing::error!("what is kept of engines cannot be read: {error}");
            KeptEngines::default()
        })
    }

    fn numbers(&mut self, channel: &str) -> Option<Numbers> {
        let read = self
            .database()
            .map_err(WriteError::from)
            .and_then(|database| Ok(database.numbers(channel)?));
        let read = read.unwrap_or_else(|error| {
            tracing::error!("the numbers of channel {channel} cannot be read: {error}");
            None
        });
        let late = self.unwritten.get(channel).copied();
        match (read, late) {
            (Some(read), Some(late)) => Some(read.or_higher(late)),
            (read, late) => read.or(late),
        }
    }
}

/// Starts the thread. It ends when all senders are gone.
pub(crate) fn start(mut disk: Disk, mut orders: mpsc::Receiver<Order>, failing: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while 0 < orders.blocking_recv_many(&mut batch, BATCH_MAX) {
            let written = disk.write(&batch);
            if let Err(error) = &written
                && !failing.load(Ordering::Relaxed)
            {
                tracing::error!("the data folder cannot be written, going on without it: {error}");
            }
            let well = written.is_ok();
            failing.store(!well, Ordering::Relaxed);
            batch.drain(..).for_each(|order| disk.answer(order, well));
        }
    });
}

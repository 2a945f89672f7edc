//! The one thread that touches the file: it takes orders, and writes those that wait together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::Numbers;
use crate::database::Database;

/// Orders written in one go.
const BATCH_MAX: usize = 256;

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
    Flush {
        answer: oneshot::Sender<()>,
    },
}

/// Starts the thread. It ends when all senders are gone.
pub(crate) fn start(
    mut database: Database,
    mut orders: mpsc::Receiver<Order>,
    failing: Arc<AtomicBool>,
) {
    std::thread::spawn(move || {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while 0 < orders.blocking_recv_many(&mut batch, BATCH_MAX) {
            let failed = write(&mut database, &batch);
            if let Err(error) = &failed
                && !failing.load(Ordering::Relaxed)
            {
                tracing::error!("the data folder cannot be written, going on without it: {error}");
            }
            failing.store(failed.is_err(), Ordering::Relaxed);
            batch.drain(..).for_each(|order| answer(&database, order));
        }
    });
}

fn write(database: &mut Database, batch: &[Order]) -> rusqlite::Result<()> {
    let changes = batch.iter().filter_map(|order| match order {
        Order::Remember { channel, numbers } => Some((channel, *numbers)),
        Order::Numbers { .. } | Order::Flush { .. } => None,
    });
    let changes: Vec<_> = changes.collect();
    if changes.is_empty() {
        return Ok(());
    }
    database.together(|database| {
        changes
            .iter()
            .try_for_each(|(channel, numbers)| database.remember(channel, *numbers))
    })
}

/// Answers who waits; whoever does not wait any more is passed over.
fn answer(database: &Database, order: Order) {
    match order {
        Order::Numbers { channel, answer } => {
            let numbers = database.numbers(&channel).unwrap_or_else(|error| {
                tracing::error!("the numbers of channel {channel} cannot be read: {error}");
                None
            });
            let _ = answer.send(numbers);
        }
        Order::Flush { answer } => {
            let _ = answer.send(());
        }
        Order::Remember { .. } => {}
    }
}

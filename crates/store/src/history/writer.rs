//! The thread that writes the history: what waits goes in together; what the disk does not take is tried again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::{Record, Shared, file};
use crate::database::is_damage;

/// Records written in one go.
pub(super) const BATCH_MAX: usize = 256;

/// Records kept in memory while the disk fails: some megabytes. Beyond it the oldest are given up.
const UNWRITTEN_MAX: usize = 10_000;

/// What the thread is asked for.
pub(super) enum Order {
    Write(Record),
    /// Answered when everything before it was tried.
    Flush(oneshot::Sender<()>),
}

struct Writer {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    /// Oldest first.
    unwritten: VecDeque<Record>,
    /// Records left out, as far as that was said.
    said: u64,
}

/// Starts the thread. It ends when all senders are gone.
pub(super) fn start(shared: Arc<Shared>, mut orders: mpsc::Receiver<Order>) {
    let mut writer = Writer {
        shared,
        connection: None,
        unwritten: VecDeque::new(),
        said: 0,
    };
    std::thread::spawn(move || {
        // So that reading finds the tables.
        writer.write();
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while 0 < orders.blocking_recv_many(&mut batch, BATCH_MAX) {
            writer.take(batch.drain(..));
        }
    });
}

impl Writer {
    fn take(&mut self, orders: impl Iterator<Item = Order>) {
        let mut waiting = Vec::new();
        for order in orders {
            match order {
                Order::Write(record) => self.unwritten.push_back(record),
                Order::Flush(answer) => waiting.push(answer),
            }
        }
        self.write();
        for answer in waiting {
            let _ = answer.send(());
        }
    }

    fn write(&mut self) {
        match self.try_write() {
            Ok(()) => {
                self.unwritten.clear();
                self.shared.failing.store(false, Ordering::Relaxed);
            }
            Err(error) => {
                // What is open may lead to a file that is damaged or gone.
                self.connection = None;
                if !self.shared.failing.swap(true, Ordering::Relaxed) {
                    tracing::error!("what happens cannot be written, going on without it: {error}");
                }
                let surplus = self.unwritten.len().saturating_sub(UNWRITTEN_MAX);
                self.unwritten.drain(..surplus);
                let left_out = &self.shared.left_out;
                left_out.fetch_add(surplus as u64, Ordering::Relaxed);
            }
        }
        self.tell_left_out();
    }

    fn try_write(&mut self) -> rusqlite::Result<()> {
        if self.connection.is_none() {
            self.connection = Some(file::open(&self.shared.file)?);
        }
        let connection = self.connection.as_ref().expect("it was opened just now");
        if self.unwritten.is_empty() {
            return Ok(());
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let written = self
            .unwritten
            .iter()
            .try_for_each(|record| match record(connection) {
                // One that can never be written must not hold the others up.
                Err(error) if !is_of_disk(&error) => {
                    tracing::error!("something that happened cannot be kept: {error}");
                    Ok(())
                }
                written => written,
            })
            .and_then(|()| connection.execute_batch("COMMIT"));
        if written.is_err() {
            // A failed statement may have ended the transaction by itself.
            let _ = connection.execute_batch("ROLLBACK");
        }
        written
    }

    fn tell_left_out(&mut self) {
        let left_out = self.shared.left_out.load(Ordering::Relaxed);
        if self.said < left_out {
            let more = left_out - self.said;
            tracing::warn!("{more} record(s) of what happened are not kept: too many, or no disk");
            self.said = left_out;
        }
    }
}

/// Whether an error is the disk's, so that trying again may help.
fn is_of_disk(error: &rusqlite::Error) -> bool {
    is_damage(error)
        || matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::OutOfMemory
                    | ErrorCode::OperationInterrupted
                    | ErrorCode::FileLockingProtocolFailed
                    | ErrorCode::PermissionDenied
            )
        )
}

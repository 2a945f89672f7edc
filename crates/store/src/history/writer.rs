//! The thread that writes the history: what waits goes in together; what the disk does not take is tried again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::{Record, Shared, Unwritten, file};
use crate::database::is_damage;

/// Records written in one go.
pub(super) const BATCH_MAX: usize = 256;

/// Records kept in memory while the disk fails: some megabytes. Beyond it the oldest are given up.
const UNWRITTEN_MAX: usize = 10_000;

/// What the thread is asked for.
pub(super) enum Order {
    Write(Waiting),
    /// Answered when everything before it was tried.
    Flush(oneshot::Sender<()>),
}

/// A record on its way to the disk.
pub(super) struct Waiting {
    pub(super) record: Record,
    /// Whoever wants to know what became of it; it is tried once only then.
    pub(super) answer: Option<oneshot::Sender<Result<(), Unwritten>>>,
}

struct Writer {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    /// Oldest first.
    unwritten: VecDeque<Waiting>,
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
        // Whoever has given up waiting was told so.
        let is_wanted = |it: &Waiting| it.answer.as_ref().is_none_or(|it| !it.is_closed());
        self.unwritten.retain(is_wanted);
        match self.try_write() {
            Ok(refused) => self.written(refused),
            Err(error) => self.failed(&error),
        }
        self.tell_left_out();
    }

    /// Everything is on the disk but those that can never be, which are named by their places.
    fn written(&mut self, mut refused: BTreeMap<usize, String>) {
        self.shared.failing.store(false, Ordering::Relaxed);
        if let Some(why) = refused.values().next() {
            let count = refused.len();
            tracing::error!("{count} record(s) of what happened can never be kept: {why}");
        }
        let mut unknown = 0;
        for (place, waiting) in self.unwritten.drain(..).enumerate() {
            match (refused.remove(&place), waiting.answer) {
                (Some(why), Some(answer)) => drop(answer.send(Err(Unwritten::Refused(why)))),
                (Some(_), None) => unknown += 1,
                (None, Some(answer)) => drop(answer.send(Ok(()))),
                (None, None) => {}
            }
        }
        self.shared.left_out.fetch_add(unknown, Ordering::Relaxed);
        self.said += unknown;
    }

    /// Nothing is on the disk; what nobody waits for is tried again.
    fn failed(&mut self, error: &rusqlite::Error) {
        // What is open may lead to a file that is damaged or gone.
        self.connection = None;
        if !self.shared.failing.swap(true, Ordering::Relaxed) {
            tracing::error!("what happens cannot be written, going on without it: {error}");
        }
        let all = std::mem::take(&mut self.unwritten).into_iter();
        let (answered, again): (Vec<_>, Vec<_>) = all.partition(|it| it.answer.is_some());
        self.unwritten = again.into();
        for answer in answered.into_iter().filter_map(|it| it.answer) {
            let _ = answer.send(Err(Unwritten::Disk));
        }
        let surplus = self.unwritten.len().saturating_sub(UNWRITTEN_MAX);
        self.unwritten.drain(..surplus);
        let left_out = &self.shared.left_out;
        left_out.fetch_add(surplus as u64, Ordering::Relaxed);
    }

    /// Writes what waits, and returns what can never be written.
    fn try_write(&mut self) -> rusqlite::Result<BTreeMap<usize, String>> {
        if self.connection.is_none() {
            self.connection = Some(file::open(&self.shared.file)?);
        }
        let connection = self.connection.as_ref().expect("it was opened just now");
        let mut refused = BTreeMap::new();
        if self.unwritten.is_empty() {
            return Ok(refused);
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut all = self.unwritten.iter().enumerate();
        let written = all
            .try_for_each(
                |(place, waiting)| match alone(connection, &waiting.record) {
                    // It must not hold the others up.
                    Err(error) if !is_of_disk(&error) => {
                        refused.insert(place, error.to_string());
                        Ok(())
                    }
                    written => written,
                },
            )
            .and_then(|()| connection.execute_batch("COMMIT"));
        if written.is_err() {
            // A failed statement may have ended the transaction by itself.
            let _ = connection.execute_batch("ROLLBACK");
        }
        written.map(|()| refused)
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

/// Writes one record, whole or not at all, whatever becomes of the others.
fn alone(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(drop);
    run("SAVEPOINT record")?;
    let written = record(connection);
    if written.is_err() {
        run("ROLLBACK TO record")?;
    }
    run("RELEASE record")?;
    written
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

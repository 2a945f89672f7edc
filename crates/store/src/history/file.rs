//! The file of what happened: how it is opened, to write and to read.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{deliveries, entries, looping, readings, stories};
use crate::database::{is_damage, put_aside};

/// The file's name in the data folder.
pub(super) const NAME: &str = "history.sqlite";

/// The tables, each described where it is written.
const LAYOUTS: &[&str] = &[
    entries::LAYOUT,
    deliveries::LAYOUT,
    readings::LAYOUT,
    stories::LAYOUT,
    looping::LAYOUT,
];

/// Longest wait for a lock; none is held for longer than a batch takes.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Opens the file, making what is missing. A damaged one is put aside under another name, and a new one made.
pub(super) fn open(file: &Path) -> rusqlite::Result<Connection> {
    match connect(file) {
        Err(error) if is_damage(&error) => {
            match put_aside(file) {
                Ok(aside) => tracing::error!(
                    "{} is damaged ({error}); it was put aside as {}, and a new one is made",
                    file.display(),
                    aside.display()
                ),
                Err(_) => return Err(error),
            }
            connect(file)
        }
        opened => opened,
    }
}

/// Opens the file so that nothing in it can be changed.
pub(super) fn open_for_reading(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    Ok(connection)
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may take the last seconds; a kill takes nothing. The store's own writes wait for the disk, these do not.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    for layout in LAYOUTS {
        connection.execute_batch(layout)?;
    }
    Ok(connection)
}

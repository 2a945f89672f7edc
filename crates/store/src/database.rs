//! The file and its connection, and the numbers of channels in it.

mod engines;
mod ledger;
mod webhooks;

use std::path::{Path, PathBuf};

use ::ledger::Kept;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::Numbers;

/// The file's name in the data folder.
pub(crate) const FILE: &str = "weir.sqlite";

/// Names under which damaged files are kept; more would fill the disk of a machine that breaks them.
const DAMAGED_MAX: u32 = 10;

/// The layout that this version writes. A file of a later one keeps its number: tables only gain.
const LAYOUT_VERSION: u32 = 3;

/// Tables of this crate's own.
const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS numbers (
        channel TEXT PRIMARY KEY,
        sequence INTEGER NOT NULL,
        discontinuities INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dates (
        channel TEXT PRIMARY KEY,
        until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made.
    #[error("the data folder {} cannot be made: {source}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be opened or made.
    #[error("{} cannot be opened: {source}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The damaged file cannot be put aside.
    #[error("{} is damaged and cannot be put aside: {source}", file.display())]
    Aside {
        /// Which.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// One connection to the file.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens the file in a folder, making what is missing, and reads what is kept of streams.
    pub fn open(folder: &Path) -> Result<(Self, Kept), OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        let file = folder.join(FILE);
        match connect(&file) {
            Err(error) if is_damage(&error) => {
                let aside = put_aside(&file).map_err(|source| OpenError::Aside {
                    file: file.clone(),
                    source,
                })?;
                tracing::error!(
                    "{} is damaged ({error}); it was put aside as {}, and a new one is made",
                    file.display(),
                    aside.display()
                );
                connect(&file).map_err(|source| OpenError::File { file, source })
            }
            opened => opened.map_err(|source| OpenError::File { file, source }),
        }
    }

    /// A channel's numbers.
    pub fn numbers(&self, channel: &str) -> rusqlite::Result<Option<Numbers>> {
        let sql = "SELECT sequence, discontinuities, until FROM numbers \
                   LEFT JOIN dates USING (channel) WHERE channel = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let until: Option<String> = row.get(2)?;
            Ok(Numbers {
                sequence: row.get(0)?,
                discontinuities: row.get(1)?,
                // What is no date promises nothing.
                date: until.and_then(|until| until.parse().ok()),
            })
        };
        self.connection
            .prepare_cached(sql)?
            .query_row([channel], read)
            .optional()
    }

    /// Keeps a channel's numbers, unless higher ones are there.
    pub fn remember(&self, channel: &str, numbers: Numbers) -> rusqlite::Result<()> {
        let sql = "INSERT INTO numbers VALUES (?1, ?2, ?3) ON CONFLICT (channel) DO UPDATE SET \
                   sequence = max(sequence, excluded.sequence), \
                   discontinuities = max(discontinuities, excluded.discontinuities)";
        let row = params![channel, numbers.sequence, numbers.discontinuities];
        self.connection.prepare_cached(sql)?.execute(row)?;
        let Some(date) = numbers.date else {
            return Ok(());
        };
        // Dates of one length sort as texts do.
        let sql = "INSERT INTO dates VALUES (?1, ?2) ON CONFLICT (channel) DO UPDATE SET \
                   until = max(until, excluded.until)";
        let row = params![channel, format!("{date:.9}")];
        self.connection.prepare_cached(sql)?.execute(row).map(drop)
    }

    /// Does several things in one write.
    pub fn together(
        &mut self,
        work: impl FnOnce(&Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        match work(self).and_then(|()| self.connection.execute_batch("COMMIT")) {
            Ok(()) => Ok(()),
            Err(error) => {
                // A failed statement may have ended the transaction by itself.
                let _ = self.connection.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }
}

fn connect(file: &Path) -> rusqlite::Result<(Database, Kept)> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Commits survive the process; FULL makes them survive a power cut too, which is cheap at the
    // handful of writes a minute that are made.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let together = [
        "BEGIN IMMEDIATE;",
        LAYOUT,
        ledger::LAYOUT,
        engines::LAYOUT,
        webhooks::LAYOUT,
        "COMMIT;",
    ];
    connection.execute_batch(&together.concat())?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < LAYOUT_VERSION {
        connection.execute_batch(ledger::SESSIONS_OF_STREAMS)?;
        connection.pragma_update(None, "user_version", LAYOUT_VERSION)?;
    }
    let database = Database { connection };
    let kept = database.kept()?;
    Ok((database, kept))
}

pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

pub(crate) fn put_aside(file: &Path) -> std::io::Result<PathBuf> {
    let name = |number: u32| file.with_extension(format!("sqlite.damaged-{number}"));
    let free = (1..DAMAGED_MAX).map(name).find(|path| !path.exists());
    let aside = free.unwrap_or_else(|| name(DAMAGED_MAX));
    std::fs::rename(file, &aside)?;
    for tail in ["-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(tail);
        // What is not there need not go.
        let _ = std::fs::remove_file(beside);
    }
    Ok(aside)
}

//! Channels whose sources show old media again and again, and how they are looked for: each written anew, as a whole, with
//! each change of it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows::time;
use super::{History, Unreadable, Unwritten};

/// There is one row of `loop_detection`.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS loop_detection (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        enabled INTEGER NOT NULL,
        threshold INTEGER NOT NULL,
        check_interval INTEGER NOT NULL,
        retention INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS looping (
        key TEXT PRIMARY KEY,
        infohash TEXT,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// How loops are looked for, as it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopDetection {
    /// Whether they are.
    pub enabled: bool,
    /// Seconds that the newest media may be old.
    pub threshold: u64,
    /// Seconds between two looks.
    pub check_interval: u64,
    /// Minutes that one is refused; 0 for ever.
    pub retention: u64,
}

/// A channel that was found to loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looping {
    /// The channel's key.
    pub key: String,
    /// What its engine played.
    pub infohash: Option<String>,
    /// When it was found.
    pub at: Timestamp,
}

impl History {
    /// Keeps how loops are looked for, and waits until that is on the disk.
    pub async fn save_detection(&self, detection: LoopDetection) -> Result<(), Unwritten> {
        self.write(move |connection| put_detection(connection, detection))
            .await
    }

    /// The same; does not wait, and returns whether there was room for it.
    pub fn keep_detection(&self, detection: LoopDetection) -> bool {
        self.append(move |connection| put_detection(connection, detection))
    }

    /// Keeps those that were found, in the place of what was kept. Does not wait; returns whether there was room for it.
    pub fn keep_looping(&self, found: Vec<Looping>) -> bool {
        self.append(move |connection| put_found(connection, &found))
    }

    /// What was kept: how loops are looked for, if that was ever set, and those that were found.
    pub async fn looping(&self) -> Result<(Option<LoopDetection>, Vec<Looping>), Unreadable> {
        self.read(|connection| Ok((read_detection(connection)?, read_found(connection)?)))
            .await
    }
}

fn put_detection(connection: &Connection, detection: LoopDetection) -> rusqlite::Result<()> {
    let LoopDetection {
        enabled,
        threshold,
        check_interval,
        retention,
    } = detection;
    let sql = "INSERT OR REPLACE INTO loop_detection VALUES (1, ?1, ?2, ?3, ?4)";
    let row = params![enabled, threshold, check_interval, retention];
    connection.execute(sql, row).map(drop)
}

fn put_found(connection: &Connection, found: &[Looping]) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM looping", [])?;
    let mut statement = connection.prepare_cached("INSERT INTO looping VALUES (?1, ?2, ?3)")?;
    found.iter().try_for_each(|it| {
        let row = params![it.key, it.infohash, it.at.as_millisecond()];
        statement.execute(row).map(drop)
    })
}

fn read_detection(connection: &Connection) -> rusqlite::Result<Option<LoopDetection>> {
    let detection = |row: &Row<'_>| {
        Ok(LoopDetection {
            enabled: row.get(1)?,
            threshold: row.get(2)?,
            check_interval: row.get(3)?,
            retention: row.get(4)?,
        })
    };
    connection
        .query_row("SELECT * FROM loop_detection", [], detection)
        .optional()
}

fn read_found(connection: &Connection) -> rusqlite::Result<Vec<Looping>> {
    let mut statement = connection.prepare("SELECT key, infohash, at FROM looping ORDER BY at")?;
    let found = statement.query_map([], |row| {
        Ok(Looping {
            key: row.get(0)?,
            infohash: row.get(1)?,
            at: time(row, 2)?,
        })
    })?;
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_takes_the_place_of_what_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path());
        history.flush().await;
        let kept = history.looping().await.expect("a file");
        assert_eq!(kept, (None, vec![]));
        let detection = |threshold| LoopDetection {
            enabled: true,
            threshold,
            check_interval: 10,
            retention: 0,
        };
        let looping = |key: &str| Looping {
            key: key.into(),
            infohash: None,
            at: Timestamp::from_second(7).expect("a time"),
        };
        history.keep_detection(detection(60));
        history.keep_looping(vec![looping("a"), looping("b")]);
        history.keep_looping(vec![looping("b")]);
        let saved = history.save_detection(detection(90)).await;
        assert_eq!(saved, Ok(()));
        let kept = history.looping().await.expect("a file");
        assert_eq!(kept, (Some(detection(90)), vec![looping("b")]));
    }
}

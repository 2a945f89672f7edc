//! What engines said of streams, thinned, as rows: written once, read by stream, trimmed by age and number.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::rows::time;
use super::{History, Unreadable};

/// Milliseconds since 1970 are compared as numbers. One stream's readings stand together.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS readings (
        stream TEXT NOT NULL,
        step INTEGER NOT NULL,
        at INTEGER NOT NULL,
        status TEXT,
        peers INTEGER, speed_down INTEGER, speed_up INTEGER, downloaded INTEGER, uploaded INTEGER,
        pos INTEGER, live_first INTEGER, live_last INTEGER, first_ts INTEGER, last_ts INTEGER,
        buffer_pieces INTEGER,
        PRIMARY KEY (stream, step, at)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS readings_by_age ON readings (step, at);
";

const COLUMNS: &str = "at, status, peers, speed_down, speed_up, downloaded, uploaded, \
                       pos, live_first, live_last, first_ts, last_ts, buffer_pieces";

/// What an engine said of a stream over a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The end of the span.
    pub at: Timestamp,
    /// What the engine was doing, in its own word.
    pub status: Option<String>,
    /// Peers it was connected to.
    pub peers: Option<u64>,
    /// KB/s received.
    pub speed_down: Option<u64>,
    /// KB/s given.
    pub speed_up: Option<u64>,
    /// Bytes received since the session's start.
    pub downloaded: Option<u64>,
    /// Bytes given since the session's start.
    pub uploaded: Option<u64>,
    /// Where the stream was: `pos`, `live_first`, `live_last`, `first_ts`, `last_ts`, `buffer_pieces`.
    pub livepos: [Option<u64>; 6],
}

/// How long readings of one length are kept, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Seconds that each stands for.
    pub step: u32,
    /// Older ones go.
    pub since: Timestamp,
    /// Of more, the oldest go.
    pub rows_max: usize,
}

impl History {
    /// Keeps a reading of a stream. Does not wait; returns whether there was room for it.
    pub fn keep_reading(&self, stream: String, step: u32, reading: Reading) -> bool {
        self.append(move |connection| put(connection, &stream, step, &reading))
    }

    /// Lets go of readings that are too old or too many.
    pub fn trim_readings(&self, retention: Retention) -> bool {
        self.append(move |connection| trim(connection, retention))
    }

    /// The newest readings of a stream, oldest first, at most `limit`: in the shortest of these steps in which they
    /// reach back to `since`, or, without a time, in the shortest.
    pub async fn readings(
        &self,
        stream: String,
        steps: Vec<u32>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Reading>, Unreadable> {
        self.read(move |connection| {
            let mut found = Vec::new();
            for step in steps {
                found = newest(connection, &stream, step, since, limit + 1)?;
                if since.is_none() || found.len() <= limit {
                    break;
                }
            }
            found.truncate(limit);
            found.reverse();
            Ok(found)
        })
        .await
    }
}

fn put(
    connection: &Connection,
    stream: &str,
    step: u32,
    reading: &Reading,
) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR REPLACE INTO readings (stream, step, {COLUMNS}) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    );
    let [pos, live_first, live_last, first_ts, last_ts, pieces] = reading.livepos.map(signed);
    let row = params![
        stream,
        step,
        reading.at.as_millisecond(),
        reading.status,
        signed(reading.peers),
        signed(reading.speed_down),
        signed(reading.speed_up),
        signed(reading.downloaded),
        signed(reading.uploaded),
        pos,
        live_first,
        live_last,
        first_ts,
        last_ts,
        pieces,
    ];
    connection.prepare_cached(&sql)?.execute(row).map(drop)
}

/// Engines may say any number; what no column can hold is not known.
fn signed(number: Option<u64>) -> Option<i64> {
    i64::try_from(number?).ok()
}

fn newest(
    connection: &Connection,
    stream: &str,
    step: u32,
    since: Option<Timestamp>,
    limit: usize,
) -> rusqlite::Result<Vec<Reading>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM readings WHERE stream = ?1 AND step = ?2 AND ?3 <= at \
         ORDER BY at DESC LIMIT ?4"
    );
    let since = since.map_or(i64::MIN, Timestamp::as_millisecond);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![stream, step, since, limit], read)?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Reading> {
    let number = |index| row.get::<_, Option<u64>>(index);
    Ok(Reading {
        at: time(row, 0)?,
        status: row.get(1)?,
        peers: number(2)?,
        speed_down: number(3)?,
        speed_up: number(4)?,
        downloaded: number(5)?,
        uploaded: number(6)?,
        livepos: [
            number(7)?,
            number(8)?,
            number(9)?,
            number(10)?,
            number(11)?,
            number(12)?,
        ],
    })
}

fn trim(connection: &Connection, retention: Retention) -> rusqlite::Result<()> {
    let Retention {
        step,
        since,
        rows_max,
    } = retention;
    let sql = "DELETE FROM readings WHERE step = ?1 AND at < ?2";
    connection.execute(sql, params![step, since.as_millisecond()])?;
    let sql = "DELETE FROM readings WHERE step = ?1 AND at <= \
               (SELECT at FROM readings WHERE step = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)";
    connection.execute(sql, params![step, rows_max]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn reading(second: i64) -> Reading {
        Reading {
            at: at(second),
            status: Some("dl".into()),
            peers: Some(4),
            downloaded: Some(u64::MAX),
            livepos: [Some(1), None, Some(second as u64), None, None, Some(30)],
            ..Reading::default()
        }
    }

    async fn seconds(history: &History, since: Option<i64>, limit: usize) -> Vec<i64> {
        let found = history.readings("a".into(), vec![60, 600], since.map(at), limit);
        let found = found.await.expect("a file");
        found.iter().map(|it| it.at.as_second()).collect()
    }

    #[tokio::test]
    async fn readings_come_back_in_the_shortest_step_that_reaches_far_enough() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path());
        for minute in 0..30 {
            history.keep_reading("a".into(), 60, reading(minute * 60));
            if minute % 10 == 9 {
                history.keep_reading("a".into(), 600, reading(minute * 60));
            }
        }
        history.keep_reading("b".into(), 60, reading(7));
        history.flush().await;
        assert_eq!(
            seconds(&history, None, 3).await,
            [27 * 60, 28 * 60, 29 * 60]
        );
        assert_eq!(
            seconds(&history, Some(28 * 60), 3).await,
            [28 * 60, 29 * 60]
        );
        let coarse = [9 * 60, 19 * 60, 29 * 60];
        assert_eq!(seconds(&history, Some(0), 10).await, coarse);
        assert_eq!(seconds(&history, Some(0), 2).await, coarse[1..]);
        let other = history.readings("b".into(), vec![60], None, 9).await;
        let expected = Reading {
            // No column holds as much.
            downloaded: None,
            ..reading(7)
        };
        assert_eq!(other.expect("a file"), [expected]);
    }

    #[tokio::test]
    async fn what_is_too_old_or_too_much_goes_and_the_other_step_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path());
        for second in 0..10 {
            history.keep_reading("a".into(), 60, reading(second));
        }
        history.keep_reading("a".into(), 600, reading(0));
        let keep = |since, rows_max| Retention {
            step: 60,
            since: at(since),
            rows_max,
        };
        history.trim_readings(keep(3, 100));
        history.flush().await;
        assert_eq!(seconds(&history, None, 100).await, [3, 4, 5, 6, 7, 8, 9]);
        history.trim_readings(keep(0, 2));
        history.flush().await;
        assert_eq!(seconds(&history, None, 100).await, [8, 9]);
        let coarse = history.readings("a".into(), vec![600], None, 9).await;
        assert_eq!(coarse.map(|it| it.len()).ok(), Some(1));
    }
}

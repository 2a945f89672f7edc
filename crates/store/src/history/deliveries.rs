//! What became of news that was sent to receivers: the newest attempts of each.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::{History, Unreadable};

/// Attempts kept of one receiver: some days of a quiet one, an hour of trouble.
pub const DELIVERIES_MAX: usize = 200;

/// Milliseconds since 1970, as everywhere in this file.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS deliveries (
        number INTEGER PRIMARY KEY,
        receiver TEXT NOT NULL,
        at INTEGER NOT NULL,
        event_id INTEGER NOT NULL,
        event_kind TEXT NOT NULL,
        status INTEGER,
        ok INTEGER NOT NULL,
        took_ms INTEGER NOT NULL,
        error TEXT,
        attempt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (receiver, number);
";

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The receiver's id.
    pub receiver: String,
    /// When it was sent.
    pub at: Timestamp,
    /// The id of what was sent.
    pub event_id: u64,
    /// What kind of news that was.
    pub event_kind: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Whether it was taken.
    pub ok: bool,
    /// How long it took.
    pub took_ms: u64,
    /// What went wrong.
    pub error: Option<String>,
    /// Which attempt it was, from one.
    pub attempt: u32,
}

impl History {
    /// Keeps an attempt and lets go of the receiver's oldest. Does not wait; returns whether there was room for it.
    pub fn delivered(&self, delivery: Delivery) -> bool {
        self.append(move |connection| put(connection, &delivery))
    }

    /// A receiver is no more, and neither is what became of its news.
    pub fn forget_deliveries(&self, receiver: String) -> bool {
        self.append(move |connection| {
            let sql = "DELETE FROM deliveries WHERE receiver = ?1";
            connection.execute(sql, [&receiver]).map(drop)
        })
    }

    /// A receiver's newest attempts, the newest first.
    pub async fn deliveries(
        &self,
        receiver: String,
        limit: usize,
    ) -> Result<Vec<Delivery>, Unreadable> {
        self.read(move |connection| {
            let sql = "SELECT * FROM deliveries WHERE receiver = ?1 ORDER BY number DESC LIMIT ?2";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map(params![receiver, limit], delivery)?;
            rows.collect()
        })
        .await
    }
}

fn put(connection: &Connection, it: &Delivery) -> rusqlite::Result<()> {
    let sql = "INSERT INTO deliveries (receiver, at, event_id, event_kind, status, ok, took_ms, error, attempt) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let row = params![
        it.receiver,
        it.at.as_millisecond(),
        it.event_id,
        it.event_kind,
        it.status,
        it.ok,
        it.took_ms,
        it.error,
        it.attempt,
    ];
    connection.prepare_cached(sql)?.execute(row)?;
    let sql = "DELETE FROM deliveries WHERE receiver = ?1 AND number <= (SELECT number FROM deliveries \
               WHERE receiver = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)";
    let row = params![it.receiver, DELIVERIES_MAX];
    connection.prepare_cached(sql)?.execute(row).map(drop)
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let at = Timestamp::from_millisecond(row.get("at")?);
    Ok(Delivery {
        receiver: row.get("receiver")?,
        at: at.map_err(|error| {
            let what = error.to_string().into();
            rusqlite::Error::FromSqlConversionFailure(2, Type::Integer, what)
        })?,
        event_id: row.get("event_id")?,
        event_kind: row.get("event_kind")?,
        status: row.get("status")?,
        ok: row.get("ok")?,
        took_ms: row.get("took_ms")?,
        error: row.get("error")?,
        attempt: row.get("attempt")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(receiver: &str, event_id: u64) -> Delivery {
        Delivery {
            receiver: receiver.into(),
            at: Timestamp::UNIX_EPOCH,
            event_id,
            event_kind: "stream_started".into(),
            status: (event_id > 1).then_some(503),
            ok: false,
            took_ms: 12,
            error: Some("it answered 503".into()),
            attempt: 3,
        }
    }

    #[tokio::test]
    async fn the_newest_attempts_of_each_receiver_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path());
        let count = DELIVERIES_MAX as u64 + 5;
        for id in 1..=count {
            history.delivered(attempt("one", id));
        }
        history.delivered(attempt("other", 1));
        history.flush().await;
        let of = async |receiver: &str, limit| {
            let found = history.deliveries(receiver.into(), limit).await;
            found.expect("readable")
        };
        let newest = [attempt("one", count), attempt("one", count - 1)];
        assert_eq!(of("one", 2).await, newest);
        assert_eq!(of("one", 1_000).await.len(), DELIVERIES_MAX);
        assert_eq!(of("other", 9).await, [attempt("other", 1)]);
        history.forget_deliveries("one".into());
        history.flush().await;
        assert!(of("one", 9).await.is_empty());
        assert_eq!(of("other", 9).await.len(), 1);
    }
}

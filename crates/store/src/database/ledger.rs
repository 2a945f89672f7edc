//! Streams and what is to be told of them, as rows.

use std::str::FromStr;
use std::sync::Arc;

use ledger::{Change, Dead, End, Event, Kept, Kind, Session, Stream};
use rusqlite::types::Type;
use rusqlite::{Row, params};

use super::Database;

/// The tables. Dates are text, so that whoever looks into the file can read them.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS streams (
        id TEXT PRIMARY KEY,
        key_type TEXT NOT NULL,
        key TEXT NOT NULL,
        container_id TEXT,
        engine_host TEXT NOT NULL,
        engine_port INTEGER NOT NULL,
        playback_session_id TEXT NOT NULL,
        stat_url TEXT NOT NULL,
        command_url TEXT NOT NULL,
        is_live INTEGER NOT NULL,
        continuous INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        ended_at TEXT,
        end_reason TEXT,
        own INTEGER NOT NULL,
        told INTEGER NOT NULL,
        called TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS queue (
        sequence INTEGER PRIMARY KEY,
        stream TEXT NOT NULL,
        kind TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS dead (
        sequence INTEGER PRIMARY KEY,
        stream TEXT NOT NULL,
        kind TEXT NOT NULL,
        why TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sessions (
        command_url TEXT PRIMARY KEY,
        engine_host TEXT NOT NULL,
        engine_port INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS marks (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Files of layouts before the third know of a session only by the stream that began with it.
pub(super) const SESSIONS_OF_STREAMS: &str = "
    INSERT OR IGNORE INTO sessions (command_url, engine_host, engine_port)
    SELECT command_url, engine_host, engine_port FROM streams
    WHERE own AND ended_at IS NULL AND command_url <> '';
";

/// When streams were last known to run.
const ALIVE: &str = "alive_at";

/// The highest sequence that an event ever had.
const LAST_SEQUENCE: &str = "last_sequence";

impl Database {
    /// Makes one change of what is kept of streams.
    pub(crate) fn apply(&self, change: &Change) -> rusqlite::Result<()> {
        match change {
            Change::Stream(stream) => self.put_stream(stream),
            Change::Queued(event) => {
                let row = params![event.sequence, event.stream, event.kind.as_str()];
                self.run(
                    "INSERT OR REPLACE INTO queue (sequence, stream, kind) VALUES (?1, ?2, ?3)",
                    row,
                )?;
                self.mark_highest(event.sequence)
            }
            Change::Settled { sequence } => {
                self.run("DELETE FROM queue WHERE sequence = ?1", [sequence])
            }
            Change::GivenUp(Dead { event, why }) => {
                self.run("DELETE FROM queue WHERE sequence = ?1", [event.sequence])?;
                let row = params![event.sequence, event.stream, event.kind.as_str(), why];
                self.run(
                    "INSERT OR REPLACE INTO dead (sequence, stream, kind, why) \
                           VALUES (?1, ?2, ?3, ?4)",
                    row,
                )?;
                let surplus = "DELETE FROM dead WHERE sequence NOT IN \
                               (SELECT sequence FROM dead ORDER BY sequence DESC LIMIT ?1)";
                self.run(surplus, [ledger::DEAD_MAX])
            }
            Change::Forgotten { stream } => self.run("DELETE FROM streams WHERE id = ?1", [stream]),
            Change::Alive { at } => self.mark(ALIVE, &at.to_string()),
            Change::SessionOpened(session) => {
                let Session {
                    engine_host,
                    engine_port,
                    command_url,
                } = session;
                self.run(
                    "INSERT OR REPLACE INTO sessions (command_url, engine_host, engine_port) VALUES (?1, ?2, ?3)",
                    params![command_url, engine_host, engine_port],
                )
            }
            Change::SessionClosed { command_url } => {
                self.run("DELETE FROM sessions WHERE command_url = ?1", [command_url])
            }
        }
    }

    /// Everything that is kept of streams.
    pub(super) fn kept(&self) -> rusqlite::Result<Kept> {
        let mut kept = Kept::default();
        self.each("SELECT * FROM streams", |row| {
            let stream = stream(row)?;
            kept.streams.insert(stream.id.clone(), Arc::new(stream));
            Ok(())
        })?;
        self.each(
            "SELECT sequence, stream, kind FROM queue ORDER BY sequence",
            |row| {
                let event = event(row)?;
                kept.queue.insert(event.sequence, event);
                Ok(())
            },
        )?;
        self.each(
            "SELECT sequence, stream, kind, why FROM dead ORDER BY sequence",
            |row| {
                let dead = Dead {
                    event: event(row)?,
                    why: row.get(3)?,
                };
                kept.dead.push(dead);
                Ok(())
            },
        )?;
        self.each("SELECT name, value FROM marks", |row| {
            match row.get::<_, String>(0)?.as_str() {
                ALIVE => kept.alive_at = Some(parsed(row, 1)?),
                LAST_SEQUENCE => kept.last_sequence = parsed(row, 1)?,
                // A later version's.
                _ => {}
            }
            Ok(())
        })?;
        self.each(
            "SELECT command_url, engine_host, engine_port FROM sessions",
            |row| {
                let session = Session {
                    command_url: row.get(0)?,
                    engine_host: row.get(1)?,
                    engine_port: row.get(2)?,
                };
                kept.sessions.insert(session.command_url.clone(), session);
                Ok(())
            },
        )?;
        Ok(kept)
    }

    fn put_stream(&self, stream: &Stream) -> rusqlite::Result<()> {
        let ended = stream.ended.as_ref();
        let row = params![
            stream.id,
            stream.key_type,
            stream.key,
            stream.container_id,
            stream.engine_host,
            stream.engine_port,
            stream.playback_session_id,
            stream.stat_url,
            stream.command_url,
            stream.is_live,
            stream.continuous,
            stream.started_at.to_string(),
            ended.map(|end| end.at.to_string()),
            ended.and_then(|end| end.reason.as_deref()),
            stream.own,
            stream.told,
            stream.called,
        ];
        let sql = "INSERT OR REPLACE INTO streams (id, key_type, key, container_id, engine_host, \
                   engine_port, playback_session_id, stat_url, command_url, is_live, continuous, \
                   started_at, ended_at, end_reason, own, told, called) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        self.run(sql, row)
    }

    fn mark(&self, name: &str, value: &str) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO marks (name, value) VALUES (?1, ?2)",
            [name, value],
        )
    }

    fn mark_highest(&self, sequence: u64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO marks (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE \
                   SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))";
        self.run(sql, params![LAST_SEQUENCE, sequence.to_string()])
    }

    pub(super) fn run(&self, sql: &str, row: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(row).map(drop)
    }

    pub(super) fn each(
        &self,
        sql: &str,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    }
}

fn stream(row: &Row<'_>) -> rusqlite::Result<Stream> {
    let ended = match row.get_ref("ended_at")?.as_str_or_null()? {
        Some(_) => Some(End {
            at: named(row, "ended_at")?,
            reason: row.get("end_reason")?,
        }),
        None => None,
    };
    Ok(Stream {
        id: row.get("id")?,
        key_type: row.get("key_type")?,
        key: row.get("key")?,
        container_id: row.get("container_id")?,
        engine_host: row.get("engine_host")?,
        engine_port: row.get("engine_port")?,
        playback_session_id: row.get("playback_session_id")?,
        stat_url: row.get("stat_url")?,
        command_url: row.get("command_url")?,
        is_live: row.get("is_live")?,
        continuous: row.get("continuous")?,
        started_at: named(row, "started_at")?,
        ended,
        own: row.get("own")?,
        told: row.get("told")?,
        called: row.get("called")?,
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let kind: String = row.get(2)?;
    let kind = [Kind::Started, Kind::Ended]
        .into_iter()
        .find(|it| it.as_str() == kind);
    Ok(Event {
        sequence: row.get(0)?,
        stream: row.get(1)?,
        kind: kind.ok_or_else(|| unfit(2, format!("{kind:?} is no kind of event")))?,
    })
}

fn named<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let index = row.as_ref().column_index(column)?;
    parsed(row, index)
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    text.parse()
        .map_err(|error: T::Err| unfit(index, error.to_string()))
}

fn unfit(index: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, what.into())
}

//! The journal's entries as rows: written once, read newest first or behind an id, trimmed by number and age.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, Row, params};

use super::rows::{Asked, Rows};
use super::{History, Unreadable};

/// Milliseconds since 1970 are compared as numbers; details are a JSON object of texts.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        category TEXT NOT NULL,
        severity TEXT NOT NULL,
        message TEXT NOT NULL,
        channel TEXT,
        stream TEXT,
        engine TEXT,
        details TEXT NOT NULL
    ) STRICT;
";

const COLUMNS: &str = "id, at, kind, category, severity, message, channel, stream, engine, details";

const ROWS: Rows<'_> = Rows {
    table: "entries",
    at: "at",
    order: &["id"],
};

/// One thing that happened, in words: a later version may know kinds that this one does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Higher than that of everything before.
    pub id: u64,
    /// When it was told.
    pub at: Timestamp,
    /// What kind of thing happened.
    pub kind: String,
    /// What it is about.
    pub category: String,
    /// How much it matters.
    pub severity: String,
    /// One sentence for people.
    pub message: String,
    /// The channel's key.
    pub channel: Option<String>,
    /// The stream's id.
    pub stream: Option<String>,
    /// The engine as host:port.
    pub engine: Option<String>,
    /// What programs may want to know beside the sentence.
    pub details: Vec<(String, String)>,
}

/// Which entries are wanted; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<String>,
    /// About this.
    pub category: Option<String>,
    /// About this stream.
    pub stream: Option<String>,
    /// About this engine, host:port.
    pub engine: Option<String>,
    /// Not told before then.
    pub since: Option<Timestamp>,
    /// No newer than this one.
    pub until: Option<u64>,
}

/// Entries that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// How many fit the filter, on this page or not.
    pub total: usize,
}

impl Filter {
    /// Whether an entry is wanted.
    pub fn takes(&self, entry: &Entry) -> bool {
        let fits = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
        };
        fits(&self.kind, Some(&entry.kind))
            && fits(&self.category, Some(&entry.category))
            && fits(&self.stream, entry.stream.as_deref())
            && fits(&self.engine, entry.engine.as_deref())
            && self.since.is_none_or(|since| since <= entry.at)
            && self.until.is_none_or(|until| entry.id <= until)
    }

    /// The same as SQL, with its values.
    fn clause(&self) -> (String, Vec<Value>) {
        let since = self.since.map(|since| Value::from(since.as_millisecond()));
        let until = self.until.map(|id| Value::from(id.cast_signed()));
        let text = |wanted: &Option<String>| wanted.clone().map(Value::from);
        let wanted = [
            ("kind =", text(&self.kind)),
            ("category =", text(&self.category)),
            ("stream =", text(&self.stream)),
            ("engine =", text(&self.engine)),
            ("at >=", since),
            ("id <=", until),
        ];
        let mut clause = String::from("TRUE");
        let mut values = Vec::new();
        for (test, value) in wanted {
            if let Some(value) = value {
                clause = format!("{clause} AND {test} ?");
                values.push(value);
            }
        }
        (clause, values)
    }
}

impl History {
    /// Keeps an entry of the journal. Does not wait; returns whether there was room for it.
    pub fn keep(&self, entry: Arc<Entry>) -> bool {
        self.append(move |connection| put(connection, &entry))
    }

    /// Lets go of all but the newest entries, and of those told before a time.
    pub fn trim(&self, entries_max: usize, since: Timestamp) -> bool {
        self.append(move |connection| ROWS.trim(connection, entries_max, since))
    }

    /// A page of the entries that fit a filter, newest first.
    pub async fn page(
        &self,
        filter: Filter,
        offset: usize,
        limit: usize,
    ) -> Result<Page, Unreadable> {
        self.read(move |connection| {
            let (clause, values) = filter.clause();
            let asked = Asked {
                columns: COLUMNS,
                clause: &clause,
                values,
                offset,
                limit,
            };
            let (entries, total) = ROWS.page(connection, asked, entry)?;
            Ok(Page { entries, total })
        })
        .await
    }

    /// Entries behind an id, oldest first, at most so many; nothing if some of them are gone already.
    pub async fn behind(&self, id: u64, limit: usize) -> Result<Option<Vec<Entry>>, Unreadable> {
        self.read(move |connection| {
            let oldest = connection.query_row("SELECT min(id) FROM entries", [], |row| {
                row.get::<_, Option<u64>>(0)
            })?;
            if oldest.is_none_or(|oldest| id < oldest) {
                return Ok(None);
            }
            let sql = format!("SELECT {COLUMNS} FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2");
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map(params![id, limit], entry)?;
            rows.collect::<Result<_, _>>().map(Some)
        })
        .await
    }

    /// How many entries there are behind an id, kind by kind.
    pub async fn count_behind(&self, id: u64) -> Result<Vec<(String, usize)>, Unreadable> {
        self.read(move |connection| {
            let sql = "SELECT kind, count(*) FROM entries WHERE id > ?1 GROUP BY kind";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .await
    }

    /// The highest id that was ever kept.
    pub async fn newest(&self) -> Result<Option<u64>, Unreadable> {
        self.read(newest).await
    }
}

pub(super) fn put(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let details: serde_json::Map<_, _> = entry
        .details
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let row = params![
        entry.id,
        entry.at.as_millisecond(),
        entry.kind,
        entry.category,
        entry.severity,
        entry.message,
        entry.channel,
        entry.stream,
        entry.engine,
        serde_json::Value::Object(details).to_string(),
    ];
    // The same entry may be tried twice: the word of the first time may have been lost.
    let sql = format!(
        "INSERT OR REPLACE INTO entries ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    );
    connection.prepare_cached(&sql)?.execute(row).map(drop)
}

fn newest(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    connection.query_row("SELECT max(id) FROM entries", [], |row| row.get(0))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let unfit = |index, what: String| {
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, what.into())
    };
    let at = Timestamp::from_millisecond(row.get(1)?);
    let details: String = row.get(9)?;
    let details: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&details).map_err(|error| unfit(9, error.to_string()))?;
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(Entry {
        id: row.get(0)?,
        at: at.map_err(|error| unfit(1, error.to_string()))?,
        kind: row.get(2)?,
        category: row.get(3)?,
        severity: row.get(4)?,
        message: row.get(5)?,
        channel: row.get(6)?,
        stream: row.get(7)?,
        engine: row.get(8)?,
        details: details
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect(),
    })
}

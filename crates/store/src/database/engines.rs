//! Engines and what their content ids stand for, as rows.

use rusqlite::{Row, params};

use super::Database;
use crate::engines::{CONTENTS_MAX, EngineChange, KeptEngine, KeptEngines};

/// The tables. Contents are numbered as they come, so that the oldest are known.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS engines (
        address TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        name TEXT,
        forwarded INTEGER NOT NULL,
        draining INTEGER NOT NULL,
        first_seen TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS contents (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        infohash TEXT NOT NULL
    ) STRICT;
";

impl Database {
    /// Makes one change of what is kept of engines.
    pub(crate) fn note(&self, change: &EngineChange) -> rusqlite::Result<()> {
        match change {
            EngineChange::Put(engine) => {
                let row = params![
                    engine.address,
                    engine.origin,
                    engine.name,
                    engine.forwarded,
                    engine.draining,
                    engine.first_seen.to_string(),
                ];
                self.run(
                    "INSERT OR REPLACE INTO engines (address, origin, name, forwarded, draining, \
                     first_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    row,
                )
            }
            EngineChange::Removed { address } => {
                self.run("DELETE FROM engines WHERE address = ?1", [address])
            }
            EngineChange::Content { id, infohash } => {
                self.run(
                    "INSERT OR REPLACE INTO contents (id, infohash) VALUES (?1, ?2)",
                    [id, infohash],
                )?;
                let surplus = "DELETE FROM contents WHERE number <= \
                               (SELECT max(number) FROM contents) - ?1";
                self.run(surplus, [CONTENTS_MAX])
            }
        }
    }

    /// Everything that is kept of engines.
    pub(crate) fn engines(&self) -> rusqlite::Result<KeptEngines> {
        let mut kept = KeptEngines::default();
        self.each(
            "SELECT * FROM engines ORDER BY first_seen, address",
            |row| {
                kept.engines.push(engine(row)?);
                Ok(())
            },
        )?;
        self.each("SELECT id, infohash FROM contents ORDER BY number", |row| {
            kept.contents.push((row.get(0)?, row.get(1)?));
            Ok(())
        })?;
        Ok(kept)
    }
}

fn engine(row: &Row<'_>) -> rusqlite::Result<KeptEngine> {
    let first_seen: String = row.get("first_seen")?;
    Ok(KeptEngine {
        address: row.get("address")?,
        origin: row.get("origin")?,
        name: row.get("name")?,
        forwarded: row.get("forwarded")?,
        draining: row.get("draining")?,
        // What is no date says no more than that it was long ago.
        first_seen: first_seen.parse().unwrap_or_default(),
    })
}

//! Receivers of news, as rows.

use rusqlite::{Row, params};

use super::Database;
use crate::webhooks::{Webhook, WebhookChange};

/// The table. Kinds are words between commas.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS webhooks (
        id TEXT PRIMARY KEY,
        name TEXT,
        url TEXT NOT NULL,
        kinds TEXT,
        secret TEXT,
        enabled INTEGER NOT NULL,
        cursor INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

impl Database {
    /// Makes one change of what is kept of receivers.
    pub(crate) fn put_webhook(&self, change: &WebhookChange) -> rusqlite::Result<()> {
        match change {
            WebhookChange::Put(it) => {
                let kinds = it.kinds.as_ref().map(|kinds| kinds.join(","));
                let row = params![
                    it.id, it.name, it.url, kinds, it.secret, it.enabled, it.cursor
                ];
                self.run(
                    "INSERT OR REPLACE INTO webhooks (id, name, url, kinds, secret, enabled, cursor) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    row,
                )
            }
            WebhookChange::Reached { id, cursor } => {
                let sql = "UPDATE webhooks SET cursor = ?2 WHERE id = ?1";
                self.run(sql, params![id, cursor])
            }
            WebhookChange::Removed { id } => self.run("DELETE FROM webhooks WHERE id = ?1", [id]),
        }
    }

    /// The receivers that are kept.
    pub(crate) fn webhooks(&self) -> rusqlite::Result<Vec<Webhook>> {
        let mut kept = Vec::new();
        self.each("SELECT * FROM webhooks ORDER BY id", |row| {
            kept.push(webhook(row)?);
            Ok(())
        })?;
        Ok(kept)
    }
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let kinds: Option<String> = row.get("kinds")?;
    Ok(Webhook {
        id: row.get("id")?,
        name: row.get("name")?,
        url: row.get("url")?,
        kinds: kinds.map(|kinds| kinds.split(',').map(str::to_owned).collect()),
        secret: row.get("secret")?,
        enabled: row.get("enabled")?,
        cursor: row.get("cursor")?,
    })
}

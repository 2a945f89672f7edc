//! What the tables of the history have in common: rows are dated in milliseconds, read page by page, and trimmed by age
//! and number. It knows none of the tables.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// Rows of one table, in their order.
pub(super) struct Rows<'a> {
    pub(super) table: &'a str,
    /// The column that says when a row was told.
    pub(super) at: &'a str,
    /// Columns that rise from the oldest row to the newest.
    pub(super) order: &'a [&'a str],
}

/// Some of those that fit a clause.
pub(super) struct Asked<'a> {
    pub(super) columns: &'a str,
    pub(super) clause: &'a str,
    /// What stands for its question marks.
    pub(super) values: Vec<Value>,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl Rows<'_> {
    /// Lets go of all but the newest rows, and of those told before a time.
    pub(super) fn trim(
        &self,
        connection: &Connection,
        rows_max: usize,
        since: Timestamp,
    ) -> rusqlite::Result<()> {
        let Self { table, at, order } = self;
        let sql = format!("DELETE FROM {table} WHERE {at} < ?1");
        connection.execute(&sql, [since.as_millisecond()])?;
        let first = order[0];
        let sql = format!(
            "DELETE FROM {table} WHERE {first} <= (SELECT {first} FROM {table} ORDER BY {first} DESC LIMIT 1 OFFSET ?1)"
        );
        connection.execute(&sql, [rows_max]).map(drop)
    }

    /// A page, newest first, and how many rows there are on all pages.
    pub(super) fn page<T>(
        &self,
        connection: &Connection,
        asked: Asked<'_>,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<(Vec<T>, usize)> {
        let Self { table, order, .. } = self;
        let Asked {
            columns,
            clause,
            mut values,
            offset,
            limit,
        } = asked;
        // One view of the file for both; the connection is closed behind it.
        connection.execute_batch("BEGIN")?;
        let sql = format!("SELECT count(*) FROM {table} WHERE {clause}");
        let total = connection.query_row(&sql, params_from_iter(&values), |row| row.get(0))?;
        let number = |number| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        values.extend([limit, offset].map(number));
        let order = order.join(" DESC, ");
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {clause} ORDER BY {order} DESC LIMIT ? OFFSET ?"
        );
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(&values), read)?;
        Ok((rows.collect::<Result<_, _>>()?, total))
    }
}

/// A time in a row. What is none says no more than that it was long ago.
pub(super) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    let at = Timestamp::from_millisecond(row.get(index)?);
    Ok(at.unwrap_or(Timestamp::UNIX_EPOCH))
}

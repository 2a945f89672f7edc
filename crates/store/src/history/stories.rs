//! Streams that have ended, each with how it went, as rows: written once, read newest first, trimmed by age and number.

use jiff::Timestamp;
use ledger::{End, Stream};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::rows::{Asked, Rows, time};
use super::{History, Unreadable};

/// Milliseconds since 1970 are compared as numbers. Figures of streams of others are not known.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS stories (
        stream TEXT PRIMARY KEY,
        started_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        reason TEXT,
        key_type TEXT NOT NULL,
        key TEXT NOT NULL,
        container_id TEXT,
        playback_session_id TEXT NOT NULL,
        stat_url TEXT NOT NULL,
        command_url TEXT NOT NULL,
        is_live INTEGER NOT NULL,
        own INTEGER NOT NULL,
        channel TEXT, title TEXT, infohash TEXT,
        sources INTEGER, viewers_max INTEGER, bytes_in INTEGER, bytes_out INTEGER,
        segments_lost INTEGER, slate_segments INTEGER,
        peers INTEGER, speed_down INTEGER, speed_up INTEGER, downloaded INTEGER, uploaded INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS stories_by_end ON stories (ended_at, stream);
";

const COLUMNS: &str = "stream, started_at, ended_at, reason, key_type, key, container_id, \
                       playback_session_id, stat_url, command_url, is_live, own, channel, title, infohash, \
                       sources, viewers_max, bytes_in, bytes_out, segments_lost, slate_segments, \
                       peers, speed_down, speed_up, downloaded, uploaded";

const ROWS: Rows<'_> = Rows {
    table: "stories",
    at: "ended_at",
    order: &["ended_at", "stream"],
};

/// A stream that has ended, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The stream, with its end.
    pub stream: Stream,
    /// The channel whose life it was, if it was one of ours.
    pub channel: Option<String>,
    /// What it is called, if an engine has said.
    pub title: Option<String>,
    /// What its engine played.
    pub infohash: Option<String>,
    /// What was counted.
    pub figures: Figures,
}

/// Numbers, each a field and a column, in the order of the columns.
macro_rules! figures {
    ($($(#[$about:meta])* $name:ident),* $(,)?) => {
        /// What was counted of a stream, as far as it is known.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Figures {
            $($(#[$about])* pub $name: Option<u64>,)*
        }

        /// How many there are.
        const FIGURES: usize = [$(stringify!($name)),*].len();

        impl Figures {
            fn all(self) -> [Option<i64>; FIGURES] {
                [$(self.$name),*].map(|number| i64::try_from(number?).ok())
            }

            fn of([$($name),*]: [Option<u64>; FIGURES]) -> Self {
                Self { $($name),* }
            }
        }
    };
}

figures! {
    /// Sources that were opened for it.
    sources,
    /// Viewers at most.
    viewers_max,
    /// Bytes of media received.
    bytes_in,
    /// Bytes that viewers were sent.
    bytes_out,
    /// Segments that could not be had.
    segments_lost,
    /// Clips shown in the place of media.
    slate_segments,
    /// Peers that the engine named last.
    peers,
    /// KB/s received, as the engine said last.
    speed_down,
    /// KB/s given, as the engine said last.
    speed_up,
    /// Bytes received, as the engine said last.
    downloaded,
    /// Bytes given, as the engine said last.
    uploaded,
}

impl History {
    /// Keeps the story of a stream, unless that of the same end is there. Does not wait; returns whether there was room for it.
    pub fn keep_story(&self, story: Story) -> bool {
        self.append(move |connection| put(connection, &story))
    }

    /// Lets go of all but the newest stories, and of streams that ended before a time.
    pub fn trim_stories(&self, stories_max: usize, since: Timestamp) -> bool {
        self.append(move |connection| ROWS.trim(connection, stories_max, since))
    }

    /// Stories of streams that ended from a time on, newest first, with how many there are on all pages.
    pub async fn stories(
        &self,
        since: Option<Timestamp>,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Story>, usize), Unreadable> {
        self.read(move |connection| {
            let since = since.map_or(i64::MIN, Timestamp::as_millisecond);
            let asked = Asked {
                columns: COLUMNS,
                clause: "? <= ended_at",
                values: vec![since.into()],
                offset,
                limit,
            };
            ROWS.page(connection, asked, read)
        })
        .await
    }

    /// The story of one stream.
    pub async fn story(&self, stream: String) -> Result<Option<Story>, Unreadable> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM stories WHERE stream = ?1");
            connection.query_row(&sql, [stream], read).optional()
        })
        .await
    }
}

fn put(connection: &Connection, story: &Story) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR IGNORE INTO stories ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
         ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)"
    );
    let stream = &story.stream;
    let end = stream.ended.as_ref();
    let ended_at = end.map_or(stream.started_at, |end| end.at).as_millisecond();
    // Other proxies may start one again under its old id.
    let earlier = "DELETE FROM stories WHERE stream = ?1 AND ended_at < ?2";
    connection.execute(earlier, params![stream.id, ended_at])?;
    let mut values = vec![
        Value::from(stream.id.clone()),
        stream.started_at.as_millisecond().into(),
        ended_at.into(),
        end.and_then(|end| end.reason.clone()).into(),
        stream.key_type.clone().into(),
        stream.key.clone().into(),
        stream.container_id.clone().into(),
        stream.playback_session_id.clone().into(),
        stream.stat_url.clone().into(),
        stream.command_url.clone().into(),
        stream.is_live.into(),
        stream.own.into(),
        story.channel.clone().into(),
        story.title.clone().into(),
        story.infohash.clone().into(),
    ];
    values.extend(story.figures.all().map(Value::from));
    let mut statement = connection.prepare_cached(&sql)?;
    statement.execute(params_from_iter(values)).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Story> {
    let mut figures = [None; FIGURES];
    for (index, figure) in figures.iter_mut().enumerate() {
        *figure = row.get(15 + index)?;
    }
    let end = End {
        at: time(row, 2)?,
        reason: row.get(3)?,
    };
    let stream = Stream {
        id: row.get(0)?,
        key_type: row.get(4)?,
        key: row.get(5)?,
        container_id: row.get(6)?,
        engine_host: String::new(),
        engine_port: 0,
        playback_session_id: row.get(7)?,
        stat_url: row.get(8)?,
        command_url: row.get(9)?,
        is_live: row.get(10)?,
        continuous: false,
        started_at: time(row, 1)?,
        ended: Some(end),
        own: row.get(11)?,
        told: false,
        called: None,
    };
    Ok(Story {
        stream,
        channel: row.get(12)?,
        title: row.get(13)?,
        infohash: row.get(14)?,
        figures: Figures::of(figures),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn story(id: &str, ended: i64) -> Story {
        let stream = Stream {
            id: id.into(),
            key_type: "content_id".into(),
            key: "ab".repeat(20),
            container_id: Some("engine:6878".into()),
            engine_host: String::new(),
            engine_port: 0,
            playback_session_id: "s".into(),
            stat_url: "http://engine:6878/ace/stat/a/b".into(),
            command_url: String::new(),
            is_live: true,
            continuous: false,
            started_at: at(1),
            ended: Some(End {
                at: at(ended),
                reason: Some("stopped".into()),
            }),
            own: true,
            told: false,
            called: None,
        };
        Story {
            stream,
            channel: Some("ab".repeat(20)),
            title: None,
            infohash: Some("cd".repeat(20)),
            figures: Figures {
                sources: Some(2),
                bytes_in: Some(5_000_000_000),
                uploaded: Some(7),
                ..Figures::default()
            },
        }
    }

    #[tokio::test]
    async fn stories_come_back_whole_newest_first_page_by_page_and_are_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path());
        for (id, ended) in [("a", 10), ("b", 30), ("c", 20)] {
            history.keep_story(story(id, ended));
        }
        let again = Story {
            title: Some("another".into()),
            ..story("a", 10)
        };
        history.keep_story(again);
        history.flush().await;
        let page = async |since: Option<i64>, offset, limit| {
            let found = history.stories(since.map(at), offset, limit).await;
            let (found, total) = found.expect("a file");
            let ids: Vec<_> = found.into_iter().map(|it| it.stream.id).collect();
            (ids.join(" "), total)
        };
        assert_eq!(page(None, 0, 9).await, ("b c a".into(), 3));
        assert_eq!(page(None, 1, 1).await, ("c".into(), 3));
        assert_eq!(page(Some(20), 0, 9).await, ("b c".into(), 2));
        let one = history.story("a".into()).await.expect("a file");
        assert_eq!(one, Some(story("a", 10)));
        assert_eq!(history.story("x".into()).await.expect("a file"), None);
        history.keep_story(story("a", 15));
        history.flush().await;
        assert_eq!(page(Some(15), 0, 9).await, ("b c a".into(), 3));
        history.trim_stories(10, at(20));
        history.flush().await;
        assert_eq!(page(None, 0, 9).await, ("b c".into(), 2));
        history.trim_stories(1, at(0));
        history.flush().await;
        assert_eq!(page(None, 0, 9).await, ("b".into(), 1));
    }
}

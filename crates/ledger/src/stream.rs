//! The record of one life of a channel, as it is told outside.

use jiff::Timestamp;

/// Why a stream ended that nobody saw end: Weir was killed, and says so when it is back.
pub const CRASH: &str = "crash";

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When; after a crash, when it was last known to run.
    pub at: Timestamp,
    /// Why, in a word. Other proxies have words of their own.
    pub reason: Option<String>,
}

/// One life of a channel: from its first source to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact by itself, and a column"
)]
pub struct Stream {
    /// A name that no other stream has.
    pub id: String,
    /// What `key` is: `content_id`, `infohash`, `url` or `magnet`.
    pub key_type: String,
    /// What is played.
    pub key: String,
    /// The container of its engine, as far as it is known.
    pub container_id: Option<String>,
    /// Where its engine answers; an empty host is a source without an engine.
    pub engine_host: String,
    /// The engine's port.
    pub engine_port: u16,
    /// The engine's name for the session.
    pub playback_session_id: String,
    /// Where the session's statistics are, or nothing.
    pub stat_url: String,
    /// Where the session takes commands, or nothing.
    pub command_url: String,
    /// Whether it is live.
    pub is_live: bool,
    /// It began for a viewer of a continuous body, not of playlists.
    pub continuous: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended, if it has.
    pub ended: Option<End>,
    /// It is this Weir's own, not one that another proxy has reported.
    pub own: bool,
    /// Its start is to be told (or has been), and so will be its end.
    pub told: bool,
    /// What the orchestrator calls it, if that is not `id`.
    pub called: Option<String>,
}

impl Stream {
    /// The name under which the orchestrator knows it.
    pub fn name_outside(&self) -> &str {
        self.called.as_deref().unwrap_or(&self.id)
    }

    /// Whether another report of this stream says nothing new.
    pub(crate) fn is_same_session(&self, other: &Self) -> bool {
        self.playback_session_id == other.playback_session_id
            && self.command_url == other.command_url
            && self.key == other.key
    }
}

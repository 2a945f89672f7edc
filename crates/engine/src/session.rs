//! One playback opened on an engine; a value that knows its addresses and does nothing.

use std::fmt;

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::address::Address;
use crate::json;
use crate::place::Place;

/// One playback. Every URL is on the configured engine, whatever host the engine wrote into it.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Where it runs.
    pub engine: Address,
    /// The playlist or the endless body. It takes one reader at a time.
    pub playback_url: Url,
    /// Where its statistics are; an engine that only passes a stream on has none.
    pub stat_url: Option<Url>,
    /// Where it is stopped.
    pub command_url: Option<Url>,
    /// Where it tells news, if asked to.
    pub event_url: Option<Url>,
    /// What is played: 40 hexadecimal digits.
    pub infohash: Option<String>,
    /// The engine's name for it. Statistics that hold another one belong to a session that took over.
    pub playback_session_id: Option<String>,
    /// Whether it is live, if the engine says.
    pub is_live: Option<bool>,
    /// Whether it can only be played as HLS.
    pub is_encrypted: bool,
    /// The player it was started for.
    pub pid: Uuid,
}

impl Session {
    /// What to fetch, bound to the engine.
    pub fn place(&self) -> Place {
        Place::on_engine(&self.engine, self.playback_url.clone())
    }

    /// Reads a start's answer; nothing when it names no place to play from.
    pub(crate) fn read(engine: &Address, pid: Uuid, answer: &Value) -> Option<Session> {
        let url = |name| json::text(answer, &[name]).and_then(|text| engine.pin_text(text));
        Some(Session {
            engine: engine.clone(),
            playback_url: url("playback_url")?,
            stat_url: url("stat_url"),
            command_url: url("command_url"),
            event_url: url("event_url"),
            infohash: json::hash(answer, &["infohash"]),
            playback_session_id: json::id(answer, &["playback_session_id"]),
            is_live: json::flag(answer, &["is_live"]),
            is_encrypted: json::flag(answer, &["is_encrypted"]).unwrap_or(false),
            pid,
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("engine", &format_args!("{}", self.engine))
            .field("infohash", &self.infohash)
            .field("playback_session_id", &self.playback_session_id)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

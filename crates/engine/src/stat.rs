//! An engine's numbers on a session, as it gives them; what they mean for a channel is decided elsewhere.

use serde_json::Value;

use crate::json;

/// As much of a status that nobody knows as is kept, in characters.
const STATUS_CHARS_MAX: usize = 32;

/// One reading. The first ones after a start are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// What the engine is doing.
    pub status: Option<Status>,
    /// Peers it is connected to.
    pub peers: Option<u64>,
    /// KB/s received.
    pub speed_down: Option<u64>,
    /// KB/s given.
    pub speed_up: Option<u64>,
    /// Bytes received since the start.
    pub downloaded: Option<u64>,
    /// Bytes given since the start.
    pub uploaded: Option<u64>,
    /// Where the stream is; absent until data flows.
    pub livepos: Option<LivePos>,
    /// The session that plays now: another one than asked for has taken over.
    pub playback_session_id: Option<String>,
    /// What is played: 40 hexadecimal digits.
    pub infohash: Option<String>,
    /// Whether it is live, if the engine says.
    pub is_live: Option<bool>,
    /// Why it does not play, in the engine's words.
    pub error_message: Option<String>,
}

/// Where the stream is. Times are seconds since 1970 by the broadcaster's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LivePos {
    /// What the player is given.
    pub pos: Option<u64>,
    /// The oldest moment to be had.
    pub live_first: Option<u64>,
    /// The newest moment to be had; one that stands still means that the broadcaster is gone.
    pub live_last: Option<u64>,
    /// The oldest moment held.
    pub first_ts: Option<u64>,
    /// The newest moment held.
    pub last_ts: Option<u64>,
    /// Pieces held ahead of the player.
    pub buffer_pieces: Option<u64>,
}

/// What an engine is doing for a session. Only [`Status::Downloading`] means that media can flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nothing yet.
    Idle,
    /// Checking what it holds.
    Checking,
    /// Collecting enough to begin. Without peers it does so for ever.
    Prebuffering,
    /// Collecting again after a shortage.
    Buffering,
    /// Receiving, and giving to its reader.
    Downloading,
    /// Waiting for something.
    Waiting,
    /// It gave up.
    Failed,
    /// Collecting after a jump.
    Seeking,
    /// A word that no document knows, shortened. Treat as not ready.
    Unknown(String),
}

impl Status {
    /// The engine's own word.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Idle => "idle",
            Status::Checking => "check",
            Status::Prebuffering => "prebuf",
            Status::Buffering => "buf",
            Status::Downloading => "dl",
            Status::Waiting => "wait",
            Status::Failed => "err",
            Status::Seeking => "seekprebuf",
            Status::Unknown(word) => word,
        }
    }

    fn read(word: &str) -> Status {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "idle" => Status::Idle,
            "check" | "checking" => Status::Checking,
            // The second spelling is the official document's.
            "prebuf" | "prefuf" => Status::Prebuffering,
            "buf" => Status::Buffering,
            "dl" => Status::Downloading,
            "wait" => Status::Waiting,
            "err" => Status::Failed,
            "seekprebuf" => Status::Seeking,
            _ => Status::Unknown(word.chars().take(STATUS_CHARS_MAX).collect()),
        }
    }
}

impl Stat {
    /// Reads whatever is there.
    pub(crate) fn read(answer: &Value) -> Stat {
        Stat {
            status: json::label(answer, &["status"]).map(|word| Status::read(&word)),
            peers: json::number(answer, &["peers"]),
            speed_down: json::number(answer, &["speed_down", "speedDown"]),
            speed_up: json::number(answer, &["speed_up", "speedUp"]),
            downloaded: json::number(answer, &["downloaded"]),
            uploaded: json::number(answer, &["uploaded"]),
            livepos: answer.get("livepos").and_then(LivePos::read),
            playback_session_id: json::id(answer, &["playback_session_id"]),
            infohash: json::hash(answer, &["infohash"]),
            is_live: json::flag(answer, &["is_live"]),
            error_message: json::label(answer, &["error_message"]),
        }
    }
}

impl LivePos {
    /// The newest moment to be had, by the name that the engine has for it.
    pub fn newest(&self) -> Option<u64> {
        self.live_last.or(self.last_ts)
    }

    /// The oldest moment to be had, by the name that the engine has for it.
    pub fn oldest(&self) -> Option<u64> {
        self.live_first.or(self.first_ts)
    }

    fn read(given: &Value) -> Option<LivePos> {
        let livepos = LivePos {
            pos: json::number(given, &["pos"]),
            live_first: json::number(given, &["live_first", "first"]),
            live_last: json::number(given, &["live_last", "last"]),
            first_ts: json::number(given, &["first_ts"]),
            last_ts: json::number(given, &["last_ts"]),
            buffer_pieces: json::number(given, &["buffer_pieces"]),
        };
        (livepos != LivePos::default()).then_some(livepos)
    }
}

//! Streams and what engines say of them, in the words of the contract.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::api::date;
use crate::statistics::Reading;

/// A stream: one life of a channel, from its first source to its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct StreamState {
    /// A name that no other stream has.
    pub(super) id: String,
    /// What `key` is: `content_id`, `infohash`, `url` or `magnet`.
    pub(super) key_type: String,
    /// What is played.
    pub(super) key: String,
    /// Its engine, as host:port, or as another proxy calls it.
    pub(super) container_id: Option<String>,
    /// The engine's name for the session.
    pub(super) playback_session_id: String,
    /// Where the session's statistics are, or nothing.
    pub(super) stat_url: String,
    /// Where the session takes commands, or nothing.
    pub(super) command_url: String,
    /// 1 for a live stream.
    pub(super) is_live: i32,
    /// When it began.
    pub(super) started_at: String,
    /// When it ended.
    pub(super) ended_at: Option<String>,
    /// Why it ended, in a word.
    pub(super) end_reason: Option<String>,
    /// `started` or `ended`.
    pub(super) status: &'static str,
    /// Peers of its engine.
    pub(super) peers: Option<u64>,
    /// KB/s that its engine receives.
    pub(super) speed_down: Option<u64>,
    /// KB/s that its engine gives.
    pub(super) speed_up: Option<u64>,
    /// Bytes that its engine received in this session.
    pub(super) downloaded: Option<u64>,
    /// Bytes that its engine gave in this session.
    pub(super) uploaded: Option<u64>,
    /// Where the stream is, once data flows.
    pub(super) livepos: Option<LivePosition>,
}

/// Where a stream is, in seconds since 1970 by the broadcaster's clock.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(in crate::http) struct LivePosition {
    /// What the player is given.
    pub(super) pos: Option<u64>,
    /// The oldest moment to be had.
    pub(super) live_first: Option<u64>,
    /// The newest moment to be had.
    pub(super) live_last: Option<u64>,
    /// The oldest moment held.
    pub(super) first_ts: Option<u64>,
    /// The newest moment held.
    pub(super) last_ts: Option<u64>,
    /// Pieces held ahead of the player.
    pub(super) buffer_pieces: Option<u64>,
}

/// What an engine said of a stream at one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct Snapshot {
    /// When.
    ts: String,
    /// Peers it was connected to.
    peers: Option<u64>,
    /// KB/s received.
    speed_down: Option<u64>,
    /// KB/s given.
    speed_up: Option<u64>,
    /// Bytes received since the session's start.
    downloaded: Option<u64>,
    /// Bytes given since the session's start.
    uploaded: Option<u64>,
    /// What the engine was doing, in its own word: `dl` is playing, `prebuf` is collecting.
    status: Option<String>,
    /// Where the stream was.
    livepos: Option<LivePosition>,
}

impl StreamState {
    /// A stream's record, with what its engine said last.
    pub(in crate::http) fn of(stream: &ledger::Stream, newest: Option<&Reading>) -> Self {
        let ended = stream.ended.as_ref();
        let figure = |of: fn(&Reading) -> Option<u64>| newest.and_then(of);
        Self {
            id: stream.id.clone(),
            key_type: stream.key_type.clone(),
            key: stream.key.clone(),
            container_id: stream.container_id.clone(),
            playback_session_id: stream.playback_session_id.clone(),
            stat_url: stream.stat_url.clone(),
            command_url: stream.command_url.clone(),
            is_live: i32::from(stream.is_live),
            started_at: date(stream.started_at),
            ended_at: ended.map(|end| date(end.at)),
            end_reason: ended.and_then(|end| end.reason.clone()),
            status: if ended.is_some() { "ended" } else { "started" },
            peers: figure(|it| it.peers),
            speed_down: figure(|it| it.speed_down),
            speed_up: figure(|it| it.speed_up),
            downloaded: figure(|it| it.downloaded),
            uploaded: figure(|it| it.uploaded),
            livepos: newest.and_then(|it| it.livepos).map(LivePosition::from),
        }
    }
}

impl From<engine::LivePos> for LivePosition {
    fn from(livepos: engine::LivePos) -> Self {
        Self {
            pos: livepos.pos,
            live_first: livepos.oldest(),
            live_last: livepos.newest(),
            first_ts: livepos.first_ts,
            last_ts: livepos.last_ts,
            buffer_pieces: livepos.buffer_pieces,
        }
    }
}

impl From<Reading> for Snapshot {
    fn from(reading: Reading) -> Self {
        Self {
            ts: date(reading.at),
            peers: reading.peers,
            speed_down: reading.speed_down,
            speed_up: reading.speed_up,
            downloaded: reading.downloaded,
            uploaded: reading.uploaded,
            status: reading.status.map(|status| status.as_str().to_owned()),
            livepos: reading.livepos.map(LivePosition::from),
        }
    }
}

impl From<store::history::Reading> for Snapshot {
    fn from(kept: store::history::Reading) -> Self {
        let [pos, live_first, live_last, first_ts, last_ts, buffer_pieces] = kept.livepos;
        let livepos = kept
            .livepos
            .iter()
            .any(Option::is_some)
            .then_some(LivePosition {
                pos,
                live_first: live_first.or(first_ts),
                live_last: live_last.or(last_ts),
                first_ts,
                last_ts,
                buffer_pieces,
            });
        Self {
            ts: date(kept.at),
            peers: kept.peers,
            speed_down: kept.speed_down,
            speed_up: kept.speed_up,
            downloaded: kept.downloaded,
            uploaded: kept.uploaded,
            status: kept.status,
            livepos,
        }
    }
}

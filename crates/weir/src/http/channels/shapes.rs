//! A channel at a glance, as types: the description of the API is made from them.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::words::{ChannelHealth, ChannelState, SourceStream};
use crate::figures::Audience;
use crate::handle::Handle;
use crate::samples::Percentiles;

/// All channels that run.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Channels {
    /// In the order of their keys.
    pub(in crate::http) channels: Vec<Channel>,
    /// When this was so.
    pub(in crate::http) as_of: String,
}

/// A channel: one source pulled once, whatever the number of viewers.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Channel {
    /// Its name in paths.
    pub(super) key: String,
    /// Its name for people.
    pub(super) name: String,
    /// The id of the stream that it is now; with each life it has another.
    pub(super) stream_id: Option<String>,
    /// Where it is in its life.
    pub(super) state: ChannelState,
    /// Why it refuses, if it does.
    pub(super) failure: Option<String>,
    /// What viewers may notice.
    pub(super) health: ChannelHealth,
    /// How it is watched: `HLS`, `TS` or `HLS+TS`.
    pub(super) mode: &'static str,
    /// What it was asked for by: `content_id`, `infohash`, `url`, `magnet` or `source`.
    pub(super) source: &'static str,
    /// The engine that it is pulled from, as host:port.
    pub(super) engine: Option<String>,
    /// What is played, if the engine says: 40 hexadecimal digits.
    pub(super) infohash: Option<String>,
    /// Its title, if one is known.
    pub(super) title: Option<String>,
    /// When this life began.
    pub(super) started_at: Option<String>,
    /// How long ago that was.
    pub(super) uptime_seconds: Option<f64>,
    /// Who watches.
    pub(super) viewers: usize,
    /// Whether clips are shown in the place of media.
    pub(super) on_slate: bool,
    /// How the source gives its media.
    pub(super) stream: Option<SourceStream>,
    /// What it holds.
    pub(super) buffer: Buffer,
    /// How regularly media comes.
    pub(super) source_quality: Quality,
    /// What was counted.
    pub(super) counters: Counters,
    /// What flows now.
    pub(super) rates: Rates,
    /// What the engine says of the session.
    pub(super) engine_stat: Option<EngineStat>,
    /// What the viewer with least can still play.
    pub(super) playable_seconds_min: Option<f64>,
}

/// What a channel holds, against its bounds.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Buffer {
    /// Segments held.
    pub(super) segments: usize,
    /// Segments that may be held; more are while the list needs them.
    pub(super) segments_max: usize,
    /// Bytes held.
    pub(super) bytes: usize,
    /// Bytes that may be held.
    pub(super) bytes_max: usize,
    /// Media held.
    pub(super) seconds: f64,
    /// How full it is, by whichever bound is nearer: from 0 to 1.
    pub(super) fill: f64,
    /// Media that has come and waits for its time.
    pub(super) reserve_seconds: f64,
    /// The target duration of the list.
    pub(super) target_duration_seconds: Option<u64>,
    /// The oldest segment held.
    pub(super) first_sequence: Option<u64>,
    /// The newest one.
    pub(super) last_sequence: Option<u64>,
    /// The first one that the list names.
    pub(super) listed_from: Option<u64>,
}

/// How regularly media comes, over the last five minutes.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Quality {
    /// How long ago the newest media was published.
    pub(super) last_segment_age_seconds: Option<f64>,
    /// How long segments took to be fetched; nothing where the source is one continuous body.
    pub(super) fetch_ms: Option<Quantiles>,
    /// How much later than its own length after the one before it a segment was published.
    pub(super) lateness_ms: Option<Quantiles>,
    /// How far the time between two publications was from the length of the segment.
    pub(super) jitter_ms: Option<Quantiles>,
}

/// What half, 95 and 99 of a hundred measurements do not exceed.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Quantiles {
    /// Half of them.
    p50: f64,
    /// 95 of a hundred.
    p95: f64,
    /// 99 of a hundred.
    p99: f64,
}

impl From<Percentiles> for Quantiles {
    fn from(found: Percentiles) -> Self {
        let millis = |it: std::time::Duration| it.as_secs_f64() * 1_000.0;
        Self {
            p50: millis(found.p50),
            p95: millis(found.p95),
            p99: millis(found.p99),
        }
    }
}

/// What was counted since the channel runs.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Counters {
    /// Bytes of media that came.
    bytes_in: u64,
    /// Bytes of media sent to viewers.
    bytes_out: u64,
    /// Segments of media published.
    segments: u64,
    /// Segments that could not be had.
    segments_lost: u64,
    /// Times that something was missing.
    gaps: u64,
    /// Segments asked for again.
    retries: u64,
    /// Breaks published.
    discontinuities: u64,
    /// Sources that took the place of one that was lost.
    failovers: u64,
    /// Segments that viewers asked for and that were not there.
    segments_404: u64,
    /// Things wrong with continuous bodies.
    flaws: u64,
    /// Segments that the source sent twice.
    repeats: u64,
    /// Clips published in the place of media.
    slate_segments: u64,
    /// Sources opened.
    sessions: u64,
    /// Playlists asked for.
    playlist_fetches: u64,
    /// Segments asked for.
    segment_fetches: u64,
    /// Requests that failed.
    failures: u64,
}

impl Counters {
    pub(super) fn of(counted: &channel::Counters, handle: &Handle, audience: &Audience) -> Self {
        Self {
            bytes_in: counted.bytes_in,
            bytes_out: audience.totals.bytes_sent,
            segments: counted.segments,
            segments_lost: counted.segments_lost,
            gaps: counted.gaps,
            retries: counted.retries,
            discontinuities: counted.discontinuities,
            failovers: counted.failovers,
            segments_404: handle.missed(),
            flaws: counted.flaws,
            repeats: counted.repeats,
            slate_segments: counted.slate_segments,
            sessions: counted.opened,
            playlist_fetches: counted.playlist_fetches,
            segment_fetches: counted.segment_fetches,
            failures: counted.failures,
        }
    }
}

/// What flows, over the last ten seconds or so.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Rates {
    /// Bits per second from the source.
    pub(super) in_bps: u64,
    /// Bits per second to the viewers.
    pub(super) out_bps: u64,
}

/// What an engine says of a session.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct EngineStat {
    /// Its word for what it does.
    status: Option<String>,
    /// Peers.
    peers: Option<u64>,
    /// KB/s received.
    speed_down: Option<u64>,
    /// KB/s given.
    speed_up: Option<u64>,
    /// Bytes received.
    downloaded: Option<u64>,
    /// Bytes given.
    uploaded: Option<u64>,
    /// Where the stream is.
    livepos: Option<LivePos>,
}

/// Where a stream is, in seconds since 1970 by the broadcaster's clock.
#[derive(Serialize, ToSchema)]
struct LivePos {
    /// What the player is given.
    pos: Option<u64>,
    /// The oldest moment to be had.
    live_first: Option<u64>,
    /// The newest moment to be had.
    live_last: Option<u64>,
    /// The oldest moment held.
    first_ts: Option<u64>,
    /// The newest moment held.
    last_ts: Option<u64>,
    /// Pieces held ahead of the player.
    buffer_pieces: Option<u64>,
}

impl From<&engine::Stat> for EngineStat {
    fn from(stat: &engine::Stat) -> Self {
        let livepos = stat.livepos.map(|it| LivePos {
            pos: it.pos,
            live_first: it.live_first,
            live_last: it.live_last,
            first_ts: it.first_ts,
            last_ts: it.last_ts,
            buffer_pieces: it.buffer_pieces,
        });
        Self {
            status: stat.status.as_ref().map(|it| it.as_str().to_owned()),
            peers: stat.peers,
            speed_down: stat.speed_down,
            speed_up: stat.speed_up,
            downloaded: stat.downloaded,
            uploaded: stat.uploaded,
            livepos,
        }
    }
}

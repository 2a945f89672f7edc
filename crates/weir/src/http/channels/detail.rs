//! One channel in detail, as types: each segment that it holds, and each of its viewers.

use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::Channel;

/// A channel with what it holds, segment by segment, and its viewers.
#[derive(Serialize, ToSchema)]
#[schema(as = ChannelDetail)]
pub(in crate::http) struct Detail {
    #[serde(flatten)]
    pub(super) channel: Channel,
    /// All segments held, oldest first.
    pub(super) window: Vec<Held>,
    /// The segment that is being received, where it can be followed.
    pub(super) open: Option<Open>,
    /// Its viewers, a thousand of them at most.
    pub(super) viewers_list: Vec<Viewer>,
}

/// A segment that is held.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Held {
    /// Its number.
    sequence: u64,
    /// Its length.
    duration_seconds: f64,
    /// Its size.
    bytes: usize,
    /// Whether it does not go on from the one before.
    discontinuity: bool,
    /// Whether the list names it.
    listed: bool,
    /// Whether it is a clip in the place of media.
    slate: bool,
}

impl Held {
    pub(super) fn of(segment: &channel::Segment, listed: bool) -> Self {
        Self {
            sequence: segment.sequence.0,
            duration_seconds: segment.duration.as_secs_f64(),
            bytes: segment.body.len(),
            discontinuity: segment.discontinuity,
            listed,
            slate: segment.slate,
        }
    }
}

/// A segment in the making.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Open {
    /// What has come of it.
    pub(super) bytes: usize,
    /// The same in time.
    pub(super) seconds: f64,
}

/// The viewers of a channel.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Viewers {
    /// As many as were asked for.
    pub(super) viewers: Vec<Viewer>,
    /// How many there are.
    pub(super) total: usize,
}

/// A viewer. How it plays is reckoned from what it was handed: it is assumed to play from its first media on, in real
/// time, and to go on as soon as it has something again.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Viewer {
    /// Names it as long as it watches.
    pub(super) client_id: String,
    /// `HLS` or `TS`.
    pub(super) mode: &'static str,
    /// What its player calls itself.
    pub(super) user_agent: String,
    /// Where it is.
    pub(super) ip_address: String,
    /// When it came.
    pub(super) connected_at: String,
    /// When it was last heard of.
    pub(super) last_active: String,
    /// Bytes of media it was sent.
    pub(super) bytes_sent: u64,
    /// Bits per second over the last ten seconds or so.
    pub(super) rate_bps: u64,
    /// What it can still play; nothing is known before it has had any media.
    pub(super) playable_seconds: Option<f64>,
    /// Where it plays: 12.5 is half-way through segment 12.
    pub(super) position: Option<f64>,
    /// How far that is behind the newest media here.
    pub(super) behind_live_seconds: Option<f64>,
    /// Times that it ran dry.
    pub(super) underruns: u64,
    /// How long it had nothing to play.
    pub(super) stalled_seconds: f64,
    /// How long it was shown clips in the place of media.
    pub(super) slate_seconds: f64,
    /// Times that it was too slow and was moved on to newer media.
    pub(super) skips: u64,
    /// Whether it has nothing to play, or is shown a clip.
    pub(super) waiting: bool,
}

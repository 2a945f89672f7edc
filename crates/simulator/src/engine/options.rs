//! What an engine is started with.

use std::time::Duration;

use crate::broadcast::Epoch;
use crate::feed::Span;
use crate::media::Media;

/// One broadcast that the engine can find.
#[derive(Debug, Clone)]
pub struct Channel {
    /// 40 hexadecimal digits, as users hold them.
    pub content_id: String,
    /// 40 other hexadecimal digits, as the engine names them in its addresses.
    pub infohash: String,
    /// A name.
    pub title: String,
    /// What it shows.
    pub media: Media,
    /// When it began to; engines that are given clones of one channel are at the same place of it.
    pub epoch: Epoch,
}

impl Channel {
    /// A channel whose two ids are made from `number`.
    pub fn numbered(number: u64, media: Media) -> Self {
        Self {
            content_id: format!("{:040x}", 0xc0de_0000_0000 + number),
            infohash: format!("{:040x}", 0xf00d_0000_0000 + number),
            title: format!("Channel {number}"),
            media,
            epoch: Epoch::default(),
        }
    }
}

/// How an engine behaves when nothing is wrong; faults come on top.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0: any.
    pub port: u16,
    /// The broadcasts that exist.
    pub channels: Vec<Channel>,
    /// From a start to the end of `idle`.
    pub idle: Duration,
    /// From a start to the first media: 8–25 s in the field.
    pub prebuf: Duration,
    /// A session that nobody has used for so long is gone.
    pub idle_after: Duration,
    /// Whether polls of `stat_url` count as use, unless they say otherwise.
    pub stat_keeps_alive: bool,
    /// How long a start of unknown content takes to fail: 4–28 s in the field.
    pub unknown_after: Duration,
    /// How long a poll of `event_url` waits.
    pub event_wait: Duration,
    /// What the engine calls itself.
    pub version: String,
    /// Redirects between a start and the continuous body: 0, 1 or 2.
    pub redirect_hops: u8,
    /// Whether a stop by a player that was superseded ends the other player's session.
    pub shared_stop: bool,
    /// Segments that a session begins with.
    pub initial: usize,
    /// Segments that a playlist grows to.
    pub window: usize,
    /// Segments that are still served after they have left the playlist.
    pub kept: usize,
    /// Bytes of a continuous body that come at once: 10–22 MB in the field.
    pub burst: u64,
    /// How much media of a continuous body is sent at a time; `None`: a fiftieth of a segment.
    pub piece: Option<Duration>,
    /// How old the newest media is by what `livepos` says: hours, where a broadcaster shows an old recording again.
    pub behind: Duration,
    /// Makes ids and the order of JSON keys.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            channels: Vec::new(),
            idle: Duration::from_millis(300),
            prebuf: Duration::from_secs(1),
            idle_after: Duration::from_mins(1),
            stat_keeps_alive: true,
            unknown_after: Duration::from_millis(400),
            event_wait: Duration::from_secs(15),
            version: "3.2.11".to_owned(),
            redirect_hops: 2,
            shared_stop: true,
            initial: 3,
            window: 17,
            kept: 3,
            burst: 2 << 20,
            piece: None,
            behind: Duration::ZERO,
            seed: 1,
        }
    }
}

impl Options {
    pub(super) fn span(&self) -> Span {
        Span {
            initial: self.initial,
            window: self.window,
            kept: self.kept,
        }
    }
}

//! What a relay is started with.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::media::Media;
use crate::reply::Framing;

/// In what packets the media is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packets {
    /// 188 bytes.
    #[default]
    Plain,
    /// Four bytes of time before each, as recorders write them.
    Timed,
    /// Sixteen bytes of parity behind each, as modems send them.
    WithParity,
}

/// How a relay behaves when nothing is wrong; faults come on top.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0: any.
    pub port: u16,
    /// What it shows.
    pub media: Media,
    /// Bytes that come at once before the pace begins; `u64::MAX`: as fast as the reader takes them, like a file.
    pub burst: u64,
    /// How much media is sent at a time; `None`: a fiftieth of a segment.
    pub piece: Option<Duration>,
    /// The size of each write; `None`: what there is. With 1 each byte comes alone.
    pub write_bytes: Option<NonZeroUsize>,
    /// How the end of the body is told.
    pub framing: Framing,
    /// What it calls its media, if anything.
    pub content_type: Option<String>,
    /// Whether it answers `ICY 200 OK`.
    pub icy: bool,
    /// Puts a title behind every so many bytes, and says so, though nobody asked.
    pub titles: Option<NonZeroUsize>,
    /// In what packets it sends.
    pub packets: Packets,
    /// Bytes of the first segment that are left out at the beginning of each body: inside a packet, behind a key frame.
    pub skip: usize,
}

impl Options {
    /// A relay that begins with a segment, keeps the pace, and closes where it ends.
    pub fn of(media: Media) -> Self {
        Self {
            port: 0,
            media,
            burst: 0,
            piece: None,
            write_bytes: None,
            framing: Framing::Close,
            content_type: Some("video/mp2t".to_owned()),
            icy: false,
            titles: None,
            packets: Packets::Plain,
            skip: 0,
        }
    }
}

//! What an origin is started with.

use std::time::Duration;

use crate::feed::Span;
use crate::media::Media;

/// In what the media is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packaging {
    /// One MPEG-TS file a segment.
    #[default]
    Plain,
    /// The same under AES-128, its vector being the media sequence number.
    Encrypted,
    /// Boxes of fragmented MP4 around it, with an initialisation section.
    Fragmented,
    /// All segments are ranges of one file.
    Ranges,
}

/// How an origin behaves when nothing is wrong; faults come on top.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0: any.
    pub port: u16,
    /// What it shows.
    pub media: Media,
    /// How it is wrapped.
    pub packaging: Packaging,
    /// The first segment's number in the media; a late one brings its clock near the wrap.
    pub first: u64,
    /// Segments in the first playlist; as many as `window` for a source that has run for long.
    pub initial: usize,
    /// Segments that the playlist grows to.
    pub window: usize,
    /// Segments that are still served after they have left the playlist.
    pub kept: usize,
    /// Whether `/live.m3u8` is a multivariant playlist of two qualities.
    pub multivariant: bool,
    /// Whether segments have a program date.
    pub dates: bool,
    /// Whether segments are addressed with scheme and host.
    pub absolute: bool,
    /// The wait before each segment's header.
    pub first_byte: Duration,
    /// The pace of each segment's body.
    pub bytes_per_second: Option<u64>,
    /// Bytes of a continuous body that come at once.
    pub burst: u64,
    /// How much media of a continuous body is sent at a time; `None`: a fiftieth of a segment.
    pub piece: Option<Duration>,
}

impl Options {
    /// An origin of ten segments that has run for long.
    pub fn of(media: Media) -> Self {
        Self {
            port: 0,
            media,
            packaging: Packaging::Plain,
            first: 0,
            initial: 10,
            window: 10,
            kept: 5,
            multivariant: false,
            dates: false,
            absolute: false,
            first_byte: Duration::ZERO,
            bytes_per_second: None,
            burst: 0,
            piece: None,
        }
    }

    pub(super) fn span(&self) -> Span {
        Span {
            initial: self.initial,
            window: self.window,
            kept: self.kept,
        }
    }
}

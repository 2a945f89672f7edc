//! A published segment: its number, its media and what players are told of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::time::Moment;

/// A segment's number in our own playlists; it only ever rises while a channel lives, and over
/// restarts too (RFC 8216 6.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediaSequence(pub u64);

impl MediaSequence {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for MediaSequence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes of one resource as the chunks in which they were received; cloning counts references.
#[derive(Clone, Debug, Default)]
pub struct Body {
    chunks: Arc<[Bytes]>,
    bytes: usize,
}

impl Body {
    /// Takes chunks as they are; nothing is copied.
    pub fn new(chunks: impl Into<Arc<[Bytes]>>) -> Self {
        let chunks = chunks.into();
        let bytes = chunks.iter().map(Bytes::len).sum();
        Self { chunks, bytes }
    }

    /// The chunks, in order.
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// Bytes in all chunks together.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is not a single byte.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

/// How a segment's media is packed; it decides the name's ending, which players look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// MPEG transport stream.
    TransportStream,
    /// Fragmented MP4, which needs an initialisation section.
    FragmentedMp4,
    /// Packed audio: ADTS frames behind an ID3 timestamp.
    PackedAudio,
}

impl Container {
    /// The ending of a segment's name (ffmpeg from 7.1 on refuses unknown ones).
    pub fn extension(self) -> &'static str {
        match self {
            Self::TransportStream => "ts",
            Self::FragmentedMp4 => "m4s",
            Self::PackedAudio => "aac",
        }
    }

    /// The media type a segment is served as.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::TransportStream => "video/mp2t",
            Self::FragmentedMp4 => "video/iso.segment",
            Self::PackedAudio => "audio/aac",
        }
    }
}

/// A key or an initialisation section that segments refer to.
#[derive(Debug)]
pub struct Resource {
    /// Its name in our paths; unique over restarts, because it is the number of its first segment.
    pub number: u64,
    /// Its bytes.
    pub body: Body,
}

/// How a segment is encrypted.
#[derive(Clone, Debug)]
pub struct SegmentKey {
    /// The tag's attributes, with the initialisation vector spelled out: left implicit it would be
    /// the segment's number, which is ours and not the source's (RFC 8216 5.2).
    pub attributes: hls::Key,
    /// The key itself, when it is one that can be fetched; otherwise the attribute's address goes
    /// to players as it is (a licence server, say).
    pub resource: Option<Arc<Resource>>,
}

/// Why a segment cannot be a part of a continuous transport stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Apart {
    /// Players of continuous streams get no keys.
    #[error("it is encrypted")]
    Encrypted,
    /// It would have to be packed anew.
    #[error("it is fragmented MP4")]
    FragmentedMp4,
    /// It would have to be packed for the first time.
    #[error("it is packed audio")]
    PackedAudio,
}

/// One published segment. Nothing of it ever changes (draft-pantos-hls-rfc8216bis 6.2.1).
#[derive(Debug)]
pub struct Segment {
    /// Its number.
    pub sequence: MediaSequence,
    /// Its length as its own timestamps have it.
    pub duration: Duration,
    /// Whether timestamps, tracks or format break with the segment before.
    pub discontinuity: bool,
    /// Discontinuities up to this one, itself included, in the channel's life.
    pub discontinuities: u64,
    /// The date of its first frame; it never goes back.
    pub program_date_time: Timestamp,
    /// When it was appended, by the channel's clock.
    pub published_at: Moment,
    /// The media, whole.
    pub body: Body,
    pub(crate) part: Option<Arc<ts::rebase::Part>>,
    /// Whether a continuous body needs a seam before it, as behind a break, and where counters do
    /// not go on.
    pub seam: bool,
    /// How the media is packed.
    pub container: Container,
    /// How it is encrypted, if it is.
    pub key: Option<SegmentKey>,
    /// The initialisation section it needs, if it needs one.
    pub map: Option<Arc<Resource>>,
    /// Tags that we do not interpret and pass on with it.
    pub tags: Vec<String>,
    /// Whether it is a clip of ours, in the place of media.
    pub slate: bool,
}

impl Segment {
    /// The discontinuity sequence of a playlist that starts with this segment: its own tag still
    /// stands in that list, so it does not count yet (RFC 8216 6.2.2).
    pub fn discontinuity_sequence(&self) -> u64 {
        self.discontinuities - u64::from(self.discontinuity)
    }

    /// The media as a part of continuous bodies.
    pub fn part(&self) -> Result<&Arc<ts::rebase::Part>, Apart> {
        match (&self.key, self.container, &self.part) {
            (None, Container::TransportStream, Some(part)) => Ok(part),
            (Some(_), ..) | (None, Container::TransportStream, None) => Err(Apart::Encrypted),
            (None, Container::FragmentedMp4, _) => Err(Apart::FragmentedMp4),
            (None, Container::PackedAudio, _) => Err(Apart::PackedAudio),
        }
    }
}

//! A media playlist as a value: what its tags mean for each segment, never how they were written.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

/// A media playlist with every tag that lasts brought down to the segments it applies to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Media {
    /// Version as stated, 1 when it is not (4.3.1.2).
    pub version: u64,
    /// As stated, in whole seconds; the longest segment rounded up where it is missing (4.3.3.1).
    pub target_duration: Duration,
    /// Number of the first segment, 0 when it is not stated (4.3.3.2).
    pub media_sequence: u64,
    /// Discontinuities that have left the list, 0 when they are not stated (4.3.3.3).
    pub discontinuity_sequence: u64,
    /// Whether every segment can be decoded without those before it (4.3.5.1).
    pub independent_segments: bool,
    /// Whether no segment will be added (4.3.3.4). Engines say so when they have not ended, too.
    pub ended: bool,
    /// In the order of the list, numbered without holes.
    pub segments: Vec<Segment>,
}

/// One segment with all that applies to it, so that it can be taken out of its list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Upstream's media sequence number; the IV of a key that states none (5.2).
    pub sequence: u64,
    /// As written, variables filled in; [`resolve`](crate::resolve) makes an address of it.
    pub uri: String,
    /// Exact to the microsecond; the target duration where `duration_stated` is false.
    pub duration: Duration,
    /// Whether `EXTINF` gave a duration that can be one.
    pub duration_stated: bool,
    /// Whether encoding, tracks or timestamps change before it (4.3.2.3).
    pub discontinuity: bool,
    /// Whether upstream says that it does not have the segment: do not ask for it.
    pub gap: bool,
    /// When its first sample was shot, where that was said of this very segment (4.3.2.6).
    pub program_date_time: Option<Timestamp>,
    /// The part of the resource that is this segment; `None` is the whole.
    pub byte_range: Option<ByteRange>,
    /// The key in force. Of several for different players, the one with the plain key format.
    pub key: Option<Arc<Key>>,
    /// The initialization section in force; `None` is usual for MPEG-TS.
    pub map: Option<Arc<Map>>,
    /// `EXT-X-DATERANGE` and unknown `EXT-X-` tags that stood before it, verbatim but for variables.
    pub tags: Vec<String>,
}

/// A part of a resource, its beginning always stated (4.3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// In bytes.
    pub length: u64,
    /// From the beginning of the resource, in bytes.
    pub offset: u64,
}

/// How segments are encrypted; `METHOD=NONE` is the absence of a key (4.3.2.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// `AES-128`, `SAMPLE-AES`, `SAMPLE-AES-CTR` or a method that is not known yet.
    pub method: String,
    /// Where the key is, as written.
    pub uri: Option<String>,
    /// Where it is not stated, AES-128 takes the segment's *upstream* sequence number.
    pub iv: Option<u128>,
    /// `None` is `identity`, the default.
    pub key_format: Option<String>,
    /// As written, such as `1/2/5`.
    pub key_format_versions: Option<String>,
}

/// What a player needs before the first segment: the initialization section (4.3.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Map {
    /// As written.
    pub uri: String,
    /// The part of the resource; `None` is the whole.
    pub byte_range: Option<ByteRange>,
}

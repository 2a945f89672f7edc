//! What a segment's address answered, and what its bytes say of themselves; whether that fits is judged elsewhere.

use std::time::Duration;

use bytes::Bytes;
use ts::{Stream, Timestamp};

/// The answer to a request for a segment, as it came.
#[derive(Copy, Clone, Debug)]
pub struct SegmentAnswer<'a> {
    /// The status.
    pub status: u16,
    /// The length that the answer's head announced.
    pub declared: Option<u64>,
    /// The bytes that came, in pieces of any size.
    pub body: &'a [Bytes],
}

/// What a segment's bytes say, for callers that have none: what is not known is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentFacts {
    /// The length of the whole.
    pub bytes: u64,
    /// How long it plays by its own clock.
    pub duration: Option<Duration>,
    /// When its first frame is shown.
    pub start: Option<Timestamp>,
    /// When its last frame is over.
    pub end: Option<Timestamp>,
    /// The mean length of a frame.
    pub frame: Option<Duration>,
    /// Whether it begins with a key frame; true of sound alone.
    pub key_frame_first: bool,
    /// Whether its tables come before its media; true of what has none.
    pub tables_first: bool,
    /// Its tracks.
    pub streams: Vec<Stream>,
    /// The same for the same bytes; see [`SegmentFacts::hash_of`].
    pub hash: u64,
}

impl SegmentFacts {
    /// What a transport stream says.
    pub fn of(facts: &ts::Facts, hash: u64) -> Self {
        Self {
            bytes: facts.bytes as u64,
            duration: facts.duration,
            start: facts.start,
            end: facts.end,
            frame: facts.frame,
            key_frame_first: facts.starts_with_key_frame,
            tables_first: facts.starts_with_tables,
            streams: facts.streams.clone(),
            hash,
        }
    }

    /// Bytes of which nothing else can be seen: they are encrypted, or of another kind.
    pub fn opaque(bytes: u64, hash: u64) -> Self {
        Self {
            bytes,
            key_frame_first: true,
            tables_first: true,
            hash,
            ..Self::default()
        }
    }

    /// A number for bytes, however they are cut into pieces: FNV-1a.
    pub fn hash_of(body: &[Bytes]) -> u64 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        body.iter().flatten().fold(OFFSET, mix)
    }
}

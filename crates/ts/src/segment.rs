//! Segments out of a continuous body: what they are, how they are wanted, what can be wrong; cutting them is next door.
//!
//! A [`Segmenter`] is fed chunks as they are received, and gives back [`Event`]s: segments, and what was wrong. The
//! rules, all of them exact and none of them dependent on how the body is cut into chunks:
//!
//! - A segment is PAT and PMT (put in front, [`Opening::packets`]) and its media: slices of the chunks that came in, each
//!   slice whole packets of 188 bytes. Copied is only a packet that two chunks share, and a body of 192 or 204 bytes a packet
//!   or of several programmes, once.
//! - Nothing is left out but what is before the first key frame (of the body, or behind a break), packets that only the
//!   tables of other programmes name, and bytes that are no packets. Null packets stay: leaving them out would tear a
//!   chunk into hundreds of slices to save a hundredth of its bytes. The source's own tables stay too.
//! - The lead stream decides: the first video stream of the PMT, else the first of sound; sound too while a video stream
//!   is announced and does not come. A segment begins with the packet in which a key frame of the lead begins; packets of other
//!   streams that came before belong to the segment before.
//! - It ends with the first key frame that comes [`Options::target`] (less a tenth) after its beginning. Where none comes
//!   before [`Options::longest`], it ends with the last frame that fits, and where that many bytes come, with the last
//!   packet within [`Options::bytes_max`]; what begins then is not [`Opening::independent`].
//! - Its duration is the distance between its first frame's decoding time and the next one's, to a tick of 90 kHz, so that
//!   durations add up; at an end or a break, it is up to the end of the last frame.
//! - What a player must be told of is a [`Break`] of the segment that comes behind it.
//!
//! A viewer who follows gets [`Opening::packets`] and then [`Open::media`] as it grows, from its beginning or from a [`Key`] on;
//! [`Seamless`](crate::rebase::Seamless) does that, and keeps time and counters going where the source does not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::split::slice;
use crate::table::Tables;
use crate::{LooksLike, Timestamp};

mod cutter;
mod line;
mod open;
mod scanner;
mod sound;
mod tail;
mod watch;
mod whole;

pub use cutter::Segmenter;
pub use whole::whole;

/// How segments are wanted.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Options {
    /// A segment ends with the first key frame that comes so much later, less a tenth: encoders that promise a key frame
    /// every two seconds are some frames off.
    pub target: Duration,
    /// No segment is longer; `target` if that is less.
    pub longest: Duration,
    /// No segment has more bytes, tables included; 64 KiB if that is less.
    pub bytes_max: usize,
}

impl Default for Options {
    /// Segments of four seconds; key frames that are ten seconds apart, as encoders set them where nobody says
    /// otherwise, still begin one each; and 64 MiB, more than a minute at 8 Mbit/s.
    fn default() -> Self {
        Options {
            target: Duration::from_secs(4),
            longest: Duration::from_secs(12),
            bytes_max: 64 << 20,
        }
    }
}

/// What came out of a chunk, in order.
#[derive(Clone, Debug)]
pub enum Event {
    /// A segment is whole.
    Cut(Segment),
    /// Something is wrong with the body.
    Noticed(Trouble),
}

/// Times of a frame as they were sent.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Times {
    /// When it is shown.
    pub pts: Option<Timestamp>,
    /// When it is decoded: `pts` where no other time is said.
    pub dts: Option<Timestamp>,
    /// What the programme clock said last when it was sent.
    pub pcr: Option<Timestamp>,
}

/// What is known of a segment from its first frame on.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Opening {
    /// The tables that its media needs.
    pub tables: Arc<Tables>,
    /// PAT and PMT as packets, to be sent before the media. Each announces that its counter begins anew: a table sent
    /// once more between two of the source's cannot count on from both.
    pub packets: Bytes,
    /// The times of the frame that it begins with.
    pub begin: Times,
    /// Why players must take it as the beginning of something else, if they must.
    pub discontinuity: Option<Break>,
    /// Whether it begins with a key frame.
    pub independent: bool,
    /// Packets that came before it and belong to no segment, for want of a key frame to begin with.
    pub left_out: u64,
}

/// A place to begin from.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Key {
    /// Bytes of the segment's media before it.
    pub at: usize,
    /// From the segment's beginning.
    pub elapsed: Duration,
    /// The frame's times.
    pub times: Times,
}

/// The segment that is being received.
#[derive(Clone, Debug)]
pub struct Open {
    /// What was known when it began.
    pub opening: Arc<Opening>,
    /// Its media so far; grows at the end, and nothing in it changes.
    pub media: Vec<Bytes>,
    /// The bytes of `media`.
    pub media_bytes: usize,
    /// Its key frames so far, those that come half a second or less after one left out; the last may be one whose bytes are
    /// not decided to belong here.
    pub keys: Vec<Key>,
    /// From its beginning to the last frame that came.
    pub elapsed: Duration,
}

/// A whole segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// What was known when it began.
    pub opening: Arc<Opening>,
    /// Its media, without the tables in front.
    pub media: Vec<Bytes>,
    /// The bytes of `media`.
    pub media_bytes: usize,
    /// Its key frames, those that come half a second or less after one left out.
    pub keys: Vec<Key>,
    /// Its length, to a tick of 90 kHz; never zero, but for a segment fetched whole whose frames have no times.
    pub duration: Duration,
    /// Why it ends here.
    pub ended: Ended,
    /// Packets that did not follow on the one before of their pid.
    pub continuity_errors: usize,
}

impl Open {
    /// The media from this byte on, such as that of a key frame; behind the tables it can be played.
    pub fn media_from(&self, at: usize) -> Vec<Bytes> {
        slice(&self.media, at..self.media_bytes)
    }
}

impl Segment {
    /// The media from this byte on, such as that of a key frame; behind the tables it can be played.
    pub fn media_from(&self, at: usize) -> Vec<Bytes> {
        slice(&self.media, at..self.media_bytes)
    }

    /// All that is to be sent: tables, then media.
    pub fn chunks(&self) -> Vec<Bytes> {
        [std::slice::from_ref(&self.opening.packets), &self.media].concat()
    }

    /// The decoding time at which the next segment begins if nothing is missing.
    pub fn end(&self) -> Option<Timestamp> {
        Some(self.opening.begin.dts?.plus(self.duration))
    }
}

/// Why a segment ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Ended {
    /// With a key frame the next one begins.
    KeyFrame,
    /// It would have become longer than the longest.
    Longest,
    /// It would have become larger than the largest.
    Bytes,
    /// What comes next is something else.
    Break,
    /// The body ended.
    Body,
}

/// Why a segment does not go on from the one before.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Break {
    /// Bytes were lost or put in between.
    #[error("bytes were lost")]
    Loss,
    /// Time steps back, or further on than frames do; the clock that begins again after 26.5 hours is none.
    #[error("time jumps from {} to {} (90 kHz)", from.0, to.0)]
    TimeJump {
        /// The time of the last frame.
        from: Timestamp,
        /// The time of the first one behind.
        to: Timestamp,
    },
    /// The programme has other streams, or another programme is there.
    #[error("the programme's streams change")]
    Streams,
    /// The pictures have another size or profile.
    #[error("the pictures' format changes")]
    Format,
    /// A video stream falls silent, or comes back: cut is now by another stream's time.
    #[error("the video falls silent or comes back")]
    Silence,
}

/// What is wrong with a body, in words for who looks after it. Each but `LostBytes`, `NoKeyFrame` and `VideoSilent` is
/// told once.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Trouble {
    /// Not a packet is found.
    #[error("what comes is not MPEG-TS, it looks like {looks_like}")]
    NotTransportStream {
        /// A guess at what it is.
        looks_like: LooksLike,
    },
    /// Bytes are there that are no packets.
    #[error("{bytes} bytes are not MPEG-TS: something was lost on the way, or came in between")]
    LostBytes {
        /// How many.
        bytes: u64,
    },
    /// No programme is named.
    #[error(
        "{packets} packets came and none says what is in the stream (it has no PAT), so it cannot be played"
    )]
    NoPat {
        /// The packets that were looked at.
        packets: u64,
    },
    /// A programme is named, and not what it consists of.
    #[error(
        "the stream names a programme and does not say what it consists of (no PMT on pid {pid}), so it cannot be played"
    )]
    NoPmt {
        /// Where it should be.
        pid: u16,
    },
    /// Nothing is there to be played.
    #[error("the stream's programme has neither video nor sound")]
    NoMedia,
    /// The lead stream cannot be read.
    #[error("the stream is encrypted (on pid {pid}), and there is no key for it here")]
    Encrypted {
        /// Its pid.
        pid: u16,
    },
    /// Frames of the lead stream come, and none says when it is due.
    #[error(
        "the frames on pid {pid} do not say when they are to be shown (they have no timestamps), so they cannot be played"
    )]
    NoTimestamps {
        /// Its pid.
        pid: u16,
    },
    /// The wait for a key frame was given up.
    #[error("no key frame came in {:.1} s, playing begins without one: pictures may be broken or missing", .waited.as_secs_f64())]
    NoKeyFrame {
        /// The time between the first frame and the one that was taken.
        waited: Duration,
    },
    /// Sound goes on without the video that the PMT names.
    #[error("the video that is announced (on pid {pid}) does not come, there is sound alone")]
    VideoSilent {
        /// The video's pid.
        pid: u16,
    },
}

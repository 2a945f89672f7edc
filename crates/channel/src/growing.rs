//! A segment that is still being received, for viewers who follow it while it comes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ts::segment::{Open, Opening};

use crate::segment::MediaSequence;

/// The segment in the making. It is shared with its readers and only ever grows at its end; when it is whole, the
/// window has a segment of the same number with the same bytes.
#[derive(Debug)]
pub struct Growing {
    sequence: MediaSequence,
    opening: Arc<Opening>,
    seam: bool,
    grown: Mutex<Grown>,
}

#[derive(Debug, Default)]
struct Grown {
    /// Each with the bytes of media before it.
    pieces: Vec<(usize, Bytes)>,
    bytes: usize,
    elapsed: Duration,
}

impl Growing {
    /// One of which nothing has come. `seam` says that it does not go on from the segment before.
    pub(crate) fn new(sequence: MediaSequence, opening: Arc<Opening>, seam: bool) -> Self {
        Self {
            sequence,
            opening,
            seam,
            grown: Mutex::default(),
        }
    }

    /// The number that it will have.
    pub fn sequence(&self) -> MediaSequence {
        self.sequence
    }

    /// What it begins with.
    pub fn opening(&self) -> &Arc<Opening> {
        &self.opening
    }

    /// Whether a continuous body needs a seam before it.
    pub fn seam(&self) -> bool {
        self.seam
    }

    /// From its beginning to the last frame that has come.
    pub fn elapsed(&self) -> Duration {
        self.grown().elapsed
    }

    /// Bytes of media that have come.
    pub fn bytes(&self) -> usize {
        self.grown().bytes
    }

    /// From its beginning to this byte, in the time of the media.
    pub fn elapsed_at(&self, at: usize) -> Duration {
        let grown = self.grown();
        let share = at.min(grown.bytes) as f64 / grown.bytes.max(1) as f64;
        grown.elapsed.mul_f64(share)
    }

    /// Adds the media from this byte on to `out`, in pieces none of which splits a packet; `at` is an end of such a piece.
    pub fn media_from(&self, at: usize, out: &mut Vec<Bytes>) {
        let grown = self.grown();
        let first = grown.pieces.partition_point(|(start, _)| *start < at);
        out.extend(grown.pieces[first..].iter().map(|(_, piece)| piece.clone()));
    }

    /// Takes what has come since; whether there was anything.
    pub(crate) fn grow(&self, open: &Open) -> bool {
        let mut grown = self.grown();
        grown.elapsed = open.elapsed;
        if open.media_bytes <= grown.bytes {
            return false;
        }
        let known = grown.pieces.len();
        for piece in &open.media[known.min(open.media.len())..] {
            let start = grown.bytes;
            grown.bytes += piece.len();
            grown.pieces.push((start, piece.clone()));
        }
        true
    }

    fn grown(&self) -> MutexGuard<'_, Grown> {
        // What is pushed is pushed whole; a panic elsewhere cannot leave it half-changed.
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

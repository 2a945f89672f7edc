//! What a new session on an engine sends once more: each begins some way behind the broadcast, so that one which takes another's
//! place would show viewers what they have seen.

use std::time::Duration;

use ts::segment::{Opening, Segment};

/// A session begins so far behind the one before it at most: engines hold up to some twenty megabytes, one engine is
/// some seconds behind another, and the one before may still give when the next begins. More is another broadcast, or
/// the same one begun anew.
const BEHIND_MAX: Duration = Duration::from_secs(60);

/// An engine sends what it has held within this time.
const BURST: Duration = Duration::from_secs(5);

/// On a slow line it takes longer. As long as it comes at twice its pace it is waited for, and no longer than this: what
/// comes at the stream's pace is better seen twice than waited for.
const BURST_MAX: Duration = Duration::from_secs(12);

/// Streams that a broadcast may have changed within what a session repeats: a programme, an advertisement, and back.
const CHANGES_MAX: usize = 4;

/// Streams that change do so without a hole in time; what is further off, or earlier, is of another broadcast.
const SAME_CLOCK: Duration = Duration::from_secs(1);

/// Where the media of a life has come to, by its own clock.
#[derive(Debug, Default)]
pub(crate) struct Overlap {
    end: Option<ts::Timestamp>,
    /// What it consists of, and consisted of before by the same clock; the newest stands last.
    streams: Vec<Vec<ts::Stream>>,
    /// How much more of a session that has just begun may have been seen.
    left: Duration,
}

impl Overlap {
    /// A session takes another's place.
    pub(crate) fn begin(&mut self) {
        self.left = BEHIND_MAX;
    }

    /// So much time has gone by since the session's body began: it may be too long to hold back what comes.
    pub(crate) fn wait(&mut self, elapsed: Duration) {
        let held_back = BEHIND_MAX.saturating_sub(self.left);
        let catches_up = elapsed * 2 <= held_back;
        if BURST_MAX < elapsed || (BURST < elapsed && !catches_up) {
            self.left = Duration::ZERO;
        }
    }

    /// Whether most of a segment has been seen; if not, what follows has not been either.
    pub(crate) fn takes(&mut self, segment: &Segment) -> bool {
        let seen = self
            .seen(&segment.opening)
            .filter(|seen| segment.duration / 2 < *seen);
        self.left = match seen {
            Some(_) => self.left.saturating_sub(segment.duration),
            None => Duration::ZERO,
        };
        if seen.is_none() {
            self.reach(segment);
        }
        seen.is_some()
    }

    /// The media has come to the end of a segment.
    fn reach(&mut self, segment: &Segment) {
        let begin = segment.opening.begin.dts;
        let goes_on = begin.zip(self.end).is_some_and(|(begin, end)| {
            let step = begin.offset_to(end).unsigned_abs();
            ts::duration(step) <= SAME_CLOCK
        });
        if !goes_on {
            self.streams.clear();
        }
        self.end = segment.end();
        let streams = &segment.opening.tables.pmt.streams;
        if self.streams.last() != Some(streams) {
            if self.streams.len() == CHANGES_MAX {
                self.streams.remove(0);
            }
            self.streams.push(streams.clone());
        }
    }

    /// Whether some of a segment that begins so may have been seen.
    pub(crate) fn may_take(&self, opening: &Opening) -> bool {
        self.seen(opening).is_some()
    }

    /// How much of the media from there on has been seen.
    fn seen(&self, opening: &Opening) -> Option<Duration> {
        let begin = opening.begin.dts?;
        let ticks = u64::try_from(begin.offset_to(self.end?)).ok()?;
        let seen = ts::duration(ticks);
        let same = self.streams.contains(&opening.tables.pmt.streams);
        (same && !seen.is_zero() && seen <= self.left).then_some(seen)
    }
}

//! How regularly a channel publishes, from what its window shows; it knows no clock but the segments'.

use std::time::Duration;

use channel::{MediaSequence, Moment, Segment};

use crate::samples::{Percentiles, Samples};

/// A segment, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    sequence: MediaSequence,
    at: Moment,
    duration: Duration,
    slate: bool,
}

impl From<&Segment> for Published {
    fn from(segment: &Segment) -> Self {
        Self {
            sequence: segment.sequence,
            at: segment.published_at,
            duration: segment.duration,
            slate: segment.slate,
        }
    }
}

/// How far the times between publications are from the lengths of what was published.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    seen: Option<MediaSequence>,
    /// When the newest one was published, if what comes next can be held against it.
    newest_at: Option<Moment>,
    lateness: Samples,
    jitter: Samples,
}

impl Pace {
    /// Looks at what is new of what is held. Clips are no media, and what a start brings at once says nothing: what
    /// follows on either begins anew.
    pub(super) fn look(&mut self, held: impl Iterator<Item = Published>, live: bool) {
        let known = self.seen;
        let begins = known.is_none() || !live;
        for segment in held.filter(|it| known < Some(it.sequence)) {
            self.seen = Some(segment.sequence);
            if let (Some(before), false, false) = (self.newest_at, begins, segment.slate) {
                let took = segment.at.since(before);
                let late = took.saturating_sub(segment.duration);
                self.lateness.add(segment.at, late);
                self.jitter.add(segment.at, took.abs_diff(segment.duration));
            }
            self.newest_at = Some(segment.at).filter(|_| !segment.slate);
        }
    }

    /// How much later than its own length a segment came.
    pub(super) fn lateness(&self, now: Moment) -> Option<Percentiles> {
        self.lateness.percentiles(now)
    }

    /// How far from its own length the time before it was.
    pub(super) fn jitter(&self, now: Moment) -> Option<Percentiles> {
        self.jitter.percentiles(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(sequence: u64, millis: u64) -> Published {
        Published {
            sequence: MediaSequence(sequence),
            at: Moment(Duration::from_millis(millis)),
            duration: Duration::from_secs(2),
            slate: false,
        }
    }

    /// What half and all of the segments kept to, in milliseconds: lateness, then jitter.
    fn told(pace: &Pace) -> Option<[u128; 4]> {
        let now = Moment(Duration::from_secs(60));
        let (late, jitter) = (pace.lateness(now)?, pace.jitter(now)?);
        Some([late.p50, late.p99, jitter.p50, jitter.p99].map(|it| it.as_millis()))
    }

    #[test]
    fn what_comes_in_pairs_is_late_every_other_time() {
        let mut pace = Pace::default();
        pace.look([published(1, 0)].into_iter(), true);
        let pairs = (2..10).map(|number| published(number, number / 2 * 4_000));
        pace.look(pairs, true);
        assert_eq!(told(&pace), Some([0, 2_000, 2_000, 2_000]));
    }

    #[test]
    fn each_segment_is_looked_at_once_and_the_burst_of_a_start_not_at_all() {
        let mut pace = Pace::default();
        let burst = || (0..4).map(|number| published(number, 100));
        pace.look(burst(), false);
        pace.look(burst(), true);
        assert_eq!(told(&pace), None);
        for _ in 0..3 {
            pace.look(burst().chain([published(4, 2_350)]), true);
        }
        assert_eq!(told(&pace), Some([250; 4]));
        let samples = pace.lateness.percentiles(Moment(Duration::from_secs(400)));
        assert_eq!(samples, None, "there was one, and it is old");
    }

    #[test]
    fn what_follows_on_a_clip_is_not_held_against_it() {
        let mut pace = Pace::default();
        pace.look([published(1, 0)].into_iter(), true);
        let clip = Published {
            slate: true,
            ..published(2, 9_000)
        };
        pace.look([clip, published(3, 30_000)].into_iter(), true);
        assert_eq!(told(&pace), None);
        pace.look([published(4, 32_100)].into_iter(), true);
        assert_eq!(told(&pace), Some([100; 4]));
    }
}

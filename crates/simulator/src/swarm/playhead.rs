//! How far a viewer can still play: media time against the clock; it is told both.

use std::time::Duration;

use tokio::time::Instant;

/// Plays from the first segment on, and stops whenever it has nothing to play.
#[derive(Debug, Default)]
pub(super) struct Playhead {
    /// When it has played all that it was given.
    dry_at: Option<Instant>,
    pub(super) stalls: u64,
    pub(super) stalled: Duration,
}

impl Playhead {
    /// A segment is there.
    pub(super) fn feed(&mut self, now: Instant, duration: Duration) {
        self.look(now);
        let from = self.dry_at.map_or(now, |dry_at| dry_at.max(now));
        self.dry_at = Some(from + duration);
    }

    /// Nothing more will come.
    pub(super) fn end(&mut self, now: Instant) {
        self.look(now);
    }

    fn look(&mut self, now: Instant) {
        let dry = self.dry_at.map_or(Duration::ZERO, |dry_at| {
            now.saturating_duration_since(dry_at)
        });
        self.stalls += u64::from(!dry.is_zero());
        self.stalled += dry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_segment_that_comes_before_the_end_of_the_last_one_is_no_stall() {
        let start = clock::now();
        let mut playhead = Playhead::default();
        playhead.feed(start, SECOND * 2);
        playhead.feed(start + SECOND, SECOND * 2);
        playhead.end(start + SECOND * 4);
        assert_eq!((playhead.stalls, playhead.stalled), (0, Duration::ZERO));
    }

    #[test]
    fn a_late_segment_is_a_stall_of_as_long_and_so_is_a_missing_one() {
        let start = clock::now();
        let mut playhead = Playhead::default();
        playhead.feed(start, SECOND * 2);
        playhead.feed(start + SECOND * 3, SECOND * 2);
        assert_eq!((playhead.stalls, playhead.stalled), (1, SECOND));
        playhead.end(start + SECOND * 9);
        assert_eq!((playhead.stalls, playhead.stalled), (2, SECOND * 5));
    }
}

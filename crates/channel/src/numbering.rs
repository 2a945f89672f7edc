//! Which number and which date a segment gets, and what of both is promised to the store; it holds no media.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::segment::MediaSequence;

/// Numbers are promised to the store in blocks: after a crash the next life starts behind the
/// block, so that a number is never used twice.
const PROMISE_BLOCK: u64 = 1_000;

/// A new block is promised this many numbers early: minutes, while the store needs milliseconds.
const PROMISE_EARLY: u64 = 500;

/// The same of discontinuities, which are few, and whose numbers must stay small.
const PROMISE_BREAKS: u64 = 20;
const PROMISE_BREAKS_EARLY: u64 = 10;

/// Dates are promised so far ahead. After a restart they may run ahead of the clock by as much, until
/// the channel rests for longer.
const PROMISE_TIME: SignedDuration = SignedDuration::from_secs(20);

/// A new stretch of dates is promised this early.
const PROMISE_TIME_EARLY: SignedDuration = SignedDuration::from_secs(5);

/// Without a promise numbers start at the quarters of a second since an epoch: shorter than any
/// segment, and small enough to stay within 31 bits for 17 years, since some players count so far.
const CLOCK_STEP: Duration = Duration::from_millis(250);

/// Without a promise discontinuities are counted from the half minutes since that epoch: a life of a minute or more is
/// followed by higher counts.
const CLOCK_STEP_BREAKS: Duration = Duration::from_secs(30);

/// Their count must stay small: hls.js 1.7 walks through all numbers below it with each list that it loads, a hundred
/// million a second. So it begins anew every half year.
const CLOCK_BREAKS: u64 = 1 << 19;

/// Where the numbering of a life begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The first segment's number.
    pub sequence: MediaSequence,
    /// Discontinuities counted so far.
    pub discontinuities: u64,
    /// Whether players may still hold a playlist of an earlier life, so that the first segment
    /// must be marked as a break.
    pub continues: bool,
    /// The first segment's date is not before this.
    pub date: Option<Timestamp>,
}

impl Numbering {
    /// Numbering for a process that starts `since_epoch` after a fixed day in the past, behind
    /// whatever was `promised` by earlier ones. Quarters of a second rise faster than segments do,
    /// so numbers go on rising even where the data folder was lost.
    pub fn after(promised: Option<Promise>, since_epoch: Duration) -> Self {
        let steps = |step: Duration| since_epoch.as_millis() / step.as_millis();
        let clock = |step| u64::try_from(steps(step)).unwrap_or(u64::MAX);
        let promised = promised.unwrap_or_default();
        Self {
            sequence: MediaSequence(promised.sequence.max(clock(CLOCK_STEP))),
            discontinuities: promised
                .discontinuities
                .max(clock(CLOCK_STEP_BREAKS) % CLOCK_BREAKS),
            continues: true,
            date: promised.date,
        }
    }
}

/// Numbers below these may be in use; what comes after a crash starts here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// Bound of media sequence numbers.
    pub sequence: u64,
    /// Bound of discontinuity counts.
    pub discontinuities: u64,
    /// Bound of dates.
    pub date: Option<Timestamp>,
}

/// What is known of a segment that wants a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unnumbered {
    pub(crate) duration: Duration,
    /// Whether it breaks with the one before.
    pub(crate) discontinuity: bool,
    /// The source's own date of it.
    pub(crate) date: Option<Timestamp>,
}

/// What a segment is numbered and dated with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) sequence: MediaSequence,
    /// Breaks up to and with it.
    pub(crate) discontinuities: u64,
    pub(crate) date: Timestamp,
}

/// Gives numbers and dates out.
///
/// Invariant: none of them ever falls.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    next: MediaSequence,
    discontinuities: u64,
    /// Where the newest segment ends.
    end: Option<Timestamp>,
    /// What an earlier life may have dated ends before this.
    date_least: Option<Timestamp>,
    promised: Promise,
}

impl Counter {
    /// The first segment gets the numbers that `numbering` says.
    pub(crate) fn new(numbering: Numbering) -> Self {
        Self {
            next: numbering.sequence,
            discontinuities: numbering.discontinuities,
            end: None,
            date_least: numbering.date,
            promised: Promise::default(),
        }
    }

    /// The number that the next segment will get.
    pub(crate) fn next(&self) -> MediaSequence {
        self.next
    }

    /// Whether anything was ever numbered, in this life or an earlier one.
    pub(crate) fn has_begun(&self) -> bool {
        self.end.is_some()
    }

    /// Numbers a segment. `wall` is the date by the clock.
    pub(crate) fn give(&mut self, segment: Unnumbered, wall: Timestamp) -> Numbers {
        let date = self.date_of(segment, wall);
        let date = self.date_least.map_or(date, |least| date.max(least));
        self.end = Some(later(date, segment.duration));
        self.discontinuities += u64::from(segment.discontinuity);
        let sequence = self.next;
        self.next = sequence.next();
        Numbers {
            sequence,
            discontinuities: self.discontinuities,
            date,
        }
    }

    /// The source's date where it is sane, else where the segment before ended; behind a break no
    /// earlier than the clock says, so that a hole shows in the dates. Never backwards: a date that
    /// steps back ends playback for some players (measured). Never far ahead of media that goes on:
    /// players find a date by the durations.
    fn date_of(&self, segment: Unnumbered, wall: Timestamp) -> Timestamp {
        const BREAK_MAX: SignedDuration = SignedDuration::from_hours(24);
        const STEP_MAX: SignedDuration = SignedDuration::from_secs(1);
        let ahead_max = if segment.discontinuity {
            BREAK_MAX
        } else {
            STEP_MAX
        };
        let begun = wall.checked_sub(segment.duration).unwrap_or(wall);
        match (segment.date, self.end) {
            (Some(date), None) => date,
            (None, None) => begun,
            (Some(date), Some(end)) if end <= date && date.duration_since(end) <= ahead_max => date,
            (None, Some(end)) if segment.discontinuity => end.max(begun),
            (_, Some(end)) => end,
        }
    }

    /// A new promise, when the old one is about to be used up.
    pub(crate) fn promise(&mut self) -> Option<Promise> {
        let numbers = self.promised.sequence < self.next.0 + PROMISE_EARLY
            || self.promised.discontinuities < self.discontinuities + PROMISE_BREAKS_EARLY;
        let ahead = |time| self.end.and_then(|end| end.checked_add(time).ok());
        let dates = self.promised.date < ahead(PROMISE_TIME_EARLY);
        if numbers {
            self.promised.sequence = self.next.0 + PROMISE_BLOCK;
            self.promised.discontinuities = self.discontinuities + PROMISE_BREAKS;
        }
        if dates {
            self.promised.date = ahead(PROMISE_TIME);
        }
        (numbers || dates).then_some(self.promised)
    }
}

fn later(date: Timestamp, duration: Duration) -> Timestamp {
    date.checked_add(duration).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::wall;

    /// A segment of two seconds without a date.
    const SEGMENT: Unnumbered = Unnumbered {
        duration: Duration::from_secs(2),
        discontinuity: false,
        date: None,
    };

    fn counter() -> Counter {
        Counter::new(Numbering {
            sequence: MediaSequence(10),
            discontinuities: 4,
            continues: false,
            date: None,
        })
    }

    fn dated(second: u64, discontinuity: bool) -> Unnumbered {
        Unnumbered {
            date: Some(wall(second)),
            discontinuity,
            ..SEGMENT
        }
    }

    #[test]
    fn dates_never_go_back_and_show_holes() {
        let mut counter = counter();
        let back = Unnumbered {
            date: Some(wall(0) - SignedDuration::from_hours(1)),
            ..SEGMENT
        };
        let behind = Unnumbered {
            discontinuity: true,
            ..SEGMENT
        };
        let dates = [(SEGMENT, 10), (back, 12), (behind, 60)]
            .map(|(segment, at)| counter.give(segment, wall(at)).date);
        assert_eq!(dates, [wall(8), wall(10), wall(58)]);
    }

    #[test]
    fn a_date_far_ahead_is_believed_behind_a_break_only() {
        let mut counter = counter();
        let dates = [
            (dated(10, false), 12),
            (dated(13, false), 14),
            (dated(17, false), 16),
            (dated(20, true), 18),
        ]
        .map(|(segment, at)| counter.give(segment, wall(at)).date);
        assert_eq!(dates, [wall(10), wall(13), wall(15), wall(20)]);
    }

    #[test]
    fn numbers_go_on_rising_over_a_restart_with_or_without_the_data_folder() {
        let promised = Some(Promise {
            sequence: 5_000,
            discontinuities: 70,
            date: Some(wall(3_600)),
        });
        let with = Numbering::after(promised, Duration::from_secs(750));
        assert_eq!(
            (with.sequence, with.discontinuities),
            (MediaSequence(5_000), 70)
        );
        let mut counter = Counter::new(with);
        // Dates that an earlier life may have used are not used again, whoever says them.
        for (from, date) in [(3_500, 3_600), (3_502, 3_602), (9_000, 9_000)] {
            let given = counter.give(dated(from, from == 9_000), wall(0));
            assert_eq!(given.date, wall(date));
        }
        let without = Numbering::after(None, Duration::from_secs(750));
        assert_eq!(without.sequence, MediaSequence(3_000));
        assert!(without.continues);
        let later = Numbering::after(None, Duration::from_secs(750 + 60));
        assert!(without.discontinuities + 1 < later.discontinuities);
    }

    #[test]
    fn numbers_stay_as_small_as_players_need_them() {
        let years = |count: u64| Duration::from_hours(count * 24 * 365);
        let first = Numbering::after(None, years(17));
        assert!(first.sequence.0 < 1 << 31, "{first:?}");
        // hls.js 1.7 takes 10 ns for each, with every list: about as long as for all else that it does with one.
        let most = (0..40).map(|half| Numbering::after(None, years(half) / 2).discontinuities);
        assert!(most.max() < Some(600_000));
        // One that is begun and left a hundred times a day.
        let mut numbering = first;
        for _ in 0..100 {
            let promise = Counter::new(numbering).promise();
            numbering = Numbering::after(promise, years(17));
        }
        let grown = numbering.discontinuities - first.discontinuities;
        assert!(grown <= 2_000, "{grown} in a day");
    }

    #[test]
    fn numbers_are_promised_before_they_are_used() {
        let mut counter = counter();
        let mut promise = counter.promise().expect("a first promise");
        for second in 0..5_000 {
            let segment = Unnumbered {
                discontinuity: second % 3 == 0,
                ..SEGMENT
            };
            let given = counter.give(segment, wall(second));
            assert!(given.sequence.0 < promise.sequence);
            assert!(given.discontinuities < promise.discontinuities);
            promise = counter.promise().unwrap_or(promise);
            let end = later(given.date, SEGMENT.duration);
            assert!(Some(end) < promise.date, "{end} is not promised");
        }
    }
}

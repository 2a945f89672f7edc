//! The window of a channel: its newest segments, bounded in number and bytes, and their numbering.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::segment::{Body, Container, MediaSequence, Resource, Segment, SegmentKey};
use crate::settings::{PUBLISHED_SEGMENTS_MIN, Settings};
use crate::time::Moment;

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

/// Target durations for which a segment is listed at least, however many come in one burst: players
/// ask again within one, or within half of one, and must find what follows on what they have.
const LISTED_TARGETS: u64 = 2;

/// Segments that may be held for the list's sake beyond what is set: as many as can be set at all.
pub(crate) const HELD_MAX: usize = 100;

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

/// What is to be published; the window adds number, date and count.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Its length.
    pub duration: Duration,
    /// Whether it breaks with the one before.
    pub discontinuity: bool,
    /// When it is appended.
    pub(crate) published_at: Moment,
    /// The source's own date of it.
    pub program_date_time: Option<Timestamp>,
    /// The media.
    pub body: Body,
    /// The same for continuous bodies, if it can be.
    pub part: Option<Arc<ts::rebase::Part>>,
    /// How it is packed.
    pub container: Container,
    /// How it is encrypted.
    pub key: Option<SegmentKey>,
    /// Its initialisation section.
    pub map: Option<Arc<Resource>>,
    /// Tags passed on.
    pub tags: Vec<String>,
    /// Whether it is a clip of ours.
    pub slate: bool,
}

/// The segments a channel holds. Readers get clones, which share the segments.
///
/// Invariant: numbers in `held` are consecutive; `listed_from` never falls.
#[derive(Clone, Debug)]
pub struct Window {
    held: VecDeque<Arc<Segment>>,
    bytes: usize,
    listed_from: MediaSequence,
    next: MediaSequence,
    discontinuities: u64,
    date: Option<Timestamp>,
    /// What an earlier life may have dated ends before this.
    date_least: Option<Timestamp>,
    breaks: bool,
    target: Option<u64>,
    promised: Promise,
    ended: bool,
    /// Something of the source's was appended since the life began.
    has_media: bool,
}

impl Window {
    /// An empty window whose first segment gets the number that `numbering` says.
    pub(crate) fn new(numbering: Numbering) -> Self {
        Self {
            held: VecDeque::new(),
            bytes: 0,
            listed_from: numbering.sequence,
            next: numbering.sequence,
            discontinuities: numbering.discontinuities,
            date: None,
            date_least: numbering.date,
            breaks: numbering.continues,
            target: None,
            promised: Promise::default(),
            ended: false,
            has_media: false,
        }
    }

    /// All segments held, oldest first.
    pub fn held(&self) -> impl ExactSizeIterator<Item = &Arc<Segment>> + DoubleEndedIterator {
        self.held.iter()
    }

    /// The segments that the live playlist lists.
    pub fn listed(&self) -> impl Iterator<Item = &Arc<Segment>> {
        let from = self.listed_from;
        self.held
            .iter()
            .filter(move |segment| from <= segment.sequence)
    }

    /// The segment of a number, as long as it is held, listed or not.
    pub fn segment(&self, sequence: MediaSequence) -> Option<&Arc<Segment>> {
        let first = self.held.front()?.sequence;
        let index = sequence.0.checked_sub(first.0)?;
        self.held.get(usize::try_from(index).ok()?)
    }

    /// The key or initialisation section of a number, as long as a held segment refers to it.
    pub fn resource(&self, number: u64) -> Option<&Arc<Resource>> {
        self.held
            .iter()
            .flat_map(|segment| {
                let key = segment.key.as_ref().and_then(|key| key.resource.as_ref());
                segment.map.iter().chain(key)
            })
            .find(|resource| resource.number == number)
    }

    /// The number that the next segment will get.
    pub fn next(&self) -> MediaSequence {
        self.next
    }

    /// Bytes of all segments held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Media held, in time.
    pub fn duration(&self) -> Duration {
        self.held.iter().map(|segment| segment.duration).sum()
    }

    /// The target duration in seconds, once it has been told to a player; from then on it is the
    /// same for ever (RFC 8216 6.2.1).
    pub fn target(&self) -> Option<u64> {
        self.target
    }

    /// Whether the last segment has been published.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the source has brought something in this life, held still or not.
    pub(crate) fn has_media(&self) -> bool {
        self.has_media
    }

    /// Whether anything was ever appended, in this life or an earlier one.
    pub(crate) fn has_begun(&self) -> bool {
        self.date.is_some()
    }

    /// Fixes the target duration, unless it stands, at no less than any segment held, rounded up, and no less than
    /// the source's.
    pub(crate) fn fix_target(&mut self, source: Duration, settings: &Settings) {
        if self.target.is_some() {
            return;
        }
        let longest = self
            .held
            .iter()
            .map(|segment| segment.duration)
            .max()
            .unwrap_or_default();
        self.target = Some(seconds_up(longest.max(source)).max(1));
        // Nobody has seen a list yet, so the first one need not show more than is set.
        self.slide(settings, Moment(Duration::MAX));
    }

    /// Makes the next segment a break, whatever it says itself.
    pub(crate) fn break_next(&mut self) {
        // A break is between two segments; a first one has nothing to break with.
        self.breaks |= self.date.is_some();
    }

    /// Whether the next segment will not go on from the newest one, whatever it says itself.
    pub(crate) fn breaks_next(&self) -> bool {
        self.breaks || self.held.is_empty()
    }

    /// Makes the next segment follow on the newest one, though something else was to follow with a break.
    pub(crate) fn join_next(&mut self) {
        self.breaks = false;
    }

    /// Says that no segment will follow, or, when a source came back, that some will.
    pub(crate) fn set_ended(&mut self, ended: bool) {
        self.ended = ended;
    }

    /// Drops all media and keeps the numbering, for a life that begins again and has its own
    /// target duration.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.bytes = 0;
        self.listed_from = self.next;
        self.ended = false;
        self.has_media = false;
        // Whoever read the old list was told that it is over, so this is another one.
        self.target = None;
        self.break_next();
    }

    /// Appends a segment. `wall` is the date by the clock, for a first segment and after a break.
    pub(crate) fn push(
        &mut self,
        draft: Draft,
        wall: Timestamp,
        settings: &Settings,
    ) -> Arc<Segment> {
        let discontinuity = draft.discontinuity || self.breaks;
        self.breaks = false;
        self.discontinuities += u64::from(discontinuity);
        let seam = discontinuity || !self.counts_on(&draft);
        let date = self.date_of(&draft, discontinuity, wall);
        let date = self.date_least.map_or(date, |least| date.max(least));
        self.date = Some(later(date, draft.duration));
        let segment = Arc::new(Segment {
            sequence: self.next,
            duration: draft.duration,
            discontinuity,
            discontinuities: self.discontinuities,
            program_date_time: date,
            published_at: draft.published_at,
            body: draft.body,
            part: draft.part,
            seam,
            container: draft.container,
            key: draft.key,
            map: draft.map,
            tags: draft.tags,
            slate: draft.slate,
        });
        self.has_media |= !segment.slate;
        self.next = self.next.next();
        self.bytes += segment.body.len();
        self.held.push_back(Arc::clone(&segment));
        self.fit(settings);
        segment
    }

    /// Whether packets' counters go on from the newest segment.
    fn counts_on(&self, draft: &Draft) -> bool {
        let newest = self.held.back().and_then(|newest| newest.part.as_ref());
        match (newest, &draft.part) {
            (Some(newest), Some(part)) => part.counts_on(newest),
            _ => true,
        }
    }

    /// The source's date where it is sane, else where the segment before ended; behind a break no
    /// earlier than the clock says, so that a hole shows in the dates. Never backwards: a date that
    /// steps back ends playback for some players (measured). Never far ahead of media that goes on:
    /// players find a date by the durations.
    fn date_of(&self, draft: &Draft, discontinuity: bool, wall: Timestamp) -> Timestamp {
        const BREAK_MAX: SignedDuration = SignedDuration::from_hours(24);
        const STEP_MAX: SignedDuration = SignedDuration::from_secs(1);
        let ahead_max = if discontinuity { BREAK_MAX } else { STEP_MAX };
        let begun = wall.checked_sub(draft.duration).unwrap_or(wall);
        match (draft.program_date_time, self.date) {
            (Some(date), None) => date,
            (None, None) => begun,
            (Some(date), Some(end)) if end <= date && date.duration_since(end) <= ahead_max => date,
            (None, Some(end)) if discontinuity => end.max(begun),
            (_, Some(end)) => end,
        }
    }

    /// Drops what is beyond the bounds, never below the three segments that players need; returns
    /// whether anything changed.
    pub(crate) fn fit(&mut self, settings: &Settings) -> bool {
        let before = (self.held.len(), self.listed_from);
        while PUBLISHED_SEGMENTS_MIN < self.held.len()
            && (settings.bytes_max < self.bytes
                || (settings.segments_max < self.held.len() && self.can_spare_one()))
        {
            let gone = self
                .held
                .pop_front()
                .expect("a window over its limits holds some");
            self.bytes -= gone.body.len();
        }
        let newest = self.held.back().map(|segment| segment.published_at);
        let listed_for = Duration::from_secs(self.target.unwrap_or_default() * LISTED_TARGETS);
        let since = newest.unwrap_or_default().0.saturating_sub(listed_for);
        self.slide(settings, Moment(since));
        before != (self.held.len(), self.listed_from)
    }

    /// Whether without the oldest segment there is still as much media as a list must have (RFC 8216
    /// 6.2.2). Segments may be far shorter than the target duration, which stands for good.
    fn can_spare_one(&self) -> bool {
        let oldest = self.held.front().map(|segment| segment.duration);
        HELD_MAX < self.held.len()
            || self.listed_least() <= self.duration().saturating_sub(oldest.unwrap_or_default())
    }

    /// Media that a list may not fall below, once it has had as much.
    pub(crate) fn listed_least(&self) -> Duration {
        Duration::from_secs(self.target.unwrap_or_default() * 3)
    }

    /// Moves the start of the list: as many segments as set, but never less media than three
    /// target durations while more is held (RFC 8216 6.2.2), never what was published since a
    /// moment, and never back.
    fn slide(&mut self, settings: &Settings, since: Moment) {
        // There is no list before the target duration stands.
        if self.target.is_none() {
            return;
        }
        let least = self.listed_least();
        let size = settings.window_size.max(PUBLISHED_SEGMENTS_MIN);
        let mut media = Duration::ZERO;
        let mut from = self.next;
        for (listed, segment) in self.held.iter().rev().enumerate() {
            let seen = segment.published_at < since;
            if size <= listed && least <= media && seen {
                break;
            }
            media += segment.duration;
            from = segment.sequence;
        }
        self.listed_from = self.listed_from.max(from);
    }

    /// A new promise, when the old one is about to be used up.
    pub(crate) fn promise(&mut self) -> Option<Promise> {
        let numbers = self.promised.sequence < self.next.0 + PROMISE_EARLY
            || self.promised.discontinuities < self.discontinuities + PROMISE_BREAKS_EARLY;
        let ahead = |time| self.date.and_then(|date| date.checked_add(time).ok());
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

fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(0 < duration.subsec_nanos())
}

fn later(date: Timestamp, duration: Duration) -> Timestamp {
    date.checked_add(duration).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{draft, wall};

    fn window() -> Window {
        Window::new(Numbering {
            sequence: MediaSequence(10),
            discontinuities: 4,
            continues: false,
            date: None,
        })
    }

    fn filled(count: u64, settings: &Settings) -> Window {
        let mut window = window();
        window.fix_target(Duration::from_secs(2), &Settings::default());
        for second in 0..count {
            window.push(at(2 * second, draft(2000)), wall(2 * second), settings);
        }
        window
    }

    fn at(second: u64, draft: Draft) -> Draft {
        Draft {
            published_at: Moment(Duration::from_secs(second)),
            ..draft
        }
    }

    fn listed(window: &Window) -> Vec<u64> {
        window.listed().map(|segment| segment.sequence.0).collect()
    }

    #[test]
    fn a_segment_stays_available_after_it_has_left_the_list() {
        let window = filled(20, &Settings::default());
        assert_eq!(listed(&window), [24, 25, 26, 27, 28, 29]);
        assert!(window.segment(MediaSequence(10)).is_some());
        assert!(window.segment(MediaSequence(9)).is_none());
        assert!(window.segment(MediaSequence(30)).is_none());
        assert!(window.segment(MediaSequence(u64::MAX)).is_none());
    }

    #[test]
    fn memory_is_bounded_in_segments_and_in_bytes() {
        let window = filled(50, &Settings::default());
        assert_eq!(window.held().len(), 20);
        let tight = Settings {
            bytes_max: 3 * draft(2000).body.len(),
            ..Settings::default()
        };
        let window = filled(50, &tight);
        assert_eq!(window.held().len(), 3);
        assert!(window.bytes() <= tight.bytes_max);
    }

    #[test]
    fn the_list_never_holds_less_than_three_target_durations_of_what_is_there() {
        let settings = Settings {
            window_size: 3,
            ..Settings::default()
        };
        let mut window = window();
        window.fix_target(Duration::from_secs(4), &Settings::default());
        for second in 0..12 {
            window.push(at(2 * second, draft(2000)), wall(2 * second), &settings);
        }
        assert_eq!(window.listed().count(), 6);
    }

    #[test]
    fn fewer_segments_to_keep_never_take_from_the_list_what_it_must_have() {
        let few = Settings {
            window_size: 3,
            segments_max: 5,
            ..Settings::default()
        };
        let mut window = window();
        window.fix_target(Duration::from_secs(4), &Settings::default());
        for second in 0..12 {
            window.push(at(second, draft(1000)), wall(second), &Settings::default());
        }
        window.fit(&few);
        let held: Duration = window.held().map(|it| it.duration).sum();
        assert_eq!(held, Duration::from_secs(12));
        window.push(at(12, draft(1000)), wall(12), &few);
        assert_eq!(window.held().len(), 12);
        let tight = Settings {
            bytes_max: 1,
            ..few
        };
        window.fit(&tight);
        assert_eq!(window.held().len(), 3, "memory has the last word");
    }

    #[test]
    fn a_burst_is_listed_whole_until_every_player_has_asked_again() {
        let settings = Settings {
            window_size: 3,
            ..Settings::default()
        };
        let mut window = filled(3, &settings);
        window.fix_target(Duration::from_secs(2), &settings);
        for _ in 0..10 {
            window.push(at(30, draft(2000)), wall(30), &settings);
        }
        assert!(window.listed().count() > 9);
        window.push(at(36, draft(2000)), wall(36), &settings);
        assert_eq!(window.listed().count(), 3);
    }

    #[test]
    fn a_larger_window_setting_never_brings_back_what_was_removed() {
        let mut window = filled(20, &Settings::default());
        let larger = Settings {
            window_size: 12,
            ..Settings::default()
        };
        window.push(at(40, draft(2000)), wall(40), &larger);
        assert_eq!(listed(&window), [24, 25, 26, 27, 28, 29, 30]);
    }

    #[test]
    fn the_target_duration_is_rounded_up_and_never_changes() {
        let mut window = window();
        window.push(draft(4100), wall(0), &Settings::default());
        window.fix_target(Duration::from_secs(4), &Settings::default());
        assert_eq!(window.target(), Some(5));
        window.fix_target(Duration::from_secs(9), &Settings::default());
        assert_eq!(window.target(), Some(5));
    }

    #[test]
    fn the_discontinuity_sequence_counts_what_has_left_the_list() {
        let settings = Settings {
            window_size: 3,
            ..Settings::default()
        };
        let mut window = window();
        for number in 0..6 {
            let discontinuity = number == 2;
            window.push(
                Draft {
                    discontinuity,
                    ..draft(2000)
                },
                wall(number),
                &settings,
            );
        }
        let sequences: Vec<_> = window
            .held()
            .map(|it| it.discontinuity_sequence())
            .collect();
        assert_eq!(sequences, [4, 4, 4, 5, 5, 5]);
    }

    #[test]
    fn dates_never_go_back_and_show_holes() {
        let settings = Settings::default();
        let mut window = window();
        let back = Some(wall(0) - SignedDuration::from_hours(1));
        window.push(draft(2000), wall(10), &settings);
        window.push(
            Draft {
                program_date_time: back,
                ..draft(2000)
            },
            wall(12),
            &settings,
        );
        window.push(
            Draft {
                discontinuity: true,
                ..draft(2000)
            },
            wall(60),
            &settings,
        );
        let dates: Vec<_> = window.held().map(|it| it.program_date_time).collect();
        assert_eq!(dates, [wall(8), wall(10), wall(58)]);
    }

    #[test]
    fn a_date_far_ahead_is_believed_behind_a_break_only() {
        let settings = Settings::default();
        let mut window = window();
        let dated = |seconds, discontinuity| Draft {
            program_date_time: Some(wall(seconds)),
            discontinuity,
            ..draft(2000)
        };
        for (draft, at) in [
            (dated(10, false), 12),
            (dated(13, false), 14),
            (dated(17, false), 16),
            (dated(20, true), 18),
        ] {
            window.push(draft, wall(at), &settings);
        }
        let dates: Vec<_> = window.held().map(|it| it.program_date_time).collect();
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
        let mut window = Window::new(with);
        let dated = |second| Draft {
            program_date_time: Some(wall(second)),
            ..draft(2000)
        };
        // Dates that an earlier life may have used are not used again, whoever says them.
        for (from, date) in [(3_500, 3_600), (3_502, 3_602), (9_000, 9_000)] {
            let draft = Draft {
                discontinuity: from == 9_000,
                ..dated(from)
            };
            let segment = window.push(draft, wall(0), &Settings::default());
            assert_eq!(segment.program_date_time, wall(date));
        }
        let without = Numbering::after(None, Duration::from_secs(750));
        assert_eq!(without.sequence, MediaSequence(3_000));
        let mut window = Window::new(without);
        assert!(
            window
                .push(draft(2000), wall(0), &Settings::default())
                .discontinuity
        );
        let later = Numbering::after(None, Duration::from_secs(750 + 60));
        assert!(window.discontinuities < later.discontinuities);
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
            let promise = Window::new(numbering).promise();
            numbering = Numbering::after(promise, years(17));
        }
        let grown = numbering.discontinuities - first.discontinuities;
        assert!(grown <= 2_000, "{grown} in a day");
    }

    #[test]
    fn numbers_are_promised_before_they_are_used() {
        let mut window = window();
        let mut promise = window.promise().expect("a first promise");
        for second in 0..5_000 {
            let draft = Draft {
                discontinuity: second % 3 == 0,
                ..draft(2000)
            };
            let segment = window.push(draft, wall(second), &Settings::default());
            assert!(segment.sequence.0 < promise.sequence);
            assert!(segment.discontinuities < promise.discontinuities);
            promise = window.promise().unwrap_or(promise);
            let end = later(segment.program_date_time, segment.duration);
            assert!(Some(end) < promise.date, "{end} is not promised");
        }
    }

    #[test]
    fn a_life_that_begins_again_keeps_the_numbering_and_breaks() {
        let mut window = filled(5, &Settings::default());
        window.clear();
        assert_eq!(window.held().len(), 0);
        let segment = window.push(draft(2000), wall(30), &Settings::default());
        assert_eq!(segment.sequence, MediaSequence(15));
        assert!(segment.discontinuity);
    }
}

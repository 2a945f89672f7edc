//! The window of a channel: its newest segments, bounded in number and bytes. It never says what number or date comes next.

mod listing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::numbering::{Counter, Numbering, Promise, Unnumbered};
use crate::segment::{Body, Container, MediaSequence, Resource, Segment, SegmentKey};
use crate::settings::{PUBLISHED_SEGMENTS_MIN, Settings};
use crate::time::Moment;

/// Segments that may be held for the list's sake beyond what is set: as many as can be set at all.
pub(crate) const HELD_MAX: usize = 100;

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
/// Invariant: numbers in `held` are consecutive; `listed_from` never falls; `since` is no longer than `held`.
#[derive(Clone, Debug)]
pub struct Window {
    held: VecDeque<Arc<Segment>>,
    /// Since when each of the oldest in `held` may be found in the list; the newest may have to wait.
    since: VecDeque<Moment>,
    /// When players found a first list.
    listed_at: Option<Moment>,
    bytes: usize,
    listed_from: MediaSequence,
    counter: Counter,
    breaks: bool,
    target: Option<u64>,
    ended: bool,
    /// Something of the source's was appended since the life began.
    has_media: bool,
}

impl Window {
    /// An empty window whose first segment gets the number that `numbering` says.
    pub(crate) fn new(numbering: Numbering) -> Self {
        Self {
            held: VecDeque::new(),
            since: VecDeque::new(),
            listed_at: None,
            bytes: 0,
            listed_from: numbering.sequence,
            counter: Counter::new(numbering),
            breaks: numbering.continues,
            target: None,
            ended: false,
            has_media: false,
        }
    }

    /// All segments held, oldest first.
    pub fn held(&self) -> impl ExactSizeIterator<Item = &Arc<Segment>> + DoubleEndedIterator {
        self.held.iter()
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
        self.counter.next()
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
        self.counter.has_begun()
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
        self.breaks |= self.has_begun();
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
        self.since.clear();
        self.listed_at = None;
        self.bytes = 0;
        self.listed_from = self.next();
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
        let seam = discontinuity || !self.counts_on(&draft);
        let unnumbered = Unnumbered {
            duration: draft.duration,
            discontinuity,
            date: draft.program_date_time,
        };
        let numbers = self.counter.give(unnumbered, wall);
        let segment = Arc::new(Segment {
            sequence: numbers.sequence,
            duration: draft.duration,
            discontinuity,
            discontinuities: numbers.discontinuities,
            program_date_time: numbers.date,
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
        self.bytes += segment.body.len();
        self.held.push_back(Arc::clone(&segment));
        self.show(segment.published_at);
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

    /// Drops what is beyond the bounds, never below the three segments that players need; returns
    /// whether anything changed.
    pub(crate) fn fit(&mut self, settings: &Settings) -> bool {
        let before = (self.held.len(), self.listed_from);
        while PUBLISHED_SEGMENTS_MIN < self.held.len()
            && (settings.bytes_max < self.bytes
                || (settings.segments_max < self.held.len() && self.can_spare_one()))
        {
            self.list_for_room();
            let gone = self
                .held
                .pop_front()
                .expect("a window over its limits holds some");
            self.since.pop_front();
            self.bytes -= gone.body.len();
        }
        self.slide(settings, self.asked_again());
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

    /// A new promise, when the old one is about to be used up.
    pub(crate) fn promise(&mut self) -> Option<Promise> {
        self.counter.promise()
    }
}

fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(0 < duration.subsec_nanos())
}

#[cfg(test)]
mod tests;

//! What viewers read: numbers that rise, entries that stay as they were, and no hole without a mark.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use channel::view::Template;
use channel::{PUBLISHED_SEGMENTS_MIN, Snapshot};
use jiff::Timestamp;
use simulator::lint::{Checker, Finding, Rule, SegmentFacts};

use super::Expected;
use crate::coverage::{Coverage, Seen};
use crate::source::Span;

/// Numbers whose meaning is remembered: more than any list has.
const ENTRIES_MAX: usize = 256;

/// Every so manieth list is also read as a viewer gets it the first time.
const FIRST_EVERY: u64 = 16;

/// Segments that may wait to be listed, and only behind clips of ours.
const WAITING_MAX: usize = 3;

/// What a number stands for, for ever.
#[derive(Debug, PartialEq)]
struct Entry {
    path: String,
    duration: Duration,
    discontinuities: u64,
    key: Option<(Option<String>, Option<u128>)>,
    map: Option<String>,
    date: Option<Timestamp>,
}

/// The lists of one channel, over all its lives.
#[derive(Debug, Default)]
pub(super) struct Lists {
    entries: BTreeMap<u64, Entry>,
    sequence: u64,
    discontinuity_sequence: u64,
    /// The date of the newest segment; a channel that begins anew goes by the clock again.
    date: Option<Timestamp>,
    /// The target duration of this life.
    target: Option<Duration>,
    served: bool,
    ended: bool,
    /// The newest segment that was looked at, and what its bytes said.
    newest: Option<(u64, Option<Span>)>,
    /// The furthest that was shown of a body in this life.
    reached: Option<Span>,
    /// Whether it was one of Weir's own clips.
    on_slate: bool,
    /// Segments seen in this life.
    seen: u64,
    repeats: u64,
    template: Option<Template>,
    list: Option<Arc<hls::Media>>,
    /// The judge of live lists that are served for real, over one life.
    lint: Checker,
}

impl Lists {
    /// A life begins.
    pub(super) fn begin(&mut self) {
        self.target = None;
        self.served = false;
        self.ended = false;
        self.seen = 0;
        self.reached = None;
        self.template = None;
        self.list = None;
        self.lint = Checker::new();
    }

    /// Another channel will go on under this name, which knows nothing but the numbers.
    pub(super) fn another(&mut self) {
        self.begin();
        self.date = None;
        self.repeats = 0;
    }

    /// Numbers may fall, this once.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn published(
        &mut self,
        now: Duration,
        alive: bool,
        expected: Expected,
        serene: bool,
        snapshot: &Snapshot,
        coverage: &mut Coverage,
    ) -> Option<Arc<hls::Media>> {
        self.media(expected, snapshot, coverage);
        let Some(template) = &snapshot.playlist else {
            assert!(!self.served || !alive, "a list that was served vanished");
            self.template = None;
            self.list = None;
            return None;
        };
        if self.template.as_ref() != Some(template) {
            let list = read(template);
            self.list(&list, snapshot);
            if !serene {
                // What comes late is the source's fault, or that of whoever set how often it is asked.
                self.lint.outage(Duration::ZERO, now);
            }
            self.lint.revision(now, &list);
            self.lint(now, snapshot);
            if list.media_sequence.is_multiple_of(FIRST_EVERY) {
                first(&list, snapshot);
            }
            self.served = true;
            self.template = Some(template.clone());
            self.list = Some(Arc::new(list));
        }
        self.list.clone()
    }

    /// Looks at the bytes of what is new: what follows on what, and what is missing.
    fn media(&mut self, expected: Expected, snapshot: &Snapshot, coverage: &mut Coverage) {
        let repeats = snapshot.counters.repeats;
        if self.repeats < repeats {
            coverage.see(Seen::Repeat);
        }
        self.repeats = repeats;
        let after = self.newest.map(|(sequence, _)| sequence);
        let held = snapshot.window.held().rev();
        let fresh: Vec<_> = held.take_while(|it| after < Some(it.sequence.0)).collect();
        for segment in fresh.into_iter().rev() {
            let mark = Span::of(&segment.body);
            self.slate(segment, snapshot);
            if mark.is_none() && !segment.slate {
                coverage.see(Seen::LongSegmentCut);
            }
            if segment.discontinuity {
                coverage.see(Seen::Break);
            }
            if let Some((before, Some(known))) = self.newest
                && before + 1 == segment.sequence.0
                && let Some(mark) = mark
            {
                let follows = known.timeline == mark.timeline && known.last + 1 == mark.first;
                let number = segment.sequence;
                assert!(
                    follows || segment.discontinuity,
                    "{number} does not follow on what was before and says nothing of it: \
                     {known:?}, {mark:?}"
                );
                assert!(
                    !(follows && segment.discontinuity && expected.steady && 0 < self.seen),
                    "{number} follows on what was before and says that it does not"
                );
            }
            if let Some(mark) = mark.filter(|it| it.cut) {
                coverage.see(Seen::Cut);
                self.goes_on(mark, expected, coverage);
            }
            self.seen += 1;
            self.newest = Some((segment.sequence.0, mark));
        }
    }

    /// Nobody is thrown back by what a new session sends once more.
    fn goes_on(&mut self, mark: Span, expected: Expected, coverage: &mut Coverage) {
        let before = self.reached.filter(|it| it.timeline == mark.timeline);
        if let Some(before) = before
            && mark.first <= before.last
        {
            coverage.see(Seen::Again);
            let back = before.last + 1 - mark.first;
            assert!(
                expected.back_max.is_none_or(|most| back <= most),
                "viewers are thrown back by {back} frames, {:?} may be: {before:?}, {mark:?}",
                expected.back_max
            );
        }
        self.reached = Some(mark);
    }

    /// A break stands where media and clips meet, and there alone; clips come only where they are wanted.
    fn slate(&mut self, segment: &channel::Segment, snapshot: &Snapshot) {
        let number = segment.sequence;
        let was = std::mem::replace(&mut self.on_slate, segment.slate);
        let newest = self.newest.map(|(sequence, _)| sequence + 1);
        // What lies between may have left a narrow window unseen.
        let joins = 0 < self.seen && newest == Some(number.0);
        if joins && was != segment.slate {
            assert!(
                segment.discontinuity,
                "{number} follows on the slate, or the slate on it"
            );
        }
        if joins && was && segment.slate {
            assert!(
                !segment.discontinuity,
                "{number} is a break within the slate"
            );
        }
        if segment.slate {
            let plain = segment.map.is_none() && segment.key.is_none();
            assert!(plain, "{number} is a clip that needs something");
            assert!(
                snapshot.window.target() >= Some(2),
                "a clip does not fit the list"
            );
        }
    }

    fn list(&mut self, list: &hls::Media, snapshot: &Snapshot) {
        let (was, is) = (self.sequence, list.media_sequence);
        assert!(was <= is, "the media sequence fell from {was} to {is}");
        self.sequence = is;
        let (was, is) = (self.discontinuity_sequence, list.discontinuity_sequence);
        assert!(
            was <= is,
            "the discontinuity sequence fell from {was} to {is}"
        );
        self.discontinuity_sequence = is;
        let (target, is) = (self.target, list.target_duration);
        let was = *self.target.get_or_insert(is);
        assert!(
            target.is_none_or(|_| was == is),
            "the target duration was {was:?} and is {is:?}"
        );
        let count = list.segments.len();
        assert!(
            list.ended || PUBLISHED_SEGMENTS_MIN <= count,
            "a list of {count} segments"
        );
        assert!(
            list.ended || !self.ended,
            "a list that had ended goes on in the same life"
        );
        self.ended = list.ended;
        self.entries(list);
        for segment in snapshot.window.listed() {
            assert!(
                !segment.body.is_empty(),
                "{} is listed and not there",
                segment.sequence
            );
            let key = segment.key.as_ref().and_then(|key| key.resource.as_ref());
            for resource in segment.map.iter().chain(key) {
                let there = snapshot.window.resource(resource.number);
                assert!(
                    there.is_some(),
                    "what {} needs is not there",
                    segment.sequence
                );
            }
        }
        let media: Duration = list.segments.iter().map(|it| it.duration).sum();
        let held = || snapshot.window.held().rev();
        let newest = snapshot.window.listed().last().map(|it| it.sequence);
        let waiting = held().take_while(|it| newest < Some(it.sequence)).count();
        let clips = held().skip(waiting).take(WAITING_MAX).any(|it| it.slate);
        assert!(
            waiting == 0 || (clips && waiting <= WAITING_MAX),
            "{waiting} wait to be listed"
        );
        let all = held().count() == count + waiting;
        assert!(
            all || list.target_duration * 3 <= media,
            "a list of {media:?} though more is held"
        );
        let listed: usize = snapshot.window.listed().count();
        assert_eq!(listed, count, "the list is not what the window lists");
    }

    fn lint(&mut self, now: Duration, snapshot: &Snapshot) {
        if let Some(newest) = snapshot.window.listed().last() {
            let hash = SegmentFacts::hash_of(newest.body.chunks());
            let facts = SegmentFacts::opaque(newest.body.len() as u64, hash);
            self.lint.facts(now, newest.sequence.0, &facts);
        }
        // Where memory is bounded below what these two need, the bound holds.
        let counts = |it: &&Finding| !matches!(it.rule, Rule::WindowShort | Rule::Jump);
        let finding = self.lint.findings().iter().find(counts);
        assert!(
            finding.is_none(),
            "{}",
            finding.map(ToString::to_string).unwrap_or_default()
        );
    }

    fn entries(&mut self, list: &hls::Media) {
        let mut discontinuities = list.discontinuity_sequence;
        for segment in &list.segments {
            let number = segment.sequence;
            discontinuities += u64::from(segment.discontinuity);
            let rounded = segment.duration.as_secs_f64().round();
            assert!(
                rounded <= list.target_duration.as_secs_f64(),
                "{number} is longer than the target duration: {rounded} s"
            );
            let entry = entry(segment, discontinuities);
            if let Some(known) = self.entries.get(&number) {
                assert_eq!(*known, entry, "{number} has become something else");
                continue;
            }
            let newest = self.entries.keys().next_back().copied();
            assert!(newest < Some(number), "{number} came after {newest:?}");
            assert!(
                self.date <= entry.date,
                "dates went back from {:?} to {:?}",
                self.date,
                entry.date
            );
            self.date = entry.date;
            self.entries.insert(number, entry);
        }
        while ENTRIES_MAX < self.entries.len() {
            self.entries.pop_first();
        }
    }
}

fn entry(segment: &hls::Segment, discontinuities: u64) -> Entry {
    let key = segment.key.as_deref();
    Entry {
        path: path(&segment.uri).to_owned(),
        duration: segment.duration,
        discontinuities,
        key: key.map(|key| (key.uri.as_deref().map(|uri| path(uri).to_owned()), key.iv)),
        map: segment.map.as_ref().map(|map| path(&map.uri).to_owned()),
        date: segment.program_date_time,
    }
}

/// An address without what is each viewer's own.
fn path(uri: &str) -> &str {
    uri.split('?').next().unwrap_or_default()
}

fn read(template: &Template) -> hls::Media {
    let text = template.render("token");
    match hls::read(text.as_bytes()) {
        Ok(hls::Playlist::Media(list)) => list,
        other => panic!("a list that cannot be read: {other:?} in {text}"),
    }
}

/// A viewer's first list is the same without its newest segment, if enough is left.
fn first(list: &hls::Media, snapshot: &Snapshot) {
    let template = snapshot.first_playlist.as_ref();
    let shown = read(template.expect("where there is a list there is a first one"));
    let enough = list.ended || list.segments.len() <= PUBLISHED_SEGMENTS_MIN;
    let count = list.segments.len() - usize::from(!enough);
    assert_eq!(
        shown.segments[..],
        list.segments[..count],
        "a first list is another list"
    );
    assert_eq!(shown.media_sequence, list.media_sequence);
    assert_eq!(shown.discontinuity_sequence, list.discontinuity_sequence);
    assert_eq!(shown.target_duration, list.target_duration);
}

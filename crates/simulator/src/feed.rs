//! A live source's segments as they come to be, with their faults; it is told the time and waits for nothing.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::fault::{Endpoint, Fault, Faults, Listing, Session, Spot};
use crate::media::Media;

/// How many segments a feed begins with, lists, and still serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) initial: usize,
    pub(crate) window: usize,
    /// Segments that are still served after they have left the list.
    pub(crate) kept: usize,
}

/// Segments whose bytes are kept: those that several clients ask for at about the same time.
const MADE_SEGMENTS_MAX: usize = 6;

/// How far the timestamps jump: longer than any buffer, and no whole number of segments.
const TIMESTAMP_JUMP: Duration = Duration::from_millis(1_234_567);

/// One segment of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in the playlist.
    pub(crate) number: u64,
    /// Its number in the media.
    pub(crate) media: u64,
    /// Counts the jumps of the timestamps.
    pub(crate) session: u64,
    pub(crate) duration: Duration,
    pub(crate) discontinuity: bool,
    /// Its beginning, since 1970.
    pub(crate) date: Duration,
    pub(crate) key: u64,
}

/// Invariant: `entries` holds at most `window + kept` segments, and some.
#[derive(Debug)]
pub(crate) struct Feed {
    media: Media,
    span: Span,
    entries: VecDeque<Entry>,
    /// Entries that were dropped with a discontinuity in front.
    discontinuities: u64,
    next: Entry,
    due: Instant,
    /// The bytes of the segments that were asked for last, by media number and session.
    made: VecDeque<((u64, u64), Bytes)>,
}

impl Feed {
    /// A feed that has its initial segments at once, the first of them number `first` of the media.
    pub(crate) fn new(media: Media, first: u64, span: Span, now: Instant, unix: Duration) -> Self {
        let duration = media.duration(first);
        let next = Entry {
            number: 0,
            media: first,
            session: 0,
            duration,
            discontinuity: false,
            date: unix,
            key: 0,
        };
        let entries = VecDeque::new();
        let mut feed = Self {
            media,
            span,
            entries,
            discontinuities: 0,
            next,
            due: now,
            made: VecDeque::new(),
        };
        feed.begin();
        feed.due = now + feed.next.duration;
        feed
    }

    /// Appends what has come to be until `now`.
    pub(crate) fn advance(&mut self, now: Instant, faults: &Faults, content: &str) {
        while self.due <= now {
            let spot = Spot::new(Endpoint::Playlist)
                .content(content)
                .segment(self.next.number);
            if faults.is_on(&spot, |fault| {
                matches!(
                    fault,
                    Fault::Listing(Listing::Stall) | Fault::Session(Session::Freeze)
                )
            }) {
                self.due = now + self.next.duration;
                return;
            }
            let events = faults.take_all(&spot, |fault| match fault {
                Fault::Listing(listing) if listing.is_event() => Some(listing.clone()),
                _ => None,
            });
            let duplicates = events.contains(&Listing::Duplicate);
            for event in events {
                self.on(&event);
            }
            if duplicates {
                self.repeat();
            } else if self.entries.is_empty() {
                self.begin();
            } else {
                self.push();
            }
            self.due += self.next.duration;
        }
    }

    /// The segments in the list, or the list as it was `back` segments ago.
    pub(crate) fn listed(&self, back: usize) -> impl DoubleEndedIterator<Item = &Entry> {
        let end = self.entries.len().saturating_sub(back).max(1);
        self.entries
            .range(end.saturating_sub(self.span.window)..end)
    }

    /// The latest segment with this number, if it is still served.
    pub(crate) fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.number == number)
    }

    /// `EXT-X-DISCONTINUITY-SEQUENCE` of a list that begins with this number.
    pub(crate) fn discontinuity_sequence(&self, first: u64) -> u64 {
        let left = self
            .entries
            .iter()
            .filter(|entry| entry.number < first && entry.discontinuity);
        self.discontinuities + left.count() as u64
    }

    /// The number of the segment that comes next.
    pub(crate) fn next_number(&self) -> u64 {
        self.next.number
    }

    /// When the last listed segment ends, since 1970.
    pub(crate) fn edge(&self) -> Duration {
        self.entries
            .back()
            .map_or(self.next.date, |entry| entry.date + entry.duration)
    }

    /// The bytes of a segment; all viewers of a live edge ask for the same few.
    pub(crate) fn bytes(&mut self, entry: &Entry) -> Bytes {
        let key = (entry.media, entry.session);
        if let Some((_, bytes)) = self.made.iter().find(|(made, _)| *made == key) {
            return bytes.clone();
        }
        let bytes = bytes_of(&self.media, entry.media, entry.session);
        if self.made.len() == MADE_SEGMENTS_MAX {
            self.made.pop_front();
        }
        self.made.push_back((key, bytes.clone()));
        bytes
    }

    fn on(&mut self, event: &Listing) {
        match event {
            Listing::Reset => {
                self.entries.clear();
                self.discontinuities = 0;
                self.next.number = 0;
                self.next.session += 1;
            }
            Listing::Jump(count) => {
                self.entries.clear();
                self.next.number += count;
                self.skip_to(self.next.media + count);
            }
            Listing::Lose(count) => self.skip_to(self.next.media + count),
            Listing::Loop(count) => self.skip_to(self.next.media.saturating_sub(*count)),
            Listing::Rewrite => {
                let media = self.next.media;
                if let Some(last) = self.entries.back_mut() {
                    last.media = media;
                    self.skip_to(media + 1);
                }
            }
            Listing::Discontinuity { tagged } => {
                self.next.session += 1;
                self.next.discontinuity = *tagged;
            }
            Listing::DateBack(back) => self.next.date = self.next.date.saturating_sub(*back),
            Listing::RotateKey => self.next.key += 1,
            _ => {}
        }
    }

    fn skip_to(&mut self, media: u64) {
        self.next.media = media;
        self.next.duration = self.media.duration(media);
    }

    fn begin(&mut self) {
        for _ in 0..self.span.initial.clamp(1, self.span.window.max(1)) {
            self.push();
        }
    }

    fn push(&mut self) {
        let entry = self.next.clone();
        self.next.date += entry.duration;
        self.skip_to(entry.media + 1);
        self.append(entry);
    }

    fn repeat(&mut self) {
        let Some(last) = self.entries.back().cloned() else {
            return self.begin();
        };
        let entry = Entry {
            number: self.next.number,
            date: self.next.date,
            ..last
        };
        self.next.date += entry.duration;
        self.append(entry);
    }

    fn append(&mut self, entry: Entry) {
        self.next.number += 1;
        self.next.discontinuity = false;
        self.entries.push_back(entry);
        if self.span.window + self.span.kept < self.entries.len() {
            let gone = self.entries.pop_front();
            self.discontinuities += u64::from(gone.is_some_and(|gone| gone.discontinuity));
        }
    }
}

/// The bytes of a segment of `media`, after so many jumps of its timestamps.
pub(crate) fn bytes_of(media: &Media, number: u64, session: u64) -> Bytes {
    let jumps = u32::try_from(session).unwrap_or(u32::MAX);
    media.segment_at(number, TIMESTAMP_JUMP.saturating_mul(jumps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::media::Marked;

    const SECOND: Duration = Duration::from_secs(1);
    const SPAN: Span = Span {
        initial: 3,
        window: 5,
        kept: 2,
    };

    fn feed() -> (Feed, Instant, Faults) {
        let marked = Marked {
            stream: 1,
            duration: SECOND,
            bytes: 1880,
        };
        let now = clock::now();
        (
            Feed::new(Media::marked(marked), 0, SPAN, now, SECOND),
            now,
            Faults::default(),
        )
    }

    fn numbers(feed: &Feed) -> Vec<(u64, u64)> {
        feed.listed(0)
            .map(|entry| (entry.number, entry.media))
            .collect()
    }

    #[test]
    fn a_feed_grows_to_its_window_and_slides() {
        let (mut feed, start, faults) = feed();
        assert_eq!(numbers(&feed), [(0, 0), (1, 1), (2, 2)]);
        feed.advance(start + SECOND, &faults, "");
        assert_eq!(feed.listed(0).count(), 4);
        feed.advance(start + SECOND * 7, &faults, "");
        assert_eq!(numbers(&feed), [(5, 5), (6, 6), (7, 7), (8, 8), (9, 9)]);
        assert!(feed.entry(2).is_none());
        assert!(feed.entry(3).is_some());
    }

    #[test]
    fn a_reset_starts_the_numbers_again_with_new_media() {
        let (mut feed, start, faults) = feed();
        faults.add(Listing::Reset);
        feed.advance(start + SECOND, &faults, "");
        assert_eq!(numbers(&feed), [(0, 3), (1, 4), (2, 5)]);
        feed.advance(start + SECOND * 2, &faults, "");
        assert_eq!(feed.listed(0).count(), 4);
    }

    #[test]
    fn losses_jumps_loops_and_repeats_are_told_apart() {
        let cases = [
            (Listing::Lose(4), vec![(0, 0), (1, 1), (2, 2), (3, 7)]),
            (Listing::Jump(4), vec![(7, 7), (8, 8), (9, 9)]),
            (Listing::Loop(2), vec![(0, 0), (1, 1), (2, 2), (3, 1)]),
            (Listing::Duplicate, vec![(0, 0), (1, 1), (2, 2), (3, 2)]),
            (Listing::Rewrite, vec![(0, 0), (1, 1), (2, 3), (3, 4)]),
        ];
        for (fault, expected) in cases {
            let (mut feed, start, faults) = feed();
            faults.add(fault.clone());
            feed.advance(start + SECOND, &faults, "");
            assert_eq!(numbers(&feed), expected, "{fault:?}");
        }
    }

    #[test]
    fn a_discontinuity_is_counted_when_it_has_left_the_list() {
        let (mut feed, start, faults) = feed();
        faults.add(Listing::Discontinuity { tagged: true });
        feed.advance(start + SECOND, &faults, "");
        let tagged = feed.entry(3).unwrap();
        assert!(tagged.discontinuity);
        assert_eq!((tagged.session, feed.discontinuity_sequence(0)), (1, 0));
        feed.advance(start + SECOND * 9, &faults, "");
        let first = feed.listed(0).next().unwrap().number;
        assert_eq!((first, feed.discontinuity_sequence(first)), (7, 1));
    }

    #[test]
    fn a_stalled_feed_stands_still_and_loses_nothing() {
        let (mut feed, start, faults) = feed();
        let stall = faults.add(Listing::Stall);
        feed.advance(start + SECOND * 9, &faults, "");
        assert_eq!(feed.listed(0).count(), 3);
        faults.remove(stall);
        feed.advance(start + SECOND * 10, &faults, "");
        assert_eq!(numbers(&feed).last(), Some(&(3, 3)));
    }
}

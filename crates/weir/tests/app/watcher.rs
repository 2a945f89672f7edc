//! A viewer who believes nothing: it fetches every segment and checks each list against all before.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use simulator::media::{self, ContinuousCheck, Fault, Mark, Place};

use crate::stage::{PATIENCE, Player};

/// A published number, which must read the same in every list that names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) duration: Duration,
    pub(crate) discontinuity: bool,
    /// Discontinuities up to it, as the list counts them.
    pub(crate) breaks: u64,
    pub(crate) date: Option<Timestamp>,
}

/// A player with a memory.
pub(crate) struct Watcher {
    pub(crate) player: Player,
    pub(crate) seen: BTreeMap<u64, Seen>,
    /// What the segments are of the source.
    pub(crate) marks: BTreeMap<u64, Mark>,
    /// Where each of them ended.
    ends: BTreeMap<u64, Place>,
    /// Pieces of the source's segments will do, as where a source breaks off.
    takes_pieces: bool,
    /// Where the newest list began.
    pub(crate) first: u64,
    pub(crate) target: Option<Duration>,
}

impl Watcher {
    pub(crate) fn new(player: Player) -> Self {
        Self {
            player,
            seen: BTreeMap::new(),
            marks: BTreeMap::new(),
            ends: BTreeMap::new(),
            takes_pieces: false,
            first: 0,
            target: None,
        }
    }

    /// One who looks at each packet instead of whole segments: what a source sends without an end is cut where it breaks off.
    pub(crate) fn of_pieces(player: Player) -> Self {
        Self {
            takes_pieces: true,
            ..Self::new(player)
        }
    }

    /// Polls once, fetches what is new, and checks all of it.
    pub(crate) async fn look(&mut self) -> hls::Media {
        let list = self.player.poll().await;
        self.check(&list);
        for segment in &list.segments {
            if self.marks.contains_key(&segment.sequence) {
                continue;
            }
            let answer = self.player.fetch(segment).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let (first, last) = self.places(&answer.body);
            self.joins(segment, first);
            self.marks.insert(segment.sequence, first.mark);
            self.ends.insert(segment.sequence, last);
        }
        list
    }

    /// Looks until it has seen what is wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Self) -> bool) -> hls::Media {
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        let mut list = self.look().await;
        while !wanted(self) {
            tokio::select! {
                () = &mut deadline => panic!("never came to be; seen: {:#?}", self.seen),
                () = tokio::time::sleep(Duration::from_millis(50)) => list = self.look().await,
            }
        }
        list
    }

    /// Looks until the list is as wanted.
    pub(crate) async fn until_list(&mut self, wanted: impl Fn(&hls::Media) -> bool) -> hls::Media {
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        loop {
            let list = self.look().await;
            if wanted(&list) {
                return list;
            }
            tokio::select! {
                () = &mut deadline => panic!("never came to be; the list is {list:#?}"),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    }

    /// Looks until it has so many more segments.
    pub(crate) async fn more(&mut self, count: usize) -> hls::Media {
        let wanted = self.seen.len() + count;
        self.until(|watcher| wanted <= watcher.seen.len()).await
    }

    /// Looks until a segment of the source has come, or a later one.
    pub(crate) async fn until_mark(&mut self, segment: u64) -> hls::Media {
        self.until(|watcher| segment <= watcher.newest().segment)
            .await
    }

    /// The newest segment's mark.
    pub(crate) fn newest(&self) -> Mark {
        *self.marks.values().next_back().expect("a segment was seen")
    }

    /// The source's numbers of what was seen, in order.
    pub(crate) fn source_numbers(&self) -> Vec<u64> {
        self.marks.values().map(|mark| mark.segment).collect()
    }

    /// Breaks seen, not counting one before the very first segment.
    pub(crate) fn discontinuities(&self) -> usize {
        let inside = self.seen.values().skip(1);
        inside.filter(|seen| seen.discontinuity).count()
    }

    /// Nothing was lost, doubled or marked as a break.
    pub(crate) fn assert_unbroken(&self) {
        let numbers = self.source_numbers();
        let in_a_row = numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        assert!(in_a_row, "{numbers:?}");
        assert_eq!(self.discontinuities(), 0);
    }

    fn check(&mut self, list: &hls::Media) {
        assert!(3 <= list.segments.len(), "too short to play: {list:#?}");
        assert!(self.first <= list.media_sequence, "the sequence fell");
        self.first = list.media_sequence;
        let target = *self.target.get_or_insert(list.target_duration);
        assert_eq!(target, list.target_duration, "the target duration changed");
        let mut breaks = list.discontinuity_sequence;
        for segment in &list.segments {
            // A break before the first segment of a list is counted by the tag there, too.
            breaks += u64::from(segment.discontinuity);
            let rounded = segment.duration.as_secs_f64().round();
            assert!(rounded <= target.as_secs_f64(), "{segment:?} is too long");
            let entry = Seen {
                path: segment.uri.split('?').next().unwrap_or_default().to_owned(),
                duration: segment.duration,
                discontinuity: segment.discontinuity,
                breaks,
                date: segment.program_date_time,
            };
            let known = self.seen.entry(segment.sequence).or_insert(entry.clone());
            assert_eq!(*known, entry, "{} changed", segment.sequence);
        }
        let mut dates = self.seen.values().collect::<Vec<_>>();
        dates.retain(|seen| seen.date.is_some());
        let mut pairs = dates.windows(2);
        assert!(pairs.all(|it| it[0].date < it[1].date), "{dates:#?}");
    }

    /// Where a segment of the source begins and ends, which must be undamaged.
    fn places(&self, body: &[u8]) -> (Place, Place) {
        if !self.takes_pieces {
            let mark = media::check(body).expect("one whole segment of the source");
            let (packet, packets) = (0, 1);
            let whole = Place {
                mark,
                packet,
                packets,
            };
            return (whole, whole);
        }
        let mut check = ContinuousCheck::default();
        check.feed(body);
        let report = check.report();
        // Behind a loss the next segment's tables have counted on, and stand in front of its key frame, at this one's end.
        let tables = |fault: &&Fault| {
            matches!(
                fault,
                Fault::Continuity {
                    pid: 0 | 0x1000,
                    ..
                }
            )
        };
        let wrong = report.faults.iter().find(|it| !tables(it));
        assert!(wrong.is_none() && report.tables_first, "{report:#?}");
        (report.first.expect("media"), report.last.expect("media"))
    }

    /// What does not follow on the segment before must say so.
    fn joins(&self, segment: &hls::Segment, first: Place) {
        let before = segment.sequence.checked_sub(1);
        let before = before.and_then(|number| self.ends.get(&number));
        assert!(
            before.is_none_or(|before| follows(before, &first)) || segment.discontinuity,
            "{first:?} comes after {before:?} without a break"
        );
    }
}

/// Whether one place of the source's media comes next after another.
fn follows(before: &Place, next: &Place) -> bool {
    if before.packet + 1 < before.packets {
        return next.mark == before.mark && next.packet == before.packet + 1;
    }
    next.packet == 0 && next.mark.segment == before.mark.segment + 1
}

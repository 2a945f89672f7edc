//! Reads one upstream playlist after the other and says what is new; it fetches nothing.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::settings::Settings;
use crate::time::Moment;

/// Numbers whose addresses are remembered, to tell a stale list from a restarted source; the
/// longest lists seen have 17 entries.
const SEEN_MAX: usize = 256;

/// A hole longer than this many numbers is a source that counts anew, not lost segments.
const HOLE_MAX: u64 = 1_000;

/// Target durations that are believed: they set the pace of polls and the patience with silence.
const TARGET_MIN: Duration = Duration::from_secs(1);
pub(crate) const TARGET_MAX: Duration = Duration::from_secs(60);

/// One upstream playlist being followed.
#[derive(Debug)]
pub(crate) struct Follow {
    next: Option<u64>,
    /// Discontinuities up to the last segment that was taken, as its list counted them.
    breaks: u64,
    seen: BTreeMap<u64, u64>,
    target: Duration,
    has_listed: bool,
    changed_at: Moment,
    stale_since: Option<Moment>,
    ended_since: Option<Moment>,
}

/// What a list had that earlier ones had not.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Segments to take, in order.
    pub(crate) segments: Vec<hls::Segment>,
    /// Numbers that came and went between two polls.
    pub(crate) lost: u64,
    /// The source counts anew: what it sends now does not join what it sent before.
    pub(crate) restarted: bool,
    /// The first number listed; what is before it can be had no more.
    pub(crate) listed_from: u64,
}

impl Follow {
    /// Starts to follow at `now`, without having seen a list.
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            next: None,
            breaks: 0,
            seen: BTreeMap::new(),
            target: TARGET_MIN,
            has_listed: false,
            changed_at: now,
            stale_since: None,
            ended_since: None,
        }
    }

    /// The target duration of the newest list.
    pub(crate) fn target(&self) -> Duration {
        self.target
    }

    /// Whether a list was seen, so that its target duration is known.
    pub(crate) fn has_listed(&self) -> bool {
        self.has_listed
    }

    /// When the list last had something new.
    pub(crate) fn changed_at(&self) -> Moment {
        self.changed_at
    }

    /// Since when the list has said that it is over.
    pub(crate) fn ended_since(&self) -> Option<Moment> {
        self.ended_since
    }

    /// Goes back to a number that was taken and never arrived; the next list gives it again.
    pub(crate) fn rewind(&mut self, to: u64) {
        self.next = self.next.map(|next| next.min(to));
    }

    /// Takes the next list.
    pub(crate) fn read(&mut self, now: Moment, list: &hls::Media, settings: &Settings) -> News {
        self.target = list.target_duration.clamp(TARGET_MIN, TARGET_MAX);
        self.has_listed = true;
        self.ended_since = match (list.ended, self.ended_since) {
            (false, _) => None,
            (true, since) => since.or(Some(now)),
        };
        let mut news = match self.next {
            _ if list.segments.is_empty() => News {
                listed_from: list.media_sequence,
                ..News::default()
            },
            None => from_the_edge(list, settings),
            Some(next) => self.compare(now, next, list, settings),
        };
        if news.restarted {
            self.seen.clear();
            news.lost = 0;
        }
        if let Some(last) = news.segments.last() {
            self.next = Some(last.sequence.saturating_add(1));
            self.breaks = breaks_up_to(list, last.sequence);
            self.changed_at = now;
            // A list that says it is over and goes on is not over.
            self.ended_since = self.ended_since.map(|_| now);
            self.stale_since = None;
            self.remember(list);
        }
        news
    }

    fn compare(&mut self, now: Moment, next: u64, list: &hls::Media, settings: &Settings) -> News {
        let first = list.media_sequence;
        let end = first.saturating_add(list.segments.len() as u64);
        let overlap = self.overlap(list);
        let counts_anew = match overlap {
            Overlap::Differs => true,
            Overlap::Same if end < next => self.stale_for(now) >= self.target * 3,
            Overlap::None => end < next || first.saturating_sub(next) > HOLE_MAX,
            Overlap::Same => false,
        };
        if counts_anew {
            return News {
                restarted: true,
                ..from_the_edge(list, settings)
            };
        }
        if end >= next {
            self.stale_since = None;
        }
        let mut segments: Vec<_> = list
            .segments
            .iter()
            .filter(|it| next <= it.sequence)
            .cloned()
            .collect();
        if let Some(segment) = segments.first_mut() {
            // A break may have come and gone with a segment that no list of ours showed.
            segment.discontinuity |= self.breaks < breaks_up_to(list, segment.sequence);
        }
        News {
            segments,
            lost: first.saturating_sub(next),
            restarted: false,
            listed_from: first,
        }
    }

    fn stale_for(&mut self, now: Moment) -> Duration {
        now.since(*self.stale_since.get_or_insert(now))
    }

    fn overlap(&self, list: &hls::Media) -> Overlap {
        let mut same = 0;
        let mut known = 0;
        for segment in &list.segments {
            if let Some(&hash) = self.seen.get(&segment.sequence) {
                known += 1;
                same += usize::from(hash == path_hash(&segment.uri));
            }
        }
        match (known, same) {
            (0, _) => Overlap::None,
            (_, 0) => Overlap::Differs,
            _ => Overlap::Same,
        }
    }

    fn remember(&mut self, list: &hls::Media) {
        for segment in &list.segments {
            self.seen.insert(segment.sequence, path_hash(&segment.uri));
        }
        while SEEN_MAX < self.seen.len() {
            self.seen.pop_first();
        }
    }
}

enum Overlap {
    None,
    Same,
    Differs,
}

/// Discontinuities that a list counts up to a segment of it, that segment's own included (RFC 8216
/// 4.3.3.3).
fn breaks_up_to(list: &hls::Media, sequence: u64) -> u64 {
    let before = list
        .segments
        .iter()
        .take_while(|it| it.sequence <= sequence);
    let tags = before.filter(|it| it.discontinuity).count() as u64;
    list.discontinuity_sequence.saturating_add(tags)
}

/// Walks back from the live edge until the readiness gate could open.
fn from_the_edge(list: &hls::Media, settings: &Settings) -> News {
    let mut media = Duration::ZERO;
    let mut count = 0;
    for segment in list.segments.iter().rev() {
        let enough = settings.segments_to_be_ready() <= count && settings.initial_buffer <= media;
        if enough || settings.segments_ready_enough() <= count {
            break;
        }
        media += segment.duration;
        count += 1;
    }
    News {
        segments: list.segments[list.segments.len() - count..].to_vec(),
        listed_from: list.media_sequence,
        ..News::default()
    }
}

/// Addresses are compared by their path: hosts and queries change with load balancers and tokens.
fn path_hash(uri: &str) -> u64 {
    let path = uri.split_once("://").map_or(uri, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{list, numbers};

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn following(first: u64, count: usize) -> Follow {
        let mut follow = Follow::new(at(0));
        follow.read(at(0), &list("a", first, count), &Settings::default());
        follow
    }

    #[test]
    fn the_first_list_is_taken_back_from_the_live_edge() {
        let mut follow = Follow::new(at(0));
        let news = follow.read(at(0), &list("a", 100, 17), &Settings::default());
        // Ten seconds of two-second segments are five.
        assert_eq!(numbers(&news.segments), [112, 113, 114, 115, 116]);
    }

    #[test]
    fn a_break_that_came_and_went_between_two_lists_is_found_by_its_count() {
        let mut follow = following(100, 6);
        let counted = |first, count| hls::Media {
            discontinuity_sequence: count,
            ..list("a", first, 6)
        };
        let quiet = follow.read(at(2), &counted(101, 0), &Settings::default());
        assert!(!quiet.segments[0].discontinuity);
        // Nothing of this list was seen before, and it counts one more than the list before.
        let news = follow.read(at(14), &counted(107, 1), &Settings::default());
        assert_eq!(news.segments[0].sequence, 107);
        assert!(news.segments[0].discontinuity);
        assert!(news.segments[1..].iter().all(|it| !it.discontinuity));
        let quiet = follow.read(at(16), &counted(108, 1), &Settings::default());
        assert!(!quiet.segments[0].discontinuity);
        // A source that forgets to count is not believed to have broken.
        let quiet = follow.read(at(18), &counted(109, 0), &Settings::default());
        assert!(!quiet.segments[0].discontinuity);
    }

    #[test]
    fn a_burst_of_new_segments_is_taken_whole_and_in_order() {
        let mut follow = following(0, 5);
        let news = follow.read(at(9), &list("a", 2, 9), &Settings::default());
        assert_eq!(numbers(&news.segments), [5, 6, 7, 8, 9, 10]);
        assert_eq!(news.lost, 0);
    }

    #[test]
    fn an_unchanged_list_has_no_news() {
        let mut follow = following(0, 5);
        let news = follow.read(at(1), &list("a", 0, 5), &Settings::default());
        assert!(news.segments.is_empty() && !news.restarted);
        assert_eq!(follow.changed_at(), at(0));
    }

    #[test]
    fn a_hole_is_counted() {
        let mut follow = following(0, 5);
        let news = follow.read(at(9), &list("a", 8, 5), &Settings::default());
        assert_eq!(news.lost, 3);
        assert_eq!(numbers(&news.segments), [8, 9, 10, 11, 12]);
    }

    #[test]
    fn a_stale_list_from_a_mirror_is_ignored() {
        let mut follow = following(0, 8);
        let news = follow.read(at(2), &list("a", 0, 6), &Settings::default());
        assert!(news.segments.is_empty() && !news.restarted);
    }

    #[test]
    fn numbers_that_fall_back_to_zero_with_new_addresses_are_a_restart() {
        let mut follow = following(500, 8);
        let news = follow.read(at(2), &list("b", 0, 3), &Settings::default());
        assert!(news.restarted);
        assert_eq!(numbers(&news.segments), [0, 1, 2]);
    }

    #[test]
    fn the_same_numbers_at_other_addresses_are_a_restart() {
        let mut follow = following(0, 5);
        let news = follow.read(at(2), &list("b", 0, 5), &Settings::default());
        assert!(news.restarted);
    }

    #[test]
    fn a_list_that_stays_behind_is_a_restart_in_the_end() {
        let mut follow = following(0, 8);
        assert!(
            !follow
                .read(at(2), &list("a", 0, 3), &Settings::default())
                .restarted
        );
        assert!(
            !follow
                .read(at(4), &list("a", 0, 3), &Settings::default())
                .restarted
        );
        assert!(
            follow
                .read(at(8), &list("a", 0, 3), &Settings::default())
                .restarted
        );
    }

    #[test]
    fn tokens_in_queries_and_other_hosts_do_not_look_like_a_restart() {
        let mut follow = Follow::new(at(0));
        let mut first = list("a", 0, 5);
        let mut second = list("a", 0, 6);
        for (index, segment) in first.segments.iter_mut().enumerate() {
            segment.uri = format!("http://one/a/{index}.ts?token=1");
        }
        for (index, segment) in second.segments.iter_mut().enumerate() {
            segment.uri = format!("http://two:81/a/{index}.ts?token=2");
        }
        follow.read(at(0), &first, &Settings::default());
        let news = follow.read(at(2), &second, &Settings::default());
        assert_eq!(numbers(&news.segments), [5]);
        assert!(!news.restarted);
    }

    #[test]
    fn an_end_that_is_taken_back_is_forgotten() {
        let mut follow = following(0, 5);
        let mut ended = list("a", 0, 5);
        ended.ended = true;
        follow.read(at(3), &ended, &Settings::default());
        assert_eq!(follow.ended_since(), Some(at(3)));
        follow.read(at(4), &list("a", 1, 5), &Settings::default());
        assert_eq!(follow.ended_since(), None);
    }

    #[test]
    fn an_empty_list_changes_nothing() {
        let mut follow = following(0, 5);
        let news = follow.read(at(3), &list("a", 0, 0), &Settings::default());
        assert!(news.segments.is_empty() && !news.restarted);
        let news = follow.read(at(4), &list("a", 1, 5), &Settings::default());
        assert_eq!(numbers(&news.segments), [5]);
    }
}

//! A revision as a whole, beside the one before: numbers, window, end, cadence; of single segments it knows nothing.

use std::time::Duration;

use super::checker::Checker;
use super::rule::Rule;

/// What players need to start (measured: Chromium does not with two).
const SEGMENTS_MIN: usize = 3;

/// Target durations that stay in a list when a segment is removed (RFC 8216 6.2.2).
const TARGETS_MIN: u32 = 3;

/// What is remembered of a revision.
#[derive(Copy, Clone, Debug)]
pub(super) struct Look {
    pub(super) at: Duration,
    /// The first number.
    pub(super) first: u64,
    /// The number that would come next.
    pub(super) end: u64,
    pub(super) discontinuity_sequence: u64,
    /// Discontinuities up to the last segment.
    pub(super) breaks: u64,
    /// The length of the list.
    pub(super) duration: Duration,
    pub(super) ended: bool,
    /// Where the list began when it was seen first, or after it left everything behind: while that number is listed,
    /// nothing has been removed.
    row: u64,
}

impl Look {
    pub(super) fn of(at: Duration, list: &hls::Media, last: Option<&Look>) -> Self {
        let first = list.media_sequence;
        let breaks = list.segments.iter().filter(|it| it.discontinuity).count();
        let row = match last {
            Some(last) if last.first <= first && !last.is_left_behind(first) => last.row,
            _ => first,
        };
        Self {
            at,
            first,
            end: list.segments.last().map_or(first, |it| it.sequence + 1),
            discontinuity_sequence: list.discontinuity_sequence,
            breaks: list.discontinuity_sequence + breaks as u64,
            duration: list.segments.iter().map(|it| it.duration).sum(),
            ended: list.ended,
            row,
        }
    }

    /// Whether a list that begins with this number goes on nowhere in this one.
    fn is_left_behind(&self, first: u64) -> bool {
        self.end < first || (self.ended && self.end == first)
    }
}

impl Checker {
    pub(super) fn numbers(&mut self, last: &Look, now: &Look) {
        let at = now.at;
        if now.first < last.first {
            self.broke(at, Rule::MediaSequenceFell, || {
                format!("MEDIA-SEQUENCE fell from {} to {}", last.first, now.first)
            });
        } else if now.end < last.end {
            let (end, before) = (now.end, last.end);
            self.broke(at, Rule::EndFell, || {
                format!("the next number was {before}, and is {end} now: segments were taken back")
            });
        }
        if now.discontinuity_sequence < last.discontinuity_sequence {
            let (before, after) = (last.discontinuity_sequence, now.discontinuity_sequence);
            self.broke(at, Rule::DiscontinuitySequenceFell, || {
                format!("DISCONTINUITY-SEQUENCE fell from {before} to {after}")
            });
        }
        if last.end <= now.first {
            self.left_behind(last, now);
        }
    }

    /// Nothing that was listed is listed any more.
    fn left_behind(&mut self, last: &Look, now: &Look) {
        if now.discontinuity_sequence < last.breaks {
            let (counted, count) = (now.discontinuity_sequence, last.breaks);
            self.broke(now.at, Rule::DiscontinuityCount, || {
                format!("DISCONTINUITY-SEQUENCE is {counted}, and {count} discontinuities have left the list")
            });
        }
        // Who looks seldom enough sees none of the old segments, though all went as they should.
        let too_soon = now.at.saturating_sub(last.at) < last.duration;
        if last.end < now.first && too_soon && !last.ended && now.breaks == last.breaks {
            let (end, first) = (last.end, now.first);
            self.broke(now.at, Rule::Jump, || {
                format!("the list went from a next number of {end} to a first one of {first}, and marks no break")
            });
        }
    }

    pub(super) fn end(&mut self, last: &Look, now: &Look) {
        if !last.ended {
            return;
        }
        if last.end <= now.first {
            // Another presentation under the same address: nobody follows it over from the old one.
            self.target = None;
        } else if !now.ended || last.end < now.end {
            self.broke(now.at, Rule::EndTakenBack, || {
                format!("the list went on after ENDLIST, behind number {}", last.end)
            });
        }
    }

    pub(super) fn target(&mut self, at: Duration, target: Duration) {
        let before = *self.target.get_or_insert(target);
        if before != target {
            let (before, after) = (before.as_secs(), target.as_secs());
            self.broke(at, Rule::TargetChanged, || {
                format!("TARGETDURATION went from {before} to {after}")
            });
            self.target = Some(target);
        }
    }

    pub(super) fn window(&mut self, now: &Look, segments: usize, target: Duration) {
        let least = target * TARGETS_MIN;
        if now.ended {
            return;
        }
        if segments < SEGMENTS_MIN {
            self.broke(now.at, Rule::WindowShort, || {
                format!("the list has {segments} segments")
            });
        } else if now.row < now.first && now.duration < least {
            let (duration, target) = (now.duration.as_secs_f64(), target.as_secs());
            self.broke(now.at, Rule::WindowShort, || {
                format!(
                    "the list slides and has {duration:.3} s, with a target duration of {target} s"
                )
            });
        }
    }

    pub(super) fn pace(&mut self, now: &Look, fresh: bool, target: Duration) {
        if fresh {
            self.cadence.fresh(now.at);
        }
        let late = self.cadence.late(now.at, target * 3 / 2);
        if let Some(waited) = late.filter(|_| !now.ended) {
            let (waited, target) = (waited.as_secs_f64(), target.as_secs());
            self.broke(now.at, Rule::Cadence, || {
                format!("nothing new for {waited:.1} s, with a target duration of {target} s")
            });
        }
    }
}

//! What of a window its list shows, and since when: what is new comes in portions that players take whole, and stays until
//! every player has asked again.

use std::sync::Arc;
use std::time::Duration;

use super::Window;
use crate::segment::Segment;
use crate::settings::{PUBLISHED_SEGMENTS_MIN, Settings};
use crate::time::Moment;

/// Target durations for which a segment is listed at least, however many come in one burst: players
/// ask again within one, or within half of one, and must find what follows on what they have.
const LISTED_TARGETS: u64 = 2;

/// New segments that a player may find at most when it asks once a target duration, where some of them are clips: of
/// more, Chromium's own player takes the last three, and over the gap in the place of the others it may give up (measured).
const NEW_MAX: usize = 3;

/// Who asks once a target duration is unlikely to ask within so small a part of it.
const MOMENT_SHARE: f64 = 10.0;

impl Window {
    /// The segments that the live playlist lists.
    pub fn listed(&self) -> impl Iterator<Item = &Arc<Segment>> {
        let from = self.listed_from;
        let shown = self.held.iter().take(self.since.len());
        shown.filter(move |segment| from <= segment.sequence)
    }

    /// Lists what is due; returns whether there is anything.
    pub(crate) fn show(&mut self, now: Moment) -> bool {
        let before = self.since.len();
        if !self.held.is_empty() && self.target.is_some() {
            self.listed_at.get_or_insert(now);
        }
        let waiting = self.held.len() - self.since.len();
        if NEW_MAX < waiting || self.has_leap(now) {
            self.since.resize(self.held.len(), now);
        }
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            // Of a first list nothing is new to those who asked before.
            let first = self.listed_at.is_none_or(|at| at == now);
            self.since.push_back(if first { due } else { now });
        }
        before < self.since.len()
    }

    /// When the oldest segment that waits may be listed.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        let count = self.since.len();
        let next = self.held.get(count)?;
        let third = count.checked_sub(NEW_MAX);
        let (Some(third), Some(target), Some(began)) = (third, self.target, self.listed_at) else {
            return Some(Moment::ZERO);
        };
        let is_first = next.published_at <= began;
        let clips = self.held.range(third..count).any(|it| it.slate);
        if self.ended || is_first || !clips {
            return Some(Moment::ZERO);
        }
        let newest = self.held.range(third + 1..=count);
        let media: Duration = newest.map(|segment| segment.duration).sum();
        // A little more than the time between two questions; and never longer than they play.
        let span = (Duration::from_secs(target) * 6 / 5).min(media);
        Some(self.since[third] + span)
    }

    /// Whether so much has come behind a break just now that whoever leaves out what was before comes to its beginning.
    fn has_leap(&self, now: Moment) -> bool {
        let Some(first) = self.held.iter().rposition(|segment| segment.discontinuity) else {
            return false;
        };
        let moment = Duration::from_secs(self.target.unwrap_or_default()).div_f64(MOMENT_SHARE);
        let listed = self.since.get(first);
        NEW_MAX <= self.held.len() - first && listed.is_none_or(|at| now.since(*at) <= moment)
    }

    /// What the list may show, and since when it does.
    fn shown(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&Arc<Segment>, Moment)> + ExactSizeIterator {
        let since = self.since.iter().zip(&self.held);
        since.map(|(since, segment)| (segment, segment.published_at.max(*since)))
    }

    /// Lists of what waits as much as the list needs to do without the oldest segment: memory comes before patience.
    pub(super) fn list_for_room(&mut self) {
        while let Some(next) = self.held.get(self.since.len()) {
            let rest: Duration = self.shown().skip(1).map(|(it, _)| it.duration).sum();
            if PUBLISHED_SEGMENTS_MIN < self.since.len() && self.listed_least() <= rest {
                return;
            }
            self.since.push_back(next.published_at);
        }
    }

    /// What was listed before this was found by every player that asks at all.
    pub(super) fn asked_again(&self) -> Moment {
        let newest = self.shown().next_back().map(|(_, since)| since);
        let listed_for = Duration::from_secs(self.target.unwrap_or_default() * LISTED_TARGETS);
        Moment(newest.unwrap_or_default().0.saturating_sub(listed_for))
    }

    /// Moves the start of the list: as many segments as set, but never less media than three
    /// target durations while more is held (RFC 8216 6.2.2), never what was published since a
    /// moment, and never back.
    pub(super) fn slide(&mut self, settings: &Settings, since: Moment) {
        // There is no list before the target duration stands.
        if self.target.is_none() {
            return;
        }
        let least = self.listed_least();
        let size = settings.window_size.max(PUBLISHED_SEGMENTS_MIN);
        let mut media = Duration::ZERO;
        let mut from = self.listed_from;
        for (listed, (segment, shown)) in self.shown().rev().enumerate() {
            let seen = shown < since;
            if size <= listed && least <= media && seen {
                break;
            }
            media += segment.duration;
            from = segment.sequence;
        }
        self.listed_from = self.listed_from.max(from);
    }
}

//! From what the source lists to what viewers get: order, breaks, lengths, numbers.

use std::time::Duration;

use jiff::Timestamp;

use super::{Channel, Effect, State};
use crate::event::Event;
use crate::examine::{self, Fit};
use crate::failure::Trouble;
use crate::follow::News;
use crate::queue::{Head, Item, ItemId};
use crate::resource::ResourceId;
use crate::segment::{Body, Container, SegmentKey};
use crate::settings::Settings;
use crate::time::Moment;
use crate::window::Draft;

/// A step of the media's clock beyond this is a discontinuity; less is what cutting leaves.
const JUMP_TICKS: u64 = 90_000;

/// The least step that is one, where segments are so short that one of them is less than that.
const JUMP_TICKS_MIN: u64 = 9_000;

/// Fingerprints remembered, to see a segment that the source sends twice.
const RECENT_MAX: usize = 32;

/// A measured length beyond this many times the stated one comes from a clock that jumped within
/// the segment.
const MEASURED_MAX: u32 = 8;

/// A longer step between two frames, in a segment whose length is not as stated, is a jump.
const STEP_MAX: Duration = Duration::from_secs(1);

/// A measured length up to this is believed, whatever is stated.
const SANE_MIN: Duration = Duration::from_secs(60);

/// No segment is longer; who says so is not believed.
const LENGTH_MAX: Duration = Duration::from_secs(300);

/// The shortest length that is taken for a segment's own.
const MEASURED_MIN: Duration = Duration::from_millis(1);

/// What is wrong with a segment where one like it cannot stand in the list.
pub(super) const NO_MAP: &str = "it has no initialisation section, unlike those before it";

/// The length of a part that is a single frame; the usual one of European television.
const FRAME: Duration = Duration::from_millis(40);

impl Channel {
    /// Queues what a playlist has that earlier ones had not.
    pub(super) fn take_news(&mut self, now: Moment, out: &mut Vec<Effect>, news: News) {
        if news.restarted {
            out.push(Effect::Tell(Event::SourceRestarted));
        }
        self.queue.listed_from(if news.restarted {
            u64::MAX
        } else {
            news.listed_from
        });
        let mut lost = news.lost;
        if news.restarted || 0 < news.lost {
            self.queue.break_next();
        }
        for segment in news.segments {
            if segment.gap {
                lost += 1;
                self.queue.break_next();
                continue;
            }
            self.resources.want(now, &segment);
            self.queue.push(now, segment);
        }
        lost += self.queue.shed() as u64;
        if 0 < lost {
            self.count_lost(out, lost, "the source no longer lists them".into());
        }
    }

    pub(super) fn fetched(&mut self, now: Moment, item: ItemId, result: Result<Fit, Trouble>) {
        match result {
            Ok(fit) => self.queue.fetched(item, fit),
            Err(trouble) => {
                self.counters.failures += 1;
                self.last_trouble = trouble.to_string();
                self.queue.failed(now, item, trouble);
            }
        }
    }

    pub(super) fn loaded(&mut self, now: Moment, id: ResourceId, result: Result<Body, Trouble>) {
        if let Err(trouble) = &result {
            self.counters.failures += 1;
            self.last_trouble = trouble.to_string();
        }
        self.resources.loaded(now, id, result);
    }

    /// Publishes whatever is at the head of the queue and can go.
    pub(super) fn publish_ready(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) {
        loop {
            let resources = &self.resources;
            match self.queue.pop(now, |segment| resources.has_all(segment)) {
                Some(head) => self.publish_head(now, settings, out, head),
                None => return,
            }
        }
    }

    pub(super) fn publish_head(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        head: Head,
    ) {
        match head {
            Head::Fetched(item, fit) => self.publish(now, settings, out, &item, fit),
            Head::Lost(trouble) => {
                self.window.break_next();
                self.count_lost(out, 1, trouble.to_string());
            }
        }
    }

    fn publish(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        item: &Item,
        fit: Fit,
    ) {
        if item.breaks {
            self.window.break_next();
        }
        let newest = self.recent.last().copied();
        if self.is_repeat(fit.fingerprint) {
            self.counters.repeats += 1;
            if newest != Some(fit.fingerprint) {
                // It stands where something else was missed: what comes next does not follow on
                // what was published last.
                self.window.break_next();
            }
            return;
        }
        let jumps = self.jumps(&fit);
        if self.lacks_map(&item.segment) && self.window.target().is_none() {
            // Nobody has seen what was held so far.
            self.window.clear();
        }
        let parts = match self.parts(item, fit) {
            Ok(parts) => parts,
            Err(cause) => {
                self.window.break_next();
                self.slate.unfit(&cause);
                return self.count_lost(out, 1, cause);
            }
        };
        self.leave_slate(out, item.segment.duration);
        for (index, (part, duration)) in parts.into_iter().enumerate() {
            let first = index == 0;
            let draft = Draft {
                duration,
                discontinuity: first && (jumps || item.segment.discontinuity),
                published_at: now,
                program_date_time: item.segment.program_date_time.filter(|_| first),
                container: container(&item.segment, &part),
                key: self.key_of(&item.segment),
                map: item
                    .segment
                    .map
                    .as_ref()
                    .and_then(|map| self.resources.map(map)),
                tags: tags(&item.segment, first),
                slate: false,
                part: part.part,
                body: part.body,
            };
            self.counters.bytes_in += draft.body.len() as u64;
            self.push(self.date_of_newest(now), settings, draft);
        }
        self.barren = 0;
        self.note_opening(now);
        self.published(now);
    }

    /// Appends to the window, and counts.
    pub(super) fn push(&mut self, date: Timestamp, settings: &Settings, draft: Draft) {
        let follows = self.window.has_begun();
        let segment = self.window.push(draft, date, settings);
        if segment.slate {
            self.counters.slate_segments += 1;
        } else {
            self.counters.segments += 1;
        }
        self.counters.discontinuities += u64::from(follows && segment.discontinuity);
    }

    /// Something of the source was published.
    pub(super) fn published(&mut self, now: Moment) {
        self.last_trouble = "it answers, with nothing new".into();
        self.last_segment_at = now;
        self.changed = true;
    }

    /// When what is being published ended, by the clock: the newest media that the source has is
    /// of now, and what is still on its way comes after this.
    pub(super) fn date_of_newest(&self, now: Moment) -> Timestamp {
        let edge = self.wall_at_zero.checked_add(now.0);
        let edge = edge.unwrap_or(self.wall_at_zero);
        let coming = self.queue.duration() + self.reserve.duration();
        edge.checked_sub(coming).unwrap_or(edge)
    }

    pub(super) fn is_repeat(&mut self, fingerprint: u64) -> bool {
        if self.recent.contains(&fingerprint) {
            return true;
        }
        if self.recent.len() == RECENT_MAX {
            self.recent.remove(0);
        }
        self.recent.push(fingerprint);
        false
    }

    /// Whether the media's own clock or its tracks break with what was published before; remembers
    /// where this segment ends.
    fn jumps(&mut self, fit: &Fit) -> bool {
        let Some(facts) = &fit.facts else {
            self.last_end = None;
            return false;
        };
        // A whole segment that is missing must be seen, however short segments are.
        let half = facts.duration.map_or(JUMP_TICKS, |it| ts::ticks(it / 2));
        let least = half.clamp(JUMP_TICKS_MIN, JUMP_TICKS);
        let jumps = match (self.last_end, facts.start) {
            (Some(end), Some(start)) => least < end.offset_to(start).unsigned_abs(),
            _ => false,
        };
        let known = !self.last_streams.is_empty();
        let tracks = known && self.last_streams != facts.streams;
        self.last_end = facts.end;
        self.last_streams.clone_from(&facts.streams);
        jumps || tracks
    }

    /// Whether a segment has no initialisation section behind ones that have: a list can change the
    /// section, and not do without one again. A life that begins anew can.
    fn lacks_map(&self, segment: &hls::Segment) -> bool {
        segment.map.is_none() && self.window_has_map()
    }

    /// Whether what was published last has an initialisation section.
    pub(super) fn window_has_map(&self) -> bool {
        let newest = self.window.held().next_back();
        newest.is_some_and(|newest| newest.map.is_some())
    }

    /// The segment with its length. One that is longer than the target duration allows is cut; the
    /// target duration must never change (RFC 8216 6.2.1).
    fn parts(&self, item: &Item, fit: Fit) -> Result<Vec<(Fit, Duration)>, String> {
        if self.lacks_map(&item.segment) {
            return Err(NO_MAP.into());
        }
        let duration = length(&item.segment, &fit);
        let Some(target) = self
            .window
            .target()
            .filter(|target| !fits(duration, *target))
        else {
            return Ok(vec![(fit, duration)]);
        };
        let too_long = format!(
            "a segment of {:.3} s does not fit the target duration of {target} s",
            duration.as_secs_f64()
        );
        if fit.container != Container::TransportStream || fit.facts.is_none() {
            return Err(too_long);
        }
        let cut = ts::split(fit.body.chunks(), Duration::from_secs(target))
            .map_err(|error| format!("{too_long}, and cannot be cut: {error}"))?;
        let parts = cut
            .into_iter()
            .map(|chunks| examine::segment(chunks, None).map(measured));
        let parts: Vec<_> = parts
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{too_long}, and falls apart: {error}"))?;
        if parts.iter().all(|(_, duration)| fits(*duration, target)) {
            return Ok(parts);
        }
        Err(format!("{too_long}, and cannot be cut where it should"))
    }

    fn key_of(&self, segment: &hls::Segment) -> Option<SegmentKey> {
        let key = segment.key.as_ref()?;
        let mut attributes = hls::Key::clone(key);
        // Other key formats have the vector elsewhere (RFC 8216 5.2).
        if attributes
            .key_format
            .as_deref()
            .is_none_or(|format| format == "identity")
        {
            attributes.iv = attributes.iv.or(Some(u128::from(segment.sequence)));
        }
        Some(SegmentKey {
            attributes,
            resource: self.resources.key(key),
        })
    }

    pub(super) fn count_lost(&mut self, out: &mut Vec<Effect>, count: u64, cause: String) {
        self.counters.segments_lost += count;
        self.counters.gaps += 1;
        self.last_trouble.clone_from(&cause);
        if matches!(
            self.state,
            State::Live | State::Lingering { .. } | State::Starting { .. }
        ) {
            out.push(Effect::Tell(Event::SegmentsLost { count, cause }));
        }
    }
}

/// What the media says of its length; what the playlist says where the media says nothing sane,
/// as when its clock jumped on the way.
fn length(segment: &hls::Segment, fit: &Fit) -> Duration {
    let stated = segment.duration.min(LENGTH_MAX);
    let sane = MEASURED_MIN..=(stated * MEASURED_MAX).clamp(SANE_MIN, LENGTH_MAX);
    let Some((facts, measured)) = fit.facts.as_ref().and_then(|it| Some((it, it.duration?))) else {
        return stated;
    };
    let jumped = facts.longest_step.is_some_and(|step| STEP_MAX < step)
        && STEP_MAX < measured.abs_diff(stated);
    if jumped || !sane.contains(&measured) {
        stated
    } else {
        measured
    }
}

/// What is behind a cipher cannot be seen; an initialisation section tells.
fn container(segment: &hls::Segment, fit: &Fit) -> Container {
    match (&segment.map, &fit.facts) {
        (Some(_), None) => Container::FragmentedMp4,
        _ => fit.container,
    }
}

/// Whether a length rounds to no more than the target duration.
fn fits(duration: Duration, target: u64) -> bool {
    duration < Duration::from_secs(target) + Duration::from_millis(500)
}

/// A part with its own length; a last one of a single frame has no length to measure.
fn measured(part: Fit) -> (Fit, Duration) {
    let duration = part.facts.as_ref().and_then(|facts| facts.duration);
    (part, duration.unwrap_or(FRAME).max(MEASURED_MIN))
}

fn tags(segment: &hls::Segment, first: bool) -> Vec<String> {
    let plain = segment
        .tags
        .iter()
        .filter(|tag| first && crate::view::is_plain(tag));
    plain.cloned().collect()
}

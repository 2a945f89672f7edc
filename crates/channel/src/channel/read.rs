//! A continuous source: what is cut out of its body, what is kept back, and what viewers may follow while it comes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ts::rebase::Part;
use ts::segment::{Event as Cut, Open, Segment, Trouble as Wrong};

use super::publish::NO_MAP;
use super::{Channel, Effect};
use crate::event::Event;
use crate::examine;
use crate::failure::Trouble;
use crate::growing::Growing;
use crate::reading::Reading;
use crate::reserve::Waiting;
use crate::segment::{Body, Container};
use crate::settings::Settings;
use crate::source::{Intake, PullId, SourceKind, Where};
use crate::time::Moment;
use crate::window::Draft;

/// Pieces of a segment smaller than this are joined when it is whole: a body that is read as it comes is thousands of them.
const PIECE_BYTES_MIN: usize = 16 << 10;

/// What they are joined to, in packets: about as much as is read at once from a source in no hurry.
const JOINED_BYTES: usize = 348 * ts::PACKET_BYTES;

impl Channel {
    /// The source's body has begun.
    pub(super) fn body_opened(&mut self, now: Moment, pull: PullId) {
        let main = self.source.reading().filter(|it| it.pull == pull);
        let reading = main.or_else(|| self.moving.as_mut()?.reading(pull));
        if let Some(reading) = reading {
            reading.body_at = Some(now);
            reading.heard_at = now;
        }
    }

    /// The next bytes of the source's body.
    pub(super) fn received(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        pull: PullId,
        chunks: &[Bytes],
    ) {
        let Some(reading) = self.source.reading().filter(|it| it.pull == pull) else {
            return self.received_beside(now, settings, out, pull, chunks);
        };
        let events = reading.take(now, chunks);
        self.take_cuts(now, settings, out, events);
    }

    /// The source's body has ended or broken off, or could not be had.
    pub(super) fn body_ended(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        pull: PullId,
        end: Result<(), Trouble>,
    ) {
        if self.source.reading().is_none_or(|it| it.pull != pull) {
            return self.ended_beside(now, out, pull, end);
        }
        let at = match &end {
            Ok(()) | Err(Trouble::Gone(_) | Trouble::Status(_)) => Where::Again,
            Err(_) => Where::Elsewhere,
        };
        let refused = !matches!(end, Err(Trouble::Unreachable(_)));
        self.forgo_continuous(refused);
        let cause = match end {
            Ok(()) => "the stream came to an end".into(),
            Err(trouble) => {
                self.counters.failures += 1;
                trouble.to_string()
            }
        };
        let cause = match self.finish_reading(now, settings, out) {
            Some(why) => format!("{cause}: {why}"),
            None => cause,
        };
        self.lose(now, settings, out, cause, at);
    }

    /// Takes what is left of the body of a source that is given up. If nothing of it could be shown, says why.
    pub(super) fn finish_reading(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) -> Option<String> {
        let reading = self.source.reading()?;
        let barren = reading.body_at.is_some() && reading.cut_at.is_none();
        let mut why = if reading.has_bytes {
            "nothing of what came could be shown".to_owned()
        } else {
            "it was empty".to_owned()
        };
        let mut gave = false;
        let mut events = reading.segmenter.interrupt();
        events.extend(reading.segmenter.finish());
        for event in events {
            match event {
                Cut::Cut(segment) => {
                    gave = true;
                    self.keep(now, settings, segment);
                }
                Cut::Noticed(wrong) if barren => {
                    self.notice(now, out, &wrong);
                    why = wrong.to_string();
                }
                Cut::Noticed(_) => {}
            }
        }
        self.open = None;
        self.publish_reserve(now, settings, out);
        (barren && !gave).then_some(why)
    }

    /// Remembers that an engine's session has given nothing as a continuous body, if it has not.
    fn forgo_continuous(&mut self, refused: bool) {
        let barren = |it: &mut Reading| it.kind == SourceKind::Session && it.cut_at.is_none();
        if refused && self.source.reading().is_some_and(barren) {
            self.preferred = Intake::Playlist;
        }
    }

    pub(super) fn take_cuts(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        events: Vec<Cut>,
    ) {
        let mut hopeless = None;
        for event in events {
            match event {
                Cut::Cut(segment) => self.keep(now, settings, segment),
                Cut::Noticed(wrong) => {
                    self.notice(now, out, &wrong);
                    hopeless = is_hopeless(&wrong).then(|| wrong.to_string()).or(hopeless);
                }
            }
        }
        let barren = self.source.reading().is_some_and(|it| it.cut_at.is_none());
        if let (Some(cause), true) = (hopeless, barren) {
            self.forgo_continuous(true);
            self.lose(now, settings, out, cause, Where::Again);
        }
    }

    /// Keeps a segment for its time, unless viewers had the same before.
    fn keep(&mut self, now: Moment, settings: &Settings, segment: Segment) {
        self.note_opening(now);
        let listened = self.source.reading().and_then(|it| it.listened(now));
        if let Some(listened) = listened {
            self.overlap.wait(listened);
        }
        let body = Body::new(segment.media.clone());
        let is_repeat = self.overlap.takes(&segment) || self.is_repeat(examine::fingerprint(&body));
        let reading = self.source.reading();
        if let Some(reading) = reading {
            reading.repeats = is_repeat;
            if !is_repeat && reading.give(now, segment.duration, settings) {
                self.barren = 0;
            }
        }
        if is_repeat {
            self.counters.repeats += 1;
            self.reserve.break_next();
        } else {
            self.reserve.push(segment);
        }
    }

    /// Tells what is wrong with a body, now and then where it goes on and on.
    fn notice(&mut self, now: Moment, out: &mut Vec<Effect>, wrong: &Wrong) {
        self.counters.flaws += 1;
        let what = wrong.to_string();
        self.last_trouble.clone_from(&what);
        let again = matches!(
            wrong,
            Wrong::LostBytes { .. } | Wrong::NoKeyFrame { .. } | Wrong::VideoSilent { .. }
        );
        let reading = self.source.reading();
        if !again || reading.is_some_and(|it| it.may_notice(now)) {
            out.push(Effect::Tell(Event::SourceFlawed { what }));
        }
    }

    /// Publishes what waits and whose time has come.
    pub(super) fn publish_reserve(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) {
        while let Some(next) = self.reserve.pop(now) {
            self.publish_cut(now, settings, out, next);
            self.pace_when_filled(settings);
        }
    }

    /// Publishes all that waits, as when numbers are needed for something else.
    pub(super) fn publish_whole_reserve(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) {
        while let Some(next) = self.reserve.take() {
            self.publish_cut(now, settings, out, next);
        }
    }

    fn publish_cut(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        next: Waiting,
    ) {
        let Waiting { segment, breaks } = next;
        if breaks {
            self.window.break_next();
        }
        self.leave_slate(out, segment.duration);
        match self.window.target() {
            _ if !self.window_has_map() => {}
            // Nobody has seen what was held so far.
            None => self.window.clear(),
            Some(_) => return self.count_lost(out, 1, NO_MAP.into()),
        }
        let Segment {
            opening,
            media,
            duration,
            ..
        } = segment;
        let media = joined(&media);
        let chunks: Vec<Bytes> = [opening.packets.clone()]
            .into_iter()
            .chain(media.iter().cloned())
            .collect();
        let draft = Draft {
            duration,
            discontinuity: opening.discontinuity.is_some(),
            published_at: now,
            program_date_time: None,
            container: Container::TransportStream,
            key: None,
            map: None,
            tags: Vec::new(),
            slate: false,
            part: Some(Arc::new(Part::cut(opening, media.into()))),
            body: Body::new(chunks),
        };
        self.counters.bytes_in += draft.body.len() as u64;
        self.push(self.date_of_newest(now), settings, draft);
        self.published(now);
    }

    /// Ends the segment in the making with what has come of it, where viewers may follow it: something else takes the
    /// number after it. Whether there was anything.
    pub(super) fn interrupt_reading(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) -> bool {
        if self.open.take().is_none() {
            return false;
        }
        let events = self.source.reading().map(|it| it.segmenter.interrupt());
        self.take_cuts(now, settings, out, events.unwrap_or_default());
        self.reserve.break_next();
        let cut = !self.reserve.is_empty();
        self.publish_whole_reserve(now, settings, out);
        cut
    }

    /// Shows viewers of continuous bodies how far the segment in the making has come. It is not shown before all that
    /// comes before it, nor where it may be what they had before.
    pub(super) fn show_open(&mut self, out: &mut Vec<Effect>) {
        let waits = !self.reserve.is_empty() || self.slate.is_shown() || !self.window.has_media();
        let reading = self.source.reading().filter(|it| !it.repeats);
        let open = reading.and_then(|it| it.segmenter.open());
        let is_new = |it: &&Open| !waits && !self.overlap.may_take(&it.opening);
        let Some(open) = open.filter(is_new) else {
            self.changed |= self.open.take().is_some();
            return;
        };
        let is_known = |it: &Arc<Growing>| Arc::ptr_eq(it.opening(), &open.opening);
        if let Some(growing) = self.open.as_ref().filter(|it| is_known(it)) {
            if growing.grow(open) {
                out.push(Effect::Wake);
            }
            return;
        }
        let breaks = self.window.breaks_next() || self.reserve.breaks_next();
        let seam = open.opening.discontinuity.is_some() || breaks;
        let opening = Arc::clone(&open.opening);
        let growing = Growing::new(self.window.next(), opening, seam);
        growing.grow(open);
        self.open = Some(Arc::new(growing));
        self.changed = true;
    }

    /// The media in the making, in time.
    pub(super) fn open_elapsed(&mut self) -> Duration {
        let open = self.source.reading().and_then(|it| it.segmenter.open());
        open.map_or(Duration::ZERO, |open| open.elapsed)
    }

    /// Whether the open source's body is to be read on. What comes faster than it can be shown must wait where it is.
    pub fn wants_more(&mut self, now: Moment, settings: &Settings) -> bool {
        let full = self.reserve.is_full(settings);
        match self.source.reading() {
            Some(reading) => {
                reading.rest(now, full);
                !full
            }
            None => false,
        }
    }

    /// How the next source is to give its media, if it can be asked to give it in either way.
    pub(super) fn wanted_intake(&self, settings: &Settings) -> Intake {
        settings.engine_intake.unwrap_or(self.preferred)
    }
}

/// Whether a body that is like this will never give a segment.
fn is_hopeless(wrong: &Wrong) -> bool {
    match wrong {
        Wrong::NotTransportStream { .. }
        | Wrong::NoPat { .. }
        | Wrong::NoPmt { .. }
        | Wrong::NoMedia
        | Wrong::Encrypted { .. }
        | Wrong::NoTimestamps { .. } => true,
        Wrong::LostBytes { .. } | Wrong::NoKeyFrame { .. } | Wrong::VideoSilent { .. } => false,
    }
}

/// The same bytes in pieces that are worth handling one by one.
fn joined(pieces: &[Bytes]) -> Vec<Bytes> {
    let mut all = Vec::new();
    let mut small = Vec::new();
    let flush = |small: &mut Vec<u8>, all: &mut Vec<Bytes>| {
        if !small.is_empty() {
            all.push(Bytes::from(std::mem::take(small)));
        }
    };
    for piece in pieces {
        if PIECE_BYTES_MIN <= piece.len() {
            flush(&mut small, &mut all);
            all.push(piece.clone());
            continue;
        }
        if JOINED_BYTES < small.len() + piece.len() {
            flush(&mut small, &mut all);
        }
        if small.is_empty() {
            small.reserve_exact(JOINED_BYTES);
        }
        small.extend_from_slice(piece);
    }
    small.shrink_to_fit();
    flush(&mut small, &mut all);
    all
}

//! The slate in a channel's life: when clips take the place of media that does not come, and how many; it decides of nothing else.

use std::time::Duration;

use super::{Channel, Effect, State};
use crate::event::{EndReason, Event};
use crate::examine::Fit;
use crate::failure::Failure;
use crate::follow::TARGET_MAX;
use crate::settings::{PUBLISHED_SEGMENTS_MIN, Settings};
use crate::slate::{Clip, LENGTH, Run};
use crate::source::Intake;
use crate::time::Moment;
use crate::window::Draft;

/// Segments that a list with clips begins with at least: a first list shows all but the newest, and players need three.
const FIRST_MIN: usize = PUBLISHED_SEGMENTS_MIN + 1;

/// The same of clips alone, which are short: VLC waits for six seconds of media.
const CLIPS_MIN: usize = 5;

/// How far ahead of its first viewers a list of clips stays, in target durations, where the source will give a burst that
/// fills their buffers: they are on its picture the sooner the less it is. A player that asks but once a target duration
/// waits for a moment, once, before a still picture. Without a burst that would be its margin for ever: it gets a whole one.
const LEAD: f64 = 0.6;

/// The target duration of a list that begins before the source has stated one: about that of engines.
const TARGET_UNKNOWN: Duration = Duration::from_secs(5);

/// Least target duration of a list that clips may stand in: their length, rounded.
const TARGET_MIN: Duration = Duration::from_secs(2);

/// Target durations without a clip that was due: more than any wait for a core of the machine.
const STOPPED: u32 = 3;

/// A body that gives nothing for so long is silent.
const HITCH: Duration = Duration::from_secs(2);

/// The usual poll interval, in target durations; where the source is asked less often, its silence means less.
const POLL_INTERVAL: f64 = 0.5;

/// What a channel remembers of its slate.
#[derive(Debug, Default)]
pub(crate) struct Slate {
    shown: Option<Shown>,
    /// All clips that the channel shows are one run, breaks in it or not: no two have the same bytes, which
    /// players take for a segment that is sent twice.
    run: Run,
    /// How far apart the source's segments are in this life, as it states it.
    cadence: Duration,
    /// The target duration of this life was fixed before there was a segment.
    guessed: bool,
    /// What did not fit a target duration that was guessed.
    misfit: Option<String>,
    /// Because of that, starts show no slate.
    barred: bool,
    /// The life has failed, and viewers are still to be told.
    ends: bool,
}

/// Clips that are being shown.
#[derive(Debug)]
struct Shown {
    clip: Clip,
    /// When whoever begins with the list as it was then begins.
    began: Moment,
    /// What they find in the list, from its beginning on where they begin there.
    published: Duration,
    /// By how much the list's end stays ahead of them.
    lead: Duration,
    clips: usize,
    clips_min: usize,
    newest: Moment,
}

impl Shown {
    /// For viewers of a list that begins now, behind `count` segments of the source that are `published` long.
    fn at_start(now: Moment, lead: Duration, published: Duration, count: usize) -> Self {
        Self {
            published,
            lead,
            clips_min: match count {
                0 => CLIPS_MIN,
                count => FIRST_MIN.saturating_sub(count),
            },
            ..Self::in_silence(now, Clip::Starting)
        }
    }

    /// For viewers who have something to watch yet: clips come as time goes by.
    fn in_silence(now: Moment, clip: Clip) -> Self {
        Self {
            clip,
            began: now,
            published: Duration::ZERO,
            lead: Duration::ZERO,
            clips: 0,
            clips_min: 0,
            newest: now,
        }
    }

    /// When the next clip is due: before the list's end is as near as `lead`, and before players take a list
    /// that stands still for a dead one.
    fn due(&self, target: Duration) -> Moment {
        if self.clips < self.clips_min {
            return self.began;
        }
        let by_pace = self.began + self.published.saturating_sub(self.lead);
        by_pace.min(self.newest + target * 3 / 2)
    }

    /// How long a list that has just begun is, less its newest clip.
    fn ahead(&self) -> Duration {
        let few = u32::try_from(self.clips_min.saturating_sub(1)).unwrap_or_default();
        self.lead.max(LENGTH * few)
    }
}

impl Slate {
    /// A life begins.
    pub(super) fn begin(&mut self) {
        *self = Self {
            run: std::mem::take(&mut self.run),
            barred: self.barred,
            ..Self::default()
        };
    }

    /// Whether clips are what viewers get.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// A life has failed, or is being ended by somebody's wish.
    pub(super) fn end(&mut self, reason: EndReason) {
        self.misfit = None;
        self.ends = match reason {
            EndReason::SourceLost => true,
            EndReason::StartFailed | EndReason::SourceEnded => self.is_shown(),
            EndReason::LastViewerLeft
            | EndReason::Stopped
            | EndReason::Looping
            | EndReason::Shutdown => false,
        };
        if !self.ends {
            self.shown = None;
        }
    }

    /// A segment of the source does not fit the target duration.
    pub(super) fn unfit(&mut self, cause: &str) {
        if self.guessed {
            self.misfit = Some(cause.to_owned());
        }
    }
}

impl Channel {
    /// Shows clips where that is due.
    pub(super) fn settle_slate(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        if let Some(cause) = self.slate.misfit.take() {
            self.slate.barred = true;
            let reason = if self.has_media() {
                EndReason::SourceLost
            } else {
                EndReason::StartFailed
            };
            self.fail(now, out, Failure::Misfit { cause }, reason);
        }
        if std::mem::take(&mut self.slate.ends) {
            if self.window.target().is_some() && self.takes_clips(settings) {
                self.show(now, settings, Clip::Ended, out);
            }
            self.slate.shown = None;
        }
        while self.slate_begins(settings).is_some_and(|at| at <= now) {
            self.begin_slate(now, settings, out);
        }
        let target = self.target_or(TARGET_UNKNOWN);
        if let Some(shown) = &mut self.slate.shown
            && shown.newest + target * STOPPED < now
        {
            // Weir itself was stopped for a while, and so were its viewers.
            shown.began = now;
            shown.published = Duration::ZERO;
        }
        while self.slate_goes_on(settings).is_some_and(|at| at <= now) {
            let clip = self
                .slate
                .shown
                .as_ref()
                .map_or(Clip::Lost, |shown| shown.clip);
            self.show(now, settings, clip, out);
        }
    }

    pub(super) fn slate_deadline(&self, settings: &Settings) -> Option<Moment> {
        let begins = self.slate_begins(settings);
        begins.or_else(|| self.slate_goes_on(settings))
    }

    /// When a start that shows clips, or is about to, has taken as long as viewers may wait for the buffer.
    pub(super) fn slate_over(&self, settings: &Settings) -> Option<Moment> {
        let since = self.state.starting_since()?;
        let shows = self.slate.is_shown() || self.slate_begins(settings).is_some();
        let waits = shows && !self.window.has_media();
        waits.then(|| since + settings.buffer_ready_timeout)
    }

    /// A segment of the source is about to be published.
    pub(super) fn leave_slate(&mut self, out: &mut Vec<Effect>, stated: Duration) {
        self.slate.cadence = self.slate.cadence.max(stated.min(TARGET_MAX));
        if self.slate.shown.take().is_some() {
            self.window.break_next();
            out.push(Effect::Tell(Event::SlateLeft));
        }
    }

    /// The least target duration of a list that clips may come to stand in.
    pub(super) fn target_least(settings: &Settings) -> Duration {
        if settings.slate {
            TARGET_MIN
        } else {
            Duration::ZERO
        }
    }

    /// When clips begin, if things stay as they are.
    fn slate_begins(&self, settings: &Settings) -> Option<Moment> {
        if self.slate.is_shown() || !self.takes_clips(settings) || self.source_has_ended() {
            return None;
        }
        match self.state {
            State::Live => self.reserve.is_empty().then(|| self.silent_at(settings)),
            State::Starting { since } => {
                let in_time = settings.slate_after < settings.buffer_ready_timeout;
                let first = self.window.target().is_none() && !self.slate.barred;
                (first && in_time).then(|| since + settings.slate_after)
            }
            _ => None,
        }
    }

    /// When the source has been silent for so long that players would notice: one and a half target durations,
    /// or two and a half where something is on its way, since they give a list up after three.
    fn silent_at(&self, settings: &Settings) -> Moment {
        let target = self.target_or(Duration::ZERO).max(self.slate.cadence);
        let patience = if self.queue.is_empty() {
            target * 3 / 2
        } else {
            target * 5 / 2
        };
        let heard = self.source.intake_heard_at();
        if let Some(heard) = heard {
            // What flows, however slowly, is on its way.
            let silent = (heard + HITCH).min(self.last_segment_at + target * 5 / 2);
            return silent.max(self.last_segment_at + patience);
        }
        let rarer = (settings.poll_interval - POLL_INTERVAL).max(0.0);
        self.last_segment_at + patience + target.mul_f64(rarer)
    }

    /// When the next clip is due, where they are shown.
    fn slate_goes_on(&self, settings: &Settings) -> Option<Moment> {
        let shown = self.slate.shown.as_ref()?;
        let lives = matches!(
            self.state,
            State::Starting { .. } | State::Live | State::Lingering { .. }
        );
        let goes_on = lives && self.takes_clips(settings);
        goes_on.then(|| shown.due(self.target_or(TARGET_UNKNOWN)))
    }

    /// Whether a clip may stand behind what is held. A list cannot do without an initialisation section again;
    /// and of a source that says that its media is over nothing is awaited.
    fn takes_clips(&self, settings: &Settings) -> bool {
        let newest = self.window.held().next_back();
        settings.slate
            && !(self.source_has_ended() && self.window.has_media())
            && newest.is_none_or(|newest| newest.map.is_none())
            && TARGET_MIN <= self.target_or(TARGET_MIN)
    }

    fn target_or(&self, unknown: Duration) -> Duration {
        self.window.target().map_or(unknown, Duration::from_secs)
    }

    fn begin_slate(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        if self.window.target().is_some() {
            // What has come of a segment comes first, and is something new.
            if !self.interrupt_reading(now, settings, out) {
                self.show(now, settings, Clip::Lost, out);
            }
            return;
        }
        if self.window.held().len() < PUBLISHED_SEGMENTS_MIN {
            self.interrupt_reading(now, settings, out);
        }
        let listed = self.source.following().map(|it| it.follow.has_listed());
        let target = if listed == Some(false) || self.source.intake().is_none() {
            TARGET_UNKNOWN.max(self.cut_target(settings))
        } else {
            self.source_target(settings)
        };
        let target = target.max(Self::target_least(settings));
        let held = self.window.held().len();
        self.slate.guessed = held == 0;
        self.window.fix_target(target, settings);
        self.changed = true;
        // What there is may be less than was asked for; viewers have waited for long enough.
        self.open_gate(settings, out);
        if held < PUBLISHED_SEGMENTS_MIN {
            let (target, media) = (self.target_or(target), self.window.duration());
            let intake = self.source.intake();
            let lead = match intake.unwrap_or_else(|| self.wanted_intake(settings)) {
                Intake::Continuous => target.mul_f64(LEAD),
                Intake::Playlist => target,
            };
            self.slate.shown = Some(Shown::at_start(now, lead, media, held));
            let clip = Clip::Starting;
            out.push(Effect::Tell(Event::SlateShown { clip }));
        }
    }

    /// Publishes a clip.
    fn show(&mut self, now: Moment, settings: &Settings, clip: Clip, out: &mut Vec<Effect>) {
        let edge = self.date_of_newest(now);
        let begins = self.slate.shown.is_none();
        let shown = self
            .slate
            .shown
            .get_or_insert_with(|| Shown::in_silence(now, clip));
        // A source that is opened meanwhile breaks with the clips, and not these with each other.
        if shown.clips == 0 {
            self.window.break_next();
        } else {
            self.window.join_next();
        }
        if begins || shown.clip != clip {
            shown.clip = clip;
            out.push(Effect::Tell(Event::SlateShown { clip }));
        }
        shown.published += LENGTH;
        shown.clips += 1;
        shown.newest = now;
        // What a list begins with is of the past: its dates shall not run ahead of the clock.
        let date = edge.checked_sub(shown.ahead()).unwrap_or(edge);
        let Fit {
            body,
            part,
            container,
            ..
        } = self.slate.run.next(clip);
        let draft = Draft {
            duration: LENGTH,
            discontinuity: false,
            published_at: now,
            program_date_time: None,
            body,
            part,
            container,
            key: None,
            map: None,
            tags: Vec::new(),
            slate: true,
        };
        self.push(date, settings, draft);
        self.changed = true;
    }
}

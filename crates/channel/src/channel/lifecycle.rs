//! From the first viewer to the end: every change of a channel's state stands in this file.

use std::time::Duration;

use super::moving::Move;
use super::{Channel, Effect, State};
use crate::event::{EndReason, Event};
use crate::failure::Failure;
use crate::overlap::Overlap;
use crate::reading::first_target;
use crate::settings::PUBLISHED_SEGMENTS_MIN;
use crate::settings::Settings;
use crate::source::{Intake, Source, Where};
use crate::time::Moment;

/// First pause after a failed life; it doubles with each failure in a row.
const PAUSE_MIN: Duration = Duration::from_secs(2);

/// Longest pause after a failed life.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What a new session may send once more is cut as finely as this, where key frames allow it: the finer, the less of it is
/// seen twice or not at all.
const SEAM_TARGET: Duration = Duration::from_secs(1);

/// Target durations of media that players begin with at least (RFC 8216 6.3.3), where a source has given as much: who asks
/// once a target duration, and VLC, which begins three segments from the end, run dry again and again with less.
const FILLED_TARGETS: u32 = 3;

impl Channel {
    pub(super) fn viewer_arrived(&mut self, now: Moment, out: &mut Vec<Effect>) {
        self.present = true;
        match self.state {
            State::Idle | State::Over => self.start(now, out),
            State::Lingering {
                starting: Some(since),
                ..
            } => self.enter(State::Starting { since }),
            State::Lingering { starting: None, .. } => self.enter(State::Live),
            State::Stopping { ref mut again } => *again = true,
            State::Starting { .. } | State::Live | State::Failed { .. } => {}
        }
    }

    pub(super) fn last_viewer_left(&mut self, now: Moment) {
        self.present = false;
        match self.state {
            State::Starting { since } => {
                self.enter(State::Lingering {
                    since: now,
                    starting: Some(since),
                });
            }
            State::Live => self.enter(State::Lingering {
                since: now,
                starting: None,
            }),
            State::Stopping { ref mut again } => *again = false,
            State::Idle => self.enter(State::Stopping { again: false }),
            State::Lingering { .. } | State::Failed { .. } | State::Over => {}
        }
    }

    fn start(&mut self, now: Moment, out: &mut Vec<Effect>) {
        self.window.clear();
        self.slate.begin();
        self.variant = None;
        self.opened_in_life = 0;
        self.barren = 0;
        self.opens_at = Where::Anywhere;
        self.last_segment_at = now;
        self.last_trouble = "nothing has come from the source yet".into();
        self.open_trouble = None;
        // What an earlier life has shown is no repeat in this one.
        self.recent.clear();
        self.last_end = None;
        self.last_streams.clear();
        self.reserve.clear();
        self.overlap = Overlap::default();
        self.open = None;
        self.preferred = Intake::Continuous;
        if !std::mem::replace(&mut self.told_start, true) {
            out.push(Effect::Tell(Event::Started));
        }
        // The pull of an earlier life may still be closing.
        self.close_source(Some((now, None)), out);
        self.enter(State::Starting { since: now });
    }

    /// The gate: from here on viewers are served, and the target duration stands.
    pub(super) fn open_gate(&mut self, settings: &Settings, out: &mut Vec<Effect>) {
        if self.state.starting_since().is_none() || !self.is_ready(settings) {
            return;
        }
        let source = self.source_target(settings);
        let least = Self::target_least(settings);
        self.window.fix_target(source.max(least), settings);
        self.window.fit(settings);
        self.failed_lives = 0;
        out.push(Effect::Tell(Event::WentLive));
        match self.state {
            State::Lingering { since, .. } => {
                self.enter(State::Lingering {
                    since,
                    starting: None,
                });
            }
            _ => self.enter(State::Live),
        }
    }

    /// The least target duration that suits the open source.
    pub(super) fn source_target(&mut self, settings: &Settings) -> Duration {
        if let Some(following) = self.source.following() {
            return following.follow.target();
        }
        if self.source.reading().is_none() {
            return Duration::ZERO;
        }
        self.cut_target(settings).max(self.open_elapsed())
    }

    /// The least target duration that suits what is cut here: key frames do not come exactly when they should.
    pub(super) fn cut_target(&self, settings: &Settings) -> Duration {
        match self.wanted_intake(settings) {
            Intake::Continuous => settings.segment_target * 5 / 4,
            Intake::Playlist => Duration::ZERO,
        }
    }

    /// Keeps the segments of a continuous source within the target duration, once it stands.
    pub(super) fn fit_reading(&mut self, settings: &Settings) {
        let mut newest = self.window.held().rev().take(PUBLISHED_SEGMENTS_MIN);
        // Whoever waits before clips is to have the source's picture soon.
        let wanted = if self.window.has_media() && !newest.any(|segment| segment.slate) {
            settings.segment_target
        } else {
            first_target(settings)
        };
        let beside = self.moving.as_mut().and_then(Move::body);
        if let Some(target) = self.window.target() {
            for reading in self.source.reading().into_iter().chain(beside) {
                let wanted = if reading.repeats {
                    wanted.min(SEAM_TARGET)
                } else {
                    wanted
                };
                reading.fit(target, wanted);
            }
        }
    }

    /// Viewers get at once what comes of a burst until they have as much as keeps them from running dry; from then on what
    /// comes is shown at the stream's pace.
    pub(super) fn pace_when_filled(&mut self, settings: &Settings) {
        let Some(target) = self.window.target().filter(|_| !self.reserve.is_paced()) else {
            return;
        };
        let held = || self.window.held().filter(|segment| !segment.slate);
        let media: Duration = held().map(|segment| segment.duration).sum();
        let full = settings.segments_max <= held().count()
            || settings.bytes_max / 4 * 3 <= self.window.bytes();
        let enough = Duration::from_secs(target) * FILLED_TARGETS;
        if settings.initial_buffer.max(enough) <= media || full {
            // There may be as much some time after the newest segment came.
            self.reserve.pace(self.last_segment_at);
        }
    }

    fn is_ready(&self, settings: &Settings) -> bool {
        if self.window.target().is_some() {
            // A list is shown already, and whatever comes stands in it.
            return self.window.has_media();
        }
        let held = self.window.held().len();
        let filled = settings.initial_buffer <= self.window.duration();
        // Memory for more is not there, or the source has no more.
        let full = settings.bytes_max / 4 * 3 <= self.window.bytes();
        let complete = self.queue.is_empty() && self.source_has_ended();
        settings.segments_ready_enough() <= held
            || (settings.segments_to_be_ready() <= held && (filled || complete))
            || (PUBLISHED_SEGMENTS_MIN <= held && full)
    }

    pub(super) fn source_has_ended(&self) -> bool {
        match &self.source {
            Source::Following(following) => following.follow.ended_since().is_some(),
            _ => false,
        }
    }

    /// Whether the life runs and has published something, so that silence means something.
    pub(super) fn has_media(&self) -> bool {
        let runs = matches!(
            self.state,
            State::Starting { .. } | State::Live | State::Lingering { .. }
        );
        runs && self.window.has_media()
    }

    /// Ends the life with a failure that viewers are told; new ones are refused for a while.
    pub(super) fn fail(
        &mut self,
        now: Moment,
        out: &mut Vec<Effect>,
        failure: Failure,
        reason: EndReason,
    ) {
        let pause = (PAUSE_MIN * 2_u32.saturating_pow(self.failed_lives.min(8))).min(PAUSE_MAX);
        self.failed_lives += 1;
        self.close_source(None, out);
        self.queue.drain(|_| false);
        self.reserve.clear();
        self.open = None;
        // Viewers that play the last of the window are told that nothing follows.
        self.window.set_ended(true);
        self.slate.end(reason);
        out.push(Effect::Tell(Event::Failed {
            failure: failure.clone(),
        }));
        self.tell_end(out, reason);
        self.enter(State::Failed {
            until: now + pause,
            failure,
        });
    }

    pub(super) fn stop(&mut self, out: &mut Vec<Effect>, reason: EndReason) {
        match self.state {
            State::Over => return,
            State::Stopping { ref mut again } => return *again = false,
            _ => {}
        }
        self.close_source(None, out);
        self.queue.drain(|_| false);
        self.reserve.clear();
        self.open = None;
        self.tell_end(out, reason);
        self.window.set_ended(true);
        self.slate.end(reason);
        self.enter(State::Stopping { again: false });
    }

    /// What time alone changes in the life.
    pub(super) fn settle_life(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        if self.first_segment_due(settings).is_some_and(|at| at <= now) {
            if let Some(why) = self.finish_reading(now, settings, out) {
                self.last_trouble = why;
            }
            let failure = self
                .open_failure()
                .unwrap_or_else(|| Failure::NoFirstSegment {
                    waited: settings.first_segment_timeout,
                    last: self.last_trouble.clone(),
                });
            self.fail(now, out, failure, EndReason::StartFailed);
        } else if self.slate_over(settings).is_some_and(|at| at <= now) {
            let failure = Failure::NotReady {
                waited: settings.buffer_ready_timeout,
                last: self.last_trouble.clone(),
            };
            self.fail(now, out, failure, EndReason::StartFailed);
        }
        match self.state {
            State::Lingering { since, .. } if since + settings.linger <= now => {
                self.stop(out, EndReason::LastViewerLeft);
            }
            State::Failed { until, .. } if until <= now => {
                self.enter(if self.present {
                    State::Idle
                } else {
                    State::Stopping { again: false }
                });
            }
            _ => {}
        }
        if let (State::Stopping { again }, Source::Absent, true) =
            (&self.state, &self.source, self.leaving.is_empty())
        {
            if *again {
                self.start(now, out);
            } else {
                self.window.clear();
                self.enter(State::Over);
            }
        }
    }

    fn first_segment_due(&self, settings: &Settings) -> Option<Moment> {
        let since = self.state.starting_since()?;
        (!self.window.has_media()).then(|| since + settings.first_segment_timeout)
    }

    pub(super) fn life_deadline(&self, settings: &Settings) -> Option<Moment> {
        let end = match self.state {
            State::Lingering { since, .. } => Some(since + settings.linger),
            State::Failed { until, .. } => Some(until),
            _ => None,
        };
        let first = self.first_segment_due(settings);
        [end, first, self.slate_over(settings)]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn enter(&mut self, state: State) {
        self.state = state;
        self.changed = true;
    }

    fn tell_end(&mut self, out: &mut Vec<Effect>, reason: EndReason) {
        if std::mem::take(&mut self.told_start) {
            out.push(Effect::Tell(Event::Ended { reason }));
        }
    }
}

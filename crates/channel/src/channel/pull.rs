//! The pull: when a source is opened, given up, closed and replaced; a second one beside it is for `moving` alone.

use std::time::Duration;

use super::moving::Move;
use super::{Channel, Effect};
use crate::event::{EndReason, Event};
use crate::failure::{Failure, OpenFailure};
use crate::follow::Follow;
use crate::pulse::Pulse;
use crate::reading::Reading;
use crate::settings::Settings;
use crate::source::{Following, Intake, Poll, PullId, Source, SourceKind, Where};
use crate::time::Moment;

/// First wait before something that failed is tried again; it doubles with each failure.
const BACKOFF_MIN: Duration = Duration::from_millis(250);

/// Longest wait before something that failed is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// How long a cold start goes on trying sources that cannot be reached; players give up soon after.
const UNREACHABLE_PATIENCE: Duration = Duration::from_secs(8);

/// Times a source may say no to a cold start: once each for two engines, or for two readings of
/// an id.
const REFUSALS_MAX: u32 = 2;

/// A source that was opened.
pub(super) struct Found {
    pub(super) pull: PullId,
    pub(super) kind: SourceKind,
    pub(super) intake: Intake,
    pub(super) variant: Option<hls::Variant>,
}

impl Channel {
    pub(super) fn opened(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        found: Found,
    ) {
        let Source::Opening { pull, kept, .. } = &mut self.source else {
            return self.opened_beside(now, settings, out, &found);
        };
        if *pull != found.pull {
            return;
        }
        let kept = kept.take();
        let Found {
            pull, kind, intake, ..
        } = found;
        let kept = kept.filter(|_| (kind, intake) == (SourceKind::Plain, Intake::Playlist));
        self.variant = found.variant;
        self.begin_source(now, settings, out, (kind, intake, kept.is_some()));
        self.source = match intake {
            Intake::Playlist => Source::Following(Box::new(Following {
                pull,
                kind,
                follow: kept.unwrap_or_else(|| Follow::new(now)),
                opened_at: now,
                poll: Poll::At(now),
                rests: false,
                failures: 0,
            })),
            Intake::Continuous => {
                out.push(Effect::Read { pull });
                let mut reading = Reading::new(now, pull, kind, settings);
                reading.repeats = self.window.has_media();
                Source::Reading(Box::new(reading))
            }
        };
        out.push(Effect::Tell(Event::SourceOpened {
            opened: self.opened_in_life,
        }));
    }

    /// What comes from now on is another source's, unless it goes on where the one before was left.
    pub(super) fn begin_source(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        (kind, intake, goes_on): (SourceKind, Intake, bool),
    ) {
        if intake == Intake::Continuous {
            self.reserve.break_next();
            if kind == SourceKind::Session {
                self.overlap.begin();
            }
        } else if !goes_on {
            self.publish_whole_reserve(now, settings, out);
            self.window.break_next();
            self.last_end = None;
        }
        self.counters.opened += 1;
        self.opened_in_life += 1;
        self.counters.failovers += u64::from(1 < self.opened_in_life);
        self.open_trouble = None;
        self.pulse = Pulse::default();
        self.resources.reset();
        self.changed = true;
    }

    pub(super) fn open_failed(
        &mut self,
        now: Moment,
        out: &mut Vec<Effect>,
        pull: PullId,
        failure: OpenFailure,
    ) {
        let Source::Opening {
            pull: awaited,
            failures,
            kept,
        } = &mut self.source
        else {
            return self.not_opened_beside(now, pull, &failure);
        };
        if *awaited != pull {
            return;
        }
        let failures = *failures + 1;
        let kept = kept.take();
        self.counters.failures += 1;
        self.last_trouble = failure.to_string();
        self.open_trouble = Some(failure.clone());
        self.opens_at = Where::Anywhere;
        let at = now + self.backoff(failures);
        if self.is_hopeless(at, &failure, failures) {
            self.source = Source::Absent;
            self.fail(now, out, failure.into(), EndReason::StartFailed);
        } else {
            self.source = Source::Due { at, failures, kept };
        }
    }

    /// Whether viewers who wait for a start had better be told at once than after a next try, which
    /// would be made at `again`. Those who are served have time: their channel goes on trying.
    fn is_hopeless(&self, again: Moment, failure: &OpenFailure, failures: u32) -> bool {
        let Some(since) = self.state.starting_since() else {
            return false;
        };
        match failure {
            OpenFailure::NoEngines | OpenFailure::AllEnginesFull { .. } => true,
            OpenFailure::Refused(_) => REFUSALS_MAX <= failures,
            // One that was reached in this life deserves a second try.
            OpenFailure::Unreachable(_) => {
                UNREACHABLE_PATIENCE <= again.since(since)
                    && self.opened_in_life.min(1) < failures.into()
            }
        }
    }

    /// Why sources cannot be opened, while that is what is wrong.
    pub(super) fn open_failure(&self) -> Option<Failure> {
        self.open_trouble.clone().map(Failure::Open)
    }

    /// Gives the source up and asks for another, while the window is still served.
    pub(super) fn lose(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        cause: String,
        at: Where,
    ) {
        if self.source.open_pull().is_none() {
            return;
        }
        let barren = 0 < self.barren;
        // What has just been tried in vain is not tried again.
        self.opens_at = match at {
            Where::Again if barren => Where::Elsewhere,
            at => at,
        };
        let mut kept = None;
        if let Some(following) = self.source.following() {
            // Neither way has worked, so the other is tried again.
            if barren && following.kind == SourceKind::Session {
                self.preferred = Intake::Continuous;
            }
        }
        if let Some(following) = self.source.following()
            && following.kind == SourceKind::Plain
        {
            let mut follow = std::mem::replace(&mut following.follow, Follow::new(now));
            if let Some(first) = self.queue.take_back() {
                follow.rewind(first);
            }
            kept = Some(follow);
        }
        self.publish_rest(now, settings, out);
        self.last_trouble.clone_from(&cause);
        out.push(Effect::Tell(Event::SourceLost { cause }));
        if self.moving.as_ref().is_some_and(Move::has_begun) {
            return self.take_over(now, settings, out);
        }
        self.moving = None;
        // The first replacement is asked for at once; one that brought nothing must wait.
        let wait = match self.barren {
            0 => Duration::ZERO,
            barren => self.backoff(barren + 1),
        };
        self.barren += 1;
        let mut at = now + wait;
        if self.source.session().is_some() {
            // Each start costs an engine its peers. Asking a plain address again costs nobody anything, and there are
            // those whose answers end every few seconds.
            at = self.restraint.take(at);
        }
        self.close_source(Some((at, kept)), out);
    }

    /// Publishes what has come of a source that is given up.
    pub(super) fn publish_rest(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        self.finish_reading(now, settings, out);
        let resources = &self.resources;
        let arrived = self.queue.drain(|segment| resources.has_all(segment));
        for head in arrived {
            self.publish_head(now, settings, out, head);
        }
    }

    pub(super) fn closed(&mut self, now: Moment, pull: PullId) {
        if self.leaving.remove(&pull) {
            return;
        }
        let Source::Closing {
            pull: awaited,
            again,
        } = &mut self.source
        else {
            return;
        };
        if *awaited != pull {
            return;
        }
        self.source = match again.take() {
            Some((at, kept)) => Source::Due {
                at: at.max(now),
                failures: 0,
                kept,
            },
            None => Source::Absent,
        };
    }

    /// Ends the pull, whatever it is at; `again` says when to open another.
    pub(super) fn close_source(
        &mut self,
        again: Option<(Moment, Option<Follow>)>,
        out: &mut Vec<Effect>,
    ) {
        self.drop_move(out);
        let pull = match &self.source {
            Source::Opening { pull, .. } => *pull,
            Source::Following(following) => following.pull,
            Source::Reading(reading) => reading.pull,
            Source::Closing { pull, .. } => {
                self.source = Source::Closing { pull: *pull, again };
                return;
            }
            Source::Absent | Source::Due { .. } => {
                self.source = match again {
                    Some((at, kept)) => Source::Due {
                        at,
                        failures: 0,
                        kept,
                    },
                    None => Source::Absent,
                };
                return;
            }
        };
        out.push(Effect::Close { pull });
        self.source = Source::Closing { pull, again };
    }

    pub(super) fn open_if_due(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        let intake = self.wanted_intake(settings);
        // One of two sources may be on the very engine that is best now.
        let free = self.leaving.is_empty();
        if let Source::Due { at, failures, kept } = &mut self.source
            && *at <= now
            && free
        {
            let pull = PullId(self.next_pull);
            self.next_pull += 1;
            self.source = Source::Opening {
                pull,
                failures: *failures,
                kept: kept.take(),
            };
            let at = self.opens_at;
            self.asked_at = Some(now);
            out.push(Effect::Open { pull, intake, at });
        }
    }

    /// Doubling waits, spread so that channels which failed together do not come back together.
    pub(super) fn backoff(&mut self, failures: u32) -> Duration {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let whole = BACKOFF_MIN * 2_u32.saturating_pow(failures.saturating_sub(1).min(8));
        let spread = 1.0 - (self.jitter % 256) as f64 / 1024.0;
        whole.min(BACKOFF_MAX).mul_f64(spread)
    }
}

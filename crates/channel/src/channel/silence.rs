//! How the open source is doing: what its engine says of it, and when its silence is believed.

use std::time::Duration;

use super::{Channel, Effect};
use crate::patience::{self, Bounds, Silence};
use crate::pulse::{Evidence, Measure};
use crate::settings::Settings;
use crate::source::{Intake, PullId, Source, SourceKind, Where};
use crate::time::Moment;

/// A body that gives nothing for so long is looked after more often.
const QUIET: Duration = Duration::from_secs(1);

/// A session that has not begun on an engine that does not answer is given up after this.
const HANGS_MAX: Duration = Duration::from_secs(5);

impl Channel {
    /// The engine has said how the session is doing, or has not.
    pub(super) fn measured(
        &mut self,
        now: Moment,
        pull: PullId,
        measure: Measure,
        elsewhere: bool,
    ) {
        if self.source.session() == Some(pull) {
            self.pulse.take(now, measure);
            self.pulse.elsewhere = elsewhere;
        }
    }

    pub(super) fn measure_if_due(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) {
        if let Some(pull) = self.source.session()
            && self.measure_due(settings).is_some_and(|at| at <= now)
        {
            self.pulse.ask(now);
            out.push(Effect::Measure { pull });
        }
    }

    /// When the engine is to be asked next.
    pub(super) fn measure_due(&self, settings: &Settings) -> Option<Moment> {
        self.source.session()?;
        let quiet = match &self.source {
            Source::Reading(reading) if reading.rests => Moment::ZERO,
            Source::Reading(reading) => reading.heard_at + QUIET,
            Source::Following(it) => it.follow.changed_at() + it.follow.target(),
            _ => return None,
        };
        self.pulse.due(settings.measure_interval, quiet)
    }

    pub(super) fn give_up_if_stuck(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
    ) {
        self.give_up_if_mute(now, settings, out);
        if self.stuck_at(settings).is_none_or(|at| now < at) {
            return;
        }
        // What waits for its time is shown long after it came.
        let given_at = match &self.source {
            Source::Reading(reading) => reading.given_at(),
            _ => self.last_segment_at,
        };
        let silent = now.since(given_at).as_secs();
        let (said, at) = (self.why_silent(now), self.after_silence(now));
        let why = self.finish_reading(now, settings, out);
        let why = said.map(str::to_owned).or(why);
        let why = why.unwrap_or_else(|| self.last_trouble.clone());
        let cause = format!("nothing new for {silent} s: {why}");
        self.lose(now, settings, out, cause, at);
    }

    /// Asks an engine for a playlist instead of a body that it has begun and sends nothing of.
    fn give_up_if_mute(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        if self.mute_at(settings).is_none_or(|at| now < at) {
            return;
        }
        let Some(heard) = self.source.intake_heard_at() else {
            return;
        };
        let (said, at) = (self.why_silent(now), self.after_silence(now));
        if at == Where::Again {
            self.preferred = Intake::Playlist;
        }
        let silent = now.since(heard).as_secs();
        let mut cause = format!("the stream began and nothing of it came in {silent} s");
        if let Some(said) = said {
            cause = format!("{cause}: {said}");
        }
        self.lose(now, settings, out, cause, at);
    }

    /// When a session's body that has begun counts as one that will bring nothing, where its engine may be asked for a
    /// playlist instead.
    pub(super) fn mute_at(&self, settings: &Settings) -> Option<Moment> {
        let Source::Reading(reading) = &self.source else {
            return None;
        };
        reading.body_at?;
        let either_way = reading.kind == SourceKind::Session && settings.engine_intake.is_none();
        if !either_way || reading.has_bytes || reading.rests {
            return None;
        }
        let silent = reading.heard_at.max(self.pulse.collected());
        Some(silent + patience::of_first_byte(self.pulse.evidence())?)
    }

    /// When the open source counts as stuck.
    pub(super) fn stuck_at(&self, settings: &Settings) -> Option<Moment> {
        if !self.has_media() {
            return None;
        }
        let told = self.stuck_by(self.pulse.evidence(), settings);
        // An answer that does not come is an answer, too.
        let hangs = self.pulse.hangs_at();
        let hangs = hangs.and_then(|at| Some(at.max(self.stuck_by(Evidence::Hanging, settings)?)));
        told.into_iter().chain(hangs).min()
    }

    fn stuck_by(&self, evidence: Evidence, settings: &Settings) -> Option<Moment> {
        let patience = |since: Moment, mut bounds: Bounds| {
            if 0 < self.barren {
                // It was opened in the place of another and may need its time.
                bounds.ordinary = bounds.usual;
            }
            let silence = Silence {
                evidence,
                elsewhere: self.pulse.elsewhere,
                // What a machine is late by, and what opening takes longer than last time.
                spare: self.dry_at(settings).since(since + self.opening) * 3 / 4,
                bounds,
                longest: settings.no_data_timeout / 2,
            };
            silence.patience()
        };
        match &self.source {
            Source::Following(following) => {
                following.stuck_at(self.last_segment_at, settings, patience)
            }
            Source::Reading(reading) => {
                let ill = self.ill_at(evidence);
                let target = self.window.target().map(Duration::from_secs);
                let target = target.unwrap_or(settings.segment_target);
                let silent = reading.stuck_at(target, settings, patience);
                silent.into_iter().chain(ill).min()
            }
            _ => None,
        }
    }

    /// When a session is given up that nobody listens to at the moment, or that has not begun: its silence says nothing.
    fn ill_at(&self, evidence: Evidence) -> Option<Moment> {
        let Source::Reading(reading) = &self.source else {
            return None;
        };
        let collects = reading.body_at.is_none();
        match evidence {
            Evidence::Gone if reading.rests || collects => Some(self.pulse.answered()),
            Evidence::Hanging if collects => Some(reading.heard_at + HANGS_MAX),
            _ => None,
        }
    }

    /// When viewers have played all that there is if nothing comes any more. Players of lists begin three segments behind
    /// their end, and look at it every half.
    fn dry_at(&self, settings: &Settings) -> Moment {
        let longest = self.window.held().map(|segment| segment.duration).max();
        let behind = longest.unwrap_or_default() * 5 / 2;
        self.last_segment_at + self.reserve.duration() + behind.min(settings.join_behind)
    }

    /// Where to open the next source after a silence, by what the engine said meanwhile.
    pub(super) fn after_silence(&self, now: Moment) -> Where {
        let hangs = self.pulse.hangs_at().is_some_and(|at| at <= now);
        match self.pulse.evidence() {
            _ if hangs => Where::Elsewhere,
            Evidence::Gone | Evidence::Hanging | Evidence::Deserted | Evidence::Collecting => {
                Where::Elsewhere
            }
            Evidence::Frozen | Evidence::Flowing | Evidence::Unknown => Where::Again,
        }
    }

    /// Why it was silent, as far as the engine's statistics tell.
    pub(super) fn why_silent(&self, now: Moment) -> Option<&'static str> {
        let hangs = self.pulse.hangs_at().is_some_and(|at| at <= now);
        match self.pulse.evidence() {
            Evidence::Gone => Some("nothing answers where the engine was"),
            _ if hangs => Some("the engine does not answer"),
            Evidence::Hanging => Some("the engine does not answer"),
            Evidence::Deserted => Some("the engine has no peers"),
            Evidence::Collecting => Some("the engine waits for its peers"),
            Evidence::Frozen => Some("the engine receives nothing any more"),
            Evidence::Flowing => Some("the engine says that it receives media, and gives none"),
            Evidence::Unknown => None,
        }
    }

    /// The newest source has given something: so long did opening take.
    pub(super) fn note_opening(&mut self, now: Moment) {
        if let Some(asked_at) = self.asked_at.take() {
            self.opening = now.since(asked_at);
        }
    }
}

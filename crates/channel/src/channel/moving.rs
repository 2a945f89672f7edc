//! From one engine to another while the first still gives: the second source is opened beside it, and takes its place with
//! its first media. It is the only time at which a channel has two.

use std::time::Duration;

use bytes::Bytes;
use ts::segment::Event as Cut;

use super::pull::Found;
use super::{Channel, Effect};
use crate::event::Event;
use crate::failure::{OpenFailure, Trouble};
use crate::follow::Follow;
use crate::reading::Reading;
use crate::settings::Settings;
use crate::source::{Following, Intake, Poll, PullId, Source, SourceKind, Where};
use crate::time::Moment;

/// How long an engine that is to be left is held on to while no other one gives the channel's media. Whoever waits for
/// it to be free waits no longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two tries to open a source beside the first: a place on another engine may come free at any time.
const TRY_EVERY: Duration = Duration::from_secs(5);

/// A change to another engine.
#[derive(Debug)]
pub(crate) struct Move {
    cause: String,
    since: Moment,
    stage: Stage,
}

/// How far the second source is.
#[derive(Debug)]
enum Stage {
    /// It is to be opened at a moment.
    Due(Moment),
    /// It is being opened.
    Opening { pull: PullId },
    /// It is open, and its first playlist is awaited.
    Listing {
        pull: PullId,
        kind: SourceKind,
        since: Moment,
    },
    /// It is open, and the first segment of its body is awaited.
    Reading(Box<Reading>),
}

impl Move {
    /// Whether there is a second source, or is about to be.
    pub(super) fn has_begun(&self) -> bool {
        self.pull().is_some()
    }

    fn pull(&self) -> Option<PullId> {
        match &self.stage {
            Stage::Due(_) => None,
            Stage::Opening { pull } | Stage::Listing { pull, .. } => Some(*pull),
            Stage::Reading(reading) => Some(reading.pull),
        }
    }

    /// The second source, if it is open and has a body.
    pub(super) fn body(&mut self) -> Option<&mut Reading> {
        match &mut self.stage {
            Stage::Reading(reading) => Some(reading),
            _ => None,
        }
    }

    /// The same, if it is this one.
    pub(super) fn reading(&mut self, pull: PullId) -> Option<&mut Reading> {
        self.body().filter(|it| it.pull == pull)
    }

    fn over_at(&self) -> Moment {
        self.since + PATIENCE
    }
}

impl Channel {
    /// The engine that carries the channel is to be left.
    pub(super) fn move_away(&mut self, now: Moment, cause: String) {
        if self.source.session().is_some() && self.moving.is_none() {
            self.moving = Some(Move {
                cause,
                since: now,
                stage: Stage::Due(now),
            });
        }
    }

    /// The second source, while its body is open.
    #[cfg(test)]
    pub(crate) fn beside(&self) -> Option<PullId> {
        match &self.moving.as_ref()?.stage {
            Stage::Reading(reading) => Some(reading.pull),
            _ => None,
        }
    }

    pub(super) fn settle_move(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        let intake = self.wanted_intake(settings);
        let Some(moving) = &mut self.moving else {
            return;
        };
        if moving.over_at() <= now {
            let cause = moving.cause.clone();
            self.drop_move(out);
            return self.lose(now, settings, out, cause, Where::Elsewhere);
        }
        if let Stage::Due(at) = moving.stage
            && at <= now
            && self.leaving.is_empty()
        {
            let pull = PullId(self.next_pull);
            self.next_pull += 1;
            moving.stage = Stage::Opening { pull };
            let at = Where::Beside;
            out.push(Effect::Open { pull, intake, at });
        }
    }

    pub(super) fn move_deadline(&self) -> Option<Moment> {
        let moving = self.moving.as_ref()?;
        let due = match moving.stage {
            Stage::Due(at) if self.leaving.is_empty() => at,
            _ => moving.over_at(),
        };
        Some(due.min(moving.over_at()))
    }

    /// The second source is open: its first media is awaited.
    pub(super) fn opened_beside(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        found: &Found,
    ) {
        let repeats = self.window.has_media();
        let Some(moving) = self.moving_by(found.pull) else {
            return;
        };
        let Found {
            pull, kind, intake, ..
        } = *found;
        moving.stage = match intake {
            Intake::Playlist => {
                out.push(Effect::Poll { pull });
                let since = now;
                Stage::Listing { pull, kind, since }
            }
            Intake::Continuous => {
                out.push(Effect::Read { pull });
                let mut reading = Reading::new(now, pull, kind, settings);
                reading.repeats = repeats;
                Stage::Reading(Box::new(reading))
            }
        };
        self.counters.playlist_fetches += u64::from(intake == Intake::Playlist);
    }

    /// There is no second source to be had at the moment.
    pub(super) fn not_opened_beside(&mut self, now: Moment, pull: PullId, failure: &OpenFailure) {
        if self.moving_by(pull).is_some() {
            self.last_trouble = failure.to_string();
            self.try_later(now);
        }
    }

    /// The second source's playlist, or why there is none.
    pub(super) fn polled_beside(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        pull: PullId,
        result: Result<hls::Media, Trouble>,
    ) {
        if self.moving_by(pull).is_none() {
            return;
        }
        match result {
            Ok(list) if !list.segments.is_empty() && !list.ended => {
                self.give_way(now, settings, out);
                self.polled(now, settings, out, pull, Ok(list));
            }
            Ok(_) | Err(_) => self.forgo(now, out, pull),
        }
    }

    /// The next bytes of the second source's body.
    pub(super) fn received_beside(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        pull: PullId,
        chunks: &[Bytes],
    ) {
        let reading = self.moving.as_mut().and_then(|it| it.reading(pull));
        let Some(reading) = reading else {
            return;
        };
        let events = reading.take(now, chunks);
        if events.iter().any(|event| matches!(event, Cut::Cut(_))) {
            self.give_way(now, settings, out);
            self.take_cuts(now, settings, out, events);
        }
    }

    /// The second source's body is over before it has given anything.
    pub(super) fn ended_beside(
        &mut self,
        now: Moment,
        out: &mut Vec<Effect>,
        pull: PullId,
        end: Result<(), Trouble>,
    ) {
        if self.moving_by(pull).is_some() {
            if let Err(trouble) = end {
                self.last_trouble = trouble.to_string();
            }
            self.forgo(now, out, pull);
        }
    }

    /// The first source gives way to the second, which has media.
    fn give_way(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        self.publish_rest(now, settings, out);
        self.take_over(now, settings, out);
    }

    /// Puts the second source in the place of the first, which is closed.
    pub(super) fn take_over(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        let (Some(Move { cause, stage, .. }), Some(left)) =
            (self.moving.take(), self.source.open_pull())
        else {
            return;
        };
        out.push(Effect::Close { pull: left });
        self.leaving.insert(left);
        let (kind, intake) = match &stage {
            Stage::Due(_) => return,
            Stage::Opening { pull } => {
                self.source = Source::Opening {
                    pull: *pull,
                    failures: 0,
                    kept: None,
                };
                return;
            }
            Stage::Listing { kind, .. } => (*kind, Intake::Playlist),
            Stage::Reading(reading) => (reading.kind, Intake::Continuous),
        };
        self.begin_source(now, settings, out, (kind, intake, false));
        self.variant = None;
        if let Stage::Listing { pull, since, .. } = stage {
            self.source = Source::Following(Box::new(Following {
                pull,
                kind,
                follow: Follow::new(now),
                opened_at: now,
                poll: Poll::UnderWay { since },
                rests: false,
                failures: 0,
            }));
        } else if let Stage::Reading(reading) = stage {
            self.source = Source::Reading(reading);
        }
        out.push(Effect::Tell(Event::SourceMoved { cause }));
    }

    /// Ends the change, whatever it is at.
    pub(super) fn drop_move(&mut self, out: &mut Vec<Effect>) {
        let moving = self.moving.take();
        if let Some(pull) = moving.and_then(|it| it.pull()) {
            out.push(Effect::Close { pull });
            self.leaving.insert(pull);
        }
    }

    /// Closes a second source that gives nothing, and tries another later.
    fn forgo(&mut self, now: Moment, out: &mut Vec<Effect>, pull: PullId) {
        out.push(Effect::Close { pull });
        self.leaving.insert(pull);
        self.try_later(now);
    }

    fn try_later(&mut self, now: Moment) {
        if let Some(moving) = &mut self.moving {
            moving.stage = Stage::Due(now + TRY_EVERY);
        }
    }

    fn moving_by(&mut self, pull: PullId) -> Option<&mut Move> {
        self.moving.as_mut().filter(|it| it.pull() == Some(pull))
    }
}

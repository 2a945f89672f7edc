//! A source that is read as one body: when it begins, what comes of it, and how it ends.

use std::time::Duration;

use bytes::Bytes;
use channel::{Intake, Measure, Numbers, SourceKind, Trouble};

use super::answers::Answered;
use super::feed::Place;
use super::{Mishap, Source};
use crate::random::Random;

/// Most frames in one piece: two seconds.
const PIECE_FRAMES: u64 = 4;

/// So long after the last mishap a body has caught up with all that it owed.
const TROUBLED: Duration = Duration::from_secs(90);

/// So long after it there is no reason any more to give a body up: beyond every patience with the usual settings.
const WELL: Duration = Duration::from_secs(60);

/// A body that is being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    session: u64,
    place: Place,
    /// What it may still send at this moment.
    left: u64,
}

/// What a reader gets at a moment.
#[derive(Debug)]
pub(crate) enum Piece {
    /// These bytes, and perhaps more at once.
    Bytes(Bytes),
    /// Nothing before another moment.
    Later(Duration),
    /// It is over.
    Ended(Result<(), Trouble>),
}

impl Source {
    /// Whether it can be read as a body.
    pub(crate) fn has_body(&self) -> bool {
        self.feed.is_some()
    }

    /// How it gives its media to somebody who asks for it in a way.
    pub(super) fn gives(&self, wanted: Intake) -> Intake {
        match (&self.feed, self.style.kind) {
            (None, _) => Intake::Playlist,
            (Some(_), SourceKind::Plain) => Intake::Continuous,
            (Some(_), SourceKind::Session) => wanted,
        }
    }

    /// Begins its body; an engine holds it back until it has enough.
    pub(crate) fn read(
        &mut self,
        now: Duration,
        random: &mut Random,
        session: u64,
        patience: Duration,
    ) -> Answered<Result<(), Trouble>> {
        self.advance(now, random);
        let wrong = |mishap| self.during(now, mishap);
        let after = match self.style.kind {
            SourceKind::Session if wrong(Mishap::BodyHeld) => random.seconds(5..=60),
            SourceKind::Session => random.millis(50..=3_000),
            SourceKind::Plain => Duration::ZERO,
        };
        if patience < after {
            let result = Err(Trouble::Unfit("the body did not begin in time".into()));
            return Answered {
                after: patience,
                result,
            };
        }
        let result = if self.session != Some(session) {
            Err(Trouble::Gone("403".into()))
        } else if wrong(Mishap::BodyFails) {
            Err(Trouble::Status("500: failed to start".into()))
        } else {
            Ok(())
        };
        Answered { after, result }
    }

    /// A reader's place, now that the body has begun.
    pub(crate) fn begin_reading(&mut self, now: Duration, session: u64) -> Option<Reading> {
        let feed = self.feed.as_mut()?;
        feed.advance(now);
        let place = match self.style.kind {
            // Without a burst at the beginning viewers have little to begin with.
            SourceKind::Plain if !self.steady => feed.begin_live(),
            SourceKind::Plain | SourceKind::Session => feed.begin(),
        };
        Some(Reading {
            session,
            place,
            left: feed.manner.at_once,
        })
    }

    /// What comes next of the body.
    pub(crate) fn piece(
        &mut self,
        now: Duration,
        random: &mut Random,
        reading: &mut Reading,
    ) -> Piece {
        let gone = self.style.kind == SourceKind::Session && self.session != Some(reading.session);
        if gone {
            return Piece::Ended(Ok(()));
        }
        if let Some(end) = self.body_end.take() {
            return Piece::Ended(end);
        }
        let wrong = |mishap| self.during(now, mishap);
        let quiet = wrong(Mishap::BodySilent) || wrong(Mishap::Stalls);
        let mute = wrong(Mishap::BodyMute) && reading.place.is_fresh();
        let page = wrong(Mishap::BodyIsPage);
        let Some(feed) = self.feed.as_mut() else {
            return Piece::Ended(Ok(()));
        };
        let pause = random.millis(50..=feed.manner.pause.as_millis() as u64);
        let at_once = feed.manner.at_once;
        if quiet || mute || reading.left == 0 {
            reading.left = at_once;
            return Piece::Later(pause);
        }
        if page {
            reading.left = 0;
            return Piece::Bytes(Bytes::from_static(b"<html>start timeout</html>"));
        }
        feed.advance(now);
        let most = reading.left.min(PIECE_FRAMES);
        if let Some(bytes) = feed.read(&mut reading.place, most) {
            reading.left -= most;
            return Piece::Bytes(bytes);
        }
        reading.left = at_once;
        Piece::Later(pause)
    }

    /// Whether it is a body with which nothing has been wrong for so long that there is no reason to give it up.
    pub(crate) fn is_well(&self, now: Duration) -> bool {
        self.has_body() && self.troubled_until + WELL < now
    }

    /// How far viewers may be thrown back by a new session that sends what was shown before; nothing is said where
    /// what it owes comes late, so that it is not waited for.
    pub(crate) fn back_max(&self, now: Duration) -> Option<u64> {
        let feed = self.feed.as_ref()?;
        let slow = feed.manner.at_once != u64::MAX;
        let until = |mishap: &Mishap| self.until[*mishap as usize];
        let mut late = Mishap::LATE_BODIES.iter().map(until);
        let troubled = late.any(|until| !until.is_zero() && now < until + TROUBLED);
        (self.style.kind == SourceKind::Session && !slow && !troubled).then(|| feed.back_max())
    }

    /// What its engine says of the session.
    pub(crate) fn measure(&self, now: Duration, begun: bool) -> Measure {
        if self.feed.as_ref().is_none_or(|it| !it.manner.tells) {
            return Measure::Nothing;
        }
        let still = self.during(now, Mishap::BodySilent) || self.during(now, Mishap::Stalls);
        let counted = if still {
            self.until[Mishap::BodySilent as usize]
        } else {
            now
        };
        Measure::Told(Numbers {
            collecting: !begun,
            peers: Some(4),
            downloaded: Some(counted.as_millis() as u64),
            newest: None,
        })
    }
}

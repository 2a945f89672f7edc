//! Where a channel's pull stands: being opened, followed, closed, or waited for.

use std::time::Duration;

use crate::follow::Follow;
use crate::patience::Bounds;
use crate::reading::Reading;
use crate::settings::Settings;
use crate::time::Moment;

/// Shortest time in which a source with news must bring a segment: one slow download and a half.
const STARVING_MIN: Duration = Duration::from_secs(15);

/// Names one opening of a source; what comes late from an earlier one is told by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullId(pub u64);

/// What a source is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A session on an engine: it can end, and a new one counts from zero.
    Session,
    /// An address that anybody may ask; opening it again joins where it was left.
    Plain,
}

/// How a source gives its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// As a playlist of segments.
    Playlist,
    /// As one body without an end, which is cut into segments here.
    Continuous,
}

impl Intake {
    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Playlist => "hls",
            Self::Continuous => "ts",
        }
    }
}

/// On which engine a source is to be opened, where engines are to be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Where {
    /// On whichever is best.
    #[default]
    Anywhere,
    /// On the one that carried the channel last, which has its media still, or on another one.
    Again,
    /// On another than that one, if there is one.
    Elsewhere,
    /// On another than the one that carries the channel now and goes on carrying it; else not at all.
    Beside,
}

/// The pull of a channel.
#[derive(Debug)]
pub(crate) enum Source {
    /// There is none and none is wanted.
    Absent,
    /// One is to be opened at a moment.
    Due {
        at: Moment,
        failures: u32,
        kept: Option<Follow>,
    },
    /// One is being opened.
    Opening {
        pull: PullId,
        failures: u32,
        kept: Option<Follow>,
    },
    /// One is open that has a playlist.
    Following(Box<Following>),
    /// One is open that has a continuous body.
    Reading(Box<Reading>),
    /// One is being closed, after which another may be opened.
    Closing {
        pull: PullId,
        again: Option<(Moment, Option<Follow>)>,
    },
}

/// An open source.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) pull: PullId,
    pub(crate) kind: SourceKind,
    pub(crate) follow: Follow,
    pub(crate) opened_at: Moment,
    pub(crate) poll: Poll,
    /// It has asked to be left alone for a while.
    pub(crate) rests: bool,
    /// Polls that failed in a row.
    pub(crate) failures: u32,
}

/// When the playlist is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    /// At a moment.
    At(Moment),
    /// An interval after a moment; how long it is, is read from the settings when it is needed.
    After(Moment),
    /// It is under way since a moment.
    UnderWay { since: Moment },
}

impl Source {
    /// Whether a pull is the open one.
    pub(crate) fn is(&self, pull: PullId) -> bool {
        self.open_pull() == Some(pull)
    }

    /// The open one's pull.
    pub(crate) fn open_pull(&self) -> Option<PullId> {
        match self {
            Self::Following(following) => Some(following.pull),
            Self::Reading(reading) => Some(reading.pull),
            _ => None,
        }
    }

    /// How the open source gives its media.
    pub(crate) fn intake(&self) -> Option<Intake> {
        match self {
            Self::Following(_) => Some(Intake::Playlist),
            Self::Reading(_) => Some(Intake::Continuous),
            _ => None,
        }
    }

    /// The open one's pull, if it is a session on an engine.
    pub(crate) fn session(&self) -> Option<PullId> {
        match self {
            Self::Following(it) if it.kind == SourceKind::Session => Some(it.pull),
            Self::Reading(it) if it.kind == SourceKind::Session => Some(it.pull),
            _ => None,
        }
    }

    /// When something came last of its body, if it has a continuous one.
    pub(crate) fn intake_heard_at(&self) -> Option<Moment> {
        match self {
            Self::Reading(reading) => Some(reading.heard_at),
            _ => None,
        }
    }

    /// The open source, if it has a continuous body.
    pub(crate) fn reading(&mut self) -> Option<&mut Reading> {
        match self {
            Self::Reading(reading) => Some(reading),
            _ => None,
        }
    }

    /// The open source, if it has a playlist.
    pub(crate) fn following(&mut self) -> Option<&mut Following> {
        match self {
            Self::Following(following) => Some(following),
            _ => None,
        }
    }
}

impl Following {
    /// When the playlist is to be asked for; nothing while it is.
    pub(crate) fn poll_at(&self, settings: &Settings) -> Option<Moment> {
        match self.poll {
            Poll::At(at) => Some(at),
            Poll::After(asked) => {
                Some(asked + self.follow.target().mul_f64(settings.poll_interval))
            }
            Poll::UnderWay { .. } => None,
        }
    }

    /// When the source counts as stuck, if its silence may last for so long by `patience`. One that has news and no
    /// segment of it can be had gets twice as long. A list that says it is over is not stuck.
    pub(crate) fn stuck_at(
        &self,
        last_segment: Moment,
        settings: &Settings,
        patience: impl Fn(Moment, Bounds) -> Duration,
    ) -> Option<Moment> {
        if self.follow.ended_since().is_some() {
            return None;
        }
        let target = self.follow.target();
        // What is new is seen a poll late.
        let poll = target.mul_f64(settings.poll_interval);
        let least = target * 3 / 2 + poll;
        let usual = settings.no_data_timeout.min(target * 7 / 2).max(least);
        let ordinary = if self.rests { usual } else { least };
        let since = self.opened_at.max(last_segment);
        let silent = since.max(self.follow.changed_at());
        let bounds = Bounds {
            least: target + poll,
            ordinary,
            usual,
        };
        let frozen = silent + patience(silent, bounds);
        let starving = since + (usual * 2).max(STARVING_MIN);
        // An answer that is on its way may be news; after a change of the interval the patience may be
        // over at the moment of the first question under it.
        let heard = match self.poll {
            Poll::UnderWay { since } => since + target / 2,
            Poll::At(_) | Poll::After(_) => Moment::ZERO,
        };
        Some(frozen.min(starving).max(heard))
    }
}

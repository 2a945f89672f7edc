//! An open source that has a continuous body: what was cut out of it, and when its silence is believed.

use std::time::Duration;

use bytes::Bytes;
use ts::segment::{Event as Cut, Options, Segmenter};

use crate::patience::Bounds;
use crate::settings::Settings;
use crate::source::{PullId, SourceKind};
use crate::time::Moment;

/// Shortest time in which a body that flows must give a segment: a longest wait for a key frame, and some more.
const STARVING_MIN: Duration = Duration::from_secs(30);

/// Silences that engines make when a peer goes, however short segments are: with statistics that say that something is wrong, and
/// without any.
const LEAST: Duration = Duration::from_secs(2);
const ORDINARY: Duration = Duration::from_secs(3);

/// Lost bytes, missing key frames and the like are told no more often.
const NOTICED_EVERY: Duration = Duration::from_secs(60);

/// Before viewers are served, segments are shorter by this: a list needs three to begin with, and the sooner there are three,
/// the sooner it begins.
const FIRST_SHARE: u32 = 2;

/// How much longer than the target duration a segment may be: it is rounded to whole seconds (RFC 8216 4.3.3.1).
const ROUNDING: Duration = Duration::from_millis(400);

/// An open continuous source.
pub(crate) struct Reading {
    pub(crate) pull: PullId,
    pub(crate) kind: SourceKind,
    /// When its body began, once it has.
    pub(crate) body_at: Option<Moment>,
    /// When bytes came last, or none were wanted.
    pub(crate) heard_at: Moment,
    /// What comes next may have been shown already: a new body begins with what its source has held for a while.
    pub(crate) repeats: bool,
    /// Nothing of it is wanted at the moment, because enough is there.
    pub(crate) rests: bool,
    /// When that was so last.
    rested_at: Moment,
    /// Whether any byte of it came.
    pub(crate) has_bytes: bool,
    /// When a segment was cut out of it last.
    pub(crate) cut_at: Option<Moment>,
    /// The media that was cut out of it.
    given: Duration,
    pub(crate) segmenter: Segmenter,
    /// What is wrong with it was told at this moment.
    noticed_at: Option<Moment>,
}

impl Reading {
    pub(crate) fn new(now: Moment, pull: PullId, kind: SourceKind, settings: &Settings) -> Self {
        let options = Options {
            target: first_target(settings),
            longest: settings.segment_target * 3,
            bytes_max: settings.bytes_max / 4,
        };
        Self {
            pull,
            kind,
            body_at: None,
            heard_at: now,
            repeats: false,
            rests: false,
            rested_at: now,
            has_bytes: false,
            cut_at: None,
            given: Duration::ZERO,
            segmenter: Segmenter::new(options),
            noticed_at: None,
        }
    }

    /// The next bytes of it; what can be cut out of them.
    pub(crate) fn take(&mut self, now: Moment, chunks: &[Bytes]) -> Vec<Cut> {
        self.heard_at = now;
        self.has_bytes = true;
        let segmenter = &mut self.segmenter;
        chunks.iter().flat_map(|it| segmenter.push(it)).collect()
    }

    /// Notes whether it is to be read on: what is not listened to is neither silent nor late.
    pub(crate) fn rest(&mut self, now: Moment, rests: bool) {
        self.rests = rests;
        if rests {
            self.heard_at = now;
            self.rested_at = now;
        }
    }

    /// For how long the body has been listened to, since it began or since it rested last.
    pub(crate) fn listened(&self, now: Moment) -> Option<Duration> {
        Some(now.since(self.body_at?.max(self.rested_at)))
    }

    /// From now on its segments fit a target duration.
    pub(crate) fn fit(&mut self, target: u64, wanted: Duration) {
        let longest = Duration::from_secs(target) + ROUNDING;
        self.segmenter.aim(wanted, longest);
    }

    /// Notes that media was cut out of it; whether it has given as much as a segment has, less what key frames come early
    /// by. One that ends before that is asked for again as one that gave nothing: at ever longer intervals.
    pub(crate) fn give(&mut self, now: Moment, media: Duration, settings: &Settings) -> bool {
        self.cut_at = Some(now);
        self.given += media;
        settings.segment_target * 9 / 10 <= self.given
    }

    /// When it gave a segment last, or has begun to be waited for.
    pub(crate) fn given_at(&self) -> Moment {
        self.cut_at.or(self.body_at).unwrap_or(self.heard_at)
    }

    /// When it counts as stuck, if its silence may last for so long by `patience`. It is silent, or it flows and is nothing
    /// that could be shown.
    pub(crate) fn stuck_at(
        &self,
        target: Duration,
        settings: &Settings,
        patience: impl Fn(Moment, Bounds) -> Duration,
    ) -> Option<Moment> {
        let begun = self.body_at?;
        let usual = settings.no_data_timeout.min(target * 7 / 2).max(target * 2);
        let bounds = Bounds {
            least: target.max(LEAST),
            ordinary: (target * 3 / 2).max(ORDINARY),
            usual,
        };
        let silent = self.heard_at + patience(self.heard_at, bounds);
        let fed = self.cut_at.unwrap_or(begun).max(self.rested_at);
        let starving = fed + (usual * 2).max(STARVING_MIN);
        Some(silent.min(starving))
    }

    /// Whether something that is wrong with it may be told once more.
    pub(crate) fn may_notice(&mut self, now: Moment) -> bool {
        let may = self.noticed_at.is_none_or(|at| at + NOTICED_EVERY <= now);
        if may {
            self.noticed_at = Some(now);
        }
        may
    }
}

/// How long segments are before viewers are served.
pub(crate) fn first_target(settings: &Settings) -> Duration {
    settings.segment_target / FIRST_SHARE
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("pull", &self.pull)
            .field("heard_at", &self.heard_at)
            .finish_non_exhaustive()
    }
}

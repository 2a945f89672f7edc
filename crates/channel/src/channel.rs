//! One channel's life: told what happened and what time it is, it says what to do; it never waits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::failure::{Failure, OpenFailure};
use crate::growing::Growing;
use crate::numbering::Numbering;
use crate::overlap::Overlap;
use crate::pulse::Pulse;
use crate::queue::Queue;
use crate::reserve::Reserve;
use crate::resource::Resources;
use crate::restraint::Restraint;
use crate::settings::Settings;
use crate::snapshot::{Counters, Phase, Snapshot};
use crate::source::{Intake, PullId, Source, Where};
use crate::time::Moment;
use crate::window::Window;

mod lifecycle;
mod message;
mod moving;
mod poll;
mod publish;
mod pull;
mod read;
mod silence;
mod slate;
#[cfg(test)]
mod tests;

pub use message::{Effect, Input};
use pull::Found;

/// Where a channel is in its life.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing runs and nobody has asked, or a failure's pause is over.
    Idle,
    /// A viewer waits for the first segments.
    Starting { since: Moment },
    /// Viewers are served.
    Live,
    /// The last viewer has left; somebody may come back.
    /// `starting` is since when it was waiting for its first segments, if it still was.
    Lingering {
        since: Moment,
        starting: Option<Moment>,
    },
    /// It failed and refuses until the pause is over, so that a dead source is left in peace.
    Failed { until: Moment, failure: Failure },
    /// It is being ended; `again` when somebody came meanwhile.
    Stopping { again: bool },
    /// It is over.
    Over,
}

impl State {
    /// Since when the first segments are waited for, if they are.
    fn starting_since(&self) -> Option<Moment> {
        match self {
            Self::Starting { since } => Some(*since),
            Self::Lingering { starting, .. } => *starting,
            _ => None,
        }
    }
}

/// The state of one channel.
#[derive(Debug)]
pub struct Channel {
    state: State,
    source: Source,
    /// Another source that is to take its place.
    moving: Option<moving::Move>,
    /// Sources whose places others have taken and which are being closed.
    leaving: BTreeSet<PullId>,
    /// What the engine says of the open source.
    pulse: Pulse,
    /// When the newest source was asked for, until it has given something.
    asked_at: Option<Moment>,
    /// How long that took when it was done last.
    opening: Duration,
    /// Where the next source is to be opened.
    opens_at: Where,
    restraint: Restraint,
    queue: Queue,
    reserve: Reserve,
    /// What sessions have shown of one broadcast.
    overlap: Overlap,
    /// The segment in the making, where viewers may follow it.
    open: Option<Arc<Growing>>,
    /// How engines are asked to give their media where either way will do; it changes when one has not worked.
    preferred: Intake,
    resources: Resources,
    window: Window,
    slate: slate::Slate,
    counters: Counters,
    /// Someone is there, watching or waiting.
    present: bool,
    /// `Started` was told and `Ended` was not.
    told_start: bool,
    /// Lives that failed in a row; each makes the next pause longer.
    failed_lives: u32,
    /// Sources opened in this life.
    opened_in_life: u64,
    /// Sources given up in a row without a new segment; each makes the wait for the next longer.
    barren: u32,
    variant: Option<hls::Variant>,
    /// What goes wrong at the moment, for whoever has to be told why.
    last_trouble: String,
    open_trouble: Option<OpenFailure>,
    last_segment_at: Moment,
    last_end: Option<ts::Timestamp>,
    last_streams: Vec<ts::Stream>,
    recent: Vec<u64>,
    next_pull: u64,
    /// The wall clock's date at `Moment::ZERO`; dates are derived from the monotonic clock, so that
    /// a step of the wall clock never reaches a playlist.
    wall_at_zero: Timestamp,
    jitter: u64,
    changed: bool,
}

impl Channel {
    /// A channel that nobody has asked for yet. `wall_at_zero` is the date of `Moment::ZERO`;
    /// `seed` spreads the retries of many channels.
    pub fn new(numbering: Numbering, wall_at_zero: Timestamp, seed: u64) -> Self {
        Self {
            state: State::Idle,
            source: Source::Absent,
            moving: None,
            leaving: BTreeSet::new(),
            pulse: Pulse::default(),
            asked_at: None,
            opening: Duration::ZERO,
            opens_at: Where::Anywhere,
            restraint: Restraint::default(),
            queue: Queue::default(),
            reserve: Reserve::default(),
            overlap: Overlap::default(),
            open: None,
            preferred: Intake::Continuous,
            resources: Resources::new(numbering.sequence),
            window: Window::new(numbering),
            slate: slate::Slate::default(),
            counters: Counters::default(),
            present: false,
            told_start: false,
            failed_lives: 0,
            opened_in_life: 0,
            barren: 0,
            variant: None,
            last_trouble: String::new(),
            open_trouble: None,
            last_segment_at: Moment::ZERO,
            last_end: None,
            last_streams: Vec::new(),
            recent: Vec::new(),
            next_pull: 0,
            wall_at_zero,
            jitter: seed | 1,
            changed: false,
        }
    }

    /// Takes one input at `now` and says what is to be done, in order.
    pub fn on(&mut self, now: Moment, settings: &Settings, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match input {
            Input::ViewerArrived => self.viewer_arrived(now, out),
            Input::LastViewerLeft => self.last_viewer_left(now),
            Input::Opened {
                pull,
                kind,
                intake,
                variant,
            } => self.opened(
                now,
                settings,
                out,
                Found {
                    pull,
                    kind,
                    intake,
                    variant,
                },
            ),
            Input::OpenFailed { pull, failure } => self.open_failed(now, out, pull, failure),
            Input::Polled { pull, result } => self.polled(now, settings, out, pull, result),
            Input::BodyOpened { pull } => self.body_opened(now, pull),
            Input::Measured {
                pull,
                measure,
                elsewhere,
            } => {
                self.measured(now, pull, measure, elsewhere);
            }
            Input::MoveAway { cause: Some(cause) } => self.move_away(now, cause),
            Input::MoveAway { cause: None } => self.drop_move(out),
            Input::Received { pull, chunks } => self.received(now, settings, out, pull, &chunks),
            Input::BodyEnded { pull, end } => self.body_ended(now, settings, out, pull, end),
            Input::Fetched { pull, item, result } if self.source.is(pull) => {
                self.fetched(now, item, result);
            }
            Input::Loaded {
                pull,
                resource,
                result,
            } if self.source.is(pull) => {
                self.loaded(now, resource, result);
            }
            Input::Sick { pull, cause } if self.source.is(pull) => {
                self.lose(now, settings, out, cause, Where::Again);
            }
            Input::Closed { pull } => self.closed(now, pull),
            Input::Stop { reason } => self.stop(out, reason),
            Input::Fetched { .. } | Input::Loaded { .. } | Input::Sick { .. } | Input::Deadline => {
            }
        }
        self.settle(now, settings, out);
        effects
    }

    /// Does what time alone makes due; harmless to repeat.
    fn settle(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        let was_over = matches!(self.state, State::Over);
        self.settle_life(now, settings, out);
        self.settle_pull(now, settings, out);
        self.settle_move(now, settings, out);
        self.measure_if_due(now, settings, out);
        self.open_gate(settings, out);
        let starts = self.state.starting_since().is_some();
        self.settle_slate(now, settings, out);
        if starts && self.state.starting_since().is_none() {
            // Clips have opened the gate: what was a slow start is a source that has been silent for a while.
            self.settle_pull(now, settings, out);
        }
        self.pace_when_filled(settings);
        self.fit_reading(settings);
        self.changed |= self.window.show(now);
        self.changed |= self.window.fit(settings);
        // What was shown early is missing later.
        self.give_up_if_stuck(now, settings, out);
        self.show_open(out);
        if let Some(promise) = self.window.promise() {
            out.push(Effect::Remember(promise));
        }
        if std::mem::take(&mut self.changed) {
            out.push(Effect::Publish(Box::new(self.snapshot(settings))));
        }
        if !was_over && matches!(self.state, State::Over) {
            out.push(Effect::Finish);
        }
    }

    /// When the channel wants to be called although nothing happened.
    pub fn deadline(&self, settings: &Settings) -> Option<Moment> {
        let times = [
            self.life_deadline(settings),
            self.pull_deadline(settings),
            self.measure_due(settings),
            self.move_deadline(),
            self.slate_deadline(settings),
            self.window.next_due(),
        ];
        times.into_iter().flatten().min()
    }

    /// What readers may see of it.
    pub fn snapshot(&self, settings: &Settings) -> Snapshot {
        let phase = match &self.state {
            State::Idle => Phase::Idle,
            State::Starting { .. }
            | State::Lingering {
                starting: Some(_), ..
            } => Phase::Starting,
            State::Live => Phase::Live,
            State::Lingering { starting: None, .. } => Phase::Lingering,
            State::Failed { until, failure } => Phase::Failed {
                failure: failure.clone(),
                until: *until,
            },
            State::Stopping { .. } | State::Over => Phase::Stopping,
        };
        Snapshot {
            phase,
            playlist: crate::view::media(&self.window, settings.viewer_in_segment_uri),
            first_playlist: crate::view::first_media(&self.window, settings.viewer_in_segment_uri),
            window: self.window.clone(),
            open: self.open.clone(),
            intake: self.source.intake(),
            reserve: self.reserve.duration(),
            variant: self.variant.clone(),
            counters: self.counters.clone(),
            on_slate: self.slate.is_shown(),
        }
    }
}

//! A channel before a made-up source, with viewers and a clock that a test moves.

use std::time::Duration;

use super::checker::Checker;
use super::origin::Origin;
use crate::channel::{Channel, Effect, Input};
use crate::event::{EndReason, Event};
use crate::failure::Trouble;
use crate::numbering::Numbering;
use crate::segment::MediaSequence;
use crate::settings::Settings;
use crate::snapshot::{Phase, Snapshot};
use crate::source::{PullId, Where};
use crate::testing::{read, wall};
use crate::time::Moment;

/// Steps that a test may take without the clock moving on; more is a loop.
const STEPS_MAX: usize = 10_000;

pub(crate) struct Scene {
    pub(crate) channel: Channel,
    pub(crate) settings: Settings,
    pub(crate) now: Moment,
    pub(crate) origin: Origin,
    pub(crate) events: Vec<Event>,
    /// Everything asked for, in order; a publication and a promise is not.
    pub(crate) asked: Vec<(Moment, String)>,
    pub(crate) shown: Option<Box<Snapshot>>,
    pub(crate) finished: u32,
    /// Requests that are not answered by themselves.
    pub(crate) held_back: fn(&Effect) -> bool,
    /// What was held back.
    pub(crate) waiting: Vec<Effect>,
    /// The pull whose body was opened last.
    pub(crate) reading: Option<PullId>,
    /// Where sources were to be opened, in order.
    pub(crate) places: Vec<Where>,
    checker: Checker,
}

/// A channel that nobody has asked for, before a healthy source.
pub(crate) fn scene() -> Scene {
    let numbering = Numbering {
        sequence: MediaSequence(1_000),
        discontinuities: 50,
        continues: false,
        date: None,
    };
    Scene {
        channel: Channel::new(numbering, wall(0), 7),
        settings: Settings::default(),
        now: Moment(Duration::from_secs(1_000)),
        origin: Origin::new("a"),
        events: Vec::new(),
        asked: Vec::new(),
        shown: None,
        finished: 0,
        held_back: |_| false,
        waiting: Vec::new(),
        reading: None,
        places: Vec::new(),
        checker: Checker::default(),
    }
}

/// A channel that has been live for half a minute.
pub(crate) fn live() -> Scene {
    live_from(|_| {})
}

/// A live channel whose source was made otherwise before it was opened.
pub(crate) fn live_from(make: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = scene();
    make(&mut scene);
    scene.tell(Input::ViewerArrived);
    scene.play(30);
    assert_eq!(scene.phase(), Phase::Live);
    scene
}

impl Scene {
    /// Tells the channel something and lets the source answer what it asks for.
    pub(crate) fn tell(&mut self, input: Input) {
        let mut inputs = std::collections::VecDeque::from([input]);
        for _ in 0..STEPS_MAX {
            let Some(input) = inputs.pop_front() else {
                return;
            };
            self.checker.before(&input);
            let effects = self.channel.on(self.now, &self.settings, input);
            self.checker
                .after(self.now, &effects, &self.channel, &self.settings);
            for effect in effects {
                self.note(&effect);
                if (self.held_back)(&effect) {
                    self.waiting.push(effect);
                } else {
                    inputs.extend(self.answer(effect));
                }
            }
        }
        panic!("the channel asks for ever: {:?}", self.asked.last());
    }

    /// What the source answers, if the effect asks it something.
    pub(crate) fn answer(&mut self, effect: Effect) -> Option<Input> {
        let origin = &self.origin;
        Some(match effect {
            Effect::Open { pull, intake, .. } => match &origin.open_failure {
                Some(failure) => Input::OpenFailed {
                    pull,
                    failure: failure.clone(),
                },
                None => Input::Opened {
                    pull,
                    kind: origin.kind,
                    intake: origin.intake.unwrap_or(intake),
                    variant: None,
                },
            },
            Effect::Poll { pull } => {
                let trouble = origin.poll_trouble.clone();
                let result = trouble.map_or_else(|| Ok(origin.list(self.now)), Err);
                Input::Polled { pull, result }
            }
            Effect::Fetch {
                pull,
                item,
                segment,
            } => Input::Fetched {
                pull,
                item,
                result: origin.fetch(&segment),
            },
            Effect::Load { pull, resource, .. } => Input::Loaded {
                pull,
                resource,
                result: origin.load(),
            },
            Effect::Close { pull } => Input::Closed { pull },
            Effect::Publish(snapshot) => {
                self.shown = Some(snapshot);
                return None;
            }
            Effect::Tell(event) => {
                self.events.push(event);
                return None;
            }
            Effect::Finish => {
                self.finished += 1;
                return None;
            }
            Effect::Measure { pull } => Input::Measured {
                pull,
                measure: (origin.measure)(self.now),
                elsewhere: origin.elsewhere,
            },
            Effect::Read { pull } => {
                self.reading = Some(pull);
                Input::BodyOpened { pull }
            }
            Effect::Remember(_) | Effect::Wake => return None,
        })
    }

    fn note(&mut self, effect: &Effect) {
        if let Effect::Open { at, .. } = effect {
            self.places.push(*at);
        }
        let text = match effect {
            Effect::Open {
                pull: PullId(pull), ..
            } => format!("open {pull}"),
            Effect::Read { pull } => format!("read {}", pull.0),
            Effect::Close { pull: PullId(pull) } => format!("close {pull}"),
            Effect::Poll { .. } => "poll".into(),
            Effect::Fetch { segment, .. } => format!("fetch {}", segment.sequence),
            Effect::Load { .. } => "load".into(),
            Effect::Finish => "finish".into(),
            Effect::Publish(_)
            | Effect::Tell(_)
            | Effect::Remember(_)
            | Effect::Measure { .. }
            | Effect::Wake => return,
        };
        self.asked.push((self.now, text));
    }

    /// Answers everything that was held back.
    pub(crate) fn release(&mut self) {
        self.held_back = |_| false;
        for effect in std::mem::take(&mut self.waiting) {
            if let Some(input) = self.answer(effect) {
                self.tell(input);
            }
        }
    }

    /// Lets time go by, and tells the channel of each of its deadlines.
    pub(crate) fn play(&mut self, seconds: u64) {
        self.play_for(Duration::from_secs(seconds));
    }

    pub(crate) fn play_for(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..STEPS_MAX {
            let deadline = self.channel.deadline(&self.settings);
            let Some(at) = deadline.filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            self.now = at;
            self.tell(Input::Deadline);
        }
        panic!("the channel wakes too often");
    }

    pub(crate) fn phase(&self) -> Phase {
        self.channel.snapshot(&self.settings).phase
    }

    /// The list that viewers get.
    pub(crate) fn list(&self) -> hls::Media {
        read(&self.text())
    }

    pub(crate) fn text(&self) -> String {
        let shown = self.shown.as_ref().expect("something was shown");
        let playlist = shown.playlist.as_ref().expect("a list is served");
        playlist.render("token")
    }

    pub(crate) fn has_list(&self) -> bool {
        self.shown
            .as_ref()
            .is_some_and(|shown| shown.playlist.is_some())
    }

    /// How often something was asked for whose description begins so.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.asked
            .iter()
            .filter(|(_, text)| text.starts_with(what))
            .count()
    }

    /// When it was asked for.
    pub(crate) fn times(&self, what: &str) -> Vec<Moment> {
        let asked = self.asked.iter().filter(|(_, text)| text.starts_with(what));
        asked.map(|(at, _)| *at).collect()
    }

    /// Numbers of listed segments that begin with a break.
    pub(crate) fn breaks(&self) -> Vec<u64> {
        let list = self.list();
        let broken = list.segments.iter().filter(|segment| segment.discontinuity);
        broken.map(|segment| segment.sequence).collect()
    }

    pub(crate) fn lengths(&self) -> Vec<f64> {
        self.list()
            .segments
            .iter()
            .map(|segment| segment.duration.as_secs_f64())
            .collect()
    }

    pub(crate) fn ends(&self) -> Vec<EndReason> {
        let ended = self.events.iter().filter_map(|event| match event {
            Event::Ended { reason } => Some(*reason),
            _ => None,
        });
        ended.collect()
    }

    pub(crate) fn told(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| is(event)).count()
    }

    /// The number that the segment after the newest will get from the source.
    pub(crate) fn coming(&self) -> u64 {
        self.origin.newest(self.now) + 1
    }
}

pub(crate) fn status(text: &str) -> Trouble {
    Trouble::Status(text.into())
}

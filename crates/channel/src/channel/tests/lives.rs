//! Thousands of random lives: anything may happen in any order, and the rules hold after each step.

use std::time::Duration;

use super::checker::Checker;
use super::origin::{Odd, Origin, SEGMENT};
use super::random::{Random, settings};
use crate::Intake;
use crate::channel::{Channel, Effect, Input, State};
use crate::event::EndReason;
use crate::failure::{OpenFailure, Trouble};
use crate::numbering::Numbering;
use crate::pulse::{Measure, Numbers};
use crate::segment::{Container, MediaSequence};
use crate::settings::Settings;
use crate::snapshot::Phase;
use crate::source::{PullId, SourceKind};
use crate::testing::{Broadcast, stream, wall};
use crate::time::Moment;

/// Lives that each test tries; a thousand take a second or two.
const LIVES: u64 = 2_000;

/// Random steps of a life.
const STEPS: u64 = 250;

/// Time in which a channel must come to rest, or be live again: the longest pause, the longest linger
/// time, the longest buffer, and three and a half of the longest target durations that are believed.
const REST_MAX: Duration = Duration::from_secs(30 + 60 + 60 + 210);

struct Life {
    random: Random,
    channel: Channel,
    settings: Settings,
    now: Moment,
    origin: Origin,
    checker: Checker,
    /// Requests that have not been answered.
    pending: Vec<Effect>,
    /// Requests that have been, for answers that come twice or too late.
    answered: Vec<Effect>,
    finished: bool,
    /// Sources have continuous bodies.
    continuous: bool,
    broadcast: Broadcast,
    long: crate::examine::Fit,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let settings = settings(&mut random);
        let sequence = MediaSequence(random.below(5_000));
        let numbering = Numbering {
            sequence,
            discontinuities: 3,
            continues: random.chance(50),
            date: None,
        };
        Self {
            channel: Channel::new(numbering, wall(0), seed),
            settings,
            now: Moment(Duration::from_secs(1_000)),
            origin: Origin::new("a"),
            checker: Checker::default(),
            pending: Vec::new(),
            answered: Vec::new(),
            finished: false,
            continuous: random.chance(50),
            broadcast: Broadcast::default(),
            long: stream(random.below(90_000), 7),
            random,
        }
    }

    fn tell(&mut self, input: Input) {
        self.checker.before(&input);
        let effects = self.channel.on(self.now, &self.settings, input);
        self.checker
            .after(self.now, &effects, &self.channel, &self.settings);
        for effect in effects {
            match effect {
                Effect::Finish => self.finished = true,
                Effect::Publish(_) | Effect::Tell(_) | Effect::Remember(_) | Effect::Wake => {}
                Effect::Close { pull } => {
                    // The driver drops what is under way, and sometimes it is too late for that.
                    let late = self.random.chance(50);
                    self.pending
                        .retain(|effect| late || pull_of(effect) != Some(pull));
                    self.pending.push(Effect::Close { pull });
                }
                asked => self.pending.push(asked),
            }
        }
    }

    fn wake(&mut self) {
        match self.channel.deadline(&self.settings) {
            Some(at) => {
                assert!(self.now < at, "the clock must move on");
                self.now = at;
                self.tell(Input::Deadline);
            }
            None => self.now = self.now + Duration::from_millis(100),
        }
    }

    fn trouble(&mut self) -> Trouble {
        let text = String::from("trouble");
        let retry_after = Duration::from_millis(self.random.below(20_000));
        match self.random.below(5) {
            0 => Trouble::Gone(text),
            1 => Trouble::Status(text),
            2 => Trouble::Unreachable(text),
            3 => Trouble::Unfit(text),
            _ => Trouble::Busy { text, retry_after },
        }
    }

    fn open_failure(&mut self) -> OpenFailure {
        self.random.pick(&[
            OpenFailure::NoEngines,
            OpenFailure::AllEnginesFull { per_engine: 2 },
            OpenFailure::Refused("no".into()),
            OpenFailure::Unreachable("no answer".into()),
        ])
    }

    /// What comes back for a request: good in so many of a hundred cases.
    fn answer(&mut self, effect: &Effect, good: u64) -> Option<Input> {
        let good = self.random.chance(good);
        let trouble = self.trouble();
        Some(match effect {
            Effect::Open { pull, .. } if good => Input::Opened {
                pull: *pull,
                kind: self.origin.kind,
                intake: if self.continuous {
                    Intake::Continuous
                } else {
                    Intake::Playlist
                },
                variant: None,
            },
            Effect::Open { pull, .. } => {
                let (pull, failure) = (*pull, self.open_failure());
                Input::OpenFailed { pull, failure }
            }
            Effect::Poll { pull } => {
                let result = if good {
                    Ok(self.origin.list(self.now))
                } else {
                    Err(trouble)
                };
                Input::Polled {
                    pull: *pull,
                    result,
                }
            }
            Effect::Fetch {
                pull,
                item,
                segment,
            } => {
                let result = if good {
                    self.origin.fetch(segment)
                } else {
                    Err(trouble)
                };
                Input::Fetched {
                    pull: *pull,
                    item: *item,
                    result,
                }
            }
            Effect::Load { pull, resource, .. } => {
                let result = if good {
                    self.origin.load()
                } else {
                    Err(trouble)
                };
                Input::Loaded {
                    pull: *pull,
                    resource: *resource,
                    result,
                }
            }
            Effect::Read { pull } if good => Input::BodyOpened { pull: *pull },
            Effect::Read { pull } => Input::BodyEnded {
                pull: *pull,
                end: Err(trouble),
            },
            Effect::Close { pull } => Input::Closed { pull: *pull },
            Effect::Measure { pull } => Input::Measured {
                pull: *pull,
                measure: self.measure(good),
                elsewhere: self.random.chance(50),
            },
            _ => return None,
        })
    }

    fn measure(&mut self, good: bool) -> Measure {
        let numbers = Numbers {
            collecting: self.random.chance(20),
            peers: self.random.pick(&[None, Some(0), Some(4)]),
            downloaded: self
                .random
                .pick(&[None, Some(1), Some(self.now.0.as_secs())]),
            newest: self
                .random
                .pick(&[None, Some(1), Some(self.now.0.as_secs())]),
        };
        let others = [Measure::Refused, Measure::Unanswered, Measure::Nothing];
        if good {
            Measure::Told(numbers)
        } else {
            self.random.pick(&others)
        }
    }

    fn answer_any(&mut self, good: u64) {
        if self.pending.is_empty() {
            return self.wake();
        }
        let at = self.random.below(self.pending.len() as u64) as usize;
        let effect = self.pending.swap_remove(at);
        if let Some(input) = self.answer(&effect, good) {
            self.answered.push(effect);
            self.tell(input);
        }
    }

    fn answer_again(&mut self) {
        if self.answered.is_empty() {
            return;
        }
        let effect = self.answered[self.random.below(self.answered.len() as u64) as usize].clone();
        // A driver opens and closes a pull once; what comes of earlier ones is late, not wrong.
        let known = |pull| self.checker.knows(pull);
        if matches!(effect, Effect::Open { pull, .. } | Effect::Close { pull } if known(pull)) {
            return;
        }
        if let Some(input) = self.answer(&effect, 50) {
            self.tell(input);
        }
    }

    /// More comes of the body that is read, if one is.
    fn receive(&mut self, good: u64) {
        let main = self.channel.source.reading().map(|it| it.pull);
        let beside = self.channel.beside();
        let Some(pull) = beside.filter(|_| self.random.chance(50)).or(main) else {
            return;
        };
        if Some(pull) == main && !self.channel.wants_more(self.now, &self.settings) {
            return;
        }
        if !self.random.chance(good) {
            let end = if self.random.chance(50) {
                Ok(())
            } else {
                Err(self.trouble())
            };
            return self.tell(Input::BodyEnded { pull, end });
        }
        let seconds = self.random.within(1..=3);
        let mut bytes = self.broadcast.seconds(seconds);
        if !self.random.chance(good) {
            let _ = bytes.split_to(self.random.below(bytes.len() as u64) as usize);
        }
        let rest = bytes.split_off(self.random.below(bytes.len() as u64) as usize);
        let chunks = vec![bytes, rest];
        self.tell(Input::Received { pull, chunks });
    }

    /// Something happens to the source.
    fn disturb(&mut self) {
        let now = self.now;
        let newest = self.origin.newest(now);
        match self.random.below(14) {
            12 => self.continuous = self.random.chance(50),
            13 => self.broadcast.frame += self.random.below(100),
            0 => self.origin.first += self.random.below(20),
            1 => self.origin.first = self.origin.first.saturating_sub(self.random.below(20)),
            2 => {
                let name = format!("n{}", self.random.below(1_000));
                let first = self.random.below(300);
                self.origin = Origin {
                    first,
                    began: now,
                    ..Origin::new(&name)
                };
            }
            3 => {
                self.origin.frozen = if self.random.chance(50) {
                    Some(now)
                } else {
                    None
                }
            }
            4 => self.origin.ended = self.random.chance(50),
            5 => self.origin.opaque = self.random.chance(50),
            6 => {
                self.origin.kind = self.random.pick(&[SourceKind::Session, SourceKind::Plain]);
            }
            7 => {
                self.origin.head = self.random.pick(&[
                    "",
                    "#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/k1\"\n",
                    "#EXT-X-MAP:URI=\"http://source/init.mp4\"\n",
                ]);
            }
            _ => {
                let odd = self.odd(newest);
                self.origin.odd.insert(newest + self.random.below(3), odd);
            }
        }
    }

    fn odd(&mut self, newest: u64) -> Odd {
        let length = Duration::from_millis(self.random.within(20..=9_000));
        let mut fit = self.origin.media(self.random.within(0..=newest), length);
        if self.random.chance(20) {
            fit.container = Container::FragmentedMp4;
        }
        let fits = [None, None, Some(fit), Some(self.long.clone())];
        Odd {
            tags: self.random.pick(&[
                "",
                "#EXT-X-GAP\n",
                "#EXT-X-DISCONTINUITY\n",
                "#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/k2\"\n",
                "#EXT-X-PROGRAM-DATE-TIME:2031-01-01T00:00:00Z\n",
                "#EXT-X-PROGRAM-DATE-TIME:2001-01-01T00:00:00Z\n",
            ]),
            stated: self
                .random
                .pick(&[None, Some("0.5"), Some("7.000000"), Some("86000")]),
            trouble: if self.random.chance(20) {
                Some(self.trouble())
            } else {
                None
            },
            fit: self.random.pick(&fits),
        }
    }

    /// One thing happens.
    fn step(&mut self) {
        self.now = self.now + Duration::from_millis(self.random.below(200));
        if self
            .channel
            .deadline(&self.settings)
            .is_some_and(|at| at <= self.now)
        {
            self.tell(Input::Deadline);
        }
        match self.random.below(100) {
            0..30 => self.answer_any(85),
            30..45 => self.receive(95),
            45..65 => self.wake(),
            65..70 => self.answer_again(),
            70..75 => {
                self.now = self.now + Duration::from_millis(self.random.below(9_000));
                self.tell(Input::Deadline);
            }
            75..82 => self.tell(Input::ViewerArrived),
            82..85 => self.tell(Input::LastViewerLeft),
            85..95 => self.disturb(),
            95..97 => {
                self.settings = settings(&mut self.random);
                self.tell(Input::Deadline);
            }
            97 => {
                let cause = self.random.pick(&[Some("it drains".into()), None]);
                self.tell(Input::MoveAway { cause });
            }
            98 => {
                let pull = PullId(self.random.below(self.channel.next_pull + 1));
                self.tell(Input::Sick {
                    pull,
                    cause: "sick".into(),
                });
            }
            _ if self.random.chance(20) => self.tell(Input::Stop {
                reason: EndReason::Stopped,
            }),
            _ => {}
        }
    }

    fn trouble_for(&mut self, steps: u64) {
        self.tell(Input::ViewerArrived);
        for _ in 0..steps {
            self.step();
        }
    }

    /// Everybody leaves and everything is answered, well or not.
    fn wind_down(&mut self) {
        self.tell(Input::LastViewerLeft);
        self.finished = matches!(self.channel.state, State::Over);
        let until = self.now + REST_MAX;
        while !self.finished {
            assert!(self.now < until, "it never ends: {:?}", self.channel.state);
            if self.pending.is_empty() {
                self.wake();
            } else {
                self.answer_any(70);
            }
            self.now = self.now + Duration::from_millis(10);
            if self
                .channel
                .deadline(&self.settings)
                .is_some_and(|at| at <= self.now)
            {
                self.tell(Input::Deadline);
            }
        }
        let snapshot = self.channel.snapshot(&self.settings);
        assert_eq!(snapshot.window.held().len(), 0, "nothing is kept");
    }

    /// The source gets well and a viewer keeps asking.
    fn recover(&mut self) {
        // Less than the gate asks for would be in no list of this source within the time given.
        self.settings = Settings {
            first_segment_timeout: REST_MAX,
            ..self.settings.clone()
        };
        self.continuous = self.random.chance(50);
        self.broadcast.keys_stay_away = false;
        self.origin = Origin {
            began: Moment::ZERO,
            ..Origin::new("healthy")
        };
        let healthy = self.origin.media(self.origin.newest(self.now), SEGMENT);
        let until = self.now + REST_MAX + self.settings.no_data_timeout;
        let begun = self.now;
        let mut received = Duration::ZERO;
        let mut news = 0;
        let mut asks_at = self.now;
        while news < 20 {
            let state = &self.channel.state;
            assert!(self.now < until, "it never recovers: {state:?}");
            let before = self.channel.window.next();
            if asks_at <= self.now {
                asks_at = self.now + Duration::from_secs(1);
                self.tell(Input::ViewerArrived);
            }
            if begun + received <= self.now && self.channel.source.reading().is_some() {
                received += Duration::from_secs(2);
                self.receive(100);
            } else if self.pending.is_empty() {
                let deadline = self.channel.deadline(&self.settings).unwrap_or(asks_at);
                self.now = deadline.min(asks_at).max(self.now);
                self.tell(Input::Deadline);
            } else {
                self.answer_any(100);
            }
            let live = self.channel.snapshot(&self.settings).phase == Phase::Live;
            news += u64::from(live && before < self.channel.window.next());
        }
        let last = self.channel.window.held().last().expect("a live window");
        assert!(last.part.is_some() || last.body.len() == healthy.body.len());
    }
}

/// The pull that an effect is of.
fn pull_of(effect: &Effect) -> Option<PullId> {
    match effect {
        Effect::Open { pull, .. }
        | Effect::Read { pull }
        | Effect::Poll { pull }
        | Effect::Fetch { pull, .. }
        | Effect::Load { pull, .. }
        | Effect::Measure { pull }
        | Effect::Close { pull } => Some(*pull),
        _ => None,
    }
}

/// Runs lives, and says which seed failed.
fn lives(run: impl Fn(&mut Life) + std::panic::RefUnwindSafe) {
    for seed in 0..LIVES {
        let outcome = std::panic::catch_unwind(|| run(&mut Life::new(seed)));
        assert!(outcome.is_ok(), "the life of seed {seed} broke a rule");
    }
}

#[test]
fn whatever_happened_a_channel_that_everybody_leaves_comes_to_an_end() {
    lives(|life| {
        let steps = STEPS + life.random.below(STEPS);
        life.trouble_for(steps);
        life.wind_down();
        // And it can be asked for again.
        life.finished = false;
        life.trouble_for(STEPS / 4);
        life.wind_down();
    });
}

#[test]
fn whatever_happened_a_channel_whose_source_gets_well_goes_live_again() {
    lives(|life| {
        let steps = STEPS + life.random.below(STEPS);
        life.trouble_for(steps);
        life.recover();
    });
}

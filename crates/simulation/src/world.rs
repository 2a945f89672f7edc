//! The world of one seed: what is in it, what time it is there, and what happens next.

use std::sync::Arc;
use std::time::Duration;

use channel::{PullId, Settings};
use jiff::{SignedDuration, Timestamp};
use ledger::{Event, Ledger, Outcome, Stream};

use crate::agenda::Agenda;
use crate::coverage::{Coverage, Seen};
use crate::disk::Disk;
use crate::driver::{Answer, Driver, Message};
use crate::judge::Judge;
use crate::knobs;
use crate::orchestrator::{Mood, Orchestrator};
use crate::plan::{Chaos, Plan};
use crate::random::Random;
use crate::source::Source;
use crate::trace::{Telling, Trace};
use crate::viewer::Viewer;

/// The calendar's date when a world begins, in seconds since 1970.
const WALL_ZERO: i64 = 1_790_000_000;

/// The day from which segments are numbered, as the service has it.
const NUMBERING_EPOCH: i64 = 1_767_225_600;

/// Longest wait for the disk before a channel starts without it.
const STORE_PATIENCE: Duration = Duration::from_secs(1);

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum What {
    /// A driver's own clock.
    Wake { number: usize, id: u64 },
    /// A request comes to its end.
    Answer {
        number: usize,
        id: u64,
        answer: Box<Answer>,
    },
    /// The body of a source may have more.
    Piece {
        number: usize,
        id: u64,
        pull: PullId,
    },
    /// A driver is told something.
    Word {
        number: usize,
        id: u64,
        message: Message,
    },
    /// The disk has said where numbers go on, or took too long.
    NumbersRead {
        number: usize,
        id: u64,
        in_time: bool,
    },
    /// The oldest order of the disk comes to its end.
    DiskDone { process: u64 },
    /// The ledger's own clock.
    LedgerWakes { process: u64 },
    /// The orchestrator gets an event.
    EventArrives {
        process: u64,
        event: Event,
        stream: Arc<Stream>,
    },
    /// What became of it is known.
    EventAnswered {
        process: u64,
        sequence: u64,
        outcome: Outcome,
    },
    /// A viewer does what it does next.
    Viewer { viewer: usize, turn: u64 },
    /// Something comes over the world.
    Chaos(Chaos),
    /// Weir is gone.
    Crash,
    /// Weir starts again.
    Restart,
    /// A process that was told to stop may wait no longer.
    Exit { process: u64, at_last: bool },
}

/// Weir itself, as long as it runs.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: u64,
    /// When its monotonic clock began.
    pub(crate) origin: Duration,
    pub(crate) drivers: Vec<Option<Box<Driver>>>,
    pub(crate) ledger: Ledger,
    pub(crate) ledger_wakes_at: Option<Duration>,
    /// It was told to stop and lets nobody in.
    pub(crate) stopping: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    /// True time, which nobody in the world knows.
    pub(crate) now: Duration,
    /// How far the calendar is from it.
    pub(crate) wall_shift: i64,
    pub(crate) agenda: Agenda<What>,
    pub(crate) random: Random,
    pub(crate) plan: Plan,
    pub(crate) settings: Settings,
    pub(crate) sources: Vec<Source>,
    pub(crate) viewers: Vec<Viewer>,
    pub(crate) process: Option<Process>,
    pub(crate) processes: u64,
    pub(crate) disk: Disk,
    pub(crate) orchestrator: Orchestrator,
    pub(crate) judge: Judge,
    pub(crate) coverage: Coverage,
    pub(crate) trace: Trace,
    pub(crate) streams: u64,
    pub(crate) steps: u64,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    /// Weir crashes after so many more of the moments at which it matters most.
    pub(crate) fuse: Option<u64>,
    /// Settings are being changed in this very moment.
    pub(crate) setting: bool,
    drivers: u64,
}

impl World {
    pub(crate) fn new(seed: u64, telling: Telling) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::any(&mut random);
        let settings = if plan.serene {
            knobs::serene(&mut random)
        } else {
            knobs::usual(&mut random)
        };
        let mut source = |_| {
            let steady = plan.serene || random.chance(20);
            Source::new(&mut random, steady)
        };
        let sources: Vec<_> = (0..plan.channels).map(&mut source).collect();
        let viewers = plan
            .viewers
            .iter()
            .map(|(channel, habit)| Viewer::new(*channel, *habit));
        Self {
            now: Duration::ZERO,
            wall_shift: 0,
            agenda: Agenda::new(),
            settings,
            sources,
            viewers: viewers.collect(),
            process: None,
            processes: 0,
            disk: Disk::default(),
            orchestrator: Orchestrator { mood: Mood::Well },
            judge: Judge::new(plan.channels, plan.serene),
            coverage: Coverage::default(),
            trace: Trace::new(telling),
            streams: 0,
            steps: 0,
            calm: false,
            fuse: None,
            setting: false,
            drivers: 0,
            plan,
            random,
        }
    }

    pub(crate) fn see(&mut self, what: Seen) {
        self.coverage.see(what);
    }

    /// Something is on its way to the disk or to the orchestrator, or has just got there: where it
    /// matters most whether Weir goes on.
    pub(crate) fn burn(&mut self) {
        self.fuse = match self.fuse {
            Some(0) => {
                let soon = self.now + self.random.millis(0..=10);
                self.agenda.at(soon, What::Crash);
                None
            }
            fuse => fuse.map(|left| left - 1),
        };
    }

    /// Lets happen what happens until a moment.
    pub(crate) fn run(&mut self, until: Duration) {
        while let Some((at, what)) = self.agenda.next(until) {
            debug_assert!(self.now <= at, "time never goes back");
            self.now = at;
            self.steps += 1;
            self.trace.mix(at.as_nanos() as u64);
            self.happen(what);
        }
        self.now = until;
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Wake { number, id } => self.drive(number, id, Self::wake),
            What::Answer { number, id, answer } => {
                self.drive(number, id, |world, driver| world.answered(driver, *answer));
            }
            What::Piece { number, id, pull } => {
                self.drive(number, id, |world, driver| world.pieces(driver, pull));
            }
            What::Word {
                number,
                id,
                message,
            } => self.drive(number, id, |world, driver| world.message(driver, message)),
            What::NumbersRead {
                number,
                id,
                in_time,
            } => {
                let promised = self.disk.numbers(number);
                if !in_time && promised.is_some() {
                    self.see(Seen::NumbersTooLate);
                    self.judge.excuse_numbers(number);
                }
                let promised = promised.filter(|_| in_time);
                self.drive(number, id, |world, driver| {
                    world.numbers_read(driver, promised);
                });
            }
            What::DiskDone { process } if process == self.processes => self.disk_done(),
            What::LedgerWakes { process } if process == self.processes => self.ledger_wakes(),
            What::EventArrives {
                process,
                event,
                stream,
            } => self.event_arrives(process, &event, &stream),
            What::EventAnswered {
                process,
                sequence,
                outcome,
            } if process == self.processes => self.event_answered(sequence, outcome),
            What::Viewer { viewer, turn } => self.viewer_acts(viewer, turn),
            What::Chaos(chaos) => self.chaos(chaos),
            What::Crash => self.crash(),
            What::Restart => self.start(),
            What::Exit { process, at_last } if process == self.processes => self.exit(at_last),
            What::DiskDone { .. }
            | What::LedgerWakes { .. }
            | What::EventAnswered { .. }
            | What::Exit { .. } => {}
        }
    }

    /// The driver of a channel, which is started if there is none; nothing where nobody answers.
    pub(crate) fn get_or_start(&mut self, number: usize) -> Option<u64> {
        let process = self.process.as_ref().filter(|it| !it.stopping)?;
        if let Some(driver) = &process.drivers[number] {
            return Some(driver.id);
        }
        self.drivers += 1;
        let id = self.drivers;
        let channel = self.channel_at_rest(None);
        let shown = channel.snapshot(&self.settings);
        let driver = Driver::new(id, number, channel, shown);
        self.put_back(Box::new(driver));
        let read_at = self.disk.after(self.now, &mut self.random);
        let patience = self.now + STORE_PATIENCE;
        let what = What::NumbersRead {
            number,
            id,
            in_time: read_at <= patience,
        };
        self.agenda.at(read_at.min(patience), what);
        Some(id)
    }

    pub(crate) fn driver(&self, number: usize) -> Option<&Driver> {
        self.process.as_ref()?.drivers[number].as_deref()
    }

    pub(crate) fn take_driver(&mut self, number: usize, id: u64) -> Option<Box<Driver>> {
        let place = &mut self.process.as_mut()?.drivers[number];
        place.take_if(|driver| driver.id == id)
    }

    pub(crate) fn put_back(&mut self, driver: Box<Driver>) {
        if let Some(process) = &mut self.process {
            let number = driver.number;
            process.drivers[number] = Some(driver);
        }
    }

    /// When the monotonic clock of the process began.
    pub(crate) fn origin(&self) -> Duration {
        self.process.as_ref().map_or(Duration::ZERO, |it| it.origin)
    }

    /// The date at which the process's clock began, as it thinks now.
    pub(crate) fn wall_at_origin(&self) -> Timestamp {
        date(self.origin(), self.wall_shift)
    }

    /// The age of the numbering, by the calendar.
    pub(crate) fn since_numbering_epoch(&self) -> Duration {
        let age = WALL_ZERO - NUMBERING_EPOCH + self.wall_shift;
        Duration::from_secs(age.cast_unsigned()) + self.now
    }
}

/// A true time by a calendar that is off by so many seconds.
pub(crate) fn date(at: Duration, shift: i64) -> Timestamp {
    let zero = Timestamp::from_second(WALL_ZERO + shift).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = SignedDuration::try_from(at).unwrap_or(SignedDuration::MAX);
    zero.checked_add(at).unwrap_or(zero)
}

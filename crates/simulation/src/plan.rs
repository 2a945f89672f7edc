//! What comes over a world: how often each kind of trouble does, and that much of it differs by the seed.

use std::time::Duration;

use channel::EndReason;

use crate::coverage::{Seen, counted};
use crate::driver::Message;
use crate::knobs;
use crate::orchestrator::Mood;
use crate::random::Random;
use crate::source::Mishap;
use crate::viewer::Habit;
use crate::world::{What, World};

counted! {
    /// A kind of trouble that comes again and again.
    pub(crate) enum Chaos {
        Source = "something happens to a source",
        Crash = "Weir crashes",
        Shutdown = "Weir is told to stop",
        Settings = "settings change",
        Wall = "somebody sets the clock",
        Disk = "the disk fails or is well again",
        Orchestrator = "the orchestrator is in another mood",
        Operator = "somebody stops a channel",
    }
}

/// What one seed is like.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Nothing goes wrong at all, so that viewers may ask for perfection.
    pub(crate) serene: bool,
    pub(crate) channels: usize,
    pub(crate) viewers: Vec<(usize, Habit)>,
    /// What may happen to sources here. A few kinds make the rare meet the rare.
    mishaps: Vec<Mishap>,
    /// The mean time between two troubles of a kind; none where it does not come.
    every: Vec<Option<Duration>>,
    /// Whether the clock may be set back. Where it is, the disk is well: without the word of one of
    /// the two, numbers cannot be kept from falling.
    wall_back: bool,
}

impl Plan {
    pub(crate) fn any(random: &mut Random) -> Self {
        let serene = random.chance(10);
        let channels = random.pick(&[1, 1, 2, 3]);
        let mut viewers = Vec::new();
        for channel in 0..channels {
            for _ in 0..random.within(1..=4) {
                let habit = random.pick(&Habit::ALL);
                let habit = if serene { Habit::Steady } else { habit };
                viewers.push((channel, habit));
            }
        }
        let share = random.pick(&[10, 50, 100]);
        let mut mishaps: Vec<_> = Mishap::ALL.to_vec();
        mishaps.retain(|_| random.chance(share));
        let wall_back = random.chance(50);
        let mut every: Vec<_> = Chaos::ALL.iter().map(|kind| kind.every(random)).collect();
        if serene {
            every.fill(None);
        }
        if wall_back {
            every[Chaos::Disk as usize] = None;
        }
        if mishaps.is_empty() {
            every[Chaos::Source as usize] = None;
        }
        Self {
            serene,
            channels,
            viewers,
            mishaps,
            every,
            wall_back,
        }
    }

    fn wait(&self, random: &mut Random, kind: Chaos) -> Option<Duration> {
        let mean = self.every[kind as usize]?;
        Some(mean.mul_f64(random.within(1..=200) as f64 / 100.0))
    }
}

impl Chaos {
    fn every(self, random: &mut Random) -> Option<Duration> {
        let (percent, least, most) = match self {
            Self::Source => (90, 5, 300),
            // Some crash again before they have told what they had to.
            Self::Crash if random.chance(30) => (100, 8, 40),
            Self::Crash => (40, 40, 2_000),
            Self::Shutdown => (25, 120, 2_000),
            Self::Settings => (40, 30, 600),
            Self::Wall => (50, 60, 900),
            Self::Disk => (40, 30, 300),
            Self::Orchestrator => (80, 10, 300),
            Self::Operator => (30, 60, 900),
        };
        random.chance(percent).then(|| random.seconds(least..=most))
    }
}

impl World {
    /// Everything begins.
    pub(crate) fn begin(&mut self) {
        self.start();
        for kind in Chaos::ALL {
            self.expect(*kind);
        }
        for viewer in 0..self.viewers.len() {
            let after = self.random.skewed(Duration::from_secs(60));
            self.viewer_in(viewer, after);
        }
    }

    fn expect(&mut self, kind: Chaos) {
        if let Some(wait) = self.plan.wait(&mut self.random, kind) {
            self.agenda.at(self.now + wait, What::Chaos(kind));
        }
    }

    pub(crate) fn chaos(&mut self, kind: Chaos) {
        if self.calm {
            return;
        }
        self.trace.note(self.now, || kind.name().into());
        match kind {
            Chaos::Source => self.source_suffers(),
            Chaos::Crash if self.random.chance(60) => self.fuse = Some(self.random.below(12)),
            Chaos::Crash => self.crash(),
            Chaos::Shutdown => self.shutdown(),
            Chaos::Settings => {
                self.see(Seen::SettingsChanged);
                let settings = knobs::any(&mut self.random);
                self.set(settings);
            }
            Chaos::Wall => self.set_clock(),
            Chaos::Disk => {
                self.disk.failing = !self.disk.failing && self.random.chance(60);
                self.disk.slow = !self.disk.failing && self.random.chance(60);
            }
            Chaos::Orchestrator => {
                let mood = self.random.pick(Mood::ALL);
                let well = self.random.chance(40);
                self.orchestrator.mood = if well { Mood::Well } else { mood };
            }
            Chaos::Operator => {
                let number = self.random.below(self.plan.channels as u64) as usize;
                self.tell_driver(number, Message::Stop(EndReason::Stopped));
            }
        }
        self.expect(kind);
    }

    fn source_suffers(&mut self) {
        let number = self.random.below(self.plan.channels as u64) as usize;
        if self.sources[number].steady {
            return;
        }
        let bodies = self.plan.mishaps.iter().filter(|it| it.is_of_bodies());
        let bodies: Vec<_> = bodies.copied().collect();
        // Most of the others mean nothing to a body.
        let of_bodies = self.sources[number].has_body() && !bodies.is_empty();
        let mishap = if of_bodies && self.random.chance(60) {
            self.random.pick(&bodies)
        } else {
            self.random.pick(&self.plan.mishaps)
        };
        self.coverage.suffer(mishap);
        self.trace
            .note(self.now, || format!("channel {number}: {}", mishap.name()));
        self.sources[number].suffer(self.now, &mut self.random, mishap);
        if mishap == Mishap::SessionSick
            && let Some(id) = self.driver(number).map(|it| it.id)
        {
            self.drive(number, id, Self::sicken);
        }
    }

    /// Settings change, which every driver is told.
    pub(crate) fn set(&mut self, settings: channel::Settings) {
        self.settings = settings;
        self.setting = true;
        for number in 0..self.plan.channels {
            if let Some(id) = self.driver(number).filter(|it| it.ready).map(|it| it.id) {
                self.drive(number, id, |world, driver| {
                    world.take(driver, channel::Input::Deadline);
                });
            }
        }
        self.setting = false;
    }

    fn set_clock(&mut self) {
        let step = self
            .random
            .skewed(Duration::from_secs(7_200))
            .as_secs()
            .cast_signed();
        if self.plan.wall_back && self.random.chance(50) {
            self.see(Seen::WallBack);
            self.wall_shift -= step;
        } else {
            self.see(Seen::WallForward);
            self.wall_shift += step;
        }
    }

    pub(crate) fn tell_driver(&mut self, number: usize, message: Message) {
        if let Some(id) = self.driver(number).map(|it| it.id) {
            self.drive(number, id, |world, driver| world.message(driver, message));
        }
    }
}

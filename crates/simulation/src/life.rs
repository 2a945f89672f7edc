//! One whole life: trouble for as long as is asked for, then calm, in which all must come right, then rest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use channel::{Phase, Settings};

use crate::coverage::{Coverage, Seen};
use crate::orchestrator::Mood;
use crate::source::Source;
use crate::trace::Telling;
use crate::viewer::{Habit, Viewer};
use crate::world::World;

/// Time in which every channel must be live again: the longest pause, linger time and patience that were
/// set, and three and a half of the longest target durations.
const RECOVERY_MAX: Duration = Duration::from_secs(30 + 60 + 600 + 210);

/// Segments that a channel must bring once it is well.
const NEWS_MIN: u64 = 10;

/// Time in which everything must have ended once nobody is there: silence is noticed, the channel
/// lingers, its source is closed, and what is to be told is told after the longest rest.
const REST_MAX: Duration = Duration::from_secs(300);

/// How often it is looked whether all has come right.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What one life was like.
#[derive(Clone, Debug)]
pub struct Report {
    /// Things that happened.
    pub steps: u64,
    /// Simulated time of all its channels together.
    pub channel_time: Duration,
    /// The same for the same seed and time, and for nothing else.
    pub hash: u64,
    /// What it has visited.
    pub coverage: Coverage,
}

/// A rule that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The life in which it was.
    pub seed: u64,
    /// After how many steps.
    pub step: u64,
    /// The rule, as the panic said it.
    pub what: String,
    /// What had happened just before.
    pub story: Vec<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.story {
            writeln!(f, "{line}")?;
        }
        let (seed, step, what) = (self.seed, self.step, &self.what);
        write!(
            f,
            "the life of seed {seed} broke a rule at step {step}: {what}"
        )
    }
}

/// Lives the life of a seed, with so much time for trouble.
pub fn live(seed: u64, trouble: Duration) -> Result<Report, Box<Violation>> {
    let mut world = World::new(seed, Telling::Silent);
    match attempt(&mut world, trouble) {
        Ok(()) => Ok(report(world)),
        // What happens is always the same, so its story can be heard afterwards.
        Err(_) => Err(Box::new(retell(seed, trouble, Telling::Kept))),
    }
}

/// Lives it and prints every step.
pub fn tell(seed: u64, trouble: Duration) -> Result<Report, Box<Violation>> {
    let mut world = World::new(seed, Telling::Printed);
    let outcome = attempt(&mut world, trouble);
    match outcome {
        Ok(()) => Ok(report(world)),
        Err(what) => Err(Box::new(violation(seed, world, what))),
    }
}

fn retell(seed: u64, trouble: Duration, telling: Telling) -> Violation {
    let mut world = World::new(seed, telling);
    let what = attempt(&mut world, trouble);
    let what = what.expect_err("the same seed breaks the same rule");
    violation(seed, world, what)
}

fn violation(seed: u64, world: World, what: String) -> Violation {
    Violation {
        seed,
        step: world.steps,
        what,
        story: world.trace.into_lines(),
    }
}

fn report(world: World) -> Report {
    Report {
        steps: world.steps,
        channel_time: world.now * world.plan.channels as u32,
        hash: world.trace.hash(),
        coverage: world.coverage,
    }
}

fn attempt(world: &mut World, trouble: Duration) -> Result<(), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| whole(world, trouble)));
    outcome.map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| "a panic without words".into(), |text| (*text).into()),
    })
}

fn whole(world: &mut World, trouble: Duration) {
    world.begin();
    world.run(trouble);
    world.calm_down();
    world.come_right();
    world.rest();
}

impl World {
    /// Whatever was wrong gets well, and a viewer that never gives up wants each channel.
    fn calm_down(&mut self) {
        self.trace.note(self.now, || "everything gets well".into());
        self.calm = true;
        self.disk.failing = false;
        self.disk.slow = false;
        self.orchestrator.mood = Mood::Well;
        self.set(Settings::default());
        for source in &mut self.sources {
            source.heal(self.now, &mut self.random);
        }
        for channel in 0..self.plan.channels {
            let mut viewer = Viewer::new(channel, Habit::Steady);
            viewer.faithful = true;
            self.viewers.push(viewer);
            self.viewer_soon(self.viewers.len() - 1);
        }
    }

    fn come_right(&mut self) {
        let since = self.now;
        let mut first = vec![None; self.plan.channels];
        loop {
            self.run(self.now + LOOK_EVERY);
            let mut well = self.process.is_some();
            for (number, first) in first.iter_mut().enumerate() {
                let driver = self
                    .driver(number)
                    .filter(|it| it.shown.phase == Phase::Live);
                let next = driver.map(|it| it.shown.window.next().0);
                let Some(next) = next else {
                    *first = None;
                    well = false;
                    continue;
                };
                well &= *first.get_or_insert(next) + NEWS_MIN <= next;
            }
            if well {
                return self.see(Seen::Calm);
            }
            let phases: Vec<_> = (0..self.plan.channels)
                .map(|number| self.driver(number).map(|it| it.shown.phase.clone()))
                .collect();
            assert!(
                self.now < since + RECOVERY_MAX,
                "all is well and a channel does not come right: {phases:?}"
            );
        }
    }

    /// Everybody goes, and nothing may be left.
    fn rest(&mut self) {
        self.trace.note(self.now, || "everybody goes".into());
        self.everybody_goes();
        self.run(self.now + REST_MAX);
        let process = self.process.as_ref().expect("nothing stops it any more");
        let left = process.drivers.iter().flatten().next();
        assert!(left.is_none(), "a channel is left: {left:?}");
        let status = process.ledger.status();
        assert!(
            process.ledger.is_quiet(),
            "the ledger does not rest: {status:?}"
        );
        assert_eq!(status.waiting, 0, "events are still to be told: {status:?}");
        self.judge.at_the_end();
        if self.sources.iter().any(Source::has_wrapped) {
            self.see(Seen::Wrap);
        }
    }
}

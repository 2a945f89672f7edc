//! What must hold after every step, whatever happened: it panics with what does not, and changes nothing.

mod lists;
mod presence;
mod pulls;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use channel::{Effect, Event, Input, PUBLISHED_SEGMENTS_MIN, Promise, PullId, Settings, Snapshot};

use crate::coverage::{Coverage, Seen};
use crate::driver::Driver;
use lists::Lists;
use presence::Presence;
use pulls::Pulls;
use streams::Streams;

/// Segments that may be held for the list's sake beyond what is set.
const HELD_MAX: usize = 100;

/// A segment that is cut here and what comes with it at once may wait beyond what is to be kept back: three of the longest
/// that may be set, and a piece.
const RESERVE_SLACK: Duration = Duration::from_secs(3 * 10 + 2);

/// What is known of a source, by which what is shown of it is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// Nothing ever goes wrong with it.
    pub(crate) steady: bool,
    /// Frames by which a new session may throw viewers back.
    pub(crate) back_max: Option<u64>,
}

/// One channel, over all its lives.
#[derive(Debug, Default)]
struct Channel {
    /// `Started` was told and `Ended` was not.
    alive: bool,
    promise: Promise,
    /// The most that was to be kept back.
    buffer_max: Duration,
    lists: Lists,
    presence: Presence,
    pulls: Pulls,
}

/// All that is known of what must be.
#[derive(Debug)]
pub(crate) struct Judge {
    /// Nothing goes wrong in this world.
    serene: bool,
    channels: Vec<Channel>,
    pub(crate) streams: Streams,
}

impl Judge {
    pub(crate) fn new(channels: usize, serene: bool) -> Self {
        Self {
            serene,
            channels: (0..channels).map(|_| Channel::default()).collect(),
            streams: Streams::default(),
        }
    }

    /// A channel is told something.
    pub(crate) fn input(&mut self, number: usize, input: &Input) {
        self.channels[number].pulls.input(input);
    }

    /// A channel wants something done.
    pub(crate) fn effect(
        &mut self,
        now: Duration,
        number: usize,
        effect: &Effect,
        settings: &Settings,
        coverage: &mut Coverage,
    ) {
        let channel = &mut self.channels[number];
        match effect {
            Effect::Tell(Event::Started) => {
                assert!(!channel.alive, "a life started in the middle of a life");
                channel.alive = true;
                channel.lists.begin();
            }
            Effect::Tell(Event::Ended { reason }) => {
                assert!(channel.alive, "a life ended that had not begun");
                channel.alive = false;
                channel.presence.ended(now, *reason, settings);
            }
            Effect::Remember(promise) => channel.promise = *promise,
            Effect::Publish(snapshot) => {
                channel.buffer_max = channel.buffer_max.max(settings.initial_buffer);
                let (waits, most) = (snapshot.reserve, channel.buffer_max + RESERVE_SLACK);
                assert!(waits <= most, "{waits:?} wait to be shown, {most:?} may");
                if bounded(snapshot, settings) {
                    coverage.see(Seen::HeldToBound);
                }
                let next = snapshot.window.next().0;
                let promised = channel.promise.sequence;
                assert!(
                    next <= promised,
                    "number {next} is in use and {promised} was promised"
                );
            }
            Effect::Finish => assert!(!channel.alive, "a channel left before its end was told"),
            _ => channel.pulls.effect(now, effect),
        }
    }

    /// A channel has done all it wants for now.
    pub(crate) fn rested(
        &mut self,
        now: Duration,
        moment: channel::Moment,
        driver: &Driver,
        settings: &Settings,
    ) {
        let channel = &mut self.channels[driver.number];
        let deadline = driver.channel.deadline(settings);
        assert!(
            deadline.is_none_or(|at| moment < at),
            "a deadline that is past is a busy loop"
        );
        let phase = &driver.shown.phase;
        let at_rest = matches!(phase, channel::Phase::Idle | channel::Phase::Stopping);
        assert!(
            deadline.is_some() || at_rest || channel.pulls.is_pending(now),
            "nothing will ever wake a channel that is {phase:?}"
        );
        channel.presence.check(now, channel.alive, settings);
    }

    /// Somebody is there, or nobody.
    pub(crate) fn presence(
        &mut self,
        now: Duration,
        number: usize,
        present: bool,
        settings: &Settings,
    ) {
        self.channels[number].presence.is(now, present, settings);
    }

    pub(crate) fn opened(&mut self, number: usize, pull: PullId) {
        self.channels[number].pulls.opened(pull);
    }

    pub(crate) fn not_opened(&mut self, number: usize, pull: PullId) {
        self.channels[number].pulls.not_opened(pull);
    }

    pub(crate) fn closing(&mut self, number: usize, pull: PullId, until: Duration) {
        self.channels[number].pulls.closing(pull, until);
    }

    /// Viewers are shown something else; the list they get, read.
    pub(crate) fn published(
        &mut self,
        now: Duration,
        number: usize,
        expected: Expected,
        snapshot: &Snapshot,
        coverage: &mut Coverage,
    ) -> Option<Arc<hls::Media>> {
        let channel = &mut self.channels[number];
        channel.lists.published(
            now,
            channel.alive,
            expected,
            self.serene,
            snapshot,
            coverage,
        )
    }

    /// A channel left the registry.
    pub(crate) fn finished(&mut self, now: Duration, number: usize) {
        let channel = &mut self.channels[number];
        channel.pulls.finished(now);
        channel.lists.another();
        channel.presence = Presence::default();
    }

    /// Weir is gone, and with it all that it had not written.
    pub(crate) fn crashed(&mut self, disk_failing: bool) {
        for channel in &mut self.channels {
            channel.alive = false;
            channel.lists.another();
            channel.presence = Presence::default();
            channel.pulls = Pulls::default();
        }
        self.streams.crashed(disk_failing);
    }

    /// Numbers below those in use may come: what was known of them is lost.
    pub(crate) fn excuse_numbers(&mut self, number: usize) {
        self.channels[number].lists.forget();
    }

    /// Everybody has gone, and everything had time to end.
    pub(crate) fn at_the_end(&self) {
        for (number, channel) in self.channels.iter().enumerate() {
            assert!(
                !channel.alive,
                "channel {number} is not over though nobody is there"
            );
        }
        self.streams.at_the_end();
    }
}

/// Memory is bounded in segments and in bytes, but for what players need. Returns whether another
/// segment would have been too much.
fn bounded(snapshot: &Snapshot, settings: &Settings) -> bool {
    let window = &snapshot.window;
    let held = window.held().len();
    let most = settings.segments_max.max(PUBLISHED_SEGMENTS_MIN);
    let oldest = window
        .held()
        .next()
        .map_or(Duration::ZERO, |it| it.duration);
    let least = Duration::from_secs(window.target().unwrap_or_default() * 3);
    // A list has three target durations, however short its segments are.
    let needed = window.duration().saturating_sub(oldest) < least && held <= HELD_MAX;
    assert!(
        held <= most || needed,
        "{held} segments are held, {most} may be"
    );
    let (bytes, most) = (window.bytes(), settings.bytes_max);
    assert!(
        bytes <= most || held <= PUBLISHED_SEGMENTS_MIN,
        "{bytes} bytes are held, {most} may be"
    );
    let sum: usize = window.held().map(|it| it.body.len()).sum();
    assert_eq!(bytes, sum, "bytes are counted wrong");
    0 < held && most < bytes + bytes / held
}

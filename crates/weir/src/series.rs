//! What was sampled of every channel and of the whole, once a second, and is kept for an hour at most.
//!
//! One task, started by the composition root, samples; requests read. Of a channel that ended, some minutes are kept.

mod pace;
mod rings;
mod track;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use channel::Moment;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::engines::Engines;
use crate::figures::Audience;
use crate::registry::Registry;
use crate::samples::Percentiles;
use crate::tasks::Tasks;

pub use rings::{Dated, FINE_STEP, Rings, Stretch};
pub use track::{Sums, Track};

/// How long something is known of a channel that ended.
const KEPT: Duration = Duration::from_secs(300);

/// Channels that are remembered at once, ended ones among them: as many as may run, and as many again.
const TRACKS_MAX: usize = 2_000;

/// A channel at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// Media held.
    pub seconds: f32,
    /// Bytes held.
    pub bytes: u64,
    /// Segments held.
    pub segments: u32,
    /// Media that waits for its time.
    pub reserve: f32,
    /// Bits per second from the source.
    pub in_bps: u64,
    /// Bits per second to viewers.
    pub out_bps: u64,
    /// Who watches.
    pub viewers: u32,
    /// What the viewer with least can still play.
    pub playable_min: Option<f32>,
    /// Peers of the engine.
    pub peers: Option<u32>,
    /// KB/s that the engine receives.
    pub speed_down: Option<u32>,
    /// KB/s that the engine gives.
    pub speed_up: Option<u32>,
}

impl Dated for Point {
    fn at(&self) -> Timestamp {
        self.at
    }
}

/// The whole at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whole {
    /// When.
    pub at: Timestamp,
    /// Channels that run.
    pub channels: u32,
    /// Who watches.
    pub viewers: u32,
    /// Bits per second from all sources.
    pub in_bps: u64,
    /// Bits per second to all viewers.
    pub out_bps: u64,
    /// Engines that answer.
    pub engines_healthy: u32,
    /// What the live channel with least holds.
    pub buffer_min: Option<f32>,
}

impl Dated for Whole {
    fn at(&self) -> Timestamp {
        self.at
    }
}

/// What was found out about a channel over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Bits per second from its source.
    pub in_bps: u64,
    /// Bits per second to its viewers.
    pub out_bps: u64,
    /// How much later than its own length a segment was published.
    pub lateness: Option<Percentiles>,
    /// How far from its own length the time between two publications was.
    pub jitter: Option<Percentiles>,
    /// Whether segments were lost or its source was replaced within the last minute.
    pub troubled: bool,
}

/// All that is remembered; clones share it.
#[derive(Clone, Default)]
pub struct Series {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    tracks: BTreeMap<String, Track>,
    whole: Rings<Whole>,
    /// What channels have had that are not remembered by themselves any more.
    past: Sums,
}

impl Series {
    /// Remembers nothing yet, and begins to.
    pub fn start(clock: Clock, registry: &Registry, engines: &Engines, tasks: &Tasks) -> Self {
        let series = Self::default();
        tasks.spawn(run(
            series.clone(),
            clock,
            registry.clone(),
            engines.clone(),
            tasks.stopping().clone(),
        ));
        series
    }

    /// What is known of a channel, if it was ever sampled.
    pub fn course(&self, key: &str, now: Moment) -> Course {
        let inner = self.inner();
        let track = inner.tracks.get(key);
        track.map(|track| track.course(now)).unwrap_or_default()
    }

    /// A channel's points since a date, or the newest minutes; nothing if it is not known.
    pub fn of_channel(&self, key: &str, since: Option<Timestamp>) -> Option<Stretch<Point>> {
        let inner = self.inner();
        inner.tracks.get(key).map(|track| track.points(since))
    }

    /// The same of the whole.
    pub fn of_all(&self, since: Option<Timestamp>) -> Stretch<Whole> {
        self.inner().whole.since(since)
    }

    /// What flows now, from all sources and to all viewers, in bits per second.
    pub fn rates(&self, now: Moment) -> (u64, u64) {
        let inner = self.inner();
        let running = inner.tracks.values().filter(|track| track.is_running());
        running.fold((0, 0), |(into, out), track| {
            let course = track.rates(now);
            (into + course.0, out + course.1)
        })
    }

    /// What was counted of all channels since the service began.
    pub fn sums(&self, now: Moment) -> Sums {
        let inner = self.inner();
        let mut sums = inner.past;
        for track in inner.tracks.values() {
            sums.add(&track.sums(now));
        }
        sums
    }

    fn sample(&self, clock: Clock, registry: &Registry, engines_healthy: usize) {
        let (now, at) = (clock.now(), clock::wall());
        let running = registry.all();
        let mut inner = self.inner();
        let Inner { tracks, .. } = &mut *inner;
        let mut viewers = 0;
        let mut buffer_min: Option<f32> = None;
        for handle in &running {
            let audience = Audience::of(handle, now);
            let track = tracks.entry(handle.key.clone()).or_default();
            let point = track.sample(now, at, handle, &audience);
            viewers += point.viewers;
            if handle.snapshot().is_served() {
                buffer_min = Some(buffer_min.map_or(point.seconds, |it| it.min(point.seconds)));
            }
        }
        let is_running = |key: &String| running.binary_search_by(|it| it.key.cmp(key)).is_ok();
        for (key, track) in tracks.iter_mut() {
            if !is_running(key) {
                track.end(now);
            }
        }
        inner.forget(now);
        drop(inner);
        let (in_bps, out_bps) = self.rates(now);
        self.inner().whole.push(Whole {
            at,
            channels: running.len() as u32,
            viewers,
            in_bps,
            out_bps,
            engines_healthy: engines_healthy as u32,
            buffer_min,
        });
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What is written by a sample is numbers, none of which depends on another.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets what ended long ago, and the oldest of what ended where there is too much.
    fn forget(&mut self, now: Moment) {
        let ended = |track: &Track| track.ended_at();
        while let Some((key, at)) = self
            .tracks
            .iter()
            .filter_map(|(key, track)| Some((key, ended(track)?)))
            .min_by_key(|(_, at)| *at)
        {
            if now.since(at) < KEPT && self.tracks.len() <= TRACKS_MAX {
                return;
            }
            let key = key.clone();
            if let Some(track) = self.tracks.remove(&key) {
                self.past.add(&track.sums(now));
            }
        }
    }
}

/// Samples once a second until it is told to stop.
async fn run(
    series: Series,
    clock: Clock,
    registry: Registry,
    engines: Engines,
    stopping: CancellationToken,
) {
    let mut ticks = tokio::time::interval(FINE_STEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        series.sample(clock, &registry, engines.healthy());
    }
}

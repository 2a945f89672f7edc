//! Collects what is to be known of streams: statistics of those that other proxies run, the ends of all, and what of
//! them is kept for days. One task, started by the composition root and ended behind the channels; another looks for
//! loops.

mod keep;
mod loops;
mod others;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::journal::Journal;
use crate::outbox::Outbox;
use crate::records::Records;
use crate::registry::Registry;
use crate::tasks::Tasks;
use crate::upstream::Upstream;

/// How often the history is trimmed.
const TRIM_EVERY: Duration = Duration::from_hours(1);

/// The parts that it asks, and those that it tells.
#[derive(Clone)]
pub struct Parts {
    /// The clock.
    pub clock: Clock,
    /// How often engines are asked.
    pub interval: Duration,
    /// The channels.
    pub registry: Registry,
    /// Engines.
    pub upstream: Arc<Upstream>,
    /// Streams that ended or were reported.
    pub outbox: Outbox,
    /// What is known of streams.
    pub records: Records,
    /// What is told to operators.
    pub journal: Journal,
}

/// Starts to collect, and to look for loops; `last` are the tasks that end behind the channels.
pub fn start(parts: Parts, tasks: &Tasks, last: &Tasks) {
    let watch = loops::Watch {
        parts: parts.clone(),
        stopping: tasks.stopping().clone(),
    };
    tasks.spawn(watch.run());
    last.spawn(Collector::new(parts, last.stopping().clone()).run());
}

/// The one task.
struct Collector {
    parts: Parts,
    /// Cancelled when the channels have ended.
    stopping: CancellationToken,
    polls: JoinSet<others::Polled>,
    /// Engines that are being asked.
    busy: Vec<engine::Address>,
    /// The stream whose end was written down last.
    ended: Option<String>,
    trim_at: channel::Moment,
    /// State of a small generator, which spreads the rounds of many proxies.
    jitter: u64,
}

enum Wake {
    Round,
    Polled(Option<others::Polled>),
    Stop,
}

impl Collector {
    /// It has not collected anything yet.
    fn new(parts: Parts, stopping: CancellationToken) -> Self {
        Self {
            stopping,
            polls: JoinSet::new(),
            busy: Vec::new(),
            ended: None,
            trim_at: parts.clock.now(),
            jitter: u64::from(clock::since_numbering_epoch().subsec_nanos()) | 1,
            parts,
        }
    }

    /// Collects until the service ends, and once more then.
    async fn run(mut self) {
        let mut next = self.parts.clock.now();
        loop {
            match self.wait(next).await {
                Wake::Round => {
                    self.round();
                    next = self.parts.clock.now() + self.pause();
                }
                Wake::Polled(polled) => self.take(polled),
                Wake::Stop => break,
            }
        }
        self.keep();
        self.parts.records.history.flush().await;
    }

    /// The one place that waits.
    async fn wait(&mut self, next: channel::Moment) -> Wake {
        let stopping = self.stopping.clone();
        tokio::select! {
            biased;
            () = stopping.cancelled() => Wake::Stop,
            Some(polled) = self.polls.join_next() => Wake::Polled(polled.ok()),
            () = tokio::time::sleep_until(self.parts.clock.instant(next)) => Wake::Round,
        }
    }

    /// The interval, up to a tenth shorter or longer.
    fn pause(&mut self) -> Duration {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let share = 0.9 + 0.2 * (self.jitter % 1_000) as f64 / 1_000.0;
        self.parts.interval.mul_f64(share)
    }

    fn round(&mut self) {
        for handle in self.parts.registry.all() {
            handle.look_at_viewers();
        }
        self.ask_others();
        self.keep();
        let now = self.parts.clock.now();
        if self.trim_at <= now {
            self.trim_at = now + TRIM_EVERY;
            self.trim();
        }
    }
}

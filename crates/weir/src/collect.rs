//! Collects what is to be known of streams: statistics of those that other proxies run, the ends of all, and what of
//! them is kept for days. One task, started by the composition root and ended behind the channels; another looks for
//! loops.

mod keep;
mod loops;
mod others;
mod titles;

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::pull::Context;
use crate::registry::Registry;
use crate::tasks::Tasks;

/// How often the history is trimmed.
const TRIM_EVERY: Duration = Duration::from_hours(1);

/// The parts that it asks, and those that it tells.
#[derive(Clone)]
struct Parts {
    context: Context,
    registry: Registry,
}

/// Starts to collect, and to look for loops; `last` are the tasks that end behind the channels.
pub(crate) fn start(context: &Context, registry: &Registry, tasks: &Tasks, last: &Tasks) {
    let parts = Parts {
        context: context.clone(),
        registry: registry.clone(),
    };
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
    /// The content whose title is asked for.
    titles: JoinSet<titles::Titled>,
    /// Engines that are being asked.
    busy: Vec<engine::Address>,
    /// Streams that had readings in the last round and did not run.
    gone: HashSet<String>,
    /// The stream whose end was written down last.
    ended: Option<String>,
    trim_at: channel::Moment,
    /// Records that are lost, as far as that was told.
    lost: u64,
    tell_lost_at: channel::Moment,
    /// State of a small generator, which spreads the rounds of many proxies.
    jitter: u64,
}

enum Wake {
    Round,
    Polled(Option<others::Polled>),
    Titled(Option<titles::Titled>),
    Stop,
}

impl Collector {
    /// It has not collected anything yet.
    fn new(parts: Parts, stopping: CancellationToken) -> Self {
        Self {
            stopping,
            polls: JoinSet::new(),
            titles: JoinSet::new(),
            busy: Vec::new(),
            gone: HashSet::new(),
            ended: None,
            trim_at: parts.context.clock.now(),
            lost: 0,
            tell_lost_at: parts.context.clock.now(),
            jitter: u64::from(clock::since_numbering_epoch().subsec_nanos()) | 1,
            parts,
        }
    }

    /// Collects until the service ends, and once more then.
    async fn run(mut self) {
        let mut next = self.parts.context.clock.now();
        loop {
            match self.wait(next).await {
                Wake::Round => {
                    self.round();
                    next = self.parts.context.clock.now() + self.pause();
                }
                Wake::Polled(polled) => self.take(polled),
                Wake::Titled(Some(titled)) => self.learn(titled),
                Wake::Titled(None) => {}
                Wake::Stop => break,
            }
        }
        self.keep();
        self.parts.context.records.history.flush().await;
    }

    /// The one place that waits.
    async fn wait(&mut self, next: channel::Moment) -> Wake {
        let stopping = self.stopping.clone();
        tokio::select! {
            biased;
            () = stopping.cancelled() => Wake::Stop,
            Some(polled) = self.polls.join_next() => Wake::Polled(polled.ok()),
            Some(titled) = self.titles.join_next() => Wake::Titled(titled.ok()),
            () = tokio::time::sleep_until(self.parts.context.clock.instant(next)) => Wake::Round,
        }
    }

    /// The interval, up to a tenth shorter or longer.
    fn pause(&mut self) -> Duration {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let share = 0.9 + 0.2 * (self.jitter % 1_000) as f64 / 1_000.0;
        self.parts.context.config.collect_interval.mul_f64(share)
    }

    fn round(&mut self) {
        for handle in self.parts.registry.all() {
            handle.look_at_viewers();
        }
        self.ask_others();
        self.ask_title();
        self.keep();
        let now = self.parts.context.clock.now();
        if self.trim_at <= now {
            self.trim_at = now + TRIM_EVERY;
            self.trim();
        }
        self.tell_lost(now);
    }
}

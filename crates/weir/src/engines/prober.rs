//! The task that asks every engine now and then whether it lives; when, and what an answer means, is the pool's decision.

use channel::Moment;
use engine::{Address, Http, Version};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Engines;

/// Probes under way at once. Those of engines that hang take five seconds each, and hold nobody up below this.
const PROBES_MAX: usize = 64;

/// Asks engines until the service is over.
pub struct Prober {
    engines: Engines,
    http: Http,
    probes: JoinSet<Probed>,
    stopping: CancellationToken,
}

/// What a probe found.
struct Probed {
    engine: Address,
    result: Result<Version, String>,
}

/// What woke the prober.
enum Wake {
    Probed(Probed),
    Due,
    Stopping,
}

impl Prober {
    /// The prober of these engines. It ends when `stopping` is cancelled.
    pub fn new(engines: Engines, http: Http, stopping: CancellationToken) -> Self {
        Self {
            engines,
            http,
            probes: JoinSet::new(),
            stopping,
        }
    }

    /// Runs until the service is over.
    pub async fn run(mut self) {
        loop {
            self.probe();
            match self.wait().await {
                Wake::Probed(probed) => self.engines.probed(&probed.engine, probed.result),
                Wake::Due => {}
                Wake::Stopping => return,
            }
        }
    }

    /// The one place that waits.
    async fn wait(&mut self) -> Wake {
        let inner = &self.engines.inner;
        let due = self.engines.book().pool.next_probe();
        let due = due.filter(|_| self.probes.len() < PROBES_MAX);
        let sleep = async {
            match due {
                Some(at) => tokio::time::sleep_until(inner.clock.instant(Moment(at))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Wake::Stopping,
            Some(done) = self.probes.join_next() => done.map_or(Wake::Due, Wake::Probed),
            () = inner.hasten.notified() => Wake::Due,
            () = sleep => Wake::Due,
        }
    }

    fn probe(&mut self) {
        let room = PROBES_MAX.saturating_sub(self.probes.len());
        let now = self.engines.now();
        let due = self.engines.book().pool.to_probe(now, room);
        for engine in due {
            let http = self.http.clone();
            self.probes.spawn(async move {
                let result = http.version(&engine).await;
                let result = result.map_err(|error| error.to_string());
                Probed { engine, result }
            });
        }
    }
}

impl Engines {
    pub(super) fn probed(&self, engine: &Address, result: Result<Version, String>) {
        let said = result.as_ref().err().cloned().unwrap_or_default();
        let now = self.now();
        let turn = self.book().pool.probed(now, engine, result);
        self.turned(engine, turn, &said);
    }
}

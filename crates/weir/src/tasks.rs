//! The only place that starts tasks: it counts them, and ends them when the service ends.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// All tasks of one service.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Starts a task that ends by itself when `stopping` is cancelled.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.tracker.track_future(task));
    }

    /// Cancelled when the service is to end.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Tasks that run.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Asks all tasks to end and waits for them, but not for ever; returns whether they did.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait())
            .await
            .is_ok()
    }
}

//! The tasks of one simulated server: counted, and ended together when their owner is dropped.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Invariant: no task outlives the token by more than the step it is in.
pub(crate) struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            token: CancellationToken::new(),
        }
    }

    /// Runs `task` until it ends or the owner is dropped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawner().spawn(task);
    }

    /// A handle for tasks that start tasks; it does not keep them alive.
    pub(crate) fn spawner(&self) -> Spawner {
        Spawner {
            tracker: self.tracker.clone(),
            token: self.token.clone(),
        }
    }

    /// Ends every task and waits until the last one is gone.
    pub(crate) async fn stop(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

/// Starts tasks on behalf of a `Tasks` that lives elsewhere.
#[derive(Clone)]
pub(crate) struct Spawner {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Spawner {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let token = self.token.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => {}
                () = task => {}
            }
        });
    }
}

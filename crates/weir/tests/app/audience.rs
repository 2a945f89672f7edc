//! A viewer of either kind before one channel: what one of them notices, the other may not.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator::metrics::Metrics;

use crate::listener::Listener;
use crate::slow_viewers::until_tasks;
use crate::stage::Stage;
use crate::watcher::Watcher;

/// Somebody who plays HLS, and somebody who plays a continuous stream.
pub(crate) struct Audience {
    pub(crate) watcher: Watcher,
    pub(crate) listener: Listener,
}

impl Audience {
    /// Both kinds before the first channel of a stage.
    pub(crate) async fn of(stage: &Stage) -> Self {
        let watcher = Watcher::of_pieces(stage.player().await);
        let listener = stage.listener().await;
        Self { watcher, listener }
    }

    /// Both get so many more segments.
    pub(crate) async fn more(&mut self, segments: u8) {
        let Self { watcher, listener } = self;
        tokio::join!(
            watcher.more(segments.into()),
            listener.more(segments.into())
        );
    }

    /// Both play on while something is waited for; neither may be stopped.
    pub(crate) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let Self { watcher, listener } = self;
        let watching = async {
            loop {
                watcher.look().await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let listening = async { while listener.read().await {} };
        tokio::select! {
            done = work => done,
            () = watching => unreachable!("it looks for ever"),
            () = listening => panic!("the continuous stream ended"),
        }
    }

    /// Neither has missed or doubled anything.
    pub(crate) fn assert_unbroken(&self) {
        self.watcher.assert_unbroken();
        self.listener.assert_unbroken();
    }

    /// The list has a break for each time that the source was replaced, at most, and the continuous stream shows none.
    pub(crate) fn assert_went_on(&self, replaced: usize) {
        let breaks = self.watcher.discontinuities();
        assert!((1..=replaced).contains(&breaks), "{breaks} breaks");
        self.listener.assert_smooth();
    }

    /// Both leave, and nothing of them is left.
    pub(crate) async fn leave(self, stage: &Stage) -> Metrics {
        drop(self);
        stage.until_empty().await;
        until_tasks(stage, 1).await;
        stage
            .engine_until(|it| it.sessions == 0 && it.readers_all() == 0)
            .await
    }
}

/// There was one session at a time, and one reader of each.
pub(crate) fn assert_one_at_a_time(metrics: &Metrics) {
    assert_eq!(metrics.sessions_max, 1);
    let most: &BTreeMap<String, usize> = &metrics.readers_max;
    assert!(most.values().all(|readers| *readers <= 1), "{most:?}");
    let (heads, ranges) = (metrics.heads, metrics.ranges);
    assert_eq!((heads, ranges, metrics.encodings), (0, 0, 0));
}

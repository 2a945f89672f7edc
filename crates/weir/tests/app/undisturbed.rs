//! A viewer of a healthy channel, who is there to notice whether somebody else's trouble spreads.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use weir::clock::Clock;

use crate::stage::{Player, Stage};
use crate::watcher::Watcher;

/// Longest that a healthy channel may go without a new segment; its segments have half a second.
const SILENCE_MAX: Duration = Duration::from_secs(4);

/// A viewer of one of the stage's channels.
pub(crate) async fn viewer_of(stage: &Stage, channel: usize) -> Watcher {
    let path = format!("/ace/manifest.m3u8?id={}", stage.ids[channel]);
    let mut watcher = Watcher::new(Player::enter(stage.address(), &path).await);
    watcher.look().await;
    watcher
}

/// Does something while `watcher` watches, for whom the stream must go on without a break.
pub(crate) async fn undisturbed<T>(watcher: &mut Watcher, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let breaks = watcher.discontinuities();
    let clock = Clock::start();
    let mut newest = (watcher.marks.len(), clock.now());
    let done = loop {
        tokio::select! {
            biased;
            done = &mut work => break done,
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        watcher.look().await;
        if newest.0 < watcher.marks.len() {
            newest = (watcher.marks.len(), clock.now());
        }
        let silent = clock.now().since(newest.1);
        assert!(silent < SILENCE_MAX, "the other channel stood still");
    };
    watcher.more(2).await;
    assert_eq!(watcher.discontinuities(), breaks, "the other channel broke");
    done
}

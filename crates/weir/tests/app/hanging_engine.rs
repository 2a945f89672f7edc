//! Engines that take a command and never answer: nobody waits for them longer than is said.

use std::time::Duration;

use simulator::fault::{Endpoint, Http};
use weir::clock::Clock;

use crate::raw::ask;
use crate::stage::{Player, Stage};
use crate::undisturbed::{undisturbed, viewer_of};
use crate::watcher::Watcher;

/// Lets the last viewer of a channel go, whose stop the engine then never answers.
async fn with_a_stop_that_hangs() -> Stage {
    let stage = Stage::fast(|_| {}).await;
    let fault = stage.engine.faults().always(Endpoint::Command, Http::Hang);
    drop(viewer_of(&stage, 0).await);
    stage.engine.faults().until_used(fault, 1).await;
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_hangs_keeps_the_next_viewer_waiting_for_three_seconds_at_most() {
    let stage = with_a_stop_that_hangs().await;
    let mut other = viewer_of(&stage, 1).await;
    let clock = Clock::start();
    undisturbed(&mut other, async {
        let mut viewer = Watcher::new(Player::enter(stage.address(), &stage.entry()).await);
        let waited = clock.now().0;
        assert!(waited < Duration::from_secs(4), "{waited:?}");
        viewer.more(2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_hangs_holds_the_end_of_the_service_for_three_seconds_at_most() {
    let stage = with_a_stop_that_hangs().await;
    let clock = Clock::start();
    stage.weir.stop().await;
    let waited = clock.now().0;
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_hangs_does_not_hold_the_end_of_the_service_for_long() {
    let stage = Stage::fast(|_| {}).await;
    let fault = stage.engine.faults().always(Endpoint::Start, Http::Hang);
    let (address, entry) = (stage.address(), stage.entry());
    let (weir, engine, _folder) = (stage.weir, stage.engine, stage.folder);
    let viewer = async {
        let said = ask(address, &entry).await;
        (said, Clock::start())
    };
    let stop = async {
        engine.faults().until_used(fault, 1).await;
        let clock = Clock::start();
        weir.stop().await;
        clock.now().0
    };
    let ((said, answered), stopped) = tokio::join!(viewer, stop);
    assert_eq!(said.status(), 503);
    // Whoever waits is told at once, not when everything has ended.
    assert!(Duration::from_secs(3) < answered.now().0);
    assert!(stopped < Duration::from_secs(8), "{stopped:?}");
}

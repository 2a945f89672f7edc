//! Continuous MPEG-TS when something goes wrong: the source dies, a viewer is too slow or leaves.

use std::time::Duration;

use futures_util::future::join_all;
use simulator::engine::{Channel, Options};
use simulator::fault::Listing;
use simulator::media::{Marked, Media};

use crate::listener::Listener;
use crate::slow_viewers::{unread, until_tasks};
use crate::stage::{Stage, fast, fast_engine, within};
use crate::undisturbed::{undisturbed, viewer_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_without_a_seam_when_the_engine_dies() {
    let stage = Stage::fast(|_| {}).await;
    let mut listener = stage.listener().await;
    listener.more(4).await;
    for sessions in 2..=3 {
        // The next session has a clock of its own.
        stage
            .engine
            .faults()
            .add(Listing::Discontinuity { tagged: false });
        stage.engine.crash(Duration::from_millis(300));
        let more = async { while listener.read().await {} };
        tokio::select! {
            () = more => panic!("it ended"),
            _ = stage.channel(|it| it["upstream"]["sessions"] == sessions) => {}
        }
        listener.more(6).await;
    }
    listener.assert_smooth();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_without_a_seam_when_the_source_loses_segments_or_begins_anew() {
    let stage = Stage::fast(|_| {}).await;
    let mut listener = stage.listener().await;
    listener.more(2).await;
    for fault in [Listing::Lose(4), Listing::Reset, Listing::Jump(20)] {
        let rule = stage.engine.faults().add(fault);
        let reading = async { while listener.read().await {} };
        tokio::select! {
            () = reading => panic!("it ended"),
            () = stage.until_struck(rule, 1) => {}
        }
        listener.more(8).await;
    }
    listener.assert_smooth();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_a_source_that_stands_still_stays_and_goes_on() {
    let stage = Stage::fast(|_| {}).await;
    let mut listener = stage.listener().await;
    listener.more(2).await;
    let stall = stage.engine.faults().add(Listing::Stall);
    let reading = async { while listener.read().await {} };
    tokio::select! {
        () = reading => panic!("it ended"),
        _ = stage.channel(|it| Some(2) <= it["upstream"]["sessions"].as_u64()) => {}
    }
    stage.engine.faults().remove(stall);
    listener.more(8).await;
    listener.assert_smooth();
    let state = stage.channel(|it| it["viewers"] == 1).await;
    assert_eq!(state["clients"][0]["skips"], 0, "{state:#}");
}

/// Segments that are larger than all that systems buffer, and a window that holds five.
async fn heavy() -> Stage {
    let mut options = fast_engine();
    options.channels[0] = Channel::numbered(
        1,
        Media::marked(Marked {
            stream: 1,
            duration: Duration::from_millis(500),
            bytes: 4 << 20,
        }),
    );
    heavy_with(options).await
}

async fn heavy_with(options: Options) -> Stage {
    Stage::with(options, |config| {
        fast(config);
        config.settings.hls_max_segments = 5;
        config.settings.hls_max_initial_segments = 5;
        config.settings.hls_window_size = 3;
        config.settings.ts_join_seconds = Duration::from_secs(1);
        config.viewer_idle = Duration::from_secs(5);
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_who_is_too_slow_is_moved_on_and_counted_and_nobody_else_notices() {
    let stage = heavy().await;
    let mut watcher = viewer_of(&stage, 0).await;
    let mut fast = stage.listener().await;
    let mut slow = Listener::narrow(stage.address(), &stage.continuous()).await;
    slow.read().await;
    undisturbed(&mut watcher, fast.more(16)).await;
    let behind = fast.last();
    // It held one segment while sixteen passed.
    slow.until(|report| {
        report
            .last
            .is_some_and(|last| behind <= last.mark.segment + 4)
    })
    .await;
    slow.more(1).await;
    slow.assert_smooth();
    fast.more(1).await;
    fast.assert_unbroken();
    let state = stage.channel(|it| it["viewers"] == 3).await;
    let clients = state["clients"].as_array().expect("viewers");
    let skips = clients.iter().filter_map(|client| client["skips"].as_u64());
    let (some, all): (Vec<_>, Vec<_>) = skips.partition(|skips| 0 < *skips);
    assert_eq!((some.len(), all.len()), (1, 2), "{state:#}");
    let metrics = stage.engine.metrics();
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_who_stop_reading_are_dropped_and_those_who_go_leave_nothing() {
    let stage = heavy().await;
    stage.set("stream_timeout=10").await;
    let mut watcher = viewer_of(&stage, 0).await;
    let listeners = join_all((0..10).map(|_| stage.listener())).await;
    stage.channel(|it| it["viewers"] == 11).await;
    drop(listeners);
    stage.channel(|it| it["viewers"] == 1).await;
    let path = stage.continuous();
    let stalled = join_all((0..5).map(|_| unread(stage.address(), &path)));
    let stalled = stalled.await;
    undisturbed(&mut watcher, async {
        stage.channel(|it| it["viewers"] == 6).await;
        stage.channel(|it| it["viewers"] == 1).await;
    })
    .await;
    drop((stalled, watcher));
    stage.until_empty().await;
    until_tasks(&stage, 1).await;
}

#[tokio::test]
async fn a_stream_ends_when_its_source_is_gone_for_good() {
    let stage = Stage::fast(|_| {}).await;
    let mut listener = stage.listener().await;
    listener.more(2).await;
    stage.engine.crash(Duration::from_secs(600));
    stage.set("no_data_timeout_checks=5").await;
    listener.hear_out().await;
    listener.assert_unbroken();
    let answer = stage.get(&stage.continuous()).await;
    assert_eq!(answer.status, http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.text().is_empty());
}

#[tokio::test]
async fn streams_end_in_order_when_the_service_does() {
    let stage = Stage::fast(|_| {}).await;
    let mut listeners = join_all((0..5).map(|_| stage.listener())).await;
    let ends = listeners.iter_mut().map(Listener::hear_out);
    let (_, ()) = tokio::join!(join_all(ends), within(stage.weir.stop()));
    for listener in &listeners {
        listener.assert_unbroken();
        let (report, last) = (listener.report(), listener.report().last);
        let last = last.expect("media");
        assert_eq!(last.packet + 1, last.packets, "{report:#?}");
    }
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.stops, metrics.sessions), (1, 0));
}

//! The way in: one session for all who come, and no playlist before one can be played.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use simulator::engine::Options;
use simulator::fault::{Endpoint, Http, Listing, Rule, Session};
use weir::clock::Clock;
use weir::config::Config;

use crate::stage::{Answer, Player, Stage, fast, fast_engine};
use crate::watcher::Watcher;

/// An engine that has so many segments and gets no more until the fault is removed.
async fn standing(initial: usize, change: impl FnOnce(&mut Config)) -> Stage {
    let options = Options {
        initial,
        ..fast_engine()
    };
    let stage = Stage::with(options, |config| {
        fast(config);
        change(config);
    })
    .await;
    stage.engine.faults().add(Listing::Stall);
    stage
}

/// Lets a viewer in who must wait while `held` segments are there, and more than that afterwards.
async fn waits_for_more_than(stage: &Stage, held: usize) {
    let waiting = stage.viewer();
    stage.channel(|it| it["segments"] == held).await;
    let state = stage.status().await;
    assert_eq!(state["channels"][0]["state"], "starting", "{state:#}");
    assert!(!waiting.is_finished());
    stage.engine.faults().clear();
    let answer = waiting.await.expect("an answer");
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let player = Player::of(stage.address(), &answer);
    assert!(3 <= player.poll().await.segments.len());
    // A first list keeps the newest back, so that there is something to find at once.
    let list = player.poll().await;
    assert!(held < list.segments.len(), "{list:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_viewers_at_once_on_a_cold_channel_share_one_session() {
    let stage = Stage::fast(|_| {}).await;
    let waiting: Vec<_> = (0..200).map(|_| stage.viewer()).collect();
    for answer in join_all(waiting).await {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.sessions_max), (1, 1));
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_fifty_viewers_each_segment_is_fetched_once() {
    let stage = Stage::fast(|_| {}).await;
    let watch = async || {
        let mut watcher = Watcher::new(stage.player().await);
        watcher.more(8).await;
        watcher.newest().segment
    };
    let newest = join_all((0..50).map(|_| watch())).await;
    let metrics = stage.engine.metrics();
    assert!(8 <= metrics.segments.len(), "{newest:?}");
    assert!(
        metrics.segments.values().all(|fetches| *fetches == 1),
        "{:?}",
        metrics.segments
    );
    assert_eq!(metrics.starts_all(), 1);
}

#[tokio::test]
async fn a_second_viewer_joins_what_is_there_and_the_numbers_go_on() {
    let stage = Stage::fast(|_| {}).await;
    let mut first = Watcher::new(stage.player().await);
    first.more(8).await;
    let before = stage.engine.metrics();
    let mut second = Watcher::new(stage.player().await);
    second.look().await;
    assert!(first.first <= second.first, "the second got older numbers");
    assert!(
        second
            .seen
            .keys()
            .any(|number| first.seen.contains_key(number))
    );
    first.more(3).await;
    assert_eq!(first.discontinuities(), 0);
    let after = stage.engine.metrics();
    assert_eq!(after.starts_all(), before.starts_all());
    assert_eq!(after.stops, 0);
}

#[tokio::test]
async fn no_list_is_served_before_the_initial_segments_are_held() {
    let stage = standing(4, |config| config.settings.hls_initial_segments = 5).await;
    waits_for_more_than(&stage, 4).await;
}

#[tokio::test]
async fn no_list_is_served_before_the_initial_seconds_are_held() {
    let stage = standing(4, |config| {
        config.settings.hls_initial_buffer_seconds = Duration::from_millis(2_200);
    })
    .await;
    waits_for_more_than(&stage, 4).await;
}

#[tokio::test]
async fn a_first_list_has_three_segments_even_if_one_is_asked_for() {
    let stage = standing(2, |config| {
        config.settings.hls_initial_segments = 1;
        config.settings.hls_max_initial_segments = 1;
        config.settings.hls_initial_buffer_seconds = Duration::ZERO;
    })
    .await;
    waits_for_more_than(&stage, 2).await;
}

#[tokio::test]
async fn the_most_initial_segments_are_enough_however_short_they_are() {
    let stage = standing(6, |config| {
        config.settings.hls_max_initial_segments = 4;
        config.settings.hls_initial_buffer_seconds = Duration::from_secs(60);
    })
    .await;
    let player = stage.player().await;
    player.poll().await;
    assert_eq!(player.poll().await.segments.len(), 4);
    // They are the newest: what a viewer will not see is not fetched.
    let fetched: Vec<_> = stage.engine.metrics().segments.into_keys().collect();
    let numbers: Vec<_> = fetched.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_are_woken_at_once_when_the_last_initial_segment_is_there() {
    let stage = standing(3, |_| {}).await;
    let late = Duration::from_millis(600);
    let fault = stage.engine.faults().add(
        Rule::new(Http::Delay(late))
            .on(Endpoint::Segment)
            .segment(2),
    );
    let waiting: Vec<_> = (0..20).map(|_| stage.viewer()).collect();
    stage.until_struck(fault, 1).await;
    let clock = Clock::start();
    for answer in join_all(waiting).await {
        assert_eq!(answer.expect("an answer").status, StatusCode::OK);
    }
    let waited = clock.now().0;
    assert!(Duration::from_millis(550) <= waited, "{waited:?}");
    assert!(waited <= late + Duration::from_millis(200), "{waited:?}");
}

fn is_refused(answer: &Answer, text: &str) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let detail = answer.json()["detail"].as_str().map(str::to_owned);
    let detail = detail.expect("a detail");
    assert!(detail.starts_with(text), "{detail}");
    let pause: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&pause));
}

#[tokio::test]
async fn a_buffer_that_does_not_fill_in_time_is_an_error_and_not_an_empty_answer() {
    let stage = Stage::fast(|config| {
        config.settings.hls_buffer_ready_timeout = Duration::from_millis(400);
    })
    .await;
    stage.engine.faults().add(Session::NoPeers);
    let answer = stage.get(&stage.entry()).await;
    is_refused(&answer, "Timeout waiting for stream buffer: ");
}

#[tokio::test]
async fn without_a_first_segment_in_time_all_who_wait_are_answered_at_once() {
    let stage = Stage::fast(|config| {
        config.settings.hls_first_segment_timeout = Duration::from_millis(500);
        config.settings.hls_buffer_ready_timeout = Duration::from_secs(120);
    })
    .await;
    stage.engine.faults().add(Session::NoPeers);
    let waiting: Vec<_> = (0..10).map(|_| stage.viewer()).collect();
    for answer in join_all(waiting).await {
        is_refused(
            &answer.expect("an answer"),
            "Timeout waiting for stream buffer: ",
        );
    }
    stage.engine_until(|metrics| metrics.sessions == 0).await;
    stage.until_empty().await;
}

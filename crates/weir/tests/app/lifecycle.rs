//! From the first viewer to the end: when a session is opened, kept, stopped, and refused.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use simulator::fault::{Endpoint, Http, Rule, Session};

use crate::stage::{Answer, Stage, eventually};
use crate::watcher::Watcher;

fn detail(answer: &Answer) -> String {
    let json = answer.json();
    json["detail"].as_str().expect("a detail").to_owned()
}

fn is_unavailable(answer: &Answer, text: &str) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(detail(answer).starts_with(text), "{}", answer.text());
    let pause: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&pause));
}

#[tokio::test]
async fn who_comes_while_the_channel_lingers_gets_the_same_session() {
    let stage = Stage::fast(|config| {
        config.settings.channel_shutdown_delay = Duration::from_secs(2);
    })
    .await;
    let mut first = Watcher::new(stage.player().await);
    first.more(1).await;
    stage.channel(|it| it["state"] == "lingering").await;
    let mut second = Watcher::new(stage.player().await);
    second.look().await;
    stage.channel(|it| it["state"] == "live").await;
    // The old linger would be over by now.
    second.more(6).await;
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.stops), (1, 0));
    assert_eq!(second.discontinuities(), 0);
}

#[tokio::test]
async fn the_engine_is_told_to_stop_once_and_nothing_is_left() {
    let stage = Stage::fast(|_| {}).await;
    stage.player().await.poll().await;
    stage.engine_until(|metrics| 0 < metrics.stops).await;
    stage.until_empty().await;
    eventually("the listener is the only task", async || {
        (stage.weir.tasks() == 1).then_some(())
    })
    .await;
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.stops), (1, 1));
    assert_eq!((metrics.sessions, metrics.after_stop), (0, 0));
}

#[tokio::test]
async fn a_channel_that_was_stopped_starts_again_with_rising_numbers_and_no_old_timer_ends_it() {
    let stage = Stage::fast(|_| {}).await;
    let before = stage.player().await;
    let old = before.poll().await;
    stage.until_empty().await;
    let mut again = Watcher::new(stage.player().await);
    again.more(8).await;
    let last = old.segments.last().expect("a segment").sequence;
    assert!(again.seen.keys().all(|number| last < *number));
    let metrics = stage.engine.metrics();
    assert_eq!(
        (metrics.starts_all(), metrics.stops, metrics.sessions),
        (2, 1, 1)
    );
    assert_eq!(again.discontinuities(), 0);
    // The player of the first life goes on where it is.
    let list = before.poll().await;
    assert!(last < list.media_sequence);
}

#[tokio::test]
async fn who_arrives_while_the_stop_is_under_way_is_served() {
    let stage = Stage::fast(|_| {}).await;
    let slow = Rule::new(Http::Delay(Duration::from_secs(1))).on(Endpoint::Command);
    let slow = stage.engine.faults().add(slow);
    stage.player().await.poll().await;
    stage.until_struck(slow, 1).await;
    stage.channel(|it| it["state"] == "stopping").await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(6).await;
    let metrics = stage.engine.metrics();
    assert_eq!(
        (metrics.starts_all(), metrics.stops, metrics.sessions),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn shutdown_stops_every_channel_at_the_engine() {
    let stage = Stage::fast(|_| {}).await;
    let entries = stage
        .ids
        .iter()
        .map(|id| format!("/ace/manifest.m3u8?id={id}"));
    let entries: Vec<_> = entries.collect();
    for answer in join_all(entries.iter().map(|path| stage.get(path))).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    // One is still starting, and one waits for it.
    let Stage { weir, engine, .. } = stage;
    assert_eq!(engine.metrics().sessions, 3);
    weir.stop().await;
    let metrics = engine.metrics();
    assert_eq!(
        (metrics.stops, metrics.stops_done, metrics.sessions),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn shutdown_while_a_channel_starts_leaves_no_session_and_answers_who_waits() {
    let stage = Stage::fast(|_| {}).await;
    stage.engine.faults().add(Session::NoPeers);
    let waiting = stage.viewer();
    stage.engine_until(|metrics| 0 < metrics.playlists).await;
    let Stage { weir, engine, .. } = stage;
    weir.stop().await;
    assert_eq!(engine.metrics().sessions, 0);
    let answer = waiting.await.expect("an answer");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_failed_channel_refuses_at_once_leaves_the_engine_alone_and_recovers() {
    let stage = Stage::fast(|_| {}).await;
    let fault = stage.engine.faults().add(Session::StartFails {
        error: "failed to load content".into(),
        extra: None,
    });
    let first = stage.get(&stage.entry()).await;
    assert_eq!(first.status, StatusCode::BAD_GATEWAY);
    assert!(
        detail(&first).starts_with("AceStream engine error: "),
        "{}",
        first.text()
    );
    assert!(detail(&first).contains("failed to load content"));
    let tried = stage.engine.metrics().starts_failed;
    for _ in 0..30 {
        let answer = stage.get(&stage.entry()).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    }
    let after = stage.engine.metrics().starts_failed;
    assert_eq!(after, tried, "the engine was asked again");
    stage.engine.faults().remove(fault);
    eventually("it plays again", async || {
        let answer = stage.get(&stage.entry()).await;
        (answer.status == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test]
async fn without_engines_the_answer_says_so() {
    let stage = Stage::fast(|config| config.engines.clear()).await;
    let answer = stage.get(&stage.entry()).await;
    is_unavailable(&answer, "No engines available");
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_a_communication_error() {
    let stage = Stage::fast(|config| {
        config.engines = vec!["127.0.0.1:1".parse().expect("an address")];
    })
    .await;
    is_unavailable(
        &stage.get(&stage.entry()).await,
        "Engine communication error: ",
    );
}

#[tokio::test]
async fn full_engines_refuse_the_next_channel_and_take_it_when_there_is_room() {
    let stage = Stage::fast(|config| config.settings.max_streams_per_engine = 1).await;
    let playing = stage.player().await;
    playing.poll().await;
    let other = format!("/ace/manifest.m3u8?id={}", stage.ids[1]);
    let text = "All engines at maximum capacity (1 streams per engine)";
    is_unavailable(&stage.get(&other).await, text);
    assert_eq!(stage.engine.metrics().starts_all(), 1);
    let more = format!("/ace/manifest.m3u8?id={}", stage.ids[0]);
    assert_eq!(stage.get(&more).await.status, StatusCode::OK);
    eventually("room for the other", async || {
        (stage.get(&other).await.status == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(stage.engine.metrics().sessions_max, 1);
}

#[tokio::test]
async fn a_viewer_who_gives_up_while_the_channel_starts_does_not_end_it_for_others() {
    let stage = Stage::fast(|_| {}).await;
    let fault = stage.engine.faults().add(Session::NoPeers);
    let (goes, stays) = (stage.viewer(), stage.viewer());
    stage.engine_until(|metrics| 0 < metrics.playlists).await;
    goes.abort();
    stage.engine.faults().remove(fault);
    let answer = stays.await.expect("an answer");
    assert_eq!(answer.status, StatusCode::OK);
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.stops), (1, 0));
}

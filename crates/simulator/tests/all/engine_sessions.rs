//! The rules between sessions: who takes what from whom, and how a session ends.

use std::time::Duration;

use serde_json::json;
use simulator::engine::{Engine, Options};

use crate::client::{
    Connection, channel, engine, get, options, start, start_hls, stat, stop, try_get,
};

const UNKNOWN: &str = "unknown playback session id";

#[tokio::test]
async fn a_second_player_takes_the_content_and_the_first_is_forbidden() {
    let engine = engine().await;
    let first = start_hls(&engine, 1, "first").await;
    assert_eq!(get(engine.address(), &first.playback).await.status, 200);
    let second = start_hls(&engine, 1, "second").await;
    assert_ne!(first.playback, second.playback);
    assert_eq!(get(engine.address(), &first.playback).await.status, 403);
    assert_eq!(get(engine.address(), &second.playback).await.status, 200);
    let seen = stat(&engine, &first).await;
    assert_eq!(seen["response"]["playback_session_id"], json!(second.id));
    assert_eq!(engine.metrics().sessions, 1);
}

#[tokio::test]
async fn the_same_player_joins_its_session_and_two_contents_need_two_players() {
    let engine = engine().await;
    let first = start_hls(&engine, 1, "p").await;
    let again = start_hls(&engine, 1, "p").await;
    assert_eq!((&first.playback, &first.id), (&again.playback, &again.id));
    let other_player = start_hls(&engine, 2, "q").await;
    assert_eq!(engine.metrics().sessions, 2);
    let other_content = start_hls(&engine, 2, "p").await;
    assert_eq!(
        get(engine.address(), &first.playback).await.status,
        500,
        "its player left it"
    );
    assert_eq!(
        get(engine.address(), &other_player.playback).await.status,
        403
    );
    assert_eq!(
        get(engine.address(), &other_content.playback).await.status,
        200
    );
}

#[tokio::test]
async fn a_stop_ends_the_session_and_a_second_one_finds_none() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    get(engine.address(), &started.playback).await;
    assert_eq!(
        stop(&engine, &started).await,
        json!({"response": "ok", "error": null})
    );
    let gone = json!({"response": null, "error": UNKNOWN});
    assert_eq!(stop(&engine, &started).await, gone);
    assert_eq!(stat(&engine, &started).await, gone);
    assert_eq!(get(engine.address(), &started.playback).await.status, 500);
    let segment = format!("/ace/c/{}/0.ts", channel(1).infohash);
    assert_eq!(get(engine.address(), &segment).await.status, 404);
    let metrics = engine.metrics();
    assert_eq!(
        (metrics.sessions, metrics.stops, metrics.stops_done),
        (0, 2, 1)
    );
    assert_eq!(metrics.after_stop, 4);
}

#[tokio::test]
async fn a_stop_by_a_player_that_lost_the_content_ends_it_for_all() {
    let engine = engine().await;
    let first = start_hls(&engine, 1, "first").await;
    let second = start_hls(&engine, 1, "second").await;
    stop(&engine, &first).await;
    assert_eq!(stat(&engine, &second).await["error"], UNKNOWN);
    assert_eq!(engine.metrics().sessions, 0);
}

#[tokio::test]
async fn a_new_session_counts_from_0_again() {
    let engine = engine().await;
    let first = start_hls(&engine, 1, "a").await;
    get(engine.address(), &first.playback).await;
    stop(&engine, &first).await;
    let second = start_hls(&engine, 1, "b").await;
    let list = get(engine.address(), &second.playback).await.text();
    assert!(list.contains("#EXT-X-MEDIA-SEQUENCE:0\n"));
    assert_ne!(first.id, second.id);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_uses_expires_and_stat_polls_are_use() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(40)).await;
        assert_eq!(stat(&engine, &started).await["error"], json!(null));
    }
    let quiet = format!("{}?skip_player_activity=1", started.stat);
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(
        get(engine.address(), &quiet).await.json()["error"],
        json!(null)
    );
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(get(engine.address(), &quiet).await.json()["error"], UNKNOWN);
    let metrics = engine.metrics();
    assert_eq!((metrics.sessions, metrics.expired), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn stat_polls_need_not_be_use() {
    let engine = Engine::start(Options {
        stat_keeps_alive: false,
        ..options()
    })
    .await
    .unwrap();
    let started = start_hls(&engine, 1, "p").await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    stat(&engine, &started).await;
    engine.until(|metrics| metrics.expired == 1).await;
    assert_eq!(stat(&engine, &started).await["error"], UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn a_reader_keeps_its_session() {
    let engine = engine().await;
    let started = start(&engine, "getstream", 1, "p").await;
    let content = content_path(&engine, &started.playback).await;
    let mut reader = Connection::open(engine.address()).await.unwrap();
    reader.send("GET", &content, "").await.unwrap();
    reader.head().await.unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(engine.metrics().sessions, 1);
    drop(reader);
    engine.until(|metrics| metrics.sessions == 0).await;
}

#[tokio::test]
async fn the_last_start_decides_between_playlist_and_stream() {
    let engine = engine().await;
    let hls = start_hls(&engine, 1, "p").await;
    assert_eq!(get(engine.address(), &hls.playback).await.status, 200);
    start(&engine, "getstream", 1, "p").await;
    assert_eq!(get(engine.address(), &hls.playback).await.status, 404);
    let segment = format!("/ace/c/{}/0.ts", channel(1).infohash);
    assert_eq!(get(engine.address(), &segment).await.status, 404);
}

#[tokio::test]
async fn a_crash_resets_connections_forgets_sessions_and_passes() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    let mut held = Connection::open(engine.address()).await.unwrap();
    held.send("GET", &started.playback, "").await.unwrap();
    held.response().await.unwrap();
    engine.crash(Duration::from_millis(50));
    let error = held.rest().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(try_get(engine.address(), &started.stat).await.is_err());
    while try_get(engine.address(), "/").await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stat(&engine, &started).await["error"], UNKNOWN);
    assert_eq!(get(engine.address(), &started.playback).await.status, 500);
}

#[tokio::test]
async fn a_test_can_expire_sessions_and_let_a_stranger_take_one() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    assert!(engine.supersede(&channel(1).infohash));
    assert!(!engine.supersede("nothing"));
    assert_eq!(get(engine.address(), &started.playback).await.status, 403);
    engine.expire();
    assert_eq!(engine.metrics().sessions, 0);
    assert_eq!(stat(&engine, &started).await["error"], UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn events_are_polled_for() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    let events = started.stat.replace("/stat/", "/event/");
    let first = get(engine.address(), &events).await.json();
    assert_eq!(first["response"]["name"], "live_changed");
    let second = get(engine.address(), &events).await.json();
    assert_eq!(second, json!({"response": null, "error": null}));
    stop(&engine, &started).await;
    assert_eq!(
        get(engine.address(), &events).await.json()["error"],
        UNKNOWN
    );
}

/// Follows the second redirect of a continuous body.
async fn content_path(engine: &Engine, playback: &str) -> String {
    let mut connection = Connection::open(engine.address()).await.unwrap();
    connection.send("GET", playback, "").await.unwrap();
    let (status, head) = connection.head().await.unwrap();
    assert_eq!(status, 302);
    let location = head
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap();
    crate::client::path(location).to_owned()
}

//! Who is counted, for how long, and what is said of them.

use std::time::Duration;

use http::{Method, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::stage::{Player, Stage, request};

/// The first channel's viewers as `/proxy/status` counts them.
async fn count(stage: &Stage) -> u64 {
    stage.status().await["total_viewers"]
        .as_u64()
        .expect("a number")
}

#[tokio::test]
async fn viewers_behind_one_address_are_counted_each_and_polls_change_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let mut players = Vec::new();
    for expected in 1..=5 {
        let player = stage.player().await;
        player.poll().await;
        players.push(player);
        assert_eq!(count(&stage).await, expected);
    }
    for player in players.iter().cycle().take(40) {
        let list = player.poll().await;
        player.fetch(&list.segments[0]).await;
        assert_eq!(count(&stage).await, 5);
    }
}

#[tokio::test]
async fn a_probe_is_no_viewer_and_head_starts_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let head = request(stage.address(), Method::HEAD, &stage.entry(), &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    assert_eq!(stage.status().await["channels"], Value::Array(vec![]));
    assert_eq!(stage.engine.metrics().asked(), 0);
    // The entry point alone starts the channel, and is not yet watching.
    let player = stage.player().await;
    assert_eq!(count(&stage).await, 0);
    for path in [&stage.entry(), &player.media] {
        request(stage.address(), Method::HEAD, path, &[]).await;
    }
    assert_eq!(count(&stage).await, 0);
    player.poll().await;
    assert_eq!(count(&stage).await, 1);
}

#[tokio::test]
async fn a_silent_viewer_is_taken_off_and_an_active_one_stays() {
    let stage = Stage::fast(|_| {}).await;
    let (active, silent) = (stage.player().await, stage.player().await);
    silent.poll().await;
    active.poll().await;
    assert_eq!(count(&stage).await, 2);
    active_until(&stage, &active, 1).await;
    assert_eq!(stage.engine.metrics().stops, 0);
}

/// Polls with one player until the count is as wanted; its own viewer stays all the time.
async fn active_until(stage: &Stage, active: &Player, wanted: u64) {
    crate::stage::eventually("the count", async || {
        active.poll().await;
        let count = count(stage).await;
        assert!(1 <= count);
        (count == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn segment_requests_alone_keep_a_viewer() {
    let stage = Stage::fast(|_| {}).await;
    let (other, player) = (stage.player().await, stage.player().await);
    other.poll().await;
    let list = player.poll().await;
    // The other's expiry tells that the time has passed in which a silent one would be gone.
    crate::stage::eventually("the other has gone", async || {
        player.fetch(&list.segments[0]).await;
        (count(&stage).await == 1).then_some(())
    })
    .await;
    player.fetch(&list.segments[0]).await;
    let state = stage.status().await;
    let clients = state["channels"][0]["clients"].as_array().cloned();
    let sent = clients.expect("clients")[0]["bytes_sent"].as_u64();
    assert!(
        Some(0) < sent,
        "the one who stayed is not the one who fetched"
    );
}

#[tokio::test]
async fn a_slow_download_is_not_silence() {
    let stage = Stage::with(large_segments(), crate::stage::fast).await;
    let (other, player) = (stage.player().await, stage.player().await);
    let list = player.poll().await;
    other.poll().await;
    let (folder, _) = player.media.rsplit_once('/').expect("a path");
    let socket = TcpStream::connect(stage.address())
        .await
        .expect("a connection");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
        .await
        .expect("a handshake");
    let slow = http::Request::get(format!("{folder}/{}", list.segments[0].uri))
        .header("host", "weir")
        .body(Empty::<bytes::Bytes>::new())
        .expect("a request");
    let download = async {
        let response = sender.send_request(slow).await.expect("an answer");
        let mut body = response.into_body();
        let first = body.frame().await.expect("a frame").expect("bytes");
        let first = first.into_data().expect("data").len();
        // Nothing is read until the other one, who was as quiet, has gone.
        stage.until(|state| state["total_viewers"] == 1).await;
        let rest = body.collect().await.expect("the rest").to_bytes().len();
        assert!(4_000_000 < first + rest);
    };
    tokio::select! {
        () = download => {}
        ended = connection => panic!("the connection ended early: {ended:?}"),
    }
    assert_eq!(count(&stage).await, 1);
}

/// Segments that no socket's buffers hold.
fn large_segments() -> simulator::engine::Options {
    use simulator::media::{Marked, Media};
    let large = Media::marked(Marked {
        stream: 1,
        duration: Duration::from_millis(500),
        bytes: 8_000_000,
    });
    simulator::engine::Options {
        channels: vec![simulator::engine::Channel::numbered(1, large)],
        initial: 3,
        ..crate::stage::fast_engine()
    }
}

#[tokio::test]
async fn segment_addresses_carry_the_viewer_unless_they_are_shared() {
    let stage = Stage::fast(|_| {}).await;
    let (one, two) = (stage.player().await, stage.player().await);
    let (one, two) = (one.poll().await, two.poll().await);
    let (one, two) = (&one.segments[2], &two.segments[2]);
    assert_ne!(one.uri, two.uri);

    let shared = Stage::fast(|config| config.shared_segment_urls = true).await;
    let (one, two) = (shared.player().await, shared.player().await);
    let (mine, yours) = (one.poll().await, two.poll().await);
    let mut pairs = 0;
    for segment in &mine.segments {
        let same = yours
            .segments
            .iter()
            .find(|it| it.sequence == segment.sequence);
        if let Some(same) = same {
            pairs += 1;
            assert_eq!(segment.uri, same.uri);
        }
    }
    assert!(2 <= pairs);
    let answer = one.fetch(&mine.segments[2]).await;
    simulator::media::check(&answer.body).expect("a whole segment");
    assert_eq!(count(&shared).await, 2);
}

#[tokio::test]
async fn no_answer_tells_a_viewer_s_whole_token() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    player.poll().await;
    let parameter = format!("{}=", channel::view::TOKEN_PARAMETER);
    let (_, token) = player.media.split_once(&parameter).expect("a token");
    assert_eq!(token.len(), 32);
    let key = &stage.ids[0];
    for path in [
        "/proxy/status".to_owned(),
        "/proxy/sessions".to_owned(),
        format!("/proxy/streams/{key}/clients"),
        format!("/api/v1/channels/{key}"),
        format!("/api/v1/channels/{key}/viewers"),
    ] {
        let text = stage.get(&path).await.text();
        // Its beginning tells viewers apart.
        assert!(text.contains(&token[..12]), "{path}: {text}");
        assert!(!text.contains(&token[..13]), "{path}: {text}");
    }
}

#[tokio::test]
async fn what_is_told_of_viewers_and_streams_is_true() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    let list = player.poll().await;
    let mut bytes = 0;
    for segment in &list.segments {
        bytes += player.fetch(segment).await.body.len() as u64;
    }
    let state = stage
        .channel(|it| it["clients"][0]["bytes_sent"] == bytes)
        .await;
    let engine = stage.engine.address().to_string();
    assert_eq!(state["key"], stage.ids[0].as_str());
    assert_eq!(state["state"], "live");
    assert_eq!(
        (&state["viewers"], &state["bytes_out"]),
        (&1.into(), &bytes.into())
    );
    assert_eq!(state["engine"], engine.as_str());
    assert_eq!(state["upstream"]["sessions"], 1);
    let client = &state["clients"][0];
    assert_eq!(client["user_agent"], "test player");
    assert_eq!(client["ip_address"], "127.0.0.1");
    assert!(client["connected_at"].as_str() <= client["last_active"].as_str());

    let streams = stage.get("/streams?status=started").await.json();
    let stream = &streams[0];
    assert_eq!(streams.as_array().map(Vec::len), Some(1));
    assert_eq!(stream["id"], state["stream_id"]);
    assert_eq!(
        (&stream["key_type"], &stream["key"]),
        (&"content_id".into(), &state["key"])
    );
    assert_eq!(
        (&stream["status"], &stream["ended_at"]),
        (&"started".into(), &Value::Null)
    );
    assert_eq!(stream["container_id"], engine.as_str());
    assert!(
        stream["command_url"]
            .as_str()
            .is_some_and(|url| url.contains(&engine))
    );

    let id = stream["id"].as_str().expect("an id").to_owned();
    for id in [&id, &stage.ids[0]] {
        let clients = stage
            .get(&format!("/proxy/streams/{id}/clients"))
            .await
            .json();
        assert_eq!(
            (&clients["count"], &clients["clients"][0]["bytes_sent"]),
            (&1.into(), &bytes.into())
        );
    }
    let unknown = stage.get("/proxy/streams/unknown/clients").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    stage.until_empty().await;
    let ended = stage.get("/streams?status=ended").await.json();
    assert_eq!(
        (&ended[0]["id"], &ended[0]["status"]),
        (&id.into(), &"ended".into())
    );
    assert!(ended[0]["started_at"].as_str() < ended[0]["ended_at"].as_str());
    assert_eq!(
        stage.get("/streams?status=started").await.json(),
        Value::Array(vec![])
    );
}

//! Streams that are stopped by hand: the session, the viewers and what is told of it end, and stay ended for a while.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::fault::{Endpoint, Http};
use weir::config::Secret;

use crate::canary::Canary;
use crate::stage::{Answer, Stage, fast_engine, later, post, request, send, within};

const KEY: &str = "open sesame";

async fn stage() -> Stage {
    Stage::fast(|config| {
        config.api_key = Some(Secret::new(KEY.into()));
        // A viewer who does not poll stays for as long as a test lasts.
        config.viewer_idle = Duration::from_secs(60);
    })
    .await
}

impl Stage {
    async fn stop_stream(&self, id: &str) -> Answer {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/streams/{id}");
        request(self.address(), Method::DELETE, &path, &headers).await
    }

    async fn stop_all(&self, urls: &Value) -> Answer {
        post(self.address(), "/streams/batch-stop", Some(KEY), urls).await
    }

    /// How the newest stream ended.
    async fn ended(&self) -> Value {
        self.get("/streams?status=ended").await.json()[0].clone()
    }
}

#[tokio::test]
async fn a_stream_that_is_stopped_ends_for_its_engine_its_viewers_and_those_who_are_told() {
    let stage = stage().await;
    let continuous = format!("/ace/getstream?id={}&mode=ts", stage.ids[0]);
    let continuous = later(stage.address(), continuous);
    let player = stage.player().await;
    player.poll().await;
    stage.channel(|it| it["viewers"] == 2).await;
    let stream = stage.running().await;
    let answer = stage
        .stop_stream(stream["id"].as_str().expect("an id"))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["stopped"], true);
    assert_eq!(answer["stream"]["id"], stream["id"]);
    assert_eq!(answer["stream"]["status"], "ended");
    assert_eq!(answer["stream"]["end_reason"], "stopped");
    // The body of who watches continuously is over, and was one.
    let body = within(continuous).await.expect("an answer");
    assert_eq!(body.status, StatusCode::OK);
    assert!(!body.body.is_empty());
    stage.engine_until(|it| it.stops_done == 1).await;
    let polled = request(stage.address(), Method::GET, &player.media, &[]).await;
    assert_eq!(polled.status, StatusCode::NOT_FOUND, "{}", polled.text());
    stage.until_empty().await;
    assert_eq!(stage.ended().await["end_reason"], "stopped");
    let story = stage.stories(1).await;
    assert_eq!(story["streams"][0]["viewers_max"], 2);
}

#[tokio::test]
async fn nobody_starts_a_stopped_channel_anew_at_once_but_others_may() {
    let stage = stage().await;
    let player = stage.player().await;
    player.poll().await;
    let answer = stage.stop_stream(&stage.ids[0]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    stage.until_empty().await;
    let polled = request(stage.address(), Method::GET, &player.media, &[]).await;
    assert_eq!(polled.status, StatusCode::NOT_FOUND);
    for mode in ["hls", "ts"] {
        let path = format!("/ace/getstream?id={}&mode={mode}", stage.ids[0]);
        let entered = stage.get(&path).await;
        assert_eq!(entered.status, StatusCode::SERVICE_UNAVAILABLE, "{mode}");
        let wait: u64 = entered.header("retry-after").parse().expect("seconds");
        assert!((1..=10).contains(&wait), "{wait}");
    }
    let other = format!("/ace/manifest.m3u8?id={}", stage.ids[1]);
    assert_eq!(stage.get(&other).await.status, StatusCode::OK);
    assert_eq!(stage.engine.metrics().starts.values().sum::<u64>(), 2);
}

#[tokio::test]
async fn a_stopped_channel_is_not_started_anew_by_the_other_names_of_its_content() {
    let stage = stage().await;
    let infohash = fast_engine().channels[0].infohash.clone();
    let by_id = stage.entry();
    let by_hash = format!("/ace/manifest.m3u8?infohash={infohash}");
    let by_magnet = format!("/ace/getstream?magnet=magnet:?xt=urn:btih:{infohash}");
    stage.player().await.poll().await;
    let stopped = stage.stop_stream(&stage.ids[0]).await;
    assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.text());
    stage.until_empty().await;
    for path in [&by_hash, &by_magnet, &by_id] {
        let entered = stage.get(path).await;
        assert_eq!(entered.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let wait: u64 = entered.header("retry-after").parse().expect("seconds");
        assert!((1..=10).contains(&wait), "{wait}");
    }
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test]
async fn a_channel_that_is_still_starting_is_stopped_too() {
    let stage = stage().await;
    let hang = stage.engine.faults().always(Endpoint::Playlist, Http::Hang);
    let waiting = stage.viewer();
    stage.until_struck(hang, 1).await;
    let answer = stage.stop_stream(&stage.ids[0]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let refused = within(waiting).await.expect("an answer");
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    stage.until_empty().await;
    stage.engine_until(|it| it.stops_done == 1).await;
}

#[tokio::test]
async fn an_engine_that_does_not_answer_the_stop_keeps_nobody_waiting() {
    let stage = stage().await;
    stage.player().await.poll().await;
    stage.engine.faults().always(Endpoint::Command, Http::Hang);
    let answer = stage.stop_stream(&stage.ids[0]).await.json();
    assert_eq!(answer["stream"]["status"], "ended");
    assert_eq!(stage.ended().await["end_reason"], "stopped");
}

#[tokio::test]
async fn only_who_may_stops_and_only_what_runs() {
    let stage = stage().await;
    stage.player().await.poll().await;
    let path = format!("/streams/{}", stage.ids[0]);
    let without = request(stage.address(), Method::DELETE, &path, &[]).await;
    assert_eq!(without.status, StatusCode::UNAUTHORIZED);
    let wrong = [("authorization", "Bearer sesame")];
    let wrong = request(stage.address(), Method::DELETE, &path, &wrong).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let batch = post(stage.address(), "/streams/batch-stop", None, &json!([])).await;
    assert_eq!(batch.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        stage.stop_stream("nobody").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        stage.stop_stream("%2e%2e%2fetc").await.status,
        StatusCode::NOT_FOUND
    );
    let stream = stage.running().await;
    let id = stream["id"].as_str().expect("an id");
    assert_eq!(stage.stop_stream(id).await.status, StatusCode::OK);
    let again = stage.stop_stream(id).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.text().contains("ended already"), "{}", again.text());
}

#[tokio::test]
async fn several_are_stopped_by_their_command_urls_and_nothing_else_is_touched() {
    let stage = stage().await;
    for id in &stage.ids[..2] {
        let path = format!("/ace/manifest.m3u8?id={id}");
        assert_eq!(stage.get(&path).await.status, StatusCode::OK);
    }
    let running = stage.get("/streams?status=started").await.json();
    let [one, two] = [&running[0], &running[1]];
    let canary = Canary::new();
    let elsewhere = format!("{}/ace/cmd/a/b", canary.url());
    let urls = json!([
        one["command_url"],
        elsewhere,
        two["command_url"],
        one["command_url"],
        ""
    ]);
    let answer = stage.stop_all(&urls).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(
        (
            &answer["total"],
            &answer["success_count"],
            &answer["failure_count"]
        ),
        (&json!(5), &json!(2), &json!(3))
    );
    let results = answer["results"].as_array().expect("results");
    let of = |at: usize| (&results[at]["success"], &results[at]["stream_id"]);
    assert_eq!(of(0), (&json!(true), &one["id"]));
    assert_eq!(of(1), (&json!(false), &Value::Null));
    assert_eq!(of(2), (&json!(true), &two["id"]));
    assert_eq!(of(3).0, &json!(false));
    let named: Vec<_> = results.iter().map(|it| it["command_url"].clone()).collect();
    assert_eq!(json!(named), urls);
    stage.until_empty().await;
    assert!(!canary.was_asked());
    assert_eq!(stage.engine.metrics().stops_done, 2);
}

#[tokio::test]
async fn a_list_that_is_none_or_too_long_stops_nothing() {
    let stage = stage().await;
    stage.player().await.poll().await;
    let many = json!(vec!["x"; 501]);
    for bad in [json!({}), json!("url"), json!([7]), json!(null), many] {
        let answer = stage.stop_all(&bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(answer.json()["errors"][0]["field"], "body");
    }
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let long = Bytes::from(json!(["x".repeat(70_000)]).to_string());
    let path = "/streams/batch-stop";
    let answer = send(stage.address(), Method::POST, path, &headers, long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    stage.running().await;
}

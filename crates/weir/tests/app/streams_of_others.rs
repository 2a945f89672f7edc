//! Streams that other proxies report: read and stopped on engines that the operator has named, and nowhere else.

use std::net::SocketAddr;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::engine::Engine;
use simulator::fault::{Endpoint, Http};

use crate::canary::Canary;
use crate::stage::{Answer, Stage, fast_engine, post, request};

/// Another proxy's session for a channel of an engine.
pub(crate) async fn session_on(engine: SocketAddr, id: &str) -> Value {
    let path = format!("/ace/manifest.m3u8?format=json&pid=another&id={id}");
    let answer = request(engine, Method::GET, &path, &[]).await.json();
    answer["response"].clone()
}

pub(crate) fn report(id: &str, stat_url: &Value, command_url: &Value) -> Value {
    json!({
        "container_id": "box",
        "engine": { "host": "10.0.0.7", "port": 6878 },
        "stream": { "key_type": "content_id", "key": "ab".repeat(20) },
        "session": {
            "playback_session_id": "s1", "stat_url": stat_url, "command_url": command_url, "is_live": 1,
        },
        "labels": { "stream_id": id },
    })
}

impl Stage {
    pub(crate) async fn report(&self, event: &Value) {
        let answer = post(self.address(), "/events/stream_started", None, event).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }

    async fn stop_it(&self, id: &str) -> Answer {
        request(
            self.address(),
            Method::DELETE,
            &format!("/streams/{id}"),
            &[],
        )
        .await
    }
}

#[tokio::test]
async fn statistics_of_a_reported_stream_are_read_from_an_engine_that_is_configured() {
    let stage = Stage::fast(|_| {}).await;
    let session = session_on(stage.engine.address(), &stage.ids[1]).await;
    stage
        .report(&report(
            "theirs",
            &session["stat_url"],
            &session["command_url"],
        ))
        .await;
    let flows = |stats: &[Value]| 2 <= stats.len() && !stats[stats.len() - 1]["livepos"].is_null();
    stage.stats("theirs", flows).await;
    let state = stage.running().await;
    assert_eq!(
        (&state["id"], &state["peers"]),
        (&json!("theirs"), &json!(4))
    );
    let stopped = stage.stop_it("theirs").await.json();
    assert_eq!(stopped["stream"]["status"], "ended");
    assert_eq!(stopped["stream"]["end_reason"], "stopped");
    stage.engine_until(|it| it.stops_done == 1).await;
    let story = stage.stories(1).await;
    let story = &story["streams"][0];
    assert_eq!(
        (&story["own"], &story["bytes_in"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(story["peers"], 4);
}

#[tokio::test]
async fn an_address_that_is_no_configured_engine_s_is_never_asked() {
    let stage = Stage::fast(|_| {}).await;
    let canary = Canary::new();
    let session = session_on(stage.engine.address(), &stage.ids[1]).await;
    let elsewhere = json!(format!("{}/ace/stat/a/b", canary.url()));
    let with_user = json!(format!(
        "http://{}@{}/x",
        stage.engine.address(),
        canary.address()
    ));
    let secure = json!(format!("https://{}/ace/stat/a/b", canary.address()));
    for (id, stat_url, command_url) in [
        ("elsewhere", &elsewhere, &elsewhere),
        ("user", &with_user, &with_user),
        ("secure", &secure, &secure),
        ("half", &session["stat_url"], &elsewhere),
    ] {
        stage.report(&report(id, stat_url, command_url)).await;
    }
    // By then each was looked at several times.
    stage.stats("half", |stats| 5 <= stats.len()).await;
    for id in ["elsewhere", "user", "secure", "half"] {
        let answer = stage.stop_it(id).await;
        assert_eq!(
            answer.status,
            StatusCode::CONFLICT,
            "{id}: {}",
            answer.text()
        );
    }
    let stopped = post(
        stage.address(),
        "/streams/batch-stop",
        None,
        &json!([elsewhere]),
    )
    .await;
    assert_eq!(stopped.json()["failure_count"], 1);
    for id in ["elsewhere", "user", "secure"] {
        let stats = stage.get(&format!("/streams/{id}/stats")).await.json();
        assert_eq!(stats, json!([]), "{id}");
    }
    assert!(!canary.was_asked());
}

#[tokio::test]
async fn an_engine_that_hangs_delays_no_other() {
    let other = Engine::start(fast_engine()).await.expect("an engine");
    let address = other.address();
    let stage = Stage::fast(|config| {
        let address = address.to_string();
        config.engines.push(address.parse().expect("an address"));
    })
    .await;
    let hung = session_on(stage.engine.address(), &stage.ids[0]).await;
    let well = session_on(address, &stage.ids[0]).await;
    let hang = stage.engine.faults().always(Endpoint::Stat, Http::Hang);
    stage
        .report(&report("hung", &hung["stat_url"], &hung["command_url"]))
        .await;
    stage.until_struck(hang, 1).await;
    stage
        .report(&report("well", &well["stat_url"], &well["command_url"]))
        .await;
    stage.stats("well", |stats| 5 <= stats.len()).await;
    let none = stage.get("/streams/hung/stats").await.json();
    assert_eq!(none, json!([]));
}

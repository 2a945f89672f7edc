//! Events that other proxies send: taken, kept, shown, and refused with what is wrong.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use weir::app::{Service, Staged};
use weir::config::Secret;

use crate::stage::{Answer, Stage, post, send};

const KEY: &str = "open sesame";
const STARTED: &str = "/events/stream_started";
const ENDED: &str = "/events/stream_ended";

async fn stage() -> Stage {
    Stage::fast(|config| config.api_key = Some(Secret::new(KEY.into()))).await
}

fn start() -> Value {
    json!({
        "container_id": "box",
        "engine": { "host": "10.0.0.7", "port": 6878 },
        "stream": { "key_type": "infohash", "key": "ab".repeat(20) },
        "session": {
            "playback_session_id": "s1",
            "stat_url": "http://10.0.0.7:6878/ace/stat/a/b",
            "command_url": "http://10.0.0.7:6878/ace/cmd/a/b",
            "is_live": 1,
        },
        "labels": { "stream_id": "theirs-1", "source": "ts_proxy" },
    })
}

impl Stage {
    async fn tell(&self, path: &str, body: &Value) -> Answer {
        post(self.address(), path, Some(KEY), body).await
    }
}

#[tokio::test]
async fn a_start_and_an_end_are_taken_and_shown_and_survive_a_restart() {
    let stage = stage().await;
    let state = stage.tell(STARTED, &start()).await.json();
    for (name, wanted) in [
        ("id", json!("theirs-1")),
        ("key_type", json!("infohash")),
        ("container_id", json!("box")),
        ("playback_session_id", json!("s1")),
        ("is_live", json!(1)),
        ("status", json!("started")),
        ("ended_at", Value::Null),
    ] {
        assert_eq!(state[name], wanted, "{name}");
    }
    assert_eq!(stage.get("/streams?status=started").await.json()[0], state);
    let of_box = stage.get("/streams?container_id=box").await.json();
    assert_eq!(of_box.as_array().map(Vec::len), Some(1));
    let none = stage.get("/streams?container_id=other").await.json();
    assert_eq!(none, json!([]));

    let end = json!({ "stream_id": "theirs-1", "reason": "viewer went home" });
    let first = stage.tell(ENDED, &end).await.json();
    assert_eq!(first["updated"], true);
    assert_eq!(first["stream"]["status"], "ended");
    let again = stage.tell(ENDED, &end).await.json();
    assert_eq!(again["updated"], false);
    assert_eq!(again["stream"], first["stream"]);

    // The same start, late or twice, does not bring it back.
    let repeated = stage.tell(STARTED, &start()).await.json();
    assert_eq!(repeated["status"], "ended");
    let Stage {
        weir,
        config,
        folder,
        ..
    } = stage;
    weir.stop().await;
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let path = "/streams?status=ended";
    let kept = crate::stage::request(weir.address(), Method::GET, path, &[]).await;
    assert_eq!(kept.json()[0], first["stream"]);
    weir.stop().await;
    drop(folder);
}

#[tokio::test]
async fn a_stream_without_a_label_is_named_by_key_and_session() {
    let stage = stage().await;
    let mut event = start();
    event["labels"] = Value::Null;
    event["container_id"] = Value::Null;
    let state = stage.tell(STARTED, &event).await.json();
    assert_eq!(state["id"], format!("{}|s1", "ab".repeat(20)));
    // A new session of the same stream takes the place of the old.
    let mut event = start();
    stage.tell(STARTED, &event).await;
    event["session"]["command_url"] = json!("http://10.0.0.8:6878/ace/cmd/c/d");
    let state = stage.tell(STARTED, &event).await.json();
    assert_eq!(state["command_url"], "http://10.0.0.8:6878/ace/cmd/c/d");
    let running = stage.get("/streams?status=started").await.json();
    assert_eq!(running.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_end_of_what_nobody_knows_changes_nothing() {
    let stage = stage().await;
    let answer = stage.tell(ENDED, &json!({ "stream_id": "nobody's" })).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "updated": false, "stream": null }));
}

#[tokio::test]
async fn who_has_no_key_or_a_wrong_one_or_comes_from_another_site_changes_nothing() {
    let stage = stage().await;
    for path in [STARTED, ENDED, "/api/v1/outbox/retry"] {
        let missing = post(stage.address(), path, None, &start()).await;
        assert_eq!(missing.status, StatusCode::UNAUTHORIZED);
        assert_eq!(missing.json(), json!({ "detail": "missing bearer token" }));
        let wrong = post(stage.address(), path, Some("sesame"), &start()).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        assert_eq!(wrong.json(), json!({ "detail": "invalid token" }));
        let bearer = format!("Bearer {KEY}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
            ("sec-fetch-site", "cross-site"),
        ];
        let body = Bytes::from(start().to_string());
        let cross = send(stage.address(), Method::POST, path, &headers, body).await;
        assert_eq!(cross.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(stage.get("/streams").await.json(), json!([]));
}

#[tokio::test]
async fn each_mistake_is_named_with_its_field_and_all_come_at_once() {
    let stage = stage().await;
    let wrong = |pointer: &str, value: Value| {
        let mut event = start();
        *event.pointer_mut(pointer).expect("a field") = value;
        event
    };
    let table = [
        ("engine", wrong("/engine", json!("host"))),
        ("engine.host", wrong("/engine/host", json!(7))),
        ("engine.host", wrong("/engine/host", json!(" "))),
        ("engine.port", wrong("/engine/port", json!(0))),
        ("engine.port", wrong("/engine/port", json!(70_000))),
        ("engine.port", wrong("/engine/port", json!("6878"))),
        ("engine.port", wrong("/engine/port", json!(1.5))),
        (
            "stream.key_type",
            wrong("/stream/key_type", json!("torrent")),
        ),
        ("stream.key", wrong("/stream/key", Value::Null)),
        ("stream.key", wrong("/stream/key", json!("x".repeat(3_000)))),
        ("session", wrong("/session", json!([1]))),
        (
            "session.stat_url",
            wrong("/session/stat_url", json!("file:///etc/passwd")),
        ),
        (
            "session.command_url",
            wrong("/session/command_url", json!("nowhere")),
        ),
        ("session.is_live", wrong("/session/is_live", json!("yes"))),
        ("labels", wrong("/labels", json!("none"))),
        ("labels.stream_id", wrong("/labels/stream_id", json!(["x"]))),
        ("container_id", wrong("/container_id", json!({}))),
        ("body", json!([])),
        ("body", json!("text")),
        ("body", Value::Null),
    ];
    for (field, event) in table {
        let answer = stage.tell(STARTED, &event).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{event}");
        let answer = answer.json();
        let fields: Vec<_> = answer["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|it| it["field"].as_str().expect("a field"))
            .collect();
        assert!(fields.contains(&field), "{field}: {answer}");
        assert_eq!(answer["detail"], answer["errors"][0]["message"]);
    }
    let nothing = stage.tell(STARTED, &json!({})).await.json();
    let count = nothing["errors"].as_array().map(Vec::len);
    assert_eq!(count, Some(4), "{nothing}");
    let no_end = stage.tell(ENDED, &json!({ "reason": "x" })).await;
    assert_eq!(no_end.status, StatusCode::BAD_REQUEST);
    assert_eq!(no_end.json()["errors"][0]["field"], "stream_id");
    assert_eq!(stage.get("/streams").await.json(), json!([]));
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_long_is_refused_with_its_reason() {
    let stage = stage().await;
    let bearer = format!("Bearer {KEY}");
    let with = async |kind: &str, body: &str| {
        let headers = [("content-type", kind), ("authorization", bearer.as_str())];
        let body = Bytes::copy_from_slice(body.as_bytes());
        let answer = send(stage.address(), Method::POST, STARTED, &headers, body).await;
        assert!(answer.json()["detail"].is_string());
        answer.status
    };
    let json = "application/json; charset=utf-8";
    assert_eq!(with(json, "").await, StatusCode::BAD_REQUEST);
    assert_eq!(with(json, "{\"engine\":").await, StatusCode::BAD_REQUEST);
    assert_eq!(
        with(json, &"[".repeat(10_000)).await,
        StatusCode::BAD_REQUEST
    );
    let long = "x".repeat(70_000);
    assert_eq!(with(json, &long).await, StatusCode::PAYLOAD_TOO_LARGE);
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let status = with(kind, &start().to_string()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind:?}");
    }
    assert_eq!(stage.get("/streams").await.json(), json!([]));
}

#[tokio::test]
async fn a_report_never_changes_a_stream_of_weir_s_own() {
    let stage = stage().await;
    let player = stage.player().await;
    player.poll().await;
    let own = stage.get("/streams").await.json()[0].clone();
    let mut event = start();
    event["labels"]["stream_id"] = own["id"].clone();
    let answer = stage.tell(STARTED, &event).await.json();
    assert!(own["command_url"].is_string());
    assert_eq!(answer["command_url"], own["command_url"]);
    let end = json!({ "stream_id": own["id"] });
    assert_eq!(stage.tell(ENDED, &end).await.json()["updated"], false);
    player.poll().await;
    assert_eq!(stage.channel(|_| true).await["state"], "live");
    let shown = stage.get("/streams").await.json();
    assert_eq!(shown.as_array().map(Vec::len), Some(1), "{shown:#}");
}
